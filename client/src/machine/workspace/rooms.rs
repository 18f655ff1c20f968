//! Rooms, people and read markers: what `workspace:ready` tells, kept up to date.

use std::collections::BTreeMap;

use confab_protocol::answer::Answer;
use confab_protocol::event::{
    PresenceChanged, PresenceSet, ReadChanged, ReadMark, TypingChanged, UnreadChanged, WorkspaceReady,
};
use confab_protocol::log::{Entry, EntryBody};
use confab_protocol::room::{Room, RoomKind};
use confab_protocol::workspace::{Member, Presence};
use confab_protocol::{Epoch, RoomId, Seq, UserId};
use serde_json::Value;

use super::{Ask, Known, Mark, Workspace};
use crate::local::model::{Keep, Picture};
use crate::machine::{Effect, Now};
use crate::view::Update;

/// Read markers of one room go out at most this often: a busy room moves its marker with every message.
const MARK_EVERY_MS: u64 = 1_000;

impl Workspace {
    /// `workspace:ready`: the server's picture replaces ours; timelines and the outbox stay and catch up.
    pub(super) fn greeted(&mut self, ready: WorkspaceReady, now: Now, out: &mut Vec<Effect>) {
        let WorkspaceReady { workspace, me, rooms, members, members_tag: tag, present, heads, epoch } = ready;
        if self.epoch.is_some() && self.epoch != epoch {
            self.forget_timelines();
        }
        self.epoch.clone_from(&epoch);
        let rooms = rooms.into_iter().map(|room| (room.id.clone(), room)).collect();
        let same = present.is_some();
        let members = match present {
            Some(present) => self.members_with(&present),
            None => members.into_iter().map(|member| (member.id.clone(), member)).collect(),
        };
        self.known = Some(Known { workspace, me, rooms, members, tag });
        for (room, mark) in &mut self.marks {
            mark.not_before = now.ms;
            mark.under_way = false;
            if let Some(room) = self.known.as_mut().and_then(|known| known.rooms.get_mut(room)) {
                room.read = room.read.max(mark.seq);
            }
        }
        self.unkept.changes.extend(self.picture(epoch, !same).map(Keep::Workspace));
        out.extend(self.draw_workspace().map(Effect::Update));
        self.wire.ready(now, out);
        if let Some(state) = self.presence.filter(|state| *state != Presence::Online) {
            self.wire.tell(&PresenceSet { state, status: None }, out);
        }
        self.rejoin(&heads);
    }

    /// The members that are known, of whom these are there.
    fn members_with(&mut self, present: &BTreeMap<UserId, Presence>) -> BTreeMap<UserId, Member> {
        let mut members = self.known.take().map(|known| known.members).unwrap_or_default();
        for (user, member) in &mut members {
            member.presence = present.get(user).copied().unwrap_or_default();
        }
        members
    }

    pub(super) fn put_room(&mut self, mut room: Room, out: &mut Vec<Effect>) {
        let Some(known) = &mut self.known else { return };
        if let Some(before) = known.rooms.get(&room.id) {
            // Made before entries or marks that overtook it.
            if before.head > room.head || before.read > room.read {
                room.head = room.head.max(before.head);
                room.read = room.read.max(before.read);
                (room.unread, room.mentions) = (before.unread, before.mentions);
            }
        }
        known.rooms.insert(room.id.clone(), room.clone());
        self.unkept.rooms.insert(room.id.clone());
        self.heads_signalled(&BTreeMap::from([(room.id.clone(), room.head)]));
        let counted = room.id.clone();
        out.push(Effect::Update(Update::RoomChanged { slug: self.slug.clone(), room }));
        self.count(&counted, out);
    }

    pub(super) fn remove_room(&mut self, room: &RoomId, out: &mut Vec<Effect>) {
        self.close_room(room, out);
        self.marks.remove(room);
        self.unkept.changes.push(Keep::RoomGone(room.clone()));
        let was = self.known.as_mut().and_then(|known| known.rooms.remove(room));
        if was.is_some() {
            out.push(Effect::Update(Update::RoomRemoved { slug: self.slug.clone(), room: room.clone() }));
        }
    }

