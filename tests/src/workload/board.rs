//! What the clients of one run know in common: the rooms in use, who is who, and how fast to go.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::Person;

/// A log may have 5,000 entries before `room:sync` refuses to read it from the start; a room is retired early enough
/// for what is still on its way to it.
const RETIRE_AT: u64 = 3_200;
/// Messages that are still talked about: edited, deleted, reacted to.
const RECENT: usize = 120;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Everything is allowed.
    Load,
    /// Nothing new: outboxes are emptied.
    Drain,
    /// Links are closed.
    Stop,
}

/// A room in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its id.
    pub room: String,
    /// People come, go and are thrown out here.
    pub arena: bool,
}

/// Shared by all clients of a run.
#[derive(Debug)]
pub struct Board {
    /// Everybody; the first is the owner, the last two come and go in arenas.
    pub people: Vec<Person>,
    inner: Mutex<Inner>,
    per_second: f64,
}

#[derive(Debug)]
struct Inner {
    places: Vec<(Place, u64)>,
    made: usize,
    heads: BTreeMap<String, u64>,
    recent: VecDeque<(String, String, String)>,
    allowance: f64,
    refilled: Instant,
}

impl Board {
    /// For these people; clients together send at most this many messages a second in the long run, in bursts of
    /// two seconds' worth.
    #[must_use]
    pub fn new(people: Vec<Person>, per_second: u32) -> Self {
        let inner = Inner {
            places: Vec::new(),
            made: 0,
            heads: BTreeMap::new(),
            recent: VecDeque::new(),
            allowance: f64::from(per_second),
            refilled: Instant::now(),
        };
        Self { people, inner: Mutex::new(inner), per_second: f64::from(per_second) }
    }

    /// The name of a room that should be made now, and whether it is an arena; None while there are enough.
    #[must_use]
    pub fn wanted(&self) -> Option<(String, bool)> {
        let mut inner = self.lock();
        let arena = !inner.places.iter().any(|(place, _)| place.arena);
        if !arena && inner.places.len() >= 3 {
            return None;
        }
        inner.made += 1;
        Some((format!("{}-{}", if arena { "arena" } else { "hall" }, inner.made), arena))
    }

    /// A room was made.
    pub fn open(&self, room: &str, arena: bool) {
        self.lock().places.push((Place { room: room.to_owned(), arena }, 0));
    }

    /// A room of those in use, if there is one.
    pub fn any_place(&self, rng: &mut fastrand::Rng) -> Option<Place> {
        let inner = self.lock();
        (!inner.places.is_empty()).then(|| inner.places[rng.usize(..inner.places.len())].0.clone())
    }

    /// The arena in use.
    #[must_use]
    pub fn arena(&self) -> Option<String> {
        self.lock().places.iter().find(|(place, _)| place.arena).map(|(place, _)| place.room.clone())
    }

    /// The last entry of a room that anybody saw or was acked.
    #[must_use]
    pub fn head(&self, room: &str) -> u64 {
        self.lock().heads.get(room).copied().unwrap_or(0)
    }

    /// Somebody saw this entry, or was acked it. A room that became too long is not used any more.
    pub fn seen(&self, room: &str, seq: u64) {
        let mut inner = self.lock();
        let known = inner.heads.entry(room.to_owned()).or_default();
        *known = seq.max(*known);
        for (place, head) in &mut inner.places {
            if place.room == room {
                *head = seq.max(*head);
            }
        }
        inner.places.retain(|(_, head)| *head < RETIRE_AT);
    }

    /// Somebody saw this message.
    pub fn remember(&self, room: &str, id: &str, author: &str) {
        let mut inner = self.lock();
        if inner.recent.len() >= RECENT {
            inner.recent.pop_front();
        }
        inner.recent.push_back((room.to_owned(), id.to_owned(), author.to_owned()));
    }

    /// A message of late: room, id, author; by this author if one is wanted.
    pub fn recent(&self, rng: &mut fastrand::Rng, author: Option<&str>) -> Option<(String, String, String)> {
        let inner = self.lock();
        let fit: Vec<_> = inner.recent.iter().filter(|(.., by)| author.is_none_or(|author| by == author)).collect();
        (!fit.is_empty()).then(|| fit[rng.usize(..fit.len())].clone())
    }

    /// How many of these messages may be sent now.
    #[must_use]
    pub fn allow(&self, wanted: usize) -> usize {
        let mut inner = self.lock();
        let now = Instant::now();
        let fresh = now.duration_since(inner.refilled).as_secs_f64() * self.per_second;
        inner.refilled = now;
        inner.allowance = (inner.allowance + fresh).min(self.per_second * 2.0);
        let mut granted = 0;
        while granted < wanted && inner.allowance >= 1.0 {
            inner.allowance -= 1.0;
            granted += 1;
        }
        granted
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
