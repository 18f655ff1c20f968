//! The outbox at work: queueing what the user writes, and what becomes of it.

use confab_protocol::answer::Answer;
use confab_protocol::{Cid, Error, RoomId};
use serde_json::Value;

use super::Workspace;
use super::draw::{Row, key};
use crate::machine::{CallId, Effect, Now};
use crate::outbox::{Outcome, Write};
use crate::view::TimelineChange;

impl Workspace {
    /// Queues a write, and shows it at once.
    pub(super) fn write(&mut self, call: CallId, write: Write, now: Now, out: &mut Vec<Effect>) {
        let is_message = matches!(write, Write::Send(_));
        let room = write.room().clone();
        let row = row(&write);
        let answer = Value::from(key(&self.me, write.cid()));
        // A new message has its row, where its end is seen; for the others, the call is told.
        match self.outbox.push(write, (!is_message).then_some(call), now) {
            Ok(()) => {
                self.dirty.row(&room, row);
                if is_message {
                    out.push(Effect::Reply { call, answer: Ok(answer) });
                }
            }
            Err(error) => out.push(Effect::Reply { call, answer: Err(error) }),
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
            if let Some(call) = call {
                out.push(Effect::Reply { call, answer: result.map(|_| Value::Null) });
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

/// Where a write shows.
fn row(write: &Write) -> Row {
    match write.target() {
        Some(id) => Row::Target(id.clone()),
        None => Row::Pending(write.cid().clone()),
    }
}
