//! The seal of a database (`confab.db-seal`): what its files must hold, so that damage is found before it is served.
//!
//! SQLite trusts its pages, and cuts its log at the first frame that it cannot read. The seal knows better:
//! - a **sum of every page** of the main file. Pages come there from the log only, in [`Seal::checkpoint`], and their
//!   sums are on the disk before they are. So at any moment a page is either in the log, which has checksums of its own,
//!   or agrees with its sum.
//! - a **mark**: how far the log had come when the last commit was acknowledged. It is written after each commit without
//!   a flush of its own: exact after the process was killed, a moment old after a loss of power.
//! - a [**stamp**](stamp) of the main file, from the last moment at which all of it was known to agree with the sums. While
//!   it holds, nobody has written to the file: a start believes it, serves at once, and lets a [patrol](patrol) look at
//!   every page behind it. There is none while pages are moved, and none outlives the machine's boot.
//!
//! One process at a time holds the seal: the server. What the command line writes beside it is in the log.

mod header;
mod pages;
pub(super) mod patrol;
mod stamp;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

use rusqlite::config::DbConfig;

use super::connection::{Connection, failure};
use super::schema::{file_error, owner_only};
use super::wal::{self, Log, sum};
use crate::store::{Result, StoreError};
use header::{Header, Mark, Shared};
use pages::Expected;
use patrol::Patrol;

/// Frames in the log before they are moved into the main file. Moving them holds up whoever writes next: with this many,
/// one in three hundred commits of a lone writer, and a log that the next start reads in a moment.
/// The tests of this crate come there sooner, with less to write.
const CHECKPOINT: u32 = if cfg!(test) { 500 } else { 2_000 };

/// The seal of a database that this process holds.
pub(super) struct Seal {
    shared: Shared,
    database: PathBuf,
    page_size: u32,
    /// The write-ahead log, to be read.
    log: File,
    /// Frames in the log when the last checkpoint was tried.
    tried: u32,
    /// Frames in the log, as SQLite tells after each commit.
    frames: Arc<AtomicU32>,
    /// What was noted last: SQLite has told of all frames up to there.
    marked: Mark,
    patrol: Patrol,
    /// The thread of the patrol.
    walking: Option<JoinHandle<()>>,
}

/// What came of looking at the seal before the database is opened.
pub(super) enum Look {
    /// Another process holds it, and looks after the files.
    Held,
    /// There is none yet: the database is new, or comes from elsewhere.
    Absent(File),
    /// All is as it was left.
    Sound(Found),
}

/// A seal that agrees with the files.
pub(super) struct Found {
    file: File,
    header: Header,
    /// What is still to be compared, behind the start.
    unseen: Option<Expected>,
}

/// Takes the seal of a database, and holds the files against it.
///
/// # Errors
/// `Corrupt` where they differ.
pub(super) fn look(database: &Path) -> Result<Look> {
    let path = sibling(database, "-seal");
    let failed = |error: io::Error| file_error(&path, &error);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    owner_only(&mut options);
    let file = options.open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(Look::Held),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let mut bytes = Vec::new();
    (&file).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.iter().take(header::LEN).all(|byte| *byte == 0) {
        return Ok(Look::Absent(file));
    }
    let Some(mut header) = Header::read(&bytes) else {
        return Err(StoreError::Corrupt("its seal cannot be read".into()));
    };
    // The mark is read before the log, the log before the pages.
    let log = wal::read(&sibling(database, "-wal")).map_err(failed)?;
    if let Some(finding) = compare_log(header.mark, log.as_ref()) {
        return Err(StoreError::Corrupt(finding.into()));
    }
    let expected = Expected::new(header.page_size, &bytes[header::LEN..], log);
    // Asked before the pages are read: whoever writes to the file meanwhile makes it another one.
    let stamp = stamp::of(database).unwrap_or(0);
    if stamp != 0 && stamp == header.stamp {
        return Ok(Look::Sound(Found { file, header, unseen: Some(expected) }));
    }
    match expected.compare(database).map_err(|error| file_error(database, &error))? {
        Some(finding) => Err(StoreError::Corrupt(finding)),
        None => {
            header.stamp = stamp;
            Ok(Look::Sound(Found { file, header, unseen: None }))
        }
    }
}

