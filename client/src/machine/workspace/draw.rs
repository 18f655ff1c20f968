//! From state to updates: which rows changed in a step, and what they look like now.

use std::collections::{BTreeMap, BTreeSet};

use confab_protocol::file::FileRef;
use confab_protocol::log::{Message, Reaction};
use confab_protocol::workspace::Presence;
use confab_protocol::{Cid, MessageId, RoomId, Seq, UserId};

use super::typing::Spot;
use super::{Known, Workspace};
use crate::machine::Effect;
use crate::outbox::{Queued, Stage, Write};
use crate::view::{Item, MessageItem, NoticeItem, SendState, TimelineChange, Update};

/// The rows that a step changed, drawn at its end: each once, however often it changed.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    rooms: BTreeMap<RoomId, Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    all: bool,
    some: BTreeSet<Row>,
}

/// A row of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Row {
    /// A committed message, by its place.
    Message(Seq),
    /// A notice.
    Notice(Seq),
    /// A committed message, by its id.
    Target(MessageId),
    /// A message on its way.
    Pending(Cid),
}

impl Dirty {
    pub(super) fn row(&mut self, room: &RoomId, row: Row) {
        self.rooms.entry(room.clone()).or_default().some.insert(row);
    }

    /// All of a room's timeline.
    pub(super) fn reset(&mut self, room: &RoomId) {
        self.rooms.entry(room.clone()).or_default().all = true;
    }
}

impl Workspace {
    /// Draws what changed since the last time. Rooms that nobody opened are not drawn.
    pub(super) fn draw(&mut self, out: &mut Vec<Effect>) {
        for (room, rows) in std::mem::take(&mut self.dirty.rooms) {
            if !self.open.contains_key(&room) {
                continue;
            }
            if rows.all {
                out.extend(self.draw_timeline(&room).map(Effect::Update));
                continue;
            }
            let items = self.items(&room, rows.some.into_iter());
            if !items.is_empty() {
                self.push_timeline(&room, TimelineChange::Upsert { items }, out);
            }
        }
    }

    /// Everything.
    pub(super) fn draw_all(&self) -> impl Iterator<Item = Update> {
        let timelines = self.open.keys().flat_map(|room| self.draw_timeline(room));
        let typing = self.typing.spots().into_iter().map(|spot| self.typing_update(spot));
        let count = self.looked_at.as_ref().and_then(|room| self.count_update(room));
        self.draw_workspace().into_iter().chain(timelines).chain(typing).chain(count)
    }

    pub(super) fn draw_workspace(&self) -> Option<Update> {
        self.known.as_ref().map(|Known { workspace, me, rooms, members, .. }| Update::Workspace {
            workspace: workspace.clone(),
            me: me.clone(),
            rooms: rooms.values().cloned().collect(),
            members: members.values().cloned().collect(),
        })
    }

    pub(super) fn draw_read(&self, room: &RoomId, out: &mut Vec<Effect>) {
        let Some(state) = self.known.as_ref().and_then(|known| known.rooms.get(room)) else { return };
        out.push(Effect::Update(Update::Read {
            slug: self.slug.clone(),
            room: room.clone(),
            head: state.head,
            read: state.read,
            unread: state.unread,
            mentions: state.mentions,
        }));
    }

    pub(super) fn draw_typing(&self, spot: Spot, out: &mut Vec<Effect>) {
        out.push(Effect::Update(self.typing_update(spot)));
    }

    pub(super) fn count_looked_at(&mut self, out: &mut Vec<Effect>) {
        if let Some(room) = self.looked_at.clone() {
            self.count(&room, out);
        }
    }

    /// Someone came to their device, or left it.
    pub(super) fn count_looked_at_for(&mut self, user: &UserId, is_there: bool, out: &mut Vec<Effect>) {
        let Some(room) = self.looked_at.clone() else { return };
        let roster = self.open.get(&room).and_then(|open| open.roster.as_ref());
        if *user != self.me && roster.is_some_and(|roster| roster.contains(user)) {
            self.count_one(&room, 0, if is_there { 1 } else { -1 }, out);
        }
    }

