//! A workspace's namespace: rooms, people, timelines and the outbox.

mod draw;
mod keep;
mod log;
mod rooms;
mod typing;
mod writes;

use std::collections::BTreeMap;

use confab_protocol::event::{
    MemberChanged, MemberJoined, MemberLeft, PresenceBatch, PresenceChanged, ReadChanged, RoomAdded, RoomChanged,
    RoomHeads, RoomRemoved, SessionRevoked, TypingChanged, UnreadChanged, WorkspaceReady,
};
use confab_protocol::log::Entry;
use confab_protocol::room::Room;
use confab_protocol::workspace::{Member, Presence};
use confab_protocol::{Cid, Epoch, ErrorCode, MessageId, RoomId, Seq, Slug, UserId, workspace};
use serde_json::Value;

use super::lobby::revoked;
use super::push::pushes;
use super::wire::{Report, Wire};
use super::{CallId, Effect, Input, Machine, Now};
use crate::outbox::{Outbox, Write};
use crate::view::Update;
use draw::Dirty;
use keep::Unkept;
use log::OpenRoom;
use typing::Typing;

/// What the shell can want of a workspace beside plain requests.
#[derive(Debug, Clone)]
pub enum Command {
    /// Look at a room: join it if need be, and have its timeline.
    OpenRoom(RoomId),
    /// A page from before what the timeline has.
    LoadOlder(RoomId),
    /// Queue a write. A new message is answered at once, any other at its end.
    Write(Write),
    /// Put a failed message back.
    Retry(RoomId, Cid),
    /// Drop a failed message.
    Discard(RoomId, Cid),
    /// Move the read marker forward.
    MarkRead(RoomId, Seq),
    /// The user types, there or in a thread of it, or has stopped.
    Typing(RoomId, Option<MessageId>, bool),
    /// The user is at this device, or not.
    Presence(Presence),
    /// The lobby says what is unread in a room of this workspace.
    Unread(UnreadChanged),
    /// Whom the user ignores.
    Ignored(Vec<UserId>),
    /// The server's database is another one: timelines are worthless.
    NewEpoch,
}

/// A workspace's state.
#[derive(Debug)]
pub struct Workspace {
    slug: Slug,
    me: UserId,
    wire: Wire<Ask>,
    known: Option<Known>,
    open: BTreeMap<RoomId, OpenRoom>,
    looked_at: Option<RoomId>,
    uses: u64,
    typing: Typing,
    outbox: Outbox,
    pending: usize,
    marks: BTreeMap<RoomId, Mark>,
    presence: Option<Presence>,
    /// Whose messages mention nobody.
    ignored: Vec<UserId>,
    dirty: Dirty,
    unkept: Unkept,
    /// The database that the timelines are from.
    epoch: Option<Epoch>,
}

/// What `workspace:ready` told, kept up to date.
#[derive(Debug)]
struct Known {
    workspace: workspace::Workspace,
    me: Member,
    rooms: BTreeMap<RoomId, Room>,
    members: BTreeMap<UserId, Member>,
    /// What the server called them; none once anything but presence has changed since.
    tag: Option<String>,
}

/// A read marker that the server may not know yet. Kept when it does, so that marks stay apart in time.
#[derive(Debug)]
struct Mark {
    seq: Seq,
    told: Seq,
    under_way: bool,
    not_before: u64,
}

impl Mark {
    /// When it has to be told to the server, if it has to.
    fn deadline(&self) -> Option<u64> {
        (self.told < self.seq && !self.under_way).then_some(self.not_before)
    }

    fn is_due(&self, now: Now) -> bool {
        self.deadline().is_some_and(|at| at <= now.ms)
    }
}

/// What a request of this machine's own was for.
#[derive(Debug)]
enum Ask {
    Join(RoomId),
    Sync(RoomId),
    History(RoomId),
    Older(RoomId),
    Members(RoomId),
    Writes(RoomId),
    Mark(RoomId),
}

pushes! {
    /// What a workspace pushes.
    Pushed {
        Ready(WorkspaceReady),
        Entry(Entry),
        Heads(RoomHeads),
        RoomAdded(RoomAdded),
        RoomChanged(RoomChanged),
        RoomRemoved(RoomRemoved),
        MemberJoined(MemberJoined),
        MemberChanged(MemberChanged),
        MemberLeft(MemberLeft),
        Typing(TypingChanged),
        Presence(PresenceChanged),
        Presences(PresenceBatch),
        Read(ReadChanged),
        Revoked(SessionRevoked),
    }
}

