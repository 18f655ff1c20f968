//! Rooms whose log is followed: joining, catching up, filling gaps, paging back.
//!
//! One request per room is outstanding at a time. [`Workspace::advance_rooms`] looks at each room after every step and
//! asks for what it lacks next, so that no order of losses and answers can leave a room behind.

use std::collections::{BTreeMap, BTreeSet};

use confab_protocol::answer::Answer;
use confab_protocol::event::{
    HistoryPage, MembersReply, RoomHistory, RoomJoin, RoomJoined, RoomMembers, RoomSync, RoomSynced,
};
use confab_protocol::fold::Change;
use confab_protocol::limits::SYNC_MAX;
use confab_protocol::log::{Entry, EntryBody, MembershipChange, Message};
use confab_protocol::{Error, ErrorCode, RoomId, Seq, UserId};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::draw::{Row, key};
use super::{Ask, Workspace};
use crate::local::model::Keep;
use crate::machine::wire::{PATIENCE_MS, unreachable};
use crate::machine::{CallId, Effect, Now};
use crate::outbox::Stage;
use crate::timeline::Timeline;
use crate::view::TimelineChange;

/// Messages of one page.
const PAGE: usize = 60;
/// Rows that the shell is told when a room is opened; it asks for those before them as it goes back.
const SHOWN: usize = 200;
/// Rooms whose timelines are kept; the one that was looked at longest ago goes first.
const OPEN_MAX: usize = 12;
/// Before a refused request is repeated.
const AGAIN_MS: u64 = 1_000;
/// How long the entry of an acked write may take before it counts as lost: acks come before entries.
const GRACE_MS: u64 = 1_000;

/// A room whose log is followed.
#[derive(Debug, Default)]
pub(super) struct OpenRoom {
    pub(super) timeline: Timeline,
    /// The shell was told no rows from before this one; 0 when it was told all.
    pub(super) shown: Seq,
    /// A join, sync or first page is outstanding.
    pub(super) busy: bool,
    /// It is to be joined, again after each reconnect: that also says what was missed.
    join: bool,
    used: u64,
    not_before: u64,
    joined: Option<RoomJoined>,
    callers: Vec<(CallId, u64)>,
    older: Vec<CallId>,
    older_under_way: bool,
    /// Who is in it, once known, kept up to date by the log.
    pub(super) roster: Option<BTreeSet<UserId>>,
    /// What the shell was told last: members, and how many of them are there.
    pub(super) counted: Option<(u64, u64)>,
    /// A write of ours was acked at this `seq`; its entry should be here by then.
    expected: Option<(Seq, u64)>,
}

impl OpenRoom {
    /// When something is to be done, beside what answers and entries bring about.
    pub(super) fn deadline(&self, live: bool) -> Option<u64> {
        let callers = self.callers.iter().map(|(_, until)| *until).min();
        let wants = live && !self.busy && self.lacks_something();
        let again = wants.then_some(self.not_before);
        let expected = self.expected.filter(|_| live && !self.busy).map(|(_, at)| at.max(self.not_before));
        [callers, again, expected].into_iter().flatten().min()
    }

    /// What was known of it is of another log, or too old to go on from.
    pub(super) fn unload(&mut self) {
        self.timeline.unload();
        self.roster = None;
    }

    /// From now on the shell knows the end of it only.
    pub(super) fn show_tail(&mut self) {
        self.shown = self.timeline.tail(SHOWN);
    }

    fn lacks_something(&self) -> bool {
        self.join || !self.timeline.is_loaded() || self.timeline.has_gap()
    }

    /// Members and how many of them are there, as told with the join.
    pub(super) fn told_count(&self) -> Option<(u64, u64)> {
        self.joined.as_ref().map(|joined| (joined.members, joined.online))
    }
}

impl Workspace {
    pub(super) fn open_room(&mut self, call: CallId, room: RoomId, now: Now, out: &mut Vec<Effect>) {
        self.uses += 1;
        if !self.open.contains_key(&room) {
            // What this computer remembers of it comes before what the server knows.
            self.open.insert(room.clone(), OpenRoom { busy: true, ..OpenRoom::default() });
            out.push(Effect::Recall(room.clone()));
        }
        let open = self.open.entry(room.clone()).or_default();
        open.used = self.uses;
        open.join = true;
        open.not_before = now.ms;
        open.counted = None;
        open.callers.push((call, now.ms + PATIENCE_MS));
        if open.timeline.is_loaded() {
            open.show_tail();
            self.dirty.reset(&room);
        }
        self.looked_at = Some(room);
        while self.open.len() > OPEN_MAX {
            let idle =
                self.open.iter().filter(|(id, open)| Some(*id) != self.looked_at.as_ref() && open.callers.is_empty());
            let Some(oldest) = idle.min_by_key(|(_, open)| open.used).map(|(id, _)| id.clone()) else { break };
            self.open.remove(&oldest);
            self.outbox.reached(&oldest, Seq::MAX);
        }
    }

