//! One app for each installation. A lock says that one runs; a socket beside it takes what a second start was given.

use std::fs::{File, TryLockError};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// How long the running app may take to answer, or to end. It may be about to show its first window, or closing its last.
const LIMIT: Duration = Duration::from_secs(10);
/// Between two attempts to reach it.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest line that a second start may send.
const LONGEST: u64 = 64 * 1024;

/// What the running app answers. One that says nothing has ended meanwhile.
const GRANTED: &[u8] = b"shown\n";

/// What a second start hands over.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// The link that it was given.
    pub link: Option<String>,
    /// What the desktop gave to this start, so that its window may come to the front.
    #[serde(default)]
    pub activation: Option<String>,
}

/// The app runs already, but does not answer.
#[derive(Debug, thiserror::Error)]
#[error("Confab is running already, but does not answer: {0}. End it, or set {home} to another directory", home = crate::paths::HOME)]
pub struct Unanswered(#[source] io::Error);

/// What this process is.
#[derive(Debug)]
pub enum Instance {
    /// The only one.
    First(First),
    /// Another one runs, and has shown its window.
    Second,
}

/// The right to be the only one, until it is dropped or the process ends.
#[derive(Debug)]
pub struct First {
    _lock: File,
    #[cfg(unix)]
    door: Option<std::os::unix::net::UnixListener>,
}

/// Becomes the only app of the installation that keeps its data there, or hands the wish to the one that runs. One that
/// is about to end is waited for: whoever closes the app and opens it again at once gets a window.
///
/// # Errors
/// When the directory cannot be written to, or [`Unanswered`].
pub fn enter(data: &Path, wish: &Wish) -> anyhow::Result<Instance> {
    enter_within(LIMIT, data, wish)
}

fn enter_within(limit: Duration, data: &Path, wish: &Wish) -> anyhow::Result<Instance> {
    let lock = File::options().create(true).truncate(false).write(true).open(data.join("app.lock"))?;
    let end = Instant::now() + limit;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(Instance::First(First::new(lock, data))),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        match hand_over(&door(data), wish) {
            Ok(()) => return Ok(Instance::Second),
            Err(error) if Instant::now() >= end => return Err(Unanswered(error).into()),
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

fn door(data: &Path) -> PathBuf {
    data.join("app.socket")
}

#[cfg(unix)]
impl First {
    fn new(lock: File, data: &Path) -> Self {
        let path = door(data);
        // Of a process that has ended: we have its lock.
        drop(std::fs::remove_file(&path));
        let door = std::os::unix::net::UnixListener::bind(&path);
        if let Err(error) = &door {
            tracing::warn!(path = %path.display(), %error, "a second start cannot show this window");
        }
        Self { _lock: lock, door: door.ok() }
    }

    /// Hands each wish of a later start on, for the life of the process. `grant` says whether it was granted: an app that
    /// ends grants none, and the later start waits for its place.
    pub fn listen(&mut self, grant: impl Fn(Wish) -> bool + Send + 'static) {
        let Some(door) = self.door.take() else { return };
        let answer = move || {
            for visitor in door.incoming() {
                if let Err(error) = visitor.and_then(|visitor| hear(&visitor, &grant)) {
                    tracing::warn!(%error, "a second start said nothing");
                }
            }
        };
        if let Err(error) = thread::Builder::new().name("second-start".into()).spawn(answer) {
            tracing::warn!(%error, "a second start cannot show this window");
        }
    }
}

/// The directory is closed to everybody else, so whoever comes is the same user.
#[cfg(unix)]
fn hear(visitor: &std::os::unix::net::UnixStream, grant: &impl Fn(Wish) -> bool) -> io::Result<()> {
    use std::io::Read as _;
    visitor.set_read_timeout(Some(LIMIT))?;
    let mut line = String::new();
    BufReader::new(visitor.take(LONGEST)).read_line(&mut line)?;
    if grant(serde_json::from_str(&line).map_err(io::Error::other)?) {
        (&*visitor).write_all(GRANTED)?;
    }
    Ok(())
}

#[cfg(unix)]
fn hand_over(door: &Path, wish: &Wish) -> io::Result<()> {
    let mut app = std::os::unix::net::UnixStream::connect(door)?;
    app.set_read_timeout(Some(LIMIT))?;
    let mut line = serde_json::to_string(wish).map_err(io::Error::other)?;
    line.push('\n');
    app.write_all(line.as_bytes())?;
    let mut answer = String::new();
    BufReader::new(app).read_line(&mut answer)?;
    if answer.as_bytes() == GRANTED { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

#[cfg(not(unix))]
impl First {
    fn new(lock: File, _: &Path) -> Self {
        Self { _lock: lock }
    }

    /// Nobody can come on this system yet.
    pub fn listen(&mut self, _: impl Fn(Wish) -> bool + Send + 'static) {}
}

#[cfg(not(unix))]
fn hand_over(_: &Path, _: &Wish) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn the_second_hands_over_and_the_next_is_the_first_again() {
        let data = tempfile::tempdir().unwrap();
        let wish = Wish { link: Some("confab://join/host:7300/abc".into()), activation: Some("a token".into()) };
        let Instance::First(mut first) = enter(data.path(), &Wish::default()).unwrap() else { panic!("alone") };
        let (heard, wishes) = mpsc::channel();
        first.listen(move |wish| heard.send(wish).is_ok());
        assert!(matches!(enter(data.path(), &wish).unwrap(), Instance::Second));
        assert_eq!(wishes.recv_timeout(LIMIT).unwrap(), wish);
        let elsewhere = tempfile::tempdir().unwrap();
        assert!(matches!(enter(elsewhere.path(), &wish).unwrap(), Instance::First(_)), "another installation");
        drop(first);
        assert!(matches!(enter(data.path(), &wish).unwrap(), Instance::First(_)));
    }

    #[test]
    fn one_that_ends_gives_its_place_to_the_next() {
        let data = tempfile::tempdir().unwrap();
        let Instance::First(mut first) = enter(data.path(), &Wish::default()).unwrap() else { panic!("alone") };
        let (asked, asks) = mpsc::channel();
        first.listen(move |_| asked.send(()).is_err());
        let ending = thread::spawn(move || {
            asks.recv_timeout(LIMIT).unwrap();
            drop(first);
            asks
        });
        assert!(matches!(enter(data.path(), &Wish::default()).unwrap(), Instance::First(_)), "it waited");
        ending.join().unwrap();
    }

    #[test]
    fn one_that_does_not_answer_is_no_reason_to_run_twice() {
        let data = tempfile::tempdir().unwrap();
        let Instance::First(first) = enter(data.path(), &Wish::default()).unwrap() else { panic!("alone") };
        std::fs::remove_file(door(data.path())).unwrap();
        let error = enter_within(Duration::ZERO, data.path(), &Wish::default()).unwrap_err();
        assert!(error.to_string().contains("does not answer"), "{error}");
        drop(first);
    }
}