    /// Adds to what was told of a room. Where a crowd comes at once, as after an outage, counting all for each would cost
    /// the square of it.
    pub(super) fn count_one(&mut self, room: &RoomId, members: i64, online: i64, out: &mut Vec<Effect>) {
        let Some(counted) = self.open.get_mut(room).and_then(|open| open.counted.as_mut()) else {
            return self.count(room, out);
        };
        *counted = (counted.0.saturating_add_signed(members), counted.1.saturating_add_signed(online));
        let (members, online) = *counted;
        let (slug, room) = (self.slug.clone(), room.clone());
        out.push(Effect::Update(Update::RoomCount { slug, room, members, online }));
    }

    /// Tells how many are in a room that is open, if that changed.
    pub(super) fn count(&mut self, room: &RoomId, out: &mut Vec<Effect>) {
        let Some(update) = self.count_update(room) else { return };
        let Update::RoomCount { members, online, .. } = update else { return };
        if let Some(open) = self.open.get_mut(room)
            && open.counted.replace((members, online)) != Some((members, online))
        {
            out.push(Effect::Update(update));
        }
    }

    /// Tells the shell about a timeline.
    pub(super) fn push_timeline(&self, room: &RoomId, change: TimelineChange, out: &mut Vec<Effect>) {
        out.push(Effect::Update(Update::Timeline { slug: self.slug.clone(), room: room.clone(), change }));
    }

    /// Rows as they look now, those that do not exist left out.
    pub(super) fn items(&self, room: &RoomId, rows: impl Iterator<Item = Row>) -> Vec<Item> {
        let Some(open) = self.open.get(room) else { return Vec::new() };
        let fold = open.timeline.fold();
        let mut drawn = BTreeSet::new();
        let committed = |message: &Message| self.committed(room, message);
        rows.filter_map(|row| match row {
            Row::Message(seq) => fold.message(seq).map(committed),
            Row::Target(id) => fold.by_id(&id).map(committed),
            Row::Notice(seq) => fold
                .notice(seq)
                .map(|entry| Item::Notice(NoticeItem { key: format!("#{seq}"), seq, entry: entry.clone() })),
            Row::Pending(cid) => {
                self.outbox.room(room).find(|item| *item.write.cid() == cid).and_then(|item| pending(&self.me, item))
            }
        })
        .filter(|item| drawn.insert(key_of(item).to_owned()))
        .collect()
    }

    fn draw_timeline(&self, room: &RoomId) -> Option<Update> {
        let open = self.open.get(room)?;
        let (timeline, shown) = (&open.timeline, open.shown);
        let messages = timeline.fold().messages().rev().map(|message| message.seq);
        let messages = messages.take_while(|seq| *seq >= shown).map(Row::Message);
        let notices = timeline.fold().notices().rev().map(|notice| notice.seq);
        let notices = notices.take_while(|seq| *seq >= shown).map(Row::Notice);
        let waiting = self.outbox.room(room).filter(|item| item.write.target().is_none());
        let waiting = waiting.map(|item| Row::Pending(item.write.cid().clone()));
        let mut items = self.items(room, messages.chain(notices).chain(waiting));
        if !timeline.is_loaded() && items.is_empty() {
            return None;
        }
        items.sort_by_key(place);
        let start = timeline.is_loaded() && timeline.is_start() && shown == 0;
        let change = TimelineChange::Reset { items, start };
        Some(Update::Timeline { slug: self.slug.clone(), room: room.clone(), change })
    }

    /// A committed message, with what the user has done to it since.
    fn committed(&self, room: &RoomId, message: &Message) -> Item {
        let mut item = MessageItem::committed(message);
        for queued in self.outbox.room(room).filter(|queued| queued.write.target() == Some(&message.id)) {
            preview(&mut item, &self.me, queued);
        }
        Item::Message(item)
    }