    /// The link is live again: what was looked at is joined anew, the rest learns what it missed. A room that is not the
    /// caller's any more is not joined behind their back.
    pub(super) fn rejoin(&mut self, heads: &BTreeMap<RoomId, Seq>) {
        let gone: Vec<_> = self
            .open
            .iter()
            .filter(|(id, open)| !self.knows_room(id) && open.callers.is_empty())
            .map(|(id, _)| id.clone())
            .collect();
        for room in gone {
            self.close_room(&room, &mut Vec::new());
        }
        for (id, open) in &mut self.open {
            open.join = self.looked_at.as_ref() == Some(id) || !open.callers.is_empty();
            open.not_before = 0;
        }
        self.heads_signalled(heads);
    }

    /// Asks for what each room lacks, one thing at a time, and answers those who wait for a room that lacks nothing.
    pub(super) fn advance_rooms(&mut self, now: Now, out: &mut Vec<Effect>) {
        if !self.wire.is_live() {
            return;
        }
        for (id, open) in &mut self.open {
            if open.busy || open.not_before > now.ms {
                continue;
            }
            if let Some((seq, at)) = open.expected
                && at <= now.ms
            {
                open.timeline.note_head(seq);
                open.expected = None;
            }
            let room = id.clone();
            let after = open.timeline.applied();
            if open.join {
                let after = open.timeline.is_loaded().then_some(after);
                self.wire.ask(&RoomJoin { room: room.clone(), after, page: Some(PAGE) }, Ask::Join(room), now, out);
            } else if !open.timeline.is_loaded() {
                let request = RoomHistory { room: room.clone(), before: None, around: None, limit: Some(PAGE) };
                self.wire.ask(&request, Ask::History(room), now, out);
            } else if open.timeline.has_gap() {
                let request = RoomSync { room: room.clone(), after, limit: Some(SYNC_MAX) };
                self.wire.ask(&request, Ask::Sync(room), now, out);
            } else {
                if let Some(joined) = &open.joined {
                    let answer = serde_json::to_value(joined).map_err(|_| unreachable());
                    for (call, _) in open.callers.drain(..) {
                        out.push(Effect::Reply { call, answer: answer.clone() });
                    }
                }
                continue;
            }
            open.busy = true;
        }
    }

    pub(super) fn joined(&mut self, room: &RoomId, answer: Answer<Value>, now: Now, out: &mut Vec<Effect>) {
        let Some(RoomJoined { room: state, members, online, entries, head, reset, page }) =
            self.settle(room, answer, now, out)
        else {
            return;
        };
        self.put_room(state.clone(), out);
        let Some(open) = self.open.get_mut(room) else { return };
        open.join = false;
        let told = RoomJoined { room: state, members, online, entries: Vec::new(), head, reset: false, page: None };
        open.joined = Some(told);
        // A log shorter than what we have is another log.
        if reset || head < open.timeline.applied() {
            open.unload();
            self.unkept.changes.push(Keep::TimelineGone(room.clone()));
        }
        open.timeline.note_head(head);
        for entry in entries {
            self.entry(entry, out);
        }
        if let Some(page) = page {
            self.load(room, page, out);
        }
        let roster = self.open.get(room).and_then(|open| open.roster.as_ref());
        // Who came and who went is in the log. After an outage nobody asks for a thousand names again.
        if roster.is_none_or(|roster| roster.len() as u64 != members) {
            self.wire.ask(&RoomMembers { room: room.clone() }, Ask::Members(room.clone()), now, out);
        }
        self.count(room, out);
    }

