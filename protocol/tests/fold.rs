//! What folding promises, on any log: the order and number of pages do not matter, a deletion is for good,
//! and reactions are a set. The cases in `protocol/vectors/` hold the TypeScript fold to the same.

#![allow(clippy::unwrap_used, reason = "ids in tests are written out")]

use confab_protocol::fold::{Change, Fold};
use confab_protocol::log::{Entry, EntryBody, MembershipChange, Message};
use confab_protocol::{Cid, MessageId, RoomId, Seq, Timestamp, UserId};
use proptest::prelude::*;
use serde::Deserialize;

/// One write in a room, before it has a `seq`. `target` picks among the messages so far.
#[derive(Debug, Clone)]
enum Act {
    Send { text: String, thread: Option<usize> },
    Edit { target: usize, text: String },
    Delete { target: usize },
    React { target: usize, emoji: u8, user: u8, on: bool },
    Pin { target: usize, on: bool },
    Join(u8),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => ("[a-z]{1,6}", prop::option::of(any::<usize>())).prop_map(|(text, thread)| Act::Send { text, thread }),
        2 => (any::<usize>(), "[a-z]{1,6}").prop_map(|(target, text)| Act::Edit { target, text }),
        1 => any::<usize>().prop_map(|target| Act::Delete { target }),
        3 => (any::<usize>(), 0..3u8, 0..3u8, any::<bool>())
            .prop_map(|(target, emoji, user, on)| Act::React { target, emoji, user, on }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(target, on)| Act::Pin { target, on }),
        1 => (0..3u8).prop_map(Act::Join),
    ];
    prop::collection::vec(act, 0..60)
}

fn user(n: u8) -> UserId {
    format!("user{n}").parse().unwrap()
}

fn log(acts: &[Act]) -> Vec<Entry> {
    let room: RoomId = "room".parse().unwrap();
    let mut ids: Vec<MessageId> = Vec::new();
    let mut entries = Vec::new();
    for (i, act) in acts.iter().enumerate() {
        let seq = i as Seq + 1;
        // A target in an empty room is an unknown message: folds must pass over it.
        let target = |t: usize| if ids.is_empty() { "nothing".parse().unwrap() } else { ids[t % ids.len()].clone() };
        let author = user(0);
        let body = match act.clone() {
            Act::Send { text, thread } => {
                let thread = thread.map(target);
                let id: MessageId = format!("m{seq}").parse().unwrap();
                ids.push(id.clone());
                let cid: Cid = format!("c{seq}").parse().unwrap();
                EntryBody::Message { id, cid, author, text, reply_to: None, thread, files: vec![], mentions: vec![] }
            }
            Act::Edit { target: t, text } => EntryBody::Edit { id: target(t), text, author },
            Act::Delete { target: t } => EntryBody::Delete { id: target(t), author },
            Act::React { target: t, emoji, user: u, on } => {
                EntryBody::Reaction { id: target(t), emoji: format!("e{emoji}"), on, author: user(u) }
            }
            Act::Pin { target: t, on } => EntryBody::Pin { id: target(t), on, author },
            Act::Join(u) => EntryBody::Membership { user: user(u), change: MembershipChange::Joined, author: user(u) },
        };
        entries.push(Entry { room: room.clone(), seq, ts: Timestamp::from_millis(seq as i64 * 1000), body });
    }
    entries
}

fn fold(entries: &[Entry]) -> Fold {
    let mut fold = Fold::default();
    for entry in entries {
        fold.apply(entry.clone());
    }
    fold
}

