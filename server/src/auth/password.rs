//! argon2id on a small bounded pool, with the same work for a login that does not exist.

use std::sync::Arc;

use argon2::Params;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use confab_protocol::account::Secret;
use confab_protocol::{Error, ErrorCode, limits};
use tokio::sync::Semaphore;

use super::argon::Hasher;

/// Memory in KiB, passes and lanes: OWASP's first recommendation.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// How many hashes run at once: each takes 19 MiB and a core.
const RUNNING: usize = 2;
/// How many may wait for their turn; one more is told to come back.
const WAITING: usize = 32;

/// The pool that hashes and checks passwords.
#[derive(Clone)]
pub struct Passwords {
    waiting: Arc<Semaphore>,
    running: Arc<Semaphore>,
    /// The hash that an unknown login is checked against, so that it takes as long as a known one.
    decoy: Arc<str>,
}

impl Passwords {
    /// A pool of its own.
    ///
    /// # Errors
    /// `internal` when there is no randomness or memory.
    pub fn new() -> Result<Self, Error> {
        // A decoy needs the right form, not a real password behind it, so that start-up does not pay for a hash.
        let decoy =
            format!("$argon2id$v=19$m={},t={},p={}$c29tZXNhbHRzb21lc2FsdA${}", COST.0, COST.1, COST.2, "A".repeat(43));
        Ok(Self {
            waiting: Arc::new(Semaphore::new(WAITING)),
            running: Arc::new(Semaphore::new(RUNNING)),
            decoy: decoy.into(),
        })
    }

    /// The PHC string of a new password.
    ///
    /// # Errors
    /// `bad_request` for one too short or too long; `unavailable` when too many wait.
    pub async fn hash(&self, password: Secret) -> Result<String, Error> {
        check_shape(&password)?;
        self.run(move || {
            let mut salt = [0u8; 16];
            getrandom::fill(&mut salt).map_err(|_| internal())?;
            let salt = SaltString::encode_b64(&salt).map_err(|_| internal())?;
            let hash = hasher()?.hash_password(password.0.as_bytes(), &salt).map_err(|_| internal())?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password fits the hash. Without a hash the same work is done, and the answer is no.
    ///
    /// # Errors
    /// `unavailable` when too many wait.
    pub async fn verify(&self, password: Secret, hash: Option<String>) -> Result<bool, Error> {
        if password.0.len() > limits::PASSWORD_MAX_BYTES {
            return Ok(false);
        }
        let decoy = self.decoy.clone();
        self.run(move || {
            let known = hash.is_some();
            let phc = hash.unwrap_or_else(|| decoy.to_string());
            let parsed = PasswordHash::new(&phc).map_err(|_| internal())?;
            let fits = hasher()?.verify_password(password.0.as_bytes(), &parsed).is_ok();
            Ok(known && fits)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let Ok(_queued) = self.waiting.clone().try_acquire_owned() else {
            let mut error = Error::new(ErrorCode::Unavailable, "Too many people sign in right now. Try again shortly.");
            error.retry_after_ms = Some(1_000);
            return Err(error);
        };
        let _turn = self.running.acquire().await.map_err(|_| internal())?;
        tokio::task::spawn_blocking(work).await.map_err(|_| internal())?
    }
}

/// Checks the length of a new password.
///
/// # Errors
/// `bad_request`.
pub fn check_shape(password: &Secret) -> Result<(), Error> {
    if password.0.chars().count() < limits::PASSWORD_MIN {
        Err(Error::bad_request(format!("A password needs at least {} characters.", limits::PASSWORD_MIN)))
    } else if password.0.len() > limits::PASSWORD_MAX_BYTES {
        Err(Error::bad_request(format!("A password has at most {} bytes.", limits::PASSWORD_MAX_BYTES)))
    } else {
        Ok(())
    }
}

fn hasher() -> Result<Hasher, Error> {
    Params::new(COST.0, COST.1, COST.2, None).map(Hasher).map_err(|_| internal())
}

fn internal() -> Error {
    Error::new(ErrorCode::Internal, "The server could not check the password.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let pool = Passwords::new().unwrap();
        let hash = pool.hash(Secret("correct horse".into())).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(pool.verify(Secret("correct horse".into()), Some(hash.clone())).await.unwrap());
        assert!(!pool.verify(Secret("wrong horse".into()), Some(hash)).await.unwrap());
        assert!(!pool.verify(Secret("correct horse".into()), None).await.unwrap());
        assert!(pool.hash(Secret("short".into())).await.is_err());
    }

    #[test]
    fn a_hash_is_what_any_other_argon2_says() {
        let salt = SaltString::from_b64("c29tZXNhbHRzb21lc2FsdA").unwrap();
        let own = hasher().unwrap().hash_password(b"correct horse", &salt).unwrap();
        let params = Params::new(COST.0, COST.1, COST.2, None).unwrap();
        let other = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        assert_eq!(own, other.hash_password(b"correct horse", &salt).unwrap());
        assert!(other.verify_password(b"correct horse", &own).is_ok());
    }

    /// A server that is idle again is as small as before, however many signed in. Looked at in a process of its own: what
    /// the other tests of this one need would be counted.
    #[cfg(target_os = "linux")]
    #[test]
    fn memory_goes_back_to_the_system() {
        const ALONE: &str = "CONFAB_TEST_ALONE";
        if std::env::var_os(ALONE).is_some() {
            return tokio::runtime::Runtime::new().unwrap().block_on(hash_and_look());
        }
        let own = std::env::current_exe().unwrap();
        let name = "auth::password::tests::memory_goes_back_to_the_system";
        let run = std::process::Command::new(own).args(["--exact", name]).env(ALONE, "yes").output().unwrap();
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(said.contains("1 passed"), "{said}");
    }

    #[cfg(target_os = "linux")]
    async fn hash_and_look() {
        let resident = || {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        };
        let pool = Passwords::new().unwrap();
        let before = resident();
        let hashes = (0..8).map(|_| pool.hash(Secret("correct horse".into())));
        for hash in futures_util::future::join_all(hashes).await {
            hash.unwrap();
        }
        let more = resident().saturating_sub(before);
        assert!(more < u64::from(COST.0) / 2, "{more} KiB are kept");
    }

    #[test]
    fn the_decoy_costs_as_much_as_a_real_hash() {
        let pool = Passwords::new().unwrap();
        let decoy = PasswordHash::new(&pool.decoy).unwrap();
        let params = Params::try_from(&decoy).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), COST);
    }
}