    pub(super) fn synced(&mut self, room: &RoomId, answer: Answer<Value>, now: Now, out: &mut Vec<Effect>) {
        let Some(RoomSynced { entries, head, reset, .. }) = self.settle(room, answer, now, out) else { return };
        let Some(open) = self.open.get_mut(room) else { return };
        let before = open.timeline.applied();
        if reset {
            open.unload();
            self.unkept.changes.push(Keep::TimelineGone(room.clone()));
            self.wire.ask(&RoomMembers { room: room.clone() }, Ask::Members(room.clone()), now, out);
        }
        for entry in entries {
            self.entry(entry, out);
        }
        let Some(open) = self.open.get_mut(room) else { return };
        if !reset && open.timeline.applied() == before && open.timeline.has_gap() {
            open.timeline.correct_head(head);
            // There should have been entries: ask again, but not at once.
            open.not_before = now.ms + AGAIN_MS;
        }
    }

    pub(super) fn history_came(&mut self, room: &RoomId, answer: Answer<Value>, now: Now, out: &mut Vec<Effect>) {
        let Some(page) = self.settle::<HistoryPage>(room, answer, now, out) else { return };
        self.load(room, page, out);
    }

    /// The newest page of a room of which nothing is known, or nothing that can be gone on from.
    fn load(&mut self, room: &RoomId, page: HistoryPage, out: &mut Vec<Effect>) {
        let Some(open) = self.open.get_mut(room) else { return };
        self.outbox.seen_all(room, &self.me, &page.messages);
        open.timeline.load(page);
        open.show_tail();
        self.unkept.timeline(room);
        self.reached(room, out);
        self.dirty.reset(room);
    }

    pub(super) fn load_older(&mut self, call: CallId, room: &RoomId, now: Now, out: &mut Vec<Effect>) {
        if self.open.get(room).is_some_and(|open| open.timeline.is_loaded() && open.shown > 0) {
            let page = serde_json::to_value(self.show_older(room, out)).map_err(|_| unreachable());
            return out.push(Effect::Reply { call, answer: page });
        }
        let refusal = match self.open.get(room).map(|open| &open.timeline) {
            None => Some(Error::bad_request("Open the room first.")),
            Some(timeline) if !timeline.is_loaded() || !self.wire.is_live() => Some(unreachable()),
            Some(_) => None,
        };
        let Some(open) = self.open.get_mut(room).filter(|_| refusal.is_none()) else {
            return out.push(Effect::Reply { call, answer: Err(refusal.unwrap_or_else(unreachable)) });
        };
        if open.timeline.is_start() {
            let nothing =
                HistoryPage { messages: Vec::new(), notices: Vec::new(), head: open.timeline.applied(), start: true };
            return out.push(Effect::Reply { call, answer: Ok(serde_json::json!(nothing)) });
        }
        open.older.push(call);
        if !std::mem::replace(&mut open.older_under_way, true) {
            open.timeline.expect_older();
            let before = Some(open.timeline.first());
            let request = RoomHistory { room: room.clone(), before, around: None, limit: Some(PAGE) };
            self.wire.ask(&request, Ask::Older(room.clone()), now, out);
        }
    }

    /// Tells the shell the page before the rows that it knows, which is here.
    fn show_older(&mut self, room: &RoomId, out: &mut Vec<Effect>) -> Option<HistoryPage> {
        let open = self.open.get_mut(room)?;
        let (messages, notices) = open.timeline.page_before(open.shown, PAGE);
        let first = messages.iter().map(|message| message.seq).chain(notices.iter().map(|notice| notice.seq)).min();
        let is_all = first.is_none_or(|first| open.timeline.page_before(first, 1) == (Vec::new(), Vec::new()));
        open.shown = if is_all { 0 } else { first.unwrap_or_default() };
        let start = is_all && open.timeline.is_start();
        let head = open.timeline.applied();
        let rows = messages.iter().map(|message| Row::Message(message.seq));
        let items = self.items(room, rows.chain(notices.iter().map(|notice| Row::Notice(notice.seq))));
        self.push_timeline(room, TimelineChange::Older { items, start }, out);
        Some(HistoryPage { messages, notices, head, start })
    }