    fn typing_update(&self, spot: Spot) -> Update {
        let users = self.typing.users(&spot);
        let (room, thread) = spot;
        Update::Typing { slug: self.slug.clone(), room, thread, users }
    }

    /// Whether someone is at a device; the user is at this one.
    pub(super) fn is_there(&self, known: &Known, user: &UserId) -> bool {
        *user == self.me || known.members.get(user).is_some_and(|member| member.presence != Presence::Offline)
    }

    fn count_update(&self, room: &RoomId) -> Option<Update> {
        let (open, known) = (self.open.get(room)?, self.known.as_ref()?);
        let is_there = |user: &&UserId| self.is_there(known, user);
        let (members, online) = match &open.roster {
            Some(roster) => (roster.len() as u64, roster.iter().filter(is_there).count() as u64),
            None => open.told_count()?,
        };
        Some(Update::RoomCount { slug: self.slug.clone(), room: room.clone(), members, online })
    }
}

/// The key of a message's row, from its first echo on.
pub(super) fn key(author: &UserId, cid: &Cid) -> String {
    format!("{author}/{cid}")
}

fn key_of(item: &Item) -> &str {
    match item {
        Item::Message(message) => &message.key,
        Item::Notice(notice) => &notice.key,
    }
}

/// By `seq`; those without one last, in the order in which they were written.
fn place(item: &Item) -> (Seq, u64) {
    match item {
        Item::Message(message) => (message.seq.unwrap_or(Seq::MAX), message.order),
        Item::Notice(notice) => (notice.seq, 0),
    }
}

/// A message that has no place in the log yet.
fn pending(me: &UserId, item: &Queued) -> Option<Item> {
    let Write::Send(send) = &item.write else { return None };
    Some(Item::Message(MessageItem {
        key: key(me, &send.cid),
        seq: None,
        order: item.order,
        id: None,
        ts: item.ts,
        author: me.clone(),
        text: send.text.clone(),
        edited_ts: None,
        deleted: false,
        reply_to: send.reply_to.clone(),
        thread: send.thread.clone(),
        replies: None,
        files: send.files.iter().filter_map(FileRef::info).cloned().collect(),
        mentions: Vec::new(),
        reactions: Vec::new(),
        pinned: false,
        state: match &item.stage {
            Stage::Queued => SendState::Queued,
            Stage::Sending => SendState::Sending,
            Stage::Committed(_) => SendState::Sent,
            Stage::Failed(error) => SendState::Failed { error: error.clone() },
        },
    }))
}

/// Shows a write before the log has it.
fn preview(item: &mut MessageItem, me: &UserId, queued: &Queued) {
    if item.deleted {
        return;
    }
    match &queued.write {
        Write::Send(_) => {}
        Write::Edit(edit) => {
            item.text.clone_from(&edit.text);
            item.edited_ts = Some(queued.ts);
        }
        Write::Delete(_) => {
            item.deleted = true;
            item.text.clear();
            item.files.clear();
            item.pinned = false;
            item.reactions.clear();
        }
        Write::Pin(pin) => item.pinned = pin.on,
        Write::React(react) => {
            for reaction in &mut item.reactions {
                if reaction.emoji == react.emoji {
                    reaction.users.retain(|user| user != me);
                }
            }
            let known = item.reactions.iter_mut().find(|reaction| reaction.emoji == react.emoji);
            match (known, react.on) {
                (Some(reaction), true) => reaction.users.push(me.clone()),
                (None, true) => {
                    item.reactions.push(Reaction { emoji: react.emoji.clone(), users: vec![me.clone()] });
                }
                (_, false) => {}
            }
            item.reactions.retain(|reaction| !reaction.users.is_empty());
        }
    }
}
