//! A small disk of its own for the data, which can be filled to the last byte.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Room for a long run: the logs of some hundred thousand messages.
const SIZE: &str = "size=768m,mode=0700";

/// A tmpfs. It is unmounted when it is dropped.
#[derive(Debug)]
pub struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Mounts one at this path, which is made; None when that is not allowed here (it needs root).
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn mount(path: &Path) -> Result<Option<Self>> {
        std::fs::create_dir_all(path)?;
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(path).output();
        let mounted = mounted.is_ok_and(|output| output.status.success());
        Ok(mounted.then(|| Self { path: path.to_owned() }))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes until nothing fits any more.
    ///
    /// # Errors
    /// When it does not become full.
    pub fn fill(&self) -> Result<()> {
        let mut filler = File::create(self.filler())?;
        let mut piece = vec![0_u8; 1 << 20];
        for _ in 0..64 * 1024 {
            if filler.write_all(&piece).is_err() {
                if piece.len() <= 1 {
                    return Ok(());
                }
                // What a larger piece left over is filled with smaller ones.
                piece.truncate(piece.len() / 16);
                piece.resize(piece.len().max(1), 0);
            }
        }
        ensure!(false, "the disk never became full");
        Ok(())
    }

    /// Makes room again.
    ///
    /// # Errors
    /// When what filled it cannot be deleted.
    pub fn free(&self) -> Result<()> {
        std::fs::remove_file(self.filler()).context("the filler")
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server that is being killed may still hold files open.
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}
