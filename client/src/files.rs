//! Files on their way: up in pieces that a lost link does not lose, down into a temporary file that is checked before it
//! gets its name.
//!
//! A [`Transfer`] lives as long as the process. A message waits for its files: whoever sends uploads first, and puts the
//! finished [`FileInfo`]s into the message, which is then as durable as any other. An upload that the process's end cut
//! off is swept by the server after a day; nothing was drawn as sent that carries it.

mod download;
mod upload;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use confab_protocol::file::FileInfo;
use confab_protocol::{Cause, Error, ErrorCode};
use tokio::sync::{mpsc, oneshot, watch};

use crate::backoff::Backoff;
use crate::http::Http;
use crate::view::{Transfer, TransferState, Update, Way};

/// Transfers that one session may have, finished ones too until they are dismissed.
const MOST: usize = 100;

/// All transfers of a session. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Transfers {
    http: Http,
    updates: mpsc::Sender<Update>,
    all: Arc<Mutex<BTreeMap<String, Running>>>,
}

/// What is to be moved.
#[derive(Debug, Clone)]
pub(crate) enum Job {
    Up { path: PathBuf, name: String },
    Down { file: FileInfo, path: PathBuf },
}

#[derive(Debug)]
struct Running {
    view: Transfer,
    wish: watch::Sender<Wish>,
}

/// Told nothing: its other end goes when the transfer has ended.
type Ended = oneshot::Receiver<Infallible>;

/// What the user wants of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Go,
    Pause,
    Cancel,
}

impl Transfers {
    pub(crate) fn new(http: Http, updates: mpsc::Sender<Update>) -> Self {
        Self { http, updates, all: Arc::default() }
    }

    /// Begins to upload a file under this key. What becomes of it arrives as [`Update::Transfer`].
    ///
    /// # Errors
    /// `conflict` for a key that is taken, `too_large` when there are too many.
    pub fn upload(&self, key: String, path: PathBuf, name: String, bytes: u64) -> Result<(), Error> {
        let ended = self.begin(
            Transfer { key, way: Way::Up, name: name.clone(), bytes, moved: 0, state: TransferState::Waiting },
            Job::Up { path, name },
        );
        ended.map(drop)
    }

    /// Begins to download a file to a path, which is replaced when all of it is there and is what the server said.
    ///
    /// # Errors
    /// As [`Transfers::upload`].
    pub fn download(&self, key: String, file: FileInfo, path: PathBuf) -> Result<(), Error> {
        self.begin_download(key, file, path).map(drop)
    }

    /// As [`Transfers::download`], but waits: true once the file is there, at once if it was; false when it was given up.
    ///
    /// # Errors
    /// As [`Transfers::upload`].
    pub async fn fetch(&self, key: String, file: FileInfo, path: PathBuf) -> Result<bool, Error> {
        if download::is_there(&file, &path).await {
            return Ok(true);
        }
        // Dropped where the transfer ends, whatever became of it.
        let _ = self.begin_download(key.clone(), file.clone(), path.clone())?.await;
        drop(self.cancel(&key));
        Ok(download::is_there(&file, &path).await)
    }

    fn begin_download(&self, key: String, file: FileInfo, path: PathBuf) -> Result<Ended, Error> {
        let (name, bytes) = (file.name.clone(), file.bytes);
        self.begin(
            Transfer { key, way: Way::Down, name, bytes, moved: 0, state: TransferState::Waiting },
            Job::Down { file, path },
        )
    }

    /// Stops a transfer where it is.
    ///
    /// # Errors
    /// `not_found` for a key that is not there. So for the other two.
    pub fn pause(&self, key: &str) -> Result<(), Error> {
        self.wish(key, Wish::Pause)
    }

    /// Goes on with a transfer that was paused or has failed, from where it is.
    ///
    /// # Errors
    /// As [`Transfers::pause`].
    pub fn resume(&self, key: &str) -> Result<(), Error> {
        self.wish(key, Wish::Go)
    }

    /// Ends a transfer, and removes what there is of it; dismisses one that has ended.
    ///
    /// # Errors
    /// As [`Transfers::pause`].
    pub fn cancel(&self, key: &str) -> Result<(), Error> {
        self.wish(key, Wish::Cancel)
    }

    /// Tells of all transfers again.
    pub(crate) fn resync(&self) {
        let all: Vec<_> = self.all().values().map(|running| running.view.clone()).collect();
        for transfer in all {
            drop(self.updates.try_send(Update::Transfer { transfer }));
        }
    }

