//! How a seal begins: what it knows of the log and of the file system, in 32 bytes that are written at once.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::sqlite::wal::sum;

const MAGIC: &[u8; 8] = b"confabS1";
/// Magic, page size, the mark (two salts, frames), the stamp, and the sum of all that. The sums of the pages follow.
pub(super) const LEN: usize = 32;

/// What a seal says besides the sums of the pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub page_size: u32,
    pub mark: Mark,
    /// The [`stamp`](super::stamp) of the main file when every page was last known to agree with its sum; 0 for none.
    pub stamp: u32,
}

/// How far the log had come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub salts: (u32, u32),
    pub frames: u32,
}

impl Header {
    /// Out of the first bytes of a seal; None when they are damaged.
    pub fn read(seal: &[u8]) -> Option<Self> {
        let header = seal.get(..LEN)?;
        let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let sound = &header[..8] == MAGIC && sum(&header[..LEN - 4]) == word(LEN - 4) && word(8) >= 512;
        let mark = Mark { salts: (word(12), word(16)), frames: word(20) };
        sound.then(|| Self { page_size: word(8), mark, stamp: word(24) })
    }

    fn bytes(&self) -> [u8; LEN] {
        let mut header = [0; LEN];
        header[..8].copy_from_slice(MAGIC);
        let words = [self.page_size, self.mark.salts.0, self.mark.salts.1, self.mark.frames, self.stamp];
        for (at, word) in words.into_iter().enumerate() {
            header[8 + at * 4..12 + at * 4].copy_from_slice(&word.to_le_bytes());
        }
        let own = sum(&header[..LEN - 4]);
        header[LEN - 4..].copy_from_slice(&own.to_le_bytes());
        header
    }
}

/// The seal's file and the header in it: the thread that writes has it, and the patrol when it finds damage.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Inner>>);

/// See [`Shared`].
pub(super) struct Inner {
    pub file: File,
    header: Header,
    /// Damage was found, or somebody else wrote to the main file: no stamp is given any more.
    distrusted: bool,
}

impl Shared {
    pub fn new(file: File, header: Header) -> Self {
        Self(Arc::new(Mutex::new(Inner { file, header, distrusted: false })))
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Writes the header with another mark. Not flushed.
    pub fn mark(&mut self, mark: Mark) -> io::Result<()> {
        self.header.mark = mark;
        self.write()
    }

    /// Writes the header with another stamp. Not flushed.
    pub fn stamp(&mut self, stamp: Option<u32>) -> io::Result<()> {
        self.header.stamp = stamp.filter(|_| !self.distrusted).unwrap_or(0);
        self.write()
    }

    /// Before the main file is written to, of which the file system says `current`. Where that is not what it said last,
    /// somebody else has written to it: the next start reads it all.
    pub fn withdraw_stamp(&mut self, current: Option<u32>) -> io::Result<()> {
        let stands = self.header.stamp;
        self.distrusted |= stands != 0 && current != Some(stands);
        self.stamp(None)
    }

    /// No start is to believe this file again without reading all of it.
    pub fn condemn(&mut self) -> io::Result<()> {
        self.distrusted = true;
        self.stamp(None)?;
        self.file.sync_data()
    }

    fn write(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&self.header.bytes())
    }
}
