//! The store of tokens against a real Secret Service: gnome-keyring on a D-Bus of its own.
//!
//! The keyring library finds the service through the process's environment and remembers it for ever. So each test runs
//! once more, as a process of its own in a private session.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

mod session;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use confab_client::view::{AccountKey, CredentialStore};
use confab_desktop::credentials::{Choice, CredentialError, Credentials, Keyring, KeyringError, PATIENCE};
use confab_protocol::account::Secret;

use session::{Session, within};

const TOKEN: &str = "0f1e2d3c-not-a-real-token";
const OTHER: &str = "another-one-that-is-not-real";

#[test]
fn tokens_survive_a_restart_in_the_keyring() {
    within(&Session::Unlocked, "tokens_survive_a_restart_in_the_keyring", async |home| {
        let first = open(home, false).await;
        assert_eq!(first.store().await, CredentialStore::Keyring);
        first.ready().await.unwrap();
        first.keep(&key(1), Secret(TOKEN.into())).await.unwrap();
        first.keep(&key(2), Secret(OTHER.into())).await.unwrap();

        let second = open(home, false).await;
        assert_eq!(second.token(&key(1)).await, Some(Secret(TOKEN.into())));
        assert_eq!(second.token(&key(2)).await, Some(Secret(OTHER.into())));
        assert_eq!(files_with(home, TOKEN), Vec::<PathBuf>::new(), "the token lies in a file");

        // Who signs out of one server stays signed in on the other.
        second.forget(&key(1)).await.unwrap();
        let third = open(home, false).await;
        assert_eq!(third.token(&key(1)).await, None);
        assert_eq!(third.token(&key(2)).await, Some(Secret(OTHER.into())));
        third.forget(&key(2)).await.unwrap();
        assert_eq!(open(home, false).await.token(&key(2)).await, None);
    });
}

#[test]
fn the_token_of_the_version_before_is_found_under_the_installation() {
    within(&Session::Unlocked, "the_token_of_the_version_before_is_found_under_the_installation", async |home| {
        Keyring::start().unwrap().set("session test installation", TOKEN).await.unwrap();
        let keys = [AccountKey("test installation".into())];
        let credentials = Credentials::open("test installation", &keys, home.join("tokens"), false).await.unwrap();
        assert_eq!(credentials.token(&keys[0]).await, Some(Secret(TOKEN.into())));
    });
}

#[test]
fn a_locked_keyring_is_told_from_an_empty_one() {
    within(&Session::Unlocked, "a_locked_keyring_is_told_from_an_empty_one", async |home| {
        open(home, false).await.keep(&key(1), Secret(TOKEN.into())).await.unwrap();
        lock();
        let locked = open(home, false).await;
        assert_eq!(locked.store().await, CredentialStore::Ask);
        assert_eq!(locked.token(&key(1)).await, None);
        assert!(matches!(locked.ready().await, Err(CredentialError::NotChosen)));
    });
}

#[test]
fn a_keyring_that_hangs_holds_nobody_up() {
    within(&Session::Unlocked, "a_keyring_that_hangs_holds_nobody_up", async |home| {
        let keyring = Keyring::start().unwrap();
        keyring.set("test", TOKEN).await.unwrap();
        let stopped = Stopped::new(service_pid());
        let asked = Instant::now();
        assert!(matches!(keyring.get("test").await, Err(KeyringError::Silent)));
        assert!(asked.elapsed() < PATIENCE + Duration::from_secs(2), "waited {:?}", asked.elapsed());
        assert_eq!(open(home, false).await.store().await, CredentialStore::Ask);
        drop(stopped);
        assert_eq!(keyring.get("test").await.unwrap().as_deref(), Some(TOKEN), "it answers again");
    });
}

#[test]
fn without_a_keyring_the_user_is_asked_and_nothing_is_written_before() {
    within(&Session::Bare, "without_a_keyring_the_user_is_asked_and_nothing_is_written_before", async |home| {
        let credentials = open(home, false).await;
        assert_eq!(credentials.store().await, CredentialStore::Ask);
        assert!(matches!(credentials.ready().await, Err(CredentialError::NotChosen)));
        assert!(matches!(credentials.keep(&key(1), Secret(TOKEN.into())).await, Err(CredentialError::NotChosen)));
        assert_eq!(files_with(home, TOKEN), Vec::<PathBuf>::new(), "a file that nobody asked for");

        assert_eq!(credentials.choose(Choice::Memory).await.unwrap(), CredentialStore::Memory);
        credentials.ready().await.unwrap();
        assert_eq!(credentials.token(&key(1)).await, None, "whoever was refused signs in again");
        credentials.keep(&key(1), Secret(TOKEN.into())).await.unwrap();
        credentials.keep(&key(2), Secret(OTHER.into())).await.unwrap();
        assert_eq!(credentials.token(&key(1)).await, Some(Secret(TOKEN.into())));
        assert_eq!(files_with(home, TOKEN), Vec::<PathBuf>::new());
        assert_eq!(open(home, false).await.token(&key(1)).await, None, "memory does not outlive the process");

        assert_eq!(credentials.choose(Choice::File).await.unwrap(), CredentialStore::File);
        let file = home.join("tokens").join(key(1).0);
        assert_eq!(files_with(home, TOKEN), std::slice::from_ref(&file));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(&home.join("tokens"))), (0o600, 0o700));
        let next = open(home, true).await;
        assert_eq!(next.token(&key(1)).await, Some(Secret(TOKEN.into())));
        next.forget(&key(1)).await.unwrap();
        assert_eq!(files_with(home, TOKEN), Vec::<PathBuf>::new());
        assert_eq!(open(home, true).await.token(&key(2)).await, Some(Secret(OTHER.into())), "it is another account's");
    });
}

async fn open(home: &Path, in_file: bool) -> Credentials {
    Credentials::open("test installation", &[key(1), key(2)], home.join("tokens"), in_file).await.unwrap()
}

fn key(number: u8) -> AccountKey {
    AccountKey(format!("account{number}"))
}

/// Files beneath a directory that contain a text.
fn files_with(folder: &Path, needle: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match (path.is_dir(), path.is_file()) {
            (true, _) => files_with(&path, needle),
            (_, true) if fs::read(&path).unwrap().windows(needle.len()).any(|w| w == needle.as_bytes()) => vec![path],
            _ => Vec::new(),
        })
        .collect()
}

/// Locks the keyring of this session.
fn lock() {
    run(
        "dbus-send",
        &[
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.secrets",
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            "array:objpath:/org/freedesktop/secrets/collection/login",
        ],
    );
}

/// The process behind the Secret Service of this session.
fn service_pid() -> String {
    let reply = run(
        "dbus-send",
        &[
            "--session",
            "--print-reply=literal",
            "--dest=org.freedesktop.DBus",
            "/",
            "org.freedesktop.DBus.GetConnectionUnixProcessID",
            "string:org.freedesktop.secrets",
        ],
    );
    reply.split_whitespace().last().unwrap().to_owned()
}

/// A process that is held until this is dropped.
struct Stopped(String);

impl Stopped {
    fn new(pid: String) -> Self {
        run("kill", &["-STOP", &pid]);
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        run("kill", &["-CONT", &self.0]);
    }
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