impl Workspace {
    /// A workspace whose link is not yet begun. `me` is the caller.
    #[must_use]
    pub fn new(slug: Slug, me: UserId, seed: u64) -> Self {
        Self {
            wire: Wire::new(slug.namespace(), seed),
            slug,
            me,
            known: None,
            open: BTreeMap::new(),
            looked_at: None,
            uses: 0,
            typing: Typing::default(),
            outbox: Outbox::new(seed ^ 0x0B0C),
            pending: 0,
            marks: BTreeMap::new(),
            presence: None,
            ignored: Vec::new(),
            dirty: Dirty::default(),
            unkept: Unkept::default(),
            epoch: None,
        }
    }

    /// From the start, whom the user ignores.
    #[must_use]
    pub fn ignoring(mut self, users: &[UserId]) -> Self {
        self.ignored = users.to_vec();
        self
    }

    fn commanded(&mut self, call: CallId, command: Command, now: Now, out: &mut Vec<Effect>) {
        let answer = match command {
            Command::OpenRoom(room) => return self.open_room(call, room, now, out),
            Command::LoadOlder(room) => return self.load_older(call, &room, now, out),
            Command::Write(write) => return self.write(call, write, now, out),
            Command::Retry(room, cid) => self.retry(&room, &cid),
            Command::Discard(room, cid) => self.discard(&room, &cid, out),
            Command::MarkRead(room, seq) => {
                self.mark_read(&room, seq, now, out);
                Ok(())
            }
            Command::Typing(room, thread, on) => {
                if let Some(set) = self.typing.say((room, thread), on, now) {
                    self.wire.tell(&set, out);
                }
                Ok(())
            }
            Command::Presence(state) => {
                self.set_presence(state, out);
                Ok(())
            }
            Command::Unread(signal) => {
                self.unread_signalled(&signal, out);
                Ok(())
            }
            Command::Ignored(users) => {
                self.ignored = users;
                Ok(())
            }
            Command::NewEpoch => {
                self.forget_timelines();
                Ok(())
            }
        };
        out.push(Effect::Reply { call, answer: answer.map(|()| Value::Null) });
    }

    fn pushed(&mut self, pushed: Pushed, now: Now, out: &mut Vec<Effect>) {
        match pushed {
            Pushed::Ready(ready) => self.greeted(ready, now, out),
            Pushed::Entry(entry) => self.entry(entry, out),
            Pushed::Heads(RoomHeads { heads }) => self.heads_signalled(&heads),
            Pushed::RoomAdded(RoomAdded { room }) => {
                // A member's marker is at their own entry or later. Without one, it is a public room of others.
                if room.read > 0 {
                    self.put_room(room, out);
                }
            }
            Pushed::RoomChanged(RoomChanged { room }) => {
                if self.knows_room(&room.id) {
                    self.put_room(room, out);
                }
            }
            Pushed::RoomRemoved(RoomRemoved { room }) => self.remove_room(&room, out),
            Pushed::MemberJoined(MemberJoined { member }) | Pushed::MemberChanged(MemberChanged { member }) => {
                self.put_member(member, out);
            }
            Pushed::MemberLeft(MemberLeft { user }) => self.remove_member(&user, out),
            Pushed::Typing(changed) => self.others_type(changed, now, out),
            Pushed::Presence(changed) => self.presence_changed(changed, out),
            Pushed::Presences(PresenceBatch { changes }) => {
                for changed in changes {
                    self.presence_changed(changed, out);
                }
            }
            Pushed::Read(changed) => self.read_elsewhere(&changed, out),
            Pushed::Revoked(SessionRevoked {}) => out.push(Effect::SignedOut(revoked())),
        }
    }