    pub(super) fn older_came(&mut self, room: &RoomId, answer: Answer<Value>, out: &mut Vec<Effect>) {
        let Some(open) = self.open.get_mut(room) else { return };
        // None: the range was replaced in the meantime, and the page does not fit before it.
        let fits = std::mem::take(&mut open.older_under_way) && open.timeline.is_loaded();
        let calls = std::mem::take(&mut open.older);
        let answer = match answer.and_then(read::<HistoryPage>) {
            Ok(page) if fits => {
                let reply = serde_json::json!(page);
                let rows: Vec<Seq> = page.messages.iter().map(|message| message.seq).collect();
                let notices: Vec<Seq> = page.notices.iter().map(|notice| notice.seq).collect();
                self.outbox.seen_all(room, &self.me, &page.messages);
                open.timeline.prepend(page);
                let start = open.timeline.is_start();
                // The room was opened anew while the page was on its way: what is told next is the page before its end.
                let is_next = open.shown == 0;
                self.unkept.rows(room, rows.iter().chain(&notices).copied());
                let rows = rows.into_iter().map(Row::Message).chain(notices.into_iter().map(Row::Notice));
                if is_next {
                    let items = self.items(room, rows);
                    self.push_timeline(room, TimelineChange::Older { items, start }, out);
                } else {
                    self.show_older(room, out);
                }
                Ok(reply)
            }
            Ok(_) => Err(unreachable()),
            Err(error) => {
                open.timeline.older_failed();
                Err(error)
            }
        };
        for call in calls {
            out.push(Effect::Reply { call, answer: answer.clone() });
        }
    }

    pub(super) fn older_lost(&mut self, room: &RoomId, out: &mut Vec<Effect>) {
        let Some(open) = self.open.get_mut(room) else { return };
        open.older_under_way = false;
        open.timeline.older_failed();
        for call in open.older.drain(..) {
            out.push(Effect::Reply { call, answer: Err(unreachable()) });
        }
    }

    pub(super) fn roster_came(&mut self, room: &RoomId, answer: Answer<Value>, out: &mut Vec<Effect>) {
        let reply = answer.and_then(read::<MembersReply>);
        if let (Some(open), Ok(reply)) = (self.open.get_mut(room), reply) {
            open.roster = Some(reply.members.into_iter().map(|member| member.id).collect());
            self.count(room, out);
        }
    }

    /// An entry, pushed or caught up, early, late or twice.
    pub(super) fn entry(&mut self, entry: Entry, out: &mut Vec<Effect>) {
        self.note_entry(&entry, out);
        let id = entry.room.clone();
        let Some(open) = self.open.get_mut(&id) else { return };
        let deletes = matches!(entry.body, EntryBody::Delete { .. });
        let before = open.timeline.applied();
        let changes = open.timeline.receive(entry);
        if open.timeline.applied() > before {
            self.unkept.rows(&id, changes.iter().filter_map(Change::seq));
        }
        for change in &changes {
            match *change {
                Change::Message(seq) => self.message_changed(&id, seq),
                Change::Notice(seq) => self.notice_came(&id, seq, out),
                Change::None => {}
            }
        }
        self.reached(&id, out);
        if deletes && self.recount(&id) {
            self.draw_read(&id, out);
        }
        let looked_at = self.looked_at.as_ref() == Some(&id);
        if let Some(open) = self.open.get_mut(&id)
            && open.timeline.trim(looked_at)
        {
            if !looked_at {
                open.show_tail();
            }
            self.unkept.timeline(&id);
            self.dirty.reset(&id);
        }
    }

    /// What exists, as far as the server says. A gap is closed at the end of the step.
    pub(super) fn heads_signalled(&mut self, heads: &BTreeMap<RoomId, Seq>) {
        for (room, head) in heads {
            if let Some(open) = self.open.get_mut(room) {
                open.timeline.note_head(*head);
            }
        }
    }

    /// A write was acked at `seq`: should its entry not come by itself, it is fetched.
    pub(super) fn expect_entry(&mut self, room: &RoomId, seq: Seq, now: Now) {
        match self.open.get_mut(room) {
            Some(open) if open.timeline.applied() < seq => {
                let (latest, at) = open.expected.unwrap_or((0, now.ms + GRACE_MS));
                open.expected = Some((latest.max(seq), at));
            }
            Some(_) => {}
            // Nobody looks: the outbox need not keep it for display.
            None => drop(self.outbox.reached(room, Seq::MAX)),
        }
    }

    pub(super) fn close_room(&mut self, room: &RoomId, out: &mut Vec<Effect>) {
        if self.looked_at.as_ref() == Some(room) {
            self.looked_at = None;
        }
        self.older_lost(room, out);
        for (call, _) in self.open.remove(room).map(|open| open.callers).unwrap_or_default() {
            out.push(Effect::Reply { call, answer: Err(Error::not_found()) });
        }
        self.outbox.reached(room, Seq::MAX);
    }

