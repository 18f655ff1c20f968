//! Token buckets: messages and searches per user, other events per socket.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use confab_protocol::{Error, Limits, UserId};

/// How many tokens are left, as of when.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    tokens: f32,
    at: Instant,
}

/// The rates of a server, and the buckets of its users.
pub struct Rates {
    messages_per_s: f32,
    messages_burst: f32,
    events_per_s: f32,
    events_burst: f32,
    users: Mutex<HashMap<UserId, Bucket>>,
    searches_per_s: f32,
    searches_burst: f32,
    searchers: Mutex<HashMap<UserId, Bucket>>,
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub fn full(burst: f32) -> Self {
        Self { tokens: burst, at: Instant::now() }
    }

    /// Takes `cost` tokens, or tells in how many milliseconds they are there.
    fn take(&mut self, cost: f32, per_s: f32, burst: f32, now: Instant) -> Result<(), u64> {
        self.refill(per_s, burst, now);
        if self.tokens >= cost {
            self.tokens -= cost;
            return Ok(());
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number of ms")]
        let wait = ((cost - self.tokens) / per_s.max(0.001) * 1000.0).ceil() as u64;
        Err(wait.max(1))
    }

    fn refill(&mut self, per_s: f32, burst: f32, now: Instant) {
        let since = now.saturating_duration_since(self.at).as_secs_f32();
        self.tokens = (self.tokens + since * per_s).min(burst);
        self.at = now;
    }
}

impl Rates {
    /// The rates of `limits`.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "rates are far below 2^24 or unlimited for all that matters")]
        let number = |n: u32| n as f32;
        Self {
            messages_per_s: number(limits.messages_per_10s) / 10.0,
            messages_burst: number(limits.messages_burst.max(1)),
            events_per_s: number(limits.events_per_10s) / 10.0,
            events_burst: number(limits.events_per_10s.max(1)),
            users: Mutex::new(HashMap::new()),
            searches_per_s: number(limits.searches_per_10s) / 10.0,
            searches_burst: number(limits.searches_per_10s.max(1)),
            searchers: Mutex::new(HashMap::new()),
        }
    }

    /// The size of a socket's bucket of events.
    #[must_use]
    pub fn events_burst(&self) -> f32 {
        self.events_burst
    }

    /// Takes one message of this user.
    ///
    /// # Errors
    /// `rate_limited`.
    pub fn message(&self, user: &UserId) -> Result<(), Error> {
        take_one(&self.users, user, self.messages_per_s, self.messages_burst)
    }

    /// Takes one search of this user.
    ///
    /// # Errors
    /// `rate_limited`.
    pub fn search(&self, user: &UserId) -> Result<(), Error> {
        take_one(&self.searchers, user, self.searches_per_s, self.searches_burst)
    }

    /// Takes one event of a socket; a heartbeat weighs a tenth.
    ///
    /// # Errors
    /// `rate_limited`.
    pub fn event(&self, bucket: &Mutex<Bucket>, heartbeat: bool) -> Result<(), Error> {
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let cost = if heartbeat { 0.1 } else { 1.0 };
        bucket.take(cost, self.events_per_s, self.events_burst, Instant::now()).map_err(Error::rate_limited)
    }

    /// Forgets the users whose buckets are full again.
    pub fn forget_idle(&self) {
        self.forget_idle_at(Instant::now());
    }

    fn forget_idle_at(&self, now: Instant) {
        let forget = |users: &Mutex<HashMap<UserId, Bucket>>, per_s: f32, burst: f32| {
            users.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, bucket| {
                bucket.refill(per_s, burst, now);
                bucket.tokens < burst
            });
        };
        forget(&self.users, self.messages_per_s, self.messages_burst);
        forget(&self.searchers, self.searches_per_s, self.searches_burst);
    }
}

fn take_one(users: &Mutex<HashMap<UserId, Bucket>>, user: &UserId, per_s: f32, burst: f32) -> Result<(), Error> {
    let mut users = users.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    let taken = match users.get_mut(user) {
        Some(bucket) => bucket.take(1.0, per_s, burst, now),
        None => {
            let mut bucket = Bucket::full(burst);
            let taken = bucket.take(1.0, per_s, burst, now);
            users.insert(user.clone(), bucket);
            taken
        }
    };
    taken.map_err(Error::rate_limited)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let mut bucket = Bucket::full(2.0);
        let now = bucket.at;
        assert!(bucket.take(1.0, 10.0, 2.0, now).is_ok() && bucket.take(1.0, 10.0, 2.0, now).is_ok());
        assert_eq!(bucket.take(1.0, 10.0, 2.0, now), Err(100));
        assert!(bucket.take(1.0, 10.0, 2.0, now + Duration::from_millis(101)).is_ok());
        let later = now + Duration::from_secs(60);
        assert!(bucket.take(2.0, 10.0, 2.0, later).is_ok() && bucket.take(1.0, 10.0, 2.0, later).is_err());
    }

    #[test]
    fn users_are_counted_apart_and_forgotten_when_idle() {
        // One message in a hundred seconds: nothing is refilled while this test waits for a processor.
        let rates = Rates { messages_per_s: 0.01, messages_burst: 1.0, ..Rates::new(&Limits::default()) };
        let (ada, bob) = (UserId::generate(), UserId::generate());
        let begin = Instant::now();
        assert!(rates.message(&ada).is_ok() && rates.message(&bob).is_ok());
        assert!(rates.message(&ada).is_err());
        rates.forget_idle_at(begin + Duration::from_secs(50));
        assert_eq!(rates.users.lock().unwrap().len(), 2);
        rates.forget_idle_at(Instant::now() + Duration::from_secs(101));
        assert!(rates.users.lock().unwrap().is_empty());
    }
}
