//! The seal of a database (`confab.db-seal`): what its files must hold, so that damage is found before it is served.
//!
//! SQLite trusts its pages, and cuts its log at the first frame that it cannot read. The seal knows better:
//! - a **sum of every page** of the main file. Pages come there from the log only, in [`Seal::checkpoint`], and their
//!   sums are on the disk before they are. So at any moment a page is either in the log, which has checksums of its own,
//!   or agrees with its sum.
//! - a **mark**: how far the log had come when the last commit was acknowledged. It is written after each commit without
//!   a flush of its own: exact after the process was killed, a moment old after a loss of power.
//!
//! One process at a time holds the seal: the server. What the command line writes beside it is in the log.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use rusqlite::config::DbConfig;

use super::connection::{Connection, failure};
use super::schema::{file_error, owner_only};
use super::wal::{self, Log, sum};
use crate::store::{Result, StoreError};

const MAGIC: &[u8; 8] = b"confabS1";
/// Magic, page size, and the mark: state, two salts, frames, and the sum of all that.
const HEADER: usize = 32;
/// Frames in the log before they are moved into the main file; SQLite's own default.
const CHECKPOINT: u32 = 1_000;

/// The seal of a database that this process holds.
pub(super) struct Seal {
    file: File,
    database: PathBuf,
    page_size: u32,
    /// The write-ahead log, to be read.
    log: File,
    /// Frames in the log when the last checkpoint was tried.
    tried: u32,
    /// Frames in the log, as SQLite tells after each commit.
    frames: Arc<AtomicU32>,
}

/// What the seal says of the log.
#[derive(Clone, Copy, Default)]
struct Mark {
    salts: (u32, u32),
    frames: u32,
}

/// What came of looking at the seal before the database is opened.
pub(super) enum Look {
    /// Another process holds it, and looks after the files.
    Held,
    /// There is none yet: the database is new, or comes from elsewhere.
    Absent(File),
    /// All is as it was left.
    Sound(File),
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
    if bytes.iter().take(HEADER).all(|byte| *byte == 0) {
        return Ok(Look::Absent(file));
    }
    // The mark is read before the log, the log before the pages.
    let log = wal::read(&sibling(database, "-wal")).map_err(failed)?;
    let findings = compare(&bytes, log.as_ref(), database).map_err(|error| file_error(database, &error))?;
    findings.map_or(Ok(Look::Sound(file)), |finding| Err(StoreError::Corrupt(finding)))
}

fn compare(seal: &[u8], log: Option<&Log>, database: &Path) -> io::Result<Option<String>> {
    let Some((page_size, mark)) = read_header(seal) else { return Ok(Some("its seal cannot be read".into())) };
    if let Some(finding) = compare_log(mark, log) {
        return Ok(Some(finding.into()));
    }
    let sums: Vec<u32> = seal[HEADER..].chunks_exact(4).map(|s| u32::from_le_bytes([s[0], s[1], s[2], s[3]])).collect();
    let logged = |page: u32| log.is_some_and(|log| log.sums.contains_key(&page));
    let pages = Pages { database, page_size, sums: &sums, logged: &logged };
    // The disk and one core would be half as fast as two: a large database must not hold up the start.
    let parts = thread::available_parallelism().map_or(1, usize::from).min(8);
    let part = sums.len().div_ceil(parts).max(1);
    thread::scope(|scope| {
        let looking: Vec<_> = (0..parts)
            .map(|n| {
                let end = if n + 1 == parts { usize::MAX } else { (n + 1) * part };
                scope.spawn(move || pages.compare(n * part, end))
            })
            .collect();
        let found = looking.into_iter().map(|part| part.join().unwrap_or_else(|_| Err(io::Error::other("a panic"))));
        found.collect::<io::Result<Vec<_>>>().map(|found| found.into_iter().flatten().next())
    })
}

/// A main file and what its pages must be.
#[derive(Clone, Copy)]
struct Pages<'a> {
    database: &'a Path,
    page_size: u32,
    sums: &'a [u32],
    /// Whether a page is read from the log.
    logged: &'a (dyn Fn(u32) -> bool + Sync),
}