    /// They come from another database: nothing of them is true any more.
    pub(super) fn forget_timelines(&mut self) {
        for open in self.open.values_mut() {
            open.timeline = Timeline::default();
            open.roster = None;
            open.expected = None;
        }
        self.unkept.no_timelines();
    }

    pub(super) fn expire_callers(&mut self, now: Now, out: &mut Vec<Effect>) {
        for (call, _) in
            self.open.values_mut().flat_map(|open| open.callers.extract_if(.., |(_, until)| *until <= now.ms))
        {
            out.push(Effect::Reply { call, answer: Err(unreachable()) });
        }
    }

    pub(super) fn refuse_callers(&mut self, error: &Error, out: &mut Vec<Effect>) {
        for (call, _) in self.open.values_mut().flat_map(|open| open.callers.drain(..)) {
            out.push(Effect::Reply { call, answer: Err(error.clone()) });
        }
    }

    /// The answer to a room's outstanding request, if it is a good one. A passing refusal is tried again later, a final
    /// one closes the room.
    fn settle<T: DeserializeOwned>(
        &mut self,
        room: &RoomId,
        answer: Answer<Value>,
        now: Now,
        out: &mut Vec<Effect>,
    ) -> Option<T> {
        let open = self.open.get_mut(room)?;
        open.busy = false;
        match answer.and_then(read::<T>) {
            Ok(reply) => Some(reply),
            Err(error) if error.code.is_retryable() => {
                open.not_before = now.ms + error.retry_after_ms.unwrap_or(0).max(AGAIN_MS);
                None
            }
            Err(error) => {
                for (call, _) in std::mem::take(&mut open.callers) {
                    out.push(Effect::Reply { call, answer: Err(error.clone()) });
                }
                self.close_room(room, out);
                None
            }
        }
    }

    fn message_changed(&mut self, room: &RoomId, seq: Seq) {
        let message = self.open.get(room).and_then(|open| open.timeline.fold().message(seq));
        let mine = message.filter(|message| message.author == self.me).map(|Message { cid, .. }| cid.clone());
        if let Some(cid) = mine {
            self.outbox.seen(room, &cid);
        }
        self.dirty.row(room, Row::Message(seq));
    }

    fn notice_came(&mut self, room: &RoomId, seq: Seq, out: &mut Vec<Effect>) {
        self.dirty.row(room, Row::Notice(seq));
        let Some(open) = self.open.get_mut(room) else { return };
        let Some(EntryBody::Membership { user, change, .. }) =
            open.timeline.fold().notice(seq).map(|entry| &entry.body)
        else {
            return;
        };
        let Some(roster) = &mut open.roster else { return };
        let (user, came) = (user.clone(), matches!(change, MembershipChange::Joined | MembershipChange::Invited));
        let changed = if came { roster.insert(user.clone()) } else { roster.remove(&user) };
        if changed {
            let by = if came { 1 } else { -1 };
            let is_there = self.known.as_ref().is_some_and(|known| self.is_there(known, &user));
            self.count_one(room, by, if is_there { by } else { 0 }, out);
        }
    }

    /// The timeline has grown, or a write was acked: what is committed up to its end is drawn from the log. A message
    /// that turns out to be older than the range has no row there until the user pages back to it.
    pub(super) fn reached(&mut self, room: &RoomId, out: &mut Vec<Effect>) {
        let Some(open) = self.open.get_mut(room).filter(|open| open.timeline.is_loaded()) else { return };
        let applied = open.timeline.applied();
        open.expected = open.expected.filter(|(seq, _)| *seq > applied);
        let mut elsewhere = Vec::new();
        for done in self.outbox.reached(room, applied) {
            match (done.write.target(), &done.stage) {
                (Some(id), _) => self.dirty.row(room, Row::Target(id.clone())),
                (None, Stage::Committed(seq)) if open.timeline.fold().message(*seq).is_none() => {
                    elsewhere.push(key(&self.me, done.write.cid()));
                }
                (None, _) => {}
            }
        }
        if !elsewhere.is_empty() {
            self.push_timeline(room, TimelineChange::Remove { keys: elsewhere }, out);
        }
    }
}

fn read<T: DeserializeOwned>(reply: Value) -> Result<T, Error> {
    serde_json::from_value(reply).map_err(|_| Error::new(ErrorCode::Internal, "The server's answer could not be read."))
}