    fn reported(&mut self, report: Report<Ask>, now: Now, out: &mut Vec<Effect>) {
        match report {
            Report::Handled => {}
            Report::Push { event, body } => {
                if let Some(pushed) = Pushed::read(&event, body) {
                    self.pushed(pushed, now, out);
                }
            }
            Report::Answered(ask, answer) => match ask {
                Ask::Join(room) => self.joined(&room, answer, now, out),
                Ask::Sync(room) => self.synced(&room, answer, now, out),
                Ask::History(room) => self.history_came(&room, answer, now, out),
                Ask::Older(room) => self.older_came(&room, answer, out),
                Ask::Members(room) => self.roster_came(&room, answer, out),
                Ask::Writes(room) => self.writes_answered(&room, answer, now, out),
                Ask::Mark(room) => self.marked(&room, &answer, now),
            },
            Report::Lost(asks) => self.lost(asks, out),
            Report::Refused(error, asks) => {
                self.lost(asks, out);
                self.refuse_callers(&error, out);
                if error.code == ErrorCode::Unauthorized {
                    out.push(Effect::SignedOut(error));
                }
            }
        }
    }

    /// The link is gone: whatever was asked may be asked again on the next one.
    fn lost(&mut self, asks: Vec<Ask>, out: &mut Vec<Effect>) {
        for ask in asks {
            match ask {
                Ask::Join(room) | Ask::Sync(room) | Ask::History(room) => {
                    if let Some(open) = self.open.get_mut(&room) {
                        open.busy = false;
                    }
                }
                Ask::Older(room) => self.older_lost(&room, out),
                Ask::Members(_) => {}
                Ask::Writes(room) => self.writes_lost(&room),
                Ask::Mark(room) => {
                    if let Some(mark) = self.marks.get_mut(&room) {
                        mark.under_way = false;
                    }
                }
            }
        }
        self.typing_gone(out);
    }

    /// Sends what may be sent now, has what changed noted down, draws it, and answers calls after that: whoever waits for
    /// an answer then finds the updates that belong to it.
    fn finish(&mut self, now: Now, mut out: Vec<Effect>) -> Vec<Effect> {
        self.advance_rooms(now, &mut out);
        if self.wire.is_live() {
            while let Some(outgoing) = self.outbox.next(now) {
                self.draw_writes(&outgoing.room);
                self.wire.ask_named(outgoing.event, outgoing.body, Ask::Writes(outgoing.room), now, &mut out);
            }
            self.send_marks(now, &mut out);
        }
        let (replies, mut out): (Vec<_>, Vec<_>) =
            out.into_iter().partition(|effect| matches!(effect, Effect::Reply { .. }));
        self.keep(&mut out);
        self.draw(&mut out);
        let pending = self.outbox.pending();
        if pending != self.pending {
            self.pending = pending;
            out.push(Effect::Pending(pending));
        }
        out.extend(replies);
        out
    }
}

impl Machine for Workspace {
    type Command = Command;

    fn step(&mut self, input: Input<Command>, now: Now) -> Vec<Effect> {
        let mut out = Vec::new();
        match input {
            Input::Restore(stored) => self.restore(*stored, &mut out),
            Input::Start => self.wire.start(now, &mut out),
            Input::Link(event) => {
                let report = self.wire.report(event, now, &mut out);
                self.reported(report, now, &mut out);
            }
            Input::Request { call, event, body } => self.wire.call(call, event, body, now, &mut out),
            Input::Command { call, command } => self.commanded(call, command, now, &mut out),
            Input::Persisted(cid, result) => self.persisted(&cid, result, &mut out),
            Input::Recalled(room, stored) => self.recalled(&room, stored, &mut out),
            Input::Nudge => self.wire.nudge(now, &mut out),
            Input::Tick => {
                let report = self.wire.tick(now, &mut out);
                self.reported(report, now, &mut out);
                self.expire_typing(now, &mut out);
                self.expire_callers(now, &mut out);
            }
        }
        self.finish(now, out)
    }

    fn deadline(&self) -> Option<u64> {
        let live = self.wire.is_live();
        let marks = self.marks.values().filter_map(Mark::deadline);
        let rooms = self.open.values().filter_map(|open| open.deadline(live));
        let when_live = marks.chain(self.outbox.deadline()).filter(|_| live).min();
        [self.wire.deadline(), when_live, rooms.min(), self.typing.deadline()].into_iter().flatten().min()
    }

    fn members_tag(&self) -> Option<String> {
        self.known.as_ref()?.tag.clone()
    }

    fn picture(&self, now: Now) -> Vec<Update> {
        std::iter::once(self.wire.link_update(now)).chain(self.draw_all()).collect()
    }
}
