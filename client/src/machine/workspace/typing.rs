//! Who is typing, and telling others that the user does.

use std::collections::BTreeMap;

use confab_protocol::event::TypingSet;
use confab_protocol::{RoomId, UserId};

use crate::machine::Now;

/// Without a renewal, typing ends by itself.
const EXPIRES_MS: u64 = 6_000;
/// The user's own typing is renewed this often, however often keys are pressed.
const RENEW_MS: u64 = 3_000;

/// All typing in one workspace.
#[derive(Debug, Default)]
pub(super) struct Typing {
    others: BTreeMap<RoomId, Vec<(UserId, u64)>>,
    said: Option<(RoomId, u64)>,
}

impl Typing {
    /// Somebody else begins, goes on or ends. True: who is typing there is different now.
    pub(super) fn set(&mut self, room: &RoomId, user: &UserId, on: bool, now: Now) -> bool {
        let users = self.others.entry(room.clone()).or_default();
        let until = now.ms + EXPIRES_MS;
        let known = users.iter_mut().find(|(known, _)| known == user);
        let changed = match (known, on) {
            (Some(known), true) => {
                known.1 = until;
                false
            }
            (Some(_), false) => {
                users.retain(|(known, _)| known != user);
                true
            }
            (None, true) => {
                users.push((user.clone(), until));
                true
            }
            (None, false) => false,
        };
        if users.is_empty() {
            self.others.remove(room);
        }
        changed
    }

    /// Who is typing in a room, in the order in which they began.
    pub(super) fn users(&self, room: &RoomId) -> Vec<UserId> {
        self.others.get(room).into_iter().flatten().map(|(user, _)| user.clone()).collect()
    }

    /// Rooms where somebody is typing.
    pub(super) fn rooms(&self) -> Vec<RoomId> {
        self.others.keys().cloned().collect()
    }

    /// Ends what was not renewed. Answers with the rooms where that changed something.
    pub(super) fn expire(&mut self, now: Now) -> Vec<RoomId> {
        let mut changed = Vec::new();
        self.others.retain(|room, users| {
            let before = users.len();
            users.retain(|(_, until)| *until > now.ms);
            if users.len() < before {
                changed.push(room.clone());
            }
            !users.is_empty()
        });
        changed
    }

    /// Nobody is known to be typing any more. Answers with the rooms where somebody was.
    pub(super) fn clear(&mut self) -> Vec<RoomId> {
        self.said = None;
        std::mem::take(&mut self.others).into_keys().collect()
    }

    /// When [`Typing::expire`] is due.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.others.values().flatten().map(|(_, until)| *until).min()
    }

    /// The user types or has stopped: what is to be said about it, if anything.
    pub(super) fn say(&mut self, room: RoomId, on: bool, now: Now) -> Option<TypingSet> {
        let said_here = self.said.as_ref().filter(|(said, _)| *said == room).map(|(_, at)| *at);
        match (said_here, on) {
            (Some(at), true) if now.ms < at + RENEW_MS => return None,
            (None, false) => return None,
            (_, true) => self.said = Some((room.clone(), now.ms)),
            (Some(_), false) => self.said = None,
        }
        Some(TypingSet { room, on })
    }
}
