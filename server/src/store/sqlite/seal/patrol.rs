//! The look at every page of a main file that nobody has written to since we did: behind the start, on a thread of its own
//! that leaves most of a core to others.
//!
//! **Invariant.** Until it is over, nothing is moved into the main file: no damage is ever sealed as if it were ours.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::header::Shared;
use super::pages::Expected;
use crate::store::sqlite::schema::file_error;
use crate::store::{Result, StoreError};

/// Of the time that the gentle pace takes, this part is work, and the rest is left to others.
const SHARE: u32 = 5;
/// A pause is at least so long: shorter ones cost more than they leave.
const PAUSE: Duration = Duration::from_millis(5);

const GENTLE: u8 = 0;
const HURRY: u8 = 1;
const STOP: u8 = 2;

/// What a patrol has found so far. Cheap to clone.
#[derive(Clone)]
pub(in crate::store::sqlite) struct Patrol {
    progress: watch::Receiver<Progress>,
    pace: Arc<AtomicU8>,
}

#[derive(Clone)]
enum Progress {
    /// It is not over, or was stopped.
    Walking,
    /// Every page is as it was written.
    Sound,
    /// Some page is not, or cannot be read.
    Found(StoreError),
}

impl Patrol {
    /// Nothing is left to be looked at.
    pub fn over() -> Self {
        Self { progress: watch::channel(Progress::Sound).1, pace: Arc::default() }
    }

    /// Walks through the file on a thread of its own. Whoever ends it waits for the thread: it has the seal until then, and
    /// the next to open the database would find it held.
    ///
    /// # Errors
    /// `Unavailable` without a thread.
    pub(super) fn start(main: &Path, expected: Expected, seal: Shared) -> Result<(Self, JoinHandle<()>)> {
        let (told, progress) = watch::channel(Progress::Walking);
        let pace = Arc::new(AtomicU8::new(GENTLE));
        let walk = Walk { main: main.to_owned(), pace: pace.clone() };
        let thread = thread::Builder::new()
            .name("sqlite-patrol".into())
            .spawn(move || {
                let Some(end) = walk.compare(&expected) else { return };
                if let Progress::Found(error) = &end {
                    tracing::error!(%error, "the database is damaged: it is no longer served");
                    if let Err(error) = seal.lock().condemn() {
                        tracing::error!(%error, "the seal could not be marked");
                    }
                }
                told.send_replace(end);
            })
            .map_err(|e| StoreError::Unavailable(format!("no thread for looking at the database: {e}")))?;
        Ok((Self { progress, pace }, thread))
    }

    /// Whether every page was looked at, and is sound.
    pub fn is_over(&self) -> bool {
        matches!(*self.progress.borrow(), Progress::Sound)
    }

    /// Whether nothing was found so far.
    ///
    /// # Errors
    /// `Unavailable` once something was.
    pub fn check(&self) -> Result<()> {
        match &*self.progress.borrow() {
            Progress::Walking | Progress::Sound => Ok(()),
            Progress::Found(error) => Err(StoreError::Unavailable(error.to_string())),
        }
    }

    /// Waits until something is found, for ever where all is well.
    pub async fn finding(&self) -> StoreError {
        let mut progress = self.progress.clone();
        let found = progress.wait_for(|progress| matches!(progress, Progress::Found(_))).await.map(|it| it.clone());
        if let Ok(Progress::Found(error)) = found { error } else { std::future::pending().await }
    }

    /// Waits until every page was looked at, without pauses from now on.
    ///
    /// # Errors
    /// What was found.
    pub async fn finish(&self) -> Result<()> {
        self.hurry();
        let mut progress = self.progress.clone();
        let end = progress.wait_for(|progress| !matches!(progress, Progress::Walking)).await.map(|it| it.clone());
        match end {
            Ok(Progress::Found(error)) => Err(error),
            Ok(_) => Ok(()),
            Err(_) => Err(StoreError::Unavailable("the store is closed".into())),
        }
    }

    /// Somebody waits for it: no more pauses.
    pub fn hurry(&self) {
        // Never over a stop.
        let _ = self.pace.compare_exchange(GENTLE, HURRY, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Ends it, wherever it is. The next start looks again.
    pub fn stop(&self) {
        self.pace.store(STOP, Ordering::SeqCst);
    }
}

struct Walk {
    main: PathBuf,
    pace: Arc<AtomicU8>,
}

impl Walk {
    /// None when it was stopped.
    fn compare(&self, expected: &Expected) -> Option<Progress> {
        let mut since = Instant::now();
        let mut stopped = false;
        let found = expected.compare_part(&self.main, 0, usize::MAX, || {
            let worked = since.elapsed();
            let pace = self.pace.load(Ordering::SeqCst);
            if pace == GENTLE && worked * (SHARE - 1) >= PAUSE {
                thread::sleep(worked * (SHARE - 1));
                since = Instant::now();
            }
            stopped = pace == STOP;
            if stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match found {
            _ if stopped => None,
            Ok(None) => Some(Progress::Sound),
            Ok(Some(finding)) => Some(Progress::Found(StoreError::Corrupt(finding))),
            Err(error) => Some(Progress::Found(file_error(&self.main, &error))),
        }
    }
}
