//! The main file, held against the sums of its pages.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;
use std::thread;

use crate::store::sqlite::wal::{Log, sum};

/// Pages that are read at once: few calls, and little enough to stay in the processor's cache until it is summed up.
const BLOCK: usize = 64;

/// What the main file must hold.
pub(super) struct Expected {
    pub page_size: u32,
    /// Of each page, from the first.
    pub sums: Vec<u32>,
    /// Pages that are read from there, whatever the main file says.
    pub log: Option<Log>,
}

impl Expected {
    /// Out of the rest of a seal.
    pub fn new(page_size: u32, sums: &[u8], log: Option<Log>) -> Self {
        let sums = sums.chunks_exact(4).map(|s| u32::from_le_bytes([s[0], s[1], s[2], s[3]])).collect();
        Self { page_size, sums, log }
    }

    /// What is wrong with the file. On all cores: the disk and one core would be half as fast, and the start waits.
    pub fn compare(&self, main: &Path) -> io::Result<Option<String>> {
        let parts = thread::available_parallelism().map_or(1, usize::from).min(8);
        let part = self.sums.len().div_ceil(parts).max(1);
        thread::scope(|scope| {
            let looking: Vec<_> = (0..parts)
                .map(|n| {
                    let end = if n + 1 == parts { usize::MAX } else { (n + 1) * part };
                    scope.spawn(move || self.compare_part(main, n * part, end, || ControlFlow::Continue(())))
                })
                .collect();
            let found = looking.into_iter().map(|it| it.join().unwrap_or_else(|_| Err(io::Error::other("a panic"))));
            found.collect::<io::Result<Vec<_>>>().map(|found| found.into_iter().flatten().next())
        })
    }

    /// The pages from this place to that one, counted from 0, or to the end of the file. After each block `go_on` may
    /// break it off, with nothing found.
    pub fn compare_part(
        &self,
        main: &Path,
        from: usize,
        to: usize,
        mut go_on: impl FnMut() -> ControlFlow<()>,
    ) -> io::Result<Option<String>> {
        let size = self.page_size as usize;
        let mut main = File::open(main)?;
        main.seek(SeekFrom::Start((from * size) as u64))?;
        let mut block = vec![0; BLOCK * size];
        let mut at = from;
        while at < to {
            let wanted = (to - at).min(BLOCK);
            let read = fill(&mut main, &mut block[..wanted * size])?;
            for (page, start) in (at..at + wanted).zip((0..).step_by(size)) {
                let bytes = &block[start.min(read)..(start + size).min(read)];
                let number = u32::try_from(page + 1).unwrap_or(u32::MAX);
                match (bytes.len(), self.sums.get(page)) {
                    (0, None) => return Ok(None),
                    _ if self.log.as_ref().is_some_and(|log| log.sums.contains_key(&number)) => {}
                    (0, Some(_)) => return Ok(Some(format!("the file is cut off before page {number}"))),
                    (len, Some(expected)) if len == size && sum(bytes) == *expected => {}
                    (_, Some(_)) => return Ok(Some(format!("page {number} is not what was written"))),
                    (_, None) => return Ok(Some(format!("page {number} was not written by us"))),
                }
            }
            at += wanted;
            if go_on().is_break() {
                break;
            }
        }
        Ok(None)
    }
}

/// The sums of a file as it is, as they stand in a seal.
pub(super) fn sums(main: &Path, page_size: u32) -> io::Result<Vec<u8>> {
    let size = page_size as usize;
    let mut main = File::open(main)?;
    let mut block = vec![0; BLOCK * size];
    let mut sums = Vec::new();
    loop {
        let read = fill(&mut main, &mut block)?;
        block[..read].chunks_exact(size).for_each(|page| sums.extend(sum(page).to_le_bytes()));
        if read < block.len() {
            return Ok(sums);
        }
    }
}

/// Reads as much as there is room for, or what is left of the file.
fn fill(file: &mut impl Read, block: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < block.len() {
        match file.read(&mut block[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
