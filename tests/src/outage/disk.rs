//! A disk that loses power: what was flushed is there, of the rest any part.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use super::trace::{Does, Step};

/// What a disk writes at once.
const SECTOR: usize = 512;

/// The files of a data directory, by name.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// Reads the files of a directory. `-shm` is left out, since SQLite makes it anew.
pub(super) fn files_of(dir: &Path) -> Result<Files> {
    let mut files = Files::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() && !name.ends_with("-shm") {
            files.insert(name, std::fs::read(entry.path())?);
        }
    }
    Ok(files)
}

/// Makes a directory hold these files and nothing else.
pub(super) fn put(files: &Files, dir: &Path) -> Result<()> {
    if dir.exists() {
        std::fs::remove_dir_all(dir)?;
    }
    std::fs::create_dir_all(dir)?;
    for (name, bytes) in files {
        std::fs::write(dir.join(name), bytes)?;
    }
    Ok(())
}

/// A disk while a server writes to it.
pub(super) struct Disk {
    durable: Files,
    /// What no flush has followed yet.
    pending: Vec<Step>,
}

impl Disk {
    /// Everything on it is durable.
    pub(super) fn new(durable: Files) -> Self {
        Self { durable, pending: Vec::new() }
    }

    /// Whether anything could be lost.
    pub(super) fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }

    /// The next step of the server.
    pub(super) fn take(&mut self, step: &Step) {
        let Does::Flush = step.does else { return self.pending.push(step.clone()) };
        let (flushed, rest) = std::mem::take(&mut self.pending).into_iter().partition(|p| p.file == step.file);
        self.pending = rest;
        flushed.iter().for_each(|step| apply(&mut self.durable, step, |_| true));
    }

    /// What it holds after power was lost now, as drawn: nothing, all, the first part or any part of what was not
    /// flushed, down to the sector.
    pub(super) fn after_outage(&self, rng: &mut fastrand::Rng) -> Files {
        let mut files = self.durable.clone();
        let (how, kept) = (rng.u8(..5), rng.usize(..=self.pending.len()));
        for (at, step) in self.pending.iter().enumerate() {
            match how {
                0 => {}
                1 => apply(&mut files, step, |_| true),
                2 if at < kept => apply(&mut files, step, |_| true),
                3 if rng.bool() => apply(&mut files, step, |_| true),
                4 => apply(&mut files, step, |_| rng.u8(..8) > 0),
                _ => {}
            }
        }
        files
    }
}

/// Does what the step says, as far as `keeps` says so of each sector.
fn apply(files: &mut Files, step: &Step, mut keeps: impl FnMut(usize) -> bool) {
    let file = files.entry(step.file.clone()).or_default();
    match &step.does {
        Does::Flush => {}
        Does::Resize(len) => {
            if keeps(0) {
                file.resize(*len, 0);
            }
        }
        Does::Write(from, bytes) => {
            let mut at = *from;
            let end = from + bytes.len();
            while at < end {
                let next = ((at / SECTOR + 1) * SECTOR).min(end);
                if keeps(at / SECTOR) {
                    // What lies between the old end and a sector that was kept reads as zeros.
                    file.resize(file.len().max(next), 0);
                    file[at..next].copy_from_slice(&bytes[at - from..next - from]);
                }
                at = next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_flushed_is_there_and_of_the_rest_any_part() {
        let step = |file: &str, does| Step { at: 0, file: file.into(), does };
        let mut disk = Disk::new(Files::from([("a".into(), vec![1; 600])]));
        disk.take(&step("a", Does::Write(0, vec![2; 600])));
        disk.take(&step("b", Does::Write(0, vec![3; 2])));
        disk.take(&step("a", Does::Flush));
        assert!(!disk.is_settled());
        disk.take(&step("a", Does::Write(100, vec![4; 1_000])));
        let mut rng = fastrand::Rng::with_seed(1);
        let (mut whole, mut torn, mut none) = (0, 0, 0);
        for _ in 0..200 {
            let files = disk.after_outage(&mut rng);
            let a = &files["a"];
            assert!(a[..100].iter().all(|byte| *byte == 2), "what was flushed is there");
            let written = a.iter().filter(|byte| **byte == 4).count();
            whole += u32::from(written == 1_000);
            none += u32::from(written == 0);
            torn += u32::from(written > 0 && written < 1_000);
        }
        assert!(whole > 0 && torn > 0 && none > 0, "{whole} {torn} {none}");
    }
}