    pub(super) fn put_member(&mut self, member: Member, out: &mut Vec<Effect>) {
        let Some(known) = &mut self.known else { return };
        if member.id == self.me {
            known.me = member.clone();
        }
        known.tag = None;
        let before = known.members.insert(member.id.clone(), member.clone());
        let was_there = before.is_some_and(|before| before.presence != Presence::Offline);
        let is_there = member.presence != Presence::Offline;
        if was_there != is_there {
            self.count_looked_at_for(&member.id, is_there, out);
        }
        self.unkept.changes.push(Keep::Member(member.clone()));
        out.push(Effect::Update(Update::MemberChanged { slug: self.slug.clone(), member }));
    }

    pub(super) fn remove_member(&mut self, user: &UserId, out: &mut Vec<Effect>) {
        let was = self.known.as_mut().and_then(|known| {
            known.tag = None;
            known.members.remove(user)
        });
        if was.is_some() {
            self.unkept.changes.push(Keep::MemberGone(user.clone()));
            out.push(Effect::Update(Update::MemberLeft { slug: self.slug.clone(), user: user.clone() }));
            self.count_looked_at(out);
        }
    }

    pub(super) fn presence_changed(&mut self, changed: PresenceChanged, out: &mut Vec<Effect>) {
        let PresenceChanged { user, state, status } = changed;
        let Some(known) = &mut self.known else { return };
        let Some(member) = known.members.get_mut(&user) else { return };
        let was = std::mem::replace(&mut member.presence, state);
        if let Some(status) = &status {
            let status = Some(status.clone()).filter(|status| !status.is_empty());
            if member.status != status {
                member.status = status;
                known.tag = None;
            }
        }
        if (was == Presence::Offline) != (state == Presence::Offline) {
            self.count_looked_at_for(&user, state != Presence::Offline, out);
        }
        out.push(Effect::Update(Update::PresenceChanged { slug: self.slug.clone(), user, state, status }));
    }

    /// The user's own presence. Others are told by the server, this device is not.
    pub(super) fn set_presence(&mut self, state: Presence, out: &mut Vec<Effect>) {
        if self.presence.replace(state) == Some(state) {
            return;
        }
        self.wire.tell(&PresenceSet { state, status: None }, out);
        self.presence_changed(PresenceChanged { user: self.me.clone(), state, status: None }, out);
    }

    pub(super) fn others_type(&mut self, changed: TypingChanged, now: Now, out: &mut Vec<Effect>) {
        let TypingChanged { room, user, on, thread } = changed;
        let spot = (room, thread);
        if user != self.me && self.typing.set(&spot, &user, on, now) {
            self.draw_typing(spot, out);
        }
    }

    pub(super) fn expire_typing(&mut self, now: Now, out: &mut Vec<Effect>) {
        for spot in self.typing.expire(now) {
            self.draw_typing(spot, out);
        }
    }

    /// The link is lost: nobody can be seen typing.
    pub(super) fn typing_gone(&mut self, out: &mut Vec<Effect>) {
        for spot in self.typing.clear() {
            self.draw_typing(spot, out);
        }
    }

    /// Counts a new entry into what is unread, and ends its author's typing.
    pub(super) fn note_entry(&mut self, entry: &Entry, out: &mut Vec<Effect>) {
        let EntryBody::Message { author, mentions, .. } = &entry.body else {
            if let Some(room) = self.room_mut(&entry.room) {
                room.head = room.head.max(entry.seq);
            }
            return;
        };
        for spot in self.typing.stopped(&entry.room, author) {
            self.draw_typing(spot, out);
        }
        let me = self.me.clone();
        let ignored = self.ignored.contains(author);
        let Some(room) = self.room_mut(&entry.room) else { return };
        if entry.seq <= room.head {
            return;
        }
        room.head = entry.seq;
        if *author == me {
            // The server moves the author's marker with the message.
            (room.read, room.unread, room.mentions) = (entry.seq, 0, 0);
        } else if entry.seq > room.read {
            room.unread += 1;
            let means_me = mentions.contains(&me) || mentions.contains(&UserId::everybody());
            room.mentions += u64::from(!ignored && (room.kind == RoomKind::Direct || means_me));
        }
        self.draw_read(&entry.room, out);
    }