impl Pages<'_> {
    /// Compares the pages from this place to that one, counted from 0, or to the end of the file.
    fn compare(self, from: usize, to: usize) -> io::Result<Option<String>> {
        let mut main = BufReader::with_capacity(1 << 18, File::open(self.database)?);
        main.seek(SeekFrom::Start(from as u64 * u64::from(self.page_size)))?;
        let mut page = vec![0; self.page_size as usize];
        for at in from..to {
            let read = read_page(&mut main, &mut page)?;
            let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
            match (read, self.sums.get(at)) {
                (0, None) => break,
                _ if (self.logged)(number) => {}
                (0, Some(_)) => return Ok(Some(format!("the file is cut off before page {number}"))),
                (_, Some(expected)) if read == page.len() && sum(&page) == *expected => {}
                (_, Some(_)) => return Ok(Some(format!("page {number} is not what was written"))),
                (_, None) => return Ok(Some(format!("page {number} was not written by us"))),
            }
        }
        Ok(None)
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
        let (file, absent) = match look {
            Look::Held => return Ok(None),
            Look::Absent(file) => (file, true),
            Look::Sound(file) => (file, false),
        };
        let page_size = connection.0.query_row("PRAGMA page_size", [], |row| row.get::<_, u32>(0)).map_err(failure)?;
        let database = database.to_owned();
        let log = File::open(sibling(&database, "-wal")).map_err(|error| file_error(&database, &error))?;
        let mut seal = Self { file, database, page_size, log, tried: 0, frames };
        if absent {
            seal.begin(connection)?;
        }
        Ok(Some(seal))
    }

    /// After a commit and before its acks: notes how far the log has come. An error is no reason to refuse what is
    /// committed: the mark stays behind.
    pub fn mark(&mut self) {
        let frames = self.frames.load(Ordering::SeqCst);
        let salts = self.read_salts();
        if let Err(error) = salts.and_then(|salts| self.write_header(Mark { salts, frames })) {
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
        self.tried = frames;
        if let Err(error) = self.checkpoint(connection, "PASSIVE") {
            tracing::warn!(%error, "the write-ahead log could not be emptied, and grows on");
        }
    }

    /// At the end: everything into the main file, and an empty log.
    pub fn close(mut self, connection: &Connection) {
        match self.checkpoint(connection, "TRUNCATE") {
            Ok(true) => {
                // Without it the next start would look for the log: SQLite has emptied it.
                if let Err(error) = self.write_header(Mark::default()) {
                    tracing::error!(%error, "the seal could not be closed");
                }
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the log stays for the next start"),
        }
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
        let sealed = self.write_sums().and_then(|()| self.write_header(Mark { salts, frames }));
        sealed.map_err(|error| self.failed(&error))
    }

    fn write_sums(&mut self) -> io::Result<()> {
        let mut main = BufReader::with_capacity(1 << 20, File::open(&self.database)?);
        let mut page = vec![0; self.page_size as usize];
        let mut sums = Vec::new();
        while read_page(&mut main, &mut page)? == page.len() {
            sums.extend(sum(&page).to_le_bytes());
        }
        self.file.seek(SeekFrom::Start(HEADER as u64))?;
        self.file.write_all(&sums)?;
        self.file.sync_all()
    }

    /// Moves pages from the log into the main file, their sums first. True when the log is empty of what is not moved.
    fn checkpoint(&mut self, connection: &Connection, how: &str) -> Result<bool> {
        let mut sealed = 0;
        loop {
            let log = self.read_log()?.unwrap_or_default();
            self.seal_log(&log).map_err(|error| self.failed(&error))?;
            sealed = sealed.max(log.frames);
            let (busy, frames, moved) = connection
                .0
                .query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
                })
                .map_err(failure)?;
            // Another process may have committed in between.
            if u32::try_from(frames).unwrap_or(0) <= sealed {
                return Ok(busy == 0 && frames == moved);
            }
        }
    }

    fn seal_log(&mut self, log: &Log) -> io::Result<()> {
        if log.sums.is_empty() {
            return Ok(());
        }
        let mut sums = Vec::new();
        self.file.seek(SeekFrom::Start(HEADER as u64))?;
        self.file.read_to_end(&mut sums)?;
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
        self.file.seek(SeekFrom::Start(HEADER as u64))?;
        self.file.write_all(&sums)?;
        self.file.set_len((HEADER + sums.len()) as u64)?;
        self.file.sync_data()
    }

    /// The log may have begun anew with any commit.
    fn read_salts(&mut self) -> io::Result<(u32, u32)> {
        let mut salts = [0; 8];
        self.log.seek(SeekFrom::Start(16))?;
        self.log.read_exact(&mut salts)?;
        let [a, b, c, d, e, f, g, h] = salts;
        Ok((u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])))
    }

    fn write_header(&mut self, mark: Mark) -> io::Result<()> {
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(MAGIC);
        for (at, word) in [self.page_size, mark.salts.0, mark.salts.1, mark.frames].into_iter().enumerate() {
            header[8 + at * 4..12 + at * 4].copy_from_slice(&word.to_le_bytes());
        }
        let own = sum(&header[..HEADER - 4]);
        header[HEADER - 4..].copy_from_slice(&own.to_le_bytes());
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header)
    }

    fn read_log(&self) -> Result<Option<Log>> {
        wal::read(&sibling(&self.database, "-wal")).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> StoreError {
        file_error(&sibling(&self.database, "-seal"), error)
    }
}

fn read_header(seal: &[u8]) -> Option<(u32, Mark)> {
    let header = seal.get(..HEADER)?;
    let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let sound = &header[..8] == MAGIC && sum(&header[..HEADER - 4]) == word(HEADER - 4) && word(8) >= 512;
    sound.then(|| (word(8), Mark { salts: (word(12), word(16)), frames: word(20) }))
}

/// Reads a page, or what is left of the file.
fn read_page(file: &mut impl io::Read, page: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < page.len() {
        match file.read(&mut page[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A file beside the database.
pub(in crate::store) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