    /// The session has ended: nothing goes on.
    pub(crate) fn close(&self) {
        self.all().clear();
    }

    fn begin(&self, view: Transfer, job: Job) -> Result<Ended, Error> {
        let (wish, wishes) = watch::channel(Wish::Go);
        let (ending, ended) = oneshot::channel();
        let key = view.key.clone();
        {
            let mut all = self.all();
            if all.contains_key(&key) {
                return Err(Error::conflict("That file is on its way already."));
            }
            if all.len() >= MOST {
                return Err(Error::new(ErrorCode::TooLarge, "Too many files are on their way. Wait for some of them.")
                    .because(Cause::TooManyFiles));
            }
            all.insert(key.clone(), Running { view, wish });
        }
        let driven = self.clone().drive(key, job, wishes);
        tokio::spawn(async move {
            driven.await;
            drop(ending);
        });
        Ok(ended)
    }

    fn wish(&self, key: &str, wish: Wish) -> Result<(), Error> {
        let all = self.all();
        let running = all.get(key).ok_or_else(Error::not_found)?;
        // Nobody waits for the wishes of a transfer that has ended: dismissing it is all that is left.
        if running.wish.send(wish).is_ok() || wish != Wish::Cancel {
            return Ok(());
        }
        drop(all);
        self.all().remove(key);
        Ok(())
    }

    async fn drive(self, key: String, job: Job, mut wishes: watch::Receiver<Wish>) {
        let mut backoff = Backoff::new(seed(&key));
        let mut upload = upload::Progress::default();
        loop {
            let wish = *wishes.borrow_and_update();
            match wish {
                Wish::Go => {}
                Wish::Pause => {
                    self.tell(&key, TransferState::Paused).await;
                    if wishes.changed().await.is_err() {
                        return;
                    }
                    continue;
                }
                Wish::Cancel => {
                    match &job {
                        Job::Up { .. } => upload.give_up(&self.http).await,
                        Job::Down { path, .. } => download::give_up(path).await,
                    }
                    self.tell(&key, TransferState::Cancelled).await;
                    self.all().remove(&key);
                    return;
                }
            }
            self.tell(&key, TransferState::Running).await;
            let moved = |bytes: u64| self.moved(&key, bytes);
            let attempt = async {
                match &job {
                    Job::Up { path, name } => upload.go(&self.http, path, name, &moved).await,
                    Job::Down { file, path } => {
                        download::go(&self.http, file, path, &moved).await.map(|()| file.clone())
                    }
                }
            };
            let before = self.at(&key);
            let result = tokio::select! {
                result = attempt => result,
                changed = wishes.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return,
                },
            };
            match result {
                Ok(file) => {
                    self.tell(&key, TransferState::Done { file }).await;
                    return;
                }
                Err(error) if error.code.is_retryable() => {
                    if self.at(&key) > before {
                        backoff.reset();
                    }
                    let pause = Duration::from_millis(backoff.failed().max(error.retry_after_ms.unwrap_or_default()));
                    tracing::debug!(%error, "a transfer waits");
                    self.tell(&key, TransferState::Waiting).await;
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        changed = wishes.changed() => if changed.is_err() { return },
                    }
                }
                Err(error) => {
                    self.tell(&key, TransferState::Failed { error }).await;
                    if wishes.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    async fn tell(&self, key: &str, state: TransferState) {
        let told = {
            let mut all = self.all();
            let Some(running) = all.get_mut(key) else { return };
            running.view.state = state;
            running.view.clone()
        };
        // Not dropped: a shell that reads slowly hears of every change but progress.
        drop(self.updates.send(Update::Transfer { transfer: told }).await);
    }

    fn moved(&self, key: &str, bytes: u64) {
        let mut all = self.all();
        let Some(running) = all.get_mut(key) else { return };
        running.view.moved = bytes;
        drop(self.updates.try_send(Update::Transfer { transfer: running.view.clone() }));
    }

    fn at(&self, key: &str) -> u64 {
        self.all().get(key).map_or(0, |running| running.view.moved)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A transfer's own: those that a lost link broke off together must not come back together.
fn seed(key: &str) -> u64 {
    RandomState::new().hash_one(key)
}

/// What an error of this computer's disk means: nothing that goes away by itself.
fn disk(what: &str, error: &std::io::Error) -> Error {
    tracing::warn!(%error, "a file of this computer");
    Error::new(ErrorCode::ReadOnly, format!("{what}: {error}.")).because(Cause::Disk)
}

/// How long one piece may take, and the next bytes of a download may not come.
const PATIENCE: Duration = Duration::from_secs(60);
