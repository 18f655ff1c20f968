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

    /// Whether somebody at this address may try now, for this account where one is named.
    ///
    /// # Errors
    /// `rate_limited`.
    pub fn check(&self, account: Option<&str>, address: IpAddr) -> Result<(), Error> {
        self.check_at(account, address, Instant::now())
    }

    /// Notes a failure.
    pub fn failed(&self, account: Option<&str>, address: IpAddr) {
        self.failed_at(account, address, Instant::now());
    }

    /// Forgets the failures of an account whose owner has signed in. Those of the address stay: it may be guessing
    /// at others' accounts between two visits to its own.
    pub fn succeeded(&self, account: &str) {
        self.lock().remove(&Key::Account(account.into()));
    }

    fn check_at(&self, account: Option<&str>, address: IpAddr, now: Instant) -> Result<(), Error> {
        let failures = self.lock();
        let wait = self
            .keys(account, address)
            .into_iter()
            .flatten()
            .filter_map(|(key, limit)| {
                let entry = failures.get(&key)?;
                (entry.count >= limit).then(|| entry.until.saturating_duration_since(now))
            })
            .max()
            .unwrap_or_default();
        if wait.is_zero() { Ok(()) } else { Err(Error::rate_limited(wait.as_millis().try_into().unwrap_or(u64::MAX))) }
    }

    fn failed_at(&self, account: Option<&str>, address: IpAddr, now: Instant) {
        let mut failures = self.lock();
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
            assert!(throttle.check_at(Some("ada"), HOME, now).is_ok());
            throttle.failed_at(Some("ada"), HOME, now);
        }
        assert!(throttle.check_at(Some("ada"), HOME, now).unwrap_err().retry_after_ms.unwrap() > 890_000);
        assert!(throttle.check_at(Some("bob"), HOME, now).is_ok(), "the address has tries left");
        now += WINDOW + Duration::from_secs(1);
        assert!(throttle.check_at(Some("ada"), HOME, now).is_ok());
        for _ in 0..10 {
            throttle.failed_at(Some("ada"), HOME, now);
        }
        assert!(throttle.check_at(Some("ada"), HOME, now + WINDOW + Duration::from_secs(1)).is_err());
        throttle.succeeded("ada");
        assert!(throttle.check_at(Some("ada"), HOME, now).is_ok());
    }

    #[test]
    fn an_address_that_tries_many_accounts_is_stopped() {
        let throttle = Throttle::new(&Limits::default());
        let now = Instant::now();
        for i in 0..30 {
            throttle.failed_at(Some(&format!("user{i}")), HOME, now);
        }
        assert!(throttle.check_at(Some("fresh"), HOME, now).is_err());
        assert!(throttle.check_at(Some("fresh"), "10.0.0.1".parse().unwrap(), now).is_ok());
    }
}
