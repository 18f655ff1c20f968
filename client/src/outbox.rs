//! What the user wrote and the server has not yet confirmed: a FIFO per room, as pure state. It says itself what has
//! to be written down; see [`crate::local`].
//!
//! Each room has one outstanding request at a time, so that the server sees the writes of a room in the order in which
//! the user made them. A write is tried for ever while the refusals are of the kind that passes; any other refusal
//! ends it visibly. Repeating is safe because `(author, cid)` is unique on the server for ever.

mod lane;

use std::collections::BTreeMap;

use confab_protocol::answer::Answer;
use confab_protocol::event::{MessageDelete, MessageEdit, MessagePin, MessageReact, MessageSend};
use confab_protocol::log::Message;
use confab_protocol::{Cause, Cid, Error, ErrorCode, MessageId, RoomId, Seq, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::local::model::Keep;
use crate::machine::{CallId, Now};
use lane::Lane;

/// Writes that one outbox holds, failed ones included.
pub const OUTBOX_MAX: usize = 1_000;

/// Something to be written to a room's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Write {
    /// A new message.
    Send(MessageSend),
    /// A new text for a message.
    Edit(MessageEdit),
    /// The end of a message.
    Delete(MessageDelete),
    /// A reaction put on or taken off.
    React(MessageReact),
    /// A message pinned to its room, or taken off.
    Pin(MessagePin),
}

impl Write {
    /// The room that it goes to.
    #[must_use]
    pub const fn room(&self) -> &RoomId {
        match self {
            Self::Send(MessageSend { room, .. })
            | Self::Edit(MessageEdit { room, .. })
            | Self::Delete(MessageDelete { room, .. })
            | Self::React(MessageReact { room, .. })
            | Self::Pin(MessagePin { room, .. }) => room,
        }
    }

    /// The client's id of it.
    #[must_use]
    pub const fn cid(&self) -> &Cid {
        match self {
            Self::Send(MessageSend { cid, .. })
            | Self::Edit(MessageEdit { cid, .. })
            | Self::Delete(MessageDelete { cid, .. })
            | Self::React(MessageReact { cid, .. })
            | Self::Pin(MessagePin { cid, .. }) => cid,
        }
    }

    /// The committed message that it changes; none for a new one.
    #[must_use]
    pub const fn target(&self) -> Option<&MessageId> {
        match self {
            Self::Send(_) => None,
            Self::Edit(MessageEdit { id, .. })
            | Self::Delete(MessageDelete { id, .. })
            | Self::React(MessageReact { id, .. })
            | Self::Pin(MessagePin { id, .. }) => Some(id),
        }
    }
}

/// A write on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    /// What.
    pub write: Write,
    /// Its place among the writes that are on their way.
    pub order: u64,
    /// When it was made.
    pub ts: Timestamp,
    /// Who waits for its end.
    pub call: Option<CallId>,
    /// How far it is.
    pub stage: Stage,
}

/// How far a write is.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// Waits for the link, or for those before it.
    Queued,
    /// In the outstanding request.
    Sending,
    /// Committed at this `seq`, which the timeline has not reached yet. Kept so that nothing flickers.
    Committed(Seq),
    /// Refused for good. Only messages stay in this stage; the user decides.
    Failed(Error),
}

/// A request that the outbox wants sent now.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// Whose turn it is.
    pub room: RoomId,
    /// Its name.
    pub event: &'static str,
    /// What it carries.
    pub body: Value,
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Which.
    pub write: Write,
    /// Who waits for it.
    pub call: Option<CallId>,
    /// Committed at this `seq`, refused for good, or (none) to be tried again.
    pub result: Option<Result<Seq, Error>>,
}

/// All writes of one namespace that are on their way.
#[derive(Debug)]
pub struct Outbox {
    lanes: BTreeMap<RoomId, Lane>,
    last_order: u64,
    seed: u64,
    /// Admitted, and not yet on the disk.
    admitted: BTreeMap<Cid, Queued>,
    /// What the local database does not know yet.
    changes: Vec<Keep>,
}

