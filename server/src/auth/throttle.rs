//! How often a sign-in may fail, per account and per network address.
//!
//! Inside a window of fifteen minutes so many failures are borne; then nobody may try until the window is over, and
//! each further window that fills up is twice as long, up to a day.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use confab_protocol::{Error, Limits};

const WINDOW: Duration = Duration::from_secs(15 * 60);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// Entries kept at most. The map is filled by people who are not signed in, so it must not grow without end.
const ENTRIES_MAX: usize = 20_000;

/// Counts failures.
pub struct Throttle {
    per_account: u32,
    per_address: u32,
    failures: Mutex<HashMap<Key, Failures>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Account(Box<str>),
    Address(IpAddr),
}

struct Failures {
    count: u32,
    until: Instant,
    window: Duration,
}

impl Throttle {
    /// With the numbers of `limits`.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            per_account: limits.sign_in_failures,
            per_address: limits.sign_in_failures_per_address,
            failures: Mutex::new(HashMap::new()),
        }
    }

    /// Begins a try, and counts it as a failure until it is known to be none: many tries at once must not get past
    /// the limit together.
    ///
    /// # Errors
    /// `rate_limited`, when there are no tries left.
    pub fn begin(&self, account: Option<&str>, address: IpAddr) -> Result<(), Error> {
        self.begin_at(account, address, Instant::now())
    }

    /// It was the right one. The failures of the account are forgotten; those of the address stay, since it may be
    /// guessing at others' accounts between two visits to its own.
    pub fn succeeded(&self, account: Option<&str>, address: IpAddr) {
        self.forgive(account, address);
        if let Some(account) = account {
            self.lock().remove(&Key::Account(account.into()));
        }
    }

    /// It came to no answer: it counts for nothing.
    pub fn forgive(&self, account: Option<&str>, address: IpAddr) {
        let mut failures = self.lock();
        for (key, _) in self.keys(account, address).into_iter().flatten() {
            if let Some(entry) = failures.get_mut(&key) {
                entry.count = entry.count.saturating_sub(1);
            }
        }
    }

    fn begin_at(&self, account: Option<&str>, address: IpAddr, now: Instant) -> Result<(), Error> {
        let mut failures = self.lock();
        let full = |(key, limit)| {
            let entry: &Failures = failures.get(&key)?;
            (entry.count >= limit).then(|| entry.until.saturating_duration_since(now))
        };
        let wait = self.keys(account, address).into_iter().flatten().filter_map(full).max().unwrap_or_default();
        if !wait.is_zero() {
            return Err(Error::rate_limited(wait.as_millis().try_into().unwrap_or(u64::MAX)));
        }
        if failures.len() >= ENTRIES_MAX {
            failures.retain(|_, entry| entry.until > now);
            if failures.len() >= ENTRIES_MAX {
                failures.clear();
            }
        }
        for (key, limit) in self.keys(account, address).into_iter().flatten() {
            let entry = failures.entry(key).or_insert(Failures { count: 0, until: now + WINDOW, window: WINDOW });
            if entry.until <= now {
                let filled = entry.count >= limit;
                entry.window = if filled { (entry.window * 2).min(LONGEST) } else { WINDOW };
                entry.count = 0;
                entry.until = now + entry.window;
            }
            entry.count += 1;
        }
        Ok(())
    }

    fn keys(&self, account: Option<&str>, address: IpAddr) -> [Option<(Key, u32)>; 2] {
        [
            account.map(|account| (Key::Account(account.into()), self.per_account)),
            Some((Key::Address(address), self.per_address)),
        ]
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Failures>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn the_eleventh_try_waits_and_a_second_full_window_is_longer() {
        let throttle = Throttle::new(&Limits::default());
        let mut now = Instant::now();
        for _ in 0..10 {
            assert!(throttle.begin_at(Some("ada"), HOME, now).is_ok());
        }
        assert!(throttle.begin_at(Some("ada"), HOME, now).unwrap_err().retry_after_ms.unwrap() > 890_000);
        assert!(throttle.begin_at(Some("bob"), HOME, now).is_ok(), "the address has tries left");
        now += WINDOW + Duration::from_secs(1);
        for _ in 0..10 {
            assert!(throttle.begin_at(Some("ada"), HOME, now).is_ok());
        }
        assert!(throttle.begin_at(Some("ada"), HOME, now + WINDOW + Duration::from_secs(1)).is_err());
        throttle.succeeded(Some("ada"), HOME);
        assert!(throttle.begin_at(Some("ada"), HOME, now).is_ok());
    }

    #[test]
    fn an_address_that_tries_many_accounts_is_stopped_and_one_that_succeeds_is_not() {
        let throttle = Throttle::new(&Limits::default());
        let now = Instant::now();
        for i in 0..100 {
            let account = format!("friend{i}");
            assert!(throttle.begin_at(Some(&account), HOME, now).is_ok());
            throttle.succeeded(Some(&account), HOME);
        }
        for i in 0..30 {
            assert!(throttle.begin_at(Some(&format!("user{i}")), HOME, now).is_ok());
        }
        assert!(throttle.begin_at(Some("fresh"), HOME, now).is_err());
        assert!(throttle.begin_at(Some("fresh"), "10.0.0.1".parse().unwrap(), now).is_ok());
    }
}