fn compare_log(mark: Mark, log: Option<&Log>) -> Option<&'static str> {
    let missing = "commits that were acknowledged are missing from its write-ahead log";
    match log {
        Some(log) if log.broken => Some("its write-ahead log is damaged in the middle"),
        Some(log) if log.salts == mark.salts => (log.frames < mark.frames).then_some(missing),
        // Begun anew after the mark was written.
        Some(log) if log.salts.0.wrapping_sub(mark.salts.0) < u32::MAX / 2 => None,
        _ => (mark.frames > 0).then_some(missing),
    }
}

impl Seal {
    /// Seals a database that is open and sound. The connection leaves checkpoints to [`Seal::checkpoint`] from now on.
    pub fn attach(look: Look, database: &Path, connection: &mut Connection) -> Result<Option<Self>> {
        let frames = Arc::new(AtomicU32::new(0));
        let told = Arc::clone(&frames);
        let hook = move |_: &mut rusqlite::hooks::Wal, pages| {
            told.store(u32::try_from(pages).unwrap_or(0), Ordering::SeqCst);
            Ok(())
        };
        connection.0.wal_hook(Some(hook)).map_err(failure)?;
        connection.0.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(failure)?;
        let page_size = connection.0.query_row("PRAGMA page_size", [], |row| row.get::<_, u32>(0)).map_err(failure)?;
        let (file, header, unseen, absent) = match look {
            Look::Held => return Ok(None),
            Look::Absent(file) => (file, Header { page_size, mark: Mark::default(), stamp: 0 }, None, true),
            Look::Sound(Found { file, header, unseen }) => (file, header, unseen, false),
        };
        let database = database.to_owned();
        let log = File::open(sibling(&database, "-wal")).map_err(|error| file_error(&database, &error))?;
        let shared = Shared::new(file, header);
        let (patrol, walking) = match unseen {
            Some(expected) => {
                let (patrol, walking) = Patrol::start(&database, expected, shared.clone())?;
                (patrol, Some(walking))
            }
            None => (Patrol::over(), None),
        };
        let mut seal =
            Self { shared, database, page_size, log, tried: 0, frames, marked: header.mark, patrol, walking };
        if absent {
            seal.begin(connection)?;
        } else {
            // With the stamp of a file that was just read; otherwise the same again. Without it the next start reads it all.
            let noted = seal.shared.lock().mark(header.mark);
            noted.unwrap_or_else(|error| tracing::warn!(%error, "the seal could not be stamped"));
        }
        Ok(Some(seal))
    }

    /// The look at the main file that goes on behind the start.
    pub fn patrol(&self) -> Patrol {
        self.patrol.clone()
    }

    /// After a commit and before its acks: notes how far the log has come. An error is no reason to refuse what is
    /// committed: the mark stays behind.
    pub fn mark(&mut self) {
        let frames = self.frames.load(Ordering::SeqCst);
        let marked = self.read_salts().and_then(|salts| {
            self.marked = Mark { salts, frames };
            self.shared.lock().mark(self.marked)
        });
        if let Err(error) = marked {
            tracing::warn!(%error, "a commit could not be marked");
        }
    }

    /// After the acks: empties a log that has become long. Where that fails, it grows on.
    pub fn maintain(&mut self, connection: &Connection) {
        let frames = self.frames.load(Ordering::SeqCst);
        // It began anew since.
        self.tried = if frames < self.tried { 0 } else { self.tried };
        if frames < self.tried.saturating_add(CHECKPOINT) {
            return;
        }
        if !self.patrol.is_over() {
            return self.patrol.hurry();
        }
        self.tried = frames;
        if let Err(error) = self.checkpoint(connection, "PASSIVE") {
            tracing::warn!(%error, "the write-ahead log could not be emptied, and grows on");
        }
    }

    /// At the end: everything into the main file, and an empty log. Where the main file was not looked at in full, both
    /// stay as they are for the next start.
    pub fn close(mut self, connection: &Connection) {
        self.patrol.stop();
        if let Some(walking) = self.walking.take() {
            // A panic there was told when it happened, and it is not over then.
            let _ = walking.join();
        }
        if !self.patrol.is_over() {
            return;
        }
        if let Err(error) = self.empty(connection) {
            tracing::warn!(%error, "the log stays for the next start");
        }
        if stamp::of(&self.database).is_some() {
            stamp::settle();
        }
    }

    fn empty(&mut self, connection: &Connection) -> Result<()> {
        if self.checkpoint(connection, "PASSIVE")? {
            // All is in the main file. From here on the log may be gone, and nobody is to look for it.
            let closed = self.shared.lock().mark(Mark::default());
            closed.map_err(|error| self.failed(&error))?;
            self.checkpoint(connection, "TRUNCATE")?;
        }
        Ok(())
    }

