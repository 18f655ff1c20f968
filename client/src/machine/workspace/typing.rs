//! Who is typing, and telling others that the user does.

use std::collections::BTreeMap;

use confab_protocol::event::TypingSet;
use confab_protocol::{MessageId, RoomId, UserId};

use crate::machine::Now;

/// Without a renewal, typing ends by itself.
const EXPIRES_MS: u64 = 6_000;
/// The user's own typing is renewed this often, however often keys are pressed.
const RENEW_MS: u64 = 3_000;

/// A room, or a thread of it.
pub(super) type Spot = (RoomId, Option<MessageId>);

/// All typing in one workspace.
#[derive(Debug, Default)]
pub(super) struct Typing {
    others: BTreeMap<Spot, Vec<(UserId, u64)>>,
    said: Option<(Spot, u64)>,
}

impl Typing {
    /// Somebody else begins, goes on or ends. True: who is typing there is different now.
    pub(super) fn set(&mut self, spot: &Spot, user: &UserId, on: bool, now: Now) -> bool {
        let users = self.others.entry(spot.clone()).or_default();
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
            self.others.remove(spot);
        }
        changed
    }

    /// Somebody has sent a message: they type nowhere in that room. Answers with where that changed something.
    pub(super) fn stopped(&mut self, room: &RoomId, user: &UserId) -> Vec<Spot> {
        let mut changed = Vec::new();
        self.others.retain(|spot, users| {
            let before = users.len();
            users.retain(|(known, _)| spot.0 != *room || known != user);
            if users.len() < before {
                changed.push(spot.clone());
            }
            !users.is_empty()
        });
        changed
    }

    /// Who is typing there, in the order in which they began.
    pub(super) fn users(&self, spot: &Spot) -> Vec<UserId> {
        self.others.get(spot).into_iter().flatten().map(|(user, _)| user.clone()).collect()
    }

    /// Where somebody is typing.
    pub(super) fn spots(&self) -> Vec<Spot> {
        self.others.keys().cloned().collect()
    }

    /// Ends what was not renewed. Answers with where that changed something.
    pub(super) fn expire(&mut self, now: Now) -> Vec<Spot> {
        let mut changed = Vec::new();
        self.others.retain(|spot, users| {
            let before = users.len();
            users.retain(|(_, until)| *until > now.ms);
            if users.len() < before {
                changed.push(spot.clone());
            }
            !users.is_empty()
        });
        changed
    }

    /// Nobody is known to be typing any more. Answers with where somebody was.
    pub(super) fn clear(&mut self) -> Vec<Spot> {
        self.said = None;
        std::mem::take(&mut self.others).into_keys().collect()
    }

    /// When [`Typing::expire`] is due.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.others.values().flatten().map(|(_, until)| *until).min()
    }

    /// The user types or has stopped: what is to be said about it, if anything.
    pub(super) fn say(&mut self, spot: Spot, on: bool, now: Now) -> Option<TypingSet> {
        let said_here = self.said.as_ref().filter(|(said, _)| *said == spot).map(|(_, at)| *at);
        match (said_here, on) {
            (Some(at), true) if now.ms < at + RENEW_MS => return None,
            (None, false) => return None,
            (_, true) => self.said = Some((spot.clone(), now.ms)),
            (Some(_), false) => self.said = None,
        }
        let (room, thread) = spot;
        Some(TypingSet { room, on, thread })
    }
}
