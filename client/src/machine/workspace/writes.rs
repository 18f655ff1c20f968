//! The outbox at work: queueing what the user writes, and what becomes of it.

use confab_protocol::answer::Answer;
use confab_protocol::{Cid, Error, RoomId};
use serde_json::Value;

use super::Workspace;
use super::draw::{Row, key};
use crate::machine::{CallId, Effect, Now};
use crate::outbox::{Outcome, Queued, Write};
use crate::view::{TimelineChange, Update, Warning};

impl Workspace {
    /// Takes a write. It is written to the disk first, then shown and queued.
    pub(super) fn write(&mut self, call: CallId, write: Write, now: Now, out: &mut Vec<Effect>) {
        match self.outbox.admit(write, Some(call), now) {
            Ok(queued) => out.push(Effect::Persist(queued)),
            Err(error) => out.push(Effect::Reply { call, answer: Err(error) }),
        }
    }

    /// A write is on the disk, or it is not: then it was never there.
    pub(super) fn persisted(&mut self, cid: &Cid, result: Result<(), Error>, out: &mut Vec<Effect>) {
        let admitted = if result.is_ok() { self.outbox.push(cid) } else { self.outbox.dismiss(cid) };
        let Some(Queued { write, call, .. }) = admitted else { return };
        let answer = match result {
            Ok(()) => {
                self.dirty.row(write.room(), row(&write));
                // A new message has its row, where its end is seen; for the others, the call is told.
                matches!(write, Write::Send(_)).then(|| Ok(Value::from(key(&self.me, cid))))
            }
            Err(error) => Some(Err(error)),
        };
        if let (Some(call), Some(answer)) = (call, answer) {
            out.push(Effect::Reply { call, answer });
        }
    }

    pub(super) fn retry(&mut self, room: &RoomId, cid: &Cid) -> Result<(), Error> {
        self.outbox.retry(room, cid)?;
        self.dirty.row(room, Row::Pending(cid.clone()));
        Ok(())
    }

    pub(super) fn discard(&mut self, room: &RoomId, cid: &Cid, out: &mut Vec<Effect>) -> Result<(), Error> {
        self.outbox.discard(room, cid)?;
        self.push_timeline(room, TimelineChange::Remove { keys: vec![key(&self.me, cid)] }, out);
        Ok(())
    }

    pub(super) fn writes_answered(&mut self, room: &RoomId, answer: Answer<Value>, now: Now, out: &mut Vec<Effect>) {
        for Outcome { write, call, result } in self.outbox.answered(room, answer, now) {
            self.dirty.row(room, row(&write));
            let Some(result) = result else { continue };
            if let Ok(seq) = result {
                self.expect_entry(room, seq, now);
            }
            match (call, &write) {
                // Answered when it was queued.
                (_, Write::Send(_)) => {}
                (Some(call), _) => out.push(Effect::Reply { call, answer: result.map(|_| Value::Null) }),
                // Whoever asked was in the process before this one.
                (None, _) => out.extend(result.err().map(|error| Effect::Update(lost_change(error)))),
            }
        }
        self.reached(room, out);
    }

    pub(super) fn writes_lost(&mut self, room: &RoomId) {
        self.outbox.lost(room);
        self.draw_writes(room);
    }

    /// All that is on its way to a room is to be drawn anew.
    pub(super) fn draw_writes(&mut self, room: &RoomId) {
        for item in self.outbox.room(room) {
            self.dirty.row(room, row(&item.write));
        }
    }
}

/// A change of a message is refused that was made before the app was started anew.
fn lost_change(error: Error) -> Update {
    Update::Warning { warning: Warning::ChangeRefused { error } }
}

/// Where a write shows.
fn row(write: &Write) -> Row {
    match write.target() {
        Some(id) => Row::Target(id.clone()),
        None => Row::Pending(write.cid().clone()),
    }
}
