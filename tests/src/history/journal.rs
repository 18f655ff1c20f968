//! Writes a history while it happens.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::{Answer, Call, FILE, History, Micros, Record, What};

/// The one clock of a run.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Instant);

impl Clock {
    /// Begins now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Since its start.
    #[must_use]
    pub fn now(&self) -> Micros {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(Micros::MAX)
    }
}

/// A history that is being written to `history.jsonl` in a directory. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Journal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    dir: PathBuf,
    /// The time of a record is taken while this is held, so that the lines of the file are in the order of time.
    file: Mutex<BufWriter<File>>,
    next_op: AtomicU64,
    acked: AtomicU64,
    failed: AtomicBool,
}

impl Journal {
    /// Begins one in this directory, which is made; what an earlier run left there is overwritten.
    ///
    /// # Errors
    /// When the directory or the file cannot be made.
    pub fn begin(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
        let file = Mutex::new(BufWriter::with_capacity(1 << 20, File::create(dir.join(FILE))?));
        Ok(Self(Arc::new(Inner {
            clock: Clock::start(),
            dir: dir.to_owned(),
            file,
            next_op: AtomicU64::new(0),
            acked: AtomicU64::new(0),
            failed: AtomicBool::new(false),
        })))
    }

    /// Who records under this name.
    #[must_use]
    pub fn recorder(&self, process: impl Into<String>) -> Recorder {
        Recorder { journal: self.clone(), process: process.into() }
    }

    /// Writes that were acked so far.
    #[must_use]
    pub fn acked(&self) -> u64 {
        self.0.acked.load(Ordering::Relaxed)
    }

    /// The time on the history's clock.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.0.clock.now()
    }

    /// Closes the file and reads all of it.
    ///
    /// # Errors
    /// When the disk is full, or a line cannot be read back.
    pub fn finish(&self) -> Result<History> {
        self.0.file.lock().unwrap_or_else(PoisonError::into_inner).flush()?;
        ensure!(!self.0.failed.load(Ordering::Relaxed), "the history could not be written");
        History::read(&self.0.dir)
    }

    fn write(&self, by: &str, what: What) {
        let mut file = self.0.file.lock().unwrap_or_else(PoisonError::into_inner);
        let record = Record { at: self.0.clock.now(), by: by.to_owned(), what };
        let written = serde_json::to_writer(&mut *file, &record).map_err(std::io::Error::from);
        if written.and_then(|()| file.write_all(b"\n")).is_err() {
            // Told in `finish`: a run must not be judged by half of its history.
            self.0.failed.store(true, Ordering::Relaxed);
        }
    }
}

/// One process's way into the history.
#[derive(Debug, Clone)]
pub struct Recorder {
    journal: Journal,
    process: String,
}

impl Recorder {
    /// The name under which it records.
    #[must_use]
    pub fn process(&self) -> &str {
        &self.process
    }

    /// Writes a line.
    pub fn note(&self, what: What) {
        self.journal.write(&self.process, what);
    }

    /// An operation begins; the number is for its end.
    #[must_use]
    pub fn invoke(&self, call: Call) -> u64 {
        let op = self.journal.0.next_op.fetch_add(1, Ordering::Relaxed);
        self.note(What::Invoke { op, call });
        op
    }

    /// It succeeded.
    pub fn ok(&self, op: u64, answer: Answer) {
        if matches!(answer, Answer::Written { .. }) {
            self.journal.0.acked.fetch_add(1, Ordering::Relaxed);
        }
        self.note(What::Ok { op, answer });
    }

    /// It was refused.
    pub fn fail(&self, op: u64, code: impl Into<String>) {
        self.note(What::Fail { op, code: code.into() });
    }

    /// Nobody knows.
    pub fn info(&self, op: u64) {
        self.note(What::Info { op });
    }
}
