//! SQLite's write-ahead log, read by ourselves: which pages it holds, and whether something is missing in the middle.
//!
//! SQLite takes the log as ending at the first frame whose checksum is wrong. That is right for a torn end, and silently
//! loses commits where the frame was damaged later. Format: <https://sqlite.org/fileformat2.html#walformat>.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::mem;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// What a log holds up to its last commit.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Log {
    /// Of this life of the log. The first grows by one each time that the log begins anew.
    pub salts: (u32, u32),
    /// Frames up to the last commit.
    pub frames: u32,
    /// The newest content of each page that is in it, as its sum.
    pub sums: BTreeMap<u32, u32>,
    /// Pages of the database after the last commit.
    pub pages: u32,
    /// Commits follow behind a frame that cannot be read.
    pub broken: bool,
}

/// The sum of a page: tells damage, not malice.
pub(super) fn sum(page: &[u8]) -> u32 {
    crc32fast::hash(page)
}

/// Reads a log; None where there is none, or none that was ever begun.
pub(super) fn read(path: &Path) -> io::Result<Option<Log>> {
    match fs::read(path) {
        Ok(bytes) => Ok(parse(&bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The newest pages in the first frames of a log, which SQLite has told to be committed: nothing is verified, and only what
/// is newest is read.
pub(super) fn newest(file: &File, page_size: u32, frames: u32) -> io::Result<Log> {
    let mut header = [0; HEADER];
    file.read_exact_at(&mut header, 0)?;
    let mut log = Log { salts: pair(&header, 16), ..Log::default() };
    let frame_size = FRAME_HEADER as u64 + u64::from(page_size);
    let start_of = |frame: u32| HEADER as u64 + u64::from(frame - 1) * frame_size;
    let (mut newest, mut open) = (BTreeMap::new(), BTreeMap::new());
    for frame in 1..=frames {
        let mut header = [0; FRAME_HEADER];
        file.read_exact_at(&mut header, start_of(frame))?;
        if pair(&header, 8) != log.salts {
            break;
        }
        open.insert(word(&header, 0), frame);
        if word(&header, 4) != 0 {
            newest.extend(mem::take(&mut open));
            log.frames = frame;
            log.pages = word(&header, 4);
        }
    }
    let mut bytes = vec![0; page_size as usize];
    for (page, frame) in newest {
        file.read_exact_at(&mut bytes, start_of(frame) + FRAME_HEADER as u64)?;
        log.sums.insert(page, sum(&bytes));
    }
    Ok(log)
}

fn parse(bytes: &[u8]) -> Option<Log> {
    let header = bytes.get(..HEADER)?;
    let big_endian = match word(header, 0) {
        0x377f_0682 => false,
        0x377f_0683 => true,
        _ => return None,
    };
    let page_size = word(header, 8) as usize;
    let first = checksum(big_endian, (0, 0), &header[..24]);
    if !page_size.is_power_of_two() || !(512..=65_536).contains(&page_size) || first != pair(header, 24) {
        return None;
    }
    let salts = pair(header, 16);
    let mut log = Log { salts, ..Log::default() };
    let mut frames = bytes[HEADER..].chunks_exact(FRAME_HEADER + page_size).zip(1..);
    let valid = |frame: &[u8], before: (u32, u32)| {
        // The salts first: most of what lies behind the end is of an earlier life, and not worth its sum.
        pair(frame, 8) == salts && word(frame, 0) != 0 && {
            let sum = checksum(big_endian, checksum(big_endian, before, &frame[..8]), &frame[FRAME_HEADER..]);
            sum == pair(frame, 16)
        }
    };
    let mut before = first;
    let mut open = BTreeMap::new();
    for (frame, number) in frames.by_ref() {
        // What a frame says of itself: where it is damaged, the next one still follows from it.
        let stored = pair(frame, 16);
        if !valid(frame, before) {
            before = stored;
            break;
        }
        before = stored;
        open.insert(word(frame, 0), sum(&frame[FRAME_HEADER..]));
        if word(frame, 4) != 0 {
            // `append` would go through all that is there already, for each commit.
            log.sums.extend(mem::take(&mut open));
            log.frames = number;
            log.pages = word(frame, 4);
        }
    }
    // A commit is on the disk before the next transaction writes its first frame. So a commit with a frame that
    // follows from it was once complete, and what is before it cannot be a torn end.
    let mut commit_before = false;
    for (frame, _) in frames {
        let follows = valid(frame, before);
        log.broken |= follows && commit_before;
        commit_before = follows && word(frame, 4) != 0;
        before = pair(frame, 16);
    }
    Some(log)
}

fn checksum(big_endian: bool, (mut a, mut b): (u32, u32), bytes: &[u8]) -> (u32, u32) {
    let number = if big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
    for &[a0, a1, a2, a3, b0, b1, b2, b3] in bytes.as_chunks().0 {
        a = a.wrapping_add(number([a0, a1, a2, a3])).wrapping_add(b);
        b = b.wrapping_add(number([b0, b1, b2, b3])).wrapping_add(a);
    }
    (a, b)
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn pair(bytes: &[u8], at: usize) -> (u32, u32) {
    (word(bytes, at), word(bytes, at + 4))
}