impl Outbox {
    /// An empty one.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { lanes: BTreeMap::new(), last_order: 0, seed, admitted: BTreeMap::new(), changes: Vec::new() }
    }

    /// Puts back what waited when the process ended, in order.
    pub fn restore(&mut self, writes: Vec<Queued>) {
        for item in writes {
            self.last_order = self.last_order.max(item.order);
            self.lane(item.write.room()).push(item);
        }
    }

    /// Gives a write its place. It is not drawn and not sent before [`Outbox::push`]; in between, it is written to the
    /// disk.
    ///
    /// # Errors
    /// `unavailable` when [`OUTBOX_MAX`] are there already.
    pub fn admit(&mut self, write: Write, call: Option<CallId>, now: Now) -> Result<Queued, Error> {
        if self.lanes.values().map(Lane::len).sum::<usize>() + self.admitted.len() >= OUTBOX_MAX {
            return Err(Error::new(ErrorCode::Unavailable, "Too many messages wait for the server already.")
                .because(Cause::OutboxFull));
        }
        self.last_order += 1;
        let item = Queued { write, order: self.last_order, ts: now.wall, call, stage: Stage::Queued };
        self.admitted.insert(item.write.cid().clone(), item.clone());
        Ok(item)
    }

    /// Queues a write that was admitted and is on the disk. Answers with it.
    pub fn push(&mut self, cid: &Cid) -> Option<Queued> {
        let item = self.admitted.remove(cid)?;
        self.lane(item.write.room()).push(item.clone());
        Some(item)
    }

    /// Forgets a write that was admitted, and is not on the disk. Answers with it.
    pub fn dismiss(&mut self, cid: &Cid) -> Option<Queued> {
        self.admitted.remove(cid)
    }

    /// What the local database has to learn, in order.
    pub fn take_changes(&mut self) -> Vec<Keep> {
        std::mem::take(&mut self.changes)
    }

    /// The next request that may go out now, if there is one; its writes count as being sent.
    pub fn next(&mut self, now: Now) -> Option<Outgoing> {
        self.lanes.iter_mut().find_map(|(room, lane)| {
            lane.next(now.ms).map(|(event, body)| Outgoing { room: room.clone(), event, body })
        })
    }

    /// The outstanding request of a room was answered.
    pub fn answered(&mut self, room: &RoomId, answer: Answer<Value>, now: Now) -> Vec<Outcome> {
        let outcomes = self.lanes.get_mut(room).map(|lane| lane.answered(answer, now.ms)).unwrap_or_default();
        self.changes.extend(outcomes.iter().filter_map(|Outcome { write, result, .. }| match (write, result) {
            (_, None) => None,
            (Write::Send(send), Some(Err(error))) => Some(Keep::WriteFailed(send.cid.clone(), error.clone())),
            (write, Some(_)) => Some(Keep::WriteGone(write.cid().clone())),
        }));
        outcomes
    }

    /// The answer to the outstanding request of a room will not come: its writes wait again. Answers with their cids.
    pub fn lost(&mut self, room: &RoomId) -> Vec<Cid> {
        self.lanes.get_mut(room).map(Lane::lost).unwrap_or_default()
    }

    /// The log has a message of ours: whatever the answers say, it is committed. Answers with what was waiting.
    pub fn seen(&mut self, room: &RoomId, cid: &Cid) -> Option<Queued> {
        let seen = self.lanes.get_mut(room)?.remove(cid);
        self.tidy(room);
        self.changes.extend(seen.is_some().then(|| Keep::WriteGone(cid.clone())));
        seen
    }

    /// A page of the log: what `me` wrote of it is committed.
    pub fn seen_all(&mut self, room: &RoomId, me: &UserId, page: &[Message]) {
        for message in page.iter().filter(|message| message.author == *me) {
            self.seen(room, &message.cid);
        }
    }

    /// The timeline of a room has all entries up to `seq`: what is committed up to there is drawn from the log.
    pub fn reached(&mut self, room: &RoomId, seq: Seq) -> Vec<Queued> {
        let reached = self.lanes.get_mut(room).map(|lane| lane.reached(seq)).unwrap_or_default();
        self.tidy(room);
        reached
    }

    /// Puts a failed message back, behind all others.
    ///
    /// # Errors
    /// `not_found` when there is no such failed message.
    pub fn retry(&mut self, room: &RoomId, cid: &Cid) -> Result<(), Error> {
        let mut item = self.take_failed(room, cid)?;
        self.last_order += 1;
        item.order = self.last_order;
        item.stage = Stage::Queued;
        self.changes.push(Keep::Write(item.clone()));
        self.lane(room).push(item);
        Ok(())
    }

    /// Drops a failed message.
    ///
    /// # Errors
    /// `not_found` when there is no such failed message.
    pub fn discard(&mut self, room: &RoomId, cid: &Cid) -> Result<(), Error> {
        self.take_failed(room, cid)?;
        self.changes.push(Keep::WriteGone(cid.clone()));
        Ok(())
    }

    /// What is on its way to a room, in order.
    pub fn room(&self, room: &RoomId) -> impl Iterator<Item = &Queued> {
        self.lanes.get(room).into_iter().flat_map(Lane::items)
    }

    /// How many writes the server has not yet answered for good, failed ones not counted.
    #[must_use]
    pub fn pending(&self) -> usize {
        let open = |item: &&Queued| matches!(item.stage, Stage::Queued | Stage::Sending);
        self.admitted.len() + self.lanes.values().flat_map(Lane::items).filter(open).count()
    }

    /// When a room that was told to wait may go on.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.lanes.values().filter_map(Lane::deadline).min()
    }

    fn lane(&mut self, room: &RoomId) -> &mut Lane {
        self.seed = self.seed.wrapping_add(1);
        self.lanes.entry(room.clone()).or_insert_with(|| Lane::new(self.seed))
    }

    fn take_failed(&mut self, room: &RoomId, cid: &Cid) -> Result<Queued, Error> {
        let taken = self.lanes.get_mut(room).and_then(|lane| lane.take_failed(cid));
        self.tidy(room);
        taken.ok_or_else(|| Error::new(ErrorCode::NotFound, "That message is not waiting any more."))
    }

    fn tidy(&mut self, room: &RoomId) {
        if self.lanes.get(room).is_some_and(Lane::is_idle) {
            self.lanes.remove(room);
        }
    }
}