proptest! {
    /// "Replaying the entries after `k` on the fold at `k` gives exactly what `room:history` gives."
    #[test]
    fn replaying_after_k_on_a_page_at_k_equals_the_whole_fold(acts in acts(), cut in any::<prop::sample::Index>()) {
        let entries = log(&acts);
        let k = cut.index(entries.len() + 1);
        let at_k = fold(&entries[..k]);
        let mut resumed = Fold::from_page(at_k.messages().cloned().collect(), at_k.notices().cloned().collect());
        for entry in &entries[k..] {
            resumed.apply(entry.clone());
        }
        prop_assert_eq!(resumed, fold(&entries));
    }

    /// A timeline that has the newest messages, hears of more, and then scrolls up to where their threads began.
    #[test]
    fn a_thread_is_counted_alike_whatever_came_first(acts in acts(), a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
        let entries = log(&acts);
        let (from, to) = (a.index(entries.len() + 1), b.index(entries.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        let at_head = fold(&entries[..to]);
        let newer = |seq: Seq| seq > from as Seq;
        let mut window = Fold::from_page(at_head.messages().filter(|m| newer(m.seq)).cloned().collect(), vec![]);
        for entry in &entries[to..] {
            window.apply(entry.clone());
        }
        window.add_page(at_head.messages().filter(|m| !newer(m.seq)).cloned().collect(), vec![]);
        let counts = |fold: &Fold| fold.messages().map(|m| (m.seq, m.replies)).collect::<Vec<_>>();
        prop_assert_eq!(counts(&window), counts(&fold(&entries)));
    }

    #[test]
    fn a_deleted_message_stays_blank_whatever_follows(acts in acts()) {
        let entries = log(&acts);
        let folded = fold(&entries);
        for entry in &entries {
            if let EntryBody::Delete { id, .. } = &entry.body
                && let Some(message) = folded.by_id(id)
            {
                prop_assert!(message.deleted && message.text.is_empty() && message.edited_ts.is_none());
                prop_assert!(message.reactions.is_empty() && message.files.is_empty() && !message.pinned);
            }
        }
    }

    #[test]
    fn reactions_are_a_set_without_empty_groups(acts in acts()) {
        for message in fold(&log(&acts)).messages() {
            for (i, reaction) in message.reactions.iter().enumerate() {
                prop_assert!(!reaction.users.is_empty());
                let mut users = reaction.users.clone();
                users.sort();
                users.dedup();
                prop_assert_eq!(users.len(), reaction.users.len());
                prop_assert!(message.reactions[..i].iter().all(|r| r.emoji != reaction.emoji));
            }
        }
    }

    #[test]
    fn messages_keep_the_seq_of_their_first_entry(acts in acts()) {
        let entries = log(&acts);
        let sent: Vec<Seq> = entries
            .iter()
            .filter(|e| matches!(e.body, EntryBody::Message { .. }))
            .map(|e| e.seq)
            .collect();
        prop_assert_eq!(fold(&entries).messages().map(|m| m.seq).collect::<Vec<_>>(), sent);
    }
}

#[test]
fn an_entry_about_an_unknown_message_changes_nothing() {
    let entries = log(&[Act::Edit { target: 0, text: "x".into() }]);
    let mut fold = Fold::default();
    assert_eq!(fold.apply(entries[0].clone()), Change::None);
    assert_eq!(fold, Fold::default());
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    steps: Vec<Step>,
    messages: Vec<Message>,
    notices: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", untagged)]
enum Step {
    Entry { entry: Entry, change: String },
    Page { page: Page },
}

#[derive(Deserialize)]
struct Page {
    messages: Vec<Message>,
    notices: Vec<Entry>,
}

#[test]
fn folding_does_what_the_shared_vectors_say() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("../vectors/fold.json")).unwrap();
    assert!(!vectors.is_empty());
    for Vector { name, steps, messages, notices } in vectors {
        let mut fold = Fold::default();
        for step in steps {
            match step {
                Step::Page { page } => fold.add_page(page.messages, page.notices),
                Step::Entry { entry, change } => {
                    let done = match fold.apply(entry) {
                        Change::Message(seq) => format!("message {seq}"),
                        Change::Notice(seq) => format!("notice {seq}"),
                        Change::None => "none".to_owned(),
                    };
                    assert_eq!(done, change, "{name}");
                }
            }
        }
        assert_eq!(fold.messages().cloned().collect::<Vec<_>>(), messages, "{name}");
        assert_eq!(fold.notices().cloned().collect::<Vec<_>>(), notices, "{name}");
    }
}