    /// What is unread changed by something else than a new message: count it again, if the timeline reaches that far.
    /// True: the numbers are different.
    pub(super) fn recount(&mut self, room: &RoomId) -> bool {
        let Some(state) = self.known.as_ref().and_then(|known| known.rooms.get(room)) else { return false };
        let counted = if state.read >= state.head {
            Some((0, 0))
        } else {
            let timeline = self.open.get(room).map(|open| &open.timeline).filter(|timeline| !timeline.has_gap());
            timeline.and_then(|timeline| {
                timeline.unread(&self.me, &self.ignored, state.read, state.kind == RoomKind::Direct)
            })
        };
        if let (Some((unread, mentions)), Some(state)) = (counted, self.room_mut(room))
            && (state.unread, state.mentions) != (unread, mentions)
        {
            (state.unread, state.mentions) = (unread, mentions);
            return true;
        }
        false
    }

    /// `unread:changed` from the lobby, unless entries have overtaken it.
    pub(super) fn unread_signalled(&mut self, signal: &UnreadChanged, out: &mut Vec<Effect>) {
        let marked = self.marks.get(&signal.room).is_some_and(|mark| mark.told < mark.seq);
        let Some(room) = self.room_mut(&signal.room) else { return };
        let news = (room.unread, room.mentions) != (signal.unread, signal.mentions);
        // While a marker of ours is on its way, the server's count is of before.
        if signal.head >= room.head && !marked && news {
            (room.unread, room.mentions) = (signal.unread, signal.mentions);
            self.draw_read(&signal.room, out);
        }
    }

    /// `read:changed`: another device of the user has read further.
    pub(super) fn read_elsewhere(&mut self, changed: &ReadChanged, out: &mut Vec<Effect>) {
        let Some(room) = self.room_mut(&changed.room) else { return };
        if changed.read >= room.read {
            (room.read, room.unread, room.mentions) = (changed.read, changed.unread, changed.mentions);
            self.draw_read(&changed.room, out);
        }
    }

    pub(super) fn mark_read(&mut self, id: &RoomId, seq: Seq, now: Now, out: &mut Vec<Effect>) {
        let Some(room) = self.room_mut(id) else { return };
        let seq = seq.min(room.head);
        if seq <= room.read {
            return;
        }
        room.read = seq;
        let fresh = Mark { seq, told: 0, under_way: false, not_before: now.ms };
        let mark = self.marks.entry(id.clone()).or_insert(fresh);
        mark.seq = mark.seq.max(seq);
        self.unkept.changes.push(Keep::Mark(id.clone(), Some(mark.seq)));
        self.recount(id);
        self.draw_read(id, out);
    }

    pub(super) fn send_marks(&mut self, now: Now, out: &mut Vec<Effect>) {
        for (room, mark) in &mut self.marks {
            if mark.is_due(now) {
                mark.under_way = true;
                let request = ReadMark { room: room.clone(), seq: mark.seq };
                self.wire.ask(&request, Ask::Mark(room.clone()), now, out);
                mark.not_before = now.ms + MARK_EVERY_MS;
            }
        }
    }

    pub(super) fn marked(&mut self, room: &RoomId, answer: &Answer<Value>, now: Now) {
        let Some(mark) = self.marks.get_mut(room) else { return };
        mark.under_way = false;
        match answer {
            Ok(reply) => {
                let read = reply.get("read").and_then(Value::as_u64).unwrap_or(Seq::MAX);
                mark.told = mark.told.max(read);
                if mark.told >= mark.seq {
                    self.unkept.changes.push(Keep::Mark(room.clone(), None));
                }
            }
            Err(error) if error.code.is_retryable() => {
                mark.not_before = now.ms + error.retry_after_ms.unwrap_or(0).max(MARK_EVERY_MS);
            }
            Err(_) => {
                self.marks.remove(room);
                self.unkept.changes.push(Keep::Mark(room.clone(), None));
            }
        }
    }

    /// Whether the room is one of the caller's own.
    pub(super) fn knows_room(&self, room: &RoomId) -> bool {
        self.known.as_ref().is_some_and(|known| known.rooms.contains_key(room))
    }

    fn room_mut(&mut self, room: &RoomId) -> Option<&mut Room> {
        let known = self.known.as_mut()?.rooms.get_mut(room);
        if known.is_some() {
            self.unkept.rooms.insert(room.clone());
        }
        known
    }

    fn picture(&self, epoch: Option<Epoch>, with_members: bool) -> Option<Picture> {
        self.known.as_ref().map(|Known { workspace, me, rooms, members, .. }| Picture {
            epoch,
            workspace: workspace.clone(),
            me: me.clone(),
            rooms: rooms.values().cloned().collect(),
            members: with_members.then(|| members.values().cloned().collect()),
        })
    }
}