    /// Takes a database as it is, after a look at its structure: there is nothing to compare it with.
    fn begin(&mut self, connection: &Connection) -> Result<()> {
        let found: String = connection.0.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failure)?;
        if found != "ok" {
            return Err(StoreError::Corrupt(found));
        }
        let log = self.read_log()?;
        if log.as_ref().is_some_and(|log| log.broken) {
            return Err(StoreError::Corrupt("its write-ahead log is damaged in the middle".into()));
        }
        let Log { salts, frames, .. } = log.unwrap_or_default();
        let stamp = stamp::of(&self.database);
        let sealed = pages::sums(&self.database, self.page_size).and_then(|sums| {
            let mut seal = self.shared.lock();
            seal.file.seek(SeekFrom::Start(header::LEN as u64))?;
            seal.file.write_all(&sums)?;
            seal.file.sync_all()?;
            seal.mark(Mark { salts, frames })?;
            seal.stamp(stamp)
        });
        sealed.map_err(|error| self.failed(&error))
    }

    /// Moves pages from the log into the main file, their sums first. True when the log is empty of what is not moved.
    fn checkpoint(&mut self, connection: &Connection, how: &str) -> Result<bool> {
        // A main file that is being written to has no stamp; this is on the disk with the sums.
        let withdrawn = self.shared.lock().withdraw_stamp(stamp::of(&self.database));
        withdrawn.map_err(|error| self.failed(&error))?;
        let mut sealed = 0;
        let mut committed = self.marked.frames;
        let mut counted = 0;
        loop {
            // Where others have begun the log anew since, what they wrote is verified first.
            let ours = committed > 0 && self.read_salts().is_ok_and(|salts| salts == self.marked.salts);
            let log = if ours {
                wal::newest(&self.log, self.page_size, committed).map_err(|error| self.failed(&error))?
            } else {
                self.read_log()?.unwrap_or_default()
            };
            self.seal_log(&log).map_err(|error| self.failed(&error))?;
            sealed = sealed.max(log.frames);
            if sealed < counted {
                // SQLite has a log that is no longer where it was: somebody removed the directory under the server.
                return Err(StoreError::Unavailable("the write-ahead log was removed".into()));
            }
            let (busy, frames, moved) = connection
                .0
                .query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
                })
                .map_err(failure)?;
            // Another process may have committed in between.
            committed = u32::try_from(frames).unwrap_or(0);
            counted = committed;
            if committed <= sealed {
                let stamped = self.shared.lock().stamp(stamp::of(&self.database));
                stamped.map_err(|error| self.failed(&error))?;
                return Ok(busy == 0 && frames == moved);
            }
        }
    }

    /// Writes the sums of pages that are about to be moved.
    fn seal_log(&mut self, log: &Log) -> io::Result<()> {
        if log.sums.is_empty() {
            return Ok(());
        }
        let mut seal = self.shared.lock();
        let mut sums = Vec::new();
        seal.file.seek(SeekFrom::Start(header::LEN as u64))?;
        seal.file.read_to_end(&mut sums)?;
        sums.truncate(log.pages as usize * 4);
        // A page that was never written is a hole in the file.
        let hole = sum(&vec![0; self.page_size as usize]).to_le_bytes();
        while sums.len() < log.pages as usize * 4 {
            sums.extend(hole);
        }
        for (page, sum) in &log.sums {
            let at = (*page as usize - 1) * 4;
            if let Some(place) = sums.get_mut(at..at + 4) {
                place.copy_from_slice(&sum.to_le_bytes());
            }
        }
        seal.file.seek(SeekFrom::Start(header::LEN as u64))?;
        seal.file.write_all(&sums)?;
        seal.file.set_len((header::LEN + sums.len()) as u64)?;
        seal.file.sync_data()
    }

    /// The log may have begun anew with any commit.
    fn read_salts(&self) -> io::Result<(u32, u32)> {
        let mut salts = [0; 8];
        self.log.read_exact_at(&mut salts, 16)?;
        let [a, b, c, d, e, f, g, h] = salts;
        Ok((u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])))
    }

    fn read_log(&self) -> Result<Option<Log>> {
        wal::read(&sibling(&self.database, "-wal")).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> StoreError {
        file_error(&sibling(&self.database, "-seal"), error)
    }
}

/// A file beside the database.
pub(in crate::store) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
