//! Folding: from the entries of a log to the messages that people see. The one implementation of it in Rust, used by
//! the server's tests against its tables and by the client for its timelines.
//!
//! The rules: a message keeps the `seq` of its first entry; an edit replaces the text; a deletion blanks the message
//! for good and wins over any edit; reactions are a set of (user, emoji).

use std::collections::{BTreeMap, HashMap};

use crate::log::{Entry, EntryBody, Message, Reaction, Replies};
use crate::{MessageId, Seq, Timestamp, UserId};

/// The state that a run of entries folds to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fold {
    messages: BTreeMap<Seq, Message>,
    notices: BTreeMap<Seq, Entry>,
    by_id: HashMap<MessageId, Seq>,
}

/// What one entry did to a fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The message with this `seq` is new or different.
    Message(Seq),
    /// The entry with this `seq` stands between the messages.
    Notice(Seq),
    /// Nothing that shows: it concerns a message outside this fold, or one that is deleted.
    None,
}

impl Change {
    /// The `seq` of the row that it concerns.
    #[must_use]
    pub const fn seq(&self) -> Option<Seq> {
        match *self {
            Self::Message(seq) | Self::Notice(seq) => Some(seq),
            Self::None => None,
        }
    }
}

impl Fold {
    /// The fold of a page of `room:history`: its messages are already folded.
    #[must_use]
    pub fn from_page(messages: Vec<Message>, notices: Vec<Entry>) -> Self {
        let mut fold = Self::default();
        fold.add_page(messages, notices);
        fold
    }

    /// Adds a further page of `room:history`, as of the same or an older head. What the fold already has stays: it
    /// may have been changed by entries that the page does not know.
    pub fn add_page(&mut self, messages: Vec<Message>, notices: Vec<Entry>) {
        for message in messages {
            self.by_id.insert(message.id.clone(), message.seq);
            self.messages.entry(message.seq).or_insert(message);
        }
        self.count_replies();
        for notice in notices {
            self.notices.entry(notice.seq).or_insert(notice);
        }
    }

    /// Applies the next entry. Applying an entry twice is harmless, except that the order of entries must be that of
    /// `seq` for edits to be right; the caller sees to it.
    pub fn apply(&mut self, entry: Entry) -> Change {
        let Entry { room, seq, ts, body } = entry;
        match body {
            EntryBody::Message { id, cid, author, text, reply_to, thread, files, mentions } => {
                self.by_id.insert(id.clone(), seq);
                if let Some(root) = &thread {
                    self.reply(root, seq, ts);
                }
                self.messages.entry(seq).or_insert(Message {
                    id,
                    seq,
                    ts,
                    cid,
                    author,
                    text,
                    edited_ts: None,
                    deleted: false,
                    reply_to,
                    thread,
                    files,
                    mentions,
                    reactions: Vec::new(),
                    pinned: false,
                    replies: None,
                });
                Change::Message(seq)
            }
            EntryBody::Edit { id, text, .. } => self.change(&id, |message| edit(message, text, ts)),
            EntryBody::Delete { id, .. } => self.change(&id, delete),
            EntryBody::Reaction { id, emoji, on, author } => {
                self.change(&id, |message| react(&mut message.reactions, emoji, on, author))
            }
            EntryBody::Pin { id, on, .. } => self.change(&id, |message| message.pinned = on),
            body @ (EntryBody::Membership { .. } | EntryBody::Room { .. }) => {
                self.notices.insert(seq, Entry { room, seq, ts, body });
                Change::Notice(seq)
            }
        }
    }

    /// The messages, oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.values()
    }

    /// The entries between the messages, oldest first.
    pub fn notices(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.notices.values()
    }

    /// The message whose first entry has this `seq`.
    #[must_use]
    pub fn message(&self, seq: Seq) -> Option<&Message> {
        self.messages.get(&seq)
    }

    /// The notice with this `seq`.
    #[must_use]
    pub fn notice(&self, seq: Seq) -> Option<&Entry> {
        self.notices.get(&seq)
    }

    /// The message with this id.
    #[must_use]
    pub fn by_id(&self, id: &MessageId) -> Option<&Message> {
        self.messages.get(self.by_id.get(id)?)
    }

    /// The `seq` of the first message of the thread that a message belongs to, if this fold has it: it changes with
    /// every answer.
    #[must_use]
    pub fn root_of(&self, seq: Seq) -> Option<Seq> {
        let root = self.messages.get(&seq)?.thread.as_ref()?;
        self.by_id.get(root).copied()
    }

    /// An older page may bring the first message of a thread whose newer answers are here already.
    fn count_replies(&mut self) {
        let replies: Vec<_> = self
            .messages
            .values()
            .filter_map(|message| Some((message.thread.clone()?, message.seq, message.ts)))
            .collect();
        for (root, seq, ts) in replies {
            self.reply(&root, seq, ts);
        }
    }

    /// Counts an answer, once: answers come in the order of `seq`, so that the last one counted tells the rest.
    fn reply(&mut self, root: &MessageId, seq: Seq, ts: Timestamp) {
        let Some(root) = self.by_id.get(root).and_then(|seq| self.messages.get_mut(seq)) else { return };
        let count = match root.replies {
            Some(Replies { last_seq, .. }) if last_seq >= seq => return,
            replies => replies.map_or(0, |replies| replies.count) + 1,
        };
        root.replies = Some(Replies { count, last_seq: seq, last_ts: ts });
    }

    fn change(&mut self, id: &MessageId, change: impl FnOnce(&mut Message)) -> Change {
        let Some(message) = self.by_id.get(id).and_then(|seq| self.messages.get_mut(seq)) else {
            return Change::None;
        };
        if message.deleted {
            return Change::None;
        }
        change(message);
        Change::Message(message.seq)
    }
}

fn edit(message: &mut Message, text: String, ts: Timestamp) {
    message.text = text;
    message.edited_ts = Some(ts);
}

fn delete(message: &mut Message) {
    message.deleted = true;
    message.text.clear();
    message.edited_ts = None;
    message.files.clear();
    message.mentions.clear();
    message.reactions.clear();
    message.pinned = false;
}

fn react(reactions: &mut Vec<Reaction>, emoji: String, on: bool, user: UserId) {
    let at = reactions.iter().position(|r| r.emoji == emoji);
    match (at, on) {
        (None, true) => reactions.push(Reaction { emoji, users: vec![user] }),
        (Some(i), true) if !reactions[i].users.contains(&user) => reactions[i].users.push(user),
        (Some(i), false) => {
            reactions[i].users.retain(|u| *u != user);
            if reactions[i].users.is_empty() {
                reactions.remove(i);
            }
        }
        (None, false) | (Some(_), true) => {}
    }
}
