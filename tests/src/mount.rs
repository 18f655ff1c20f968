//! Small file systems of a test's own, to be filled up or to break. They need root; without it a test says so.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// A mounted file system, gone with this. Whatever runs on it must end first.
#[derive(Debug)]
pub struct Mount {
    at: PathBuf,
    dir: TempDir,
}

impl Mount {
    /// A file system in memory of this many KiB; None, and a word to whoever runs the tests, where it cannot be had.
    ///
    /// # Errors
    /// When there is no temporary directory.
    pub fn tmpfs(kib: u32) -> Result<Option<Self>> {
        let mount = Self::directory()?;
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={kib}k,mode=700"), "confab-test"]).arg(&mount.at);
        mount.mounted("a full disk", &mut command)
    }

    /// An ext4 in a file, whose kernel side can be made to give up: see [`Mount::abort`].
    ///
    /// # Errors
    /// When there is no temporary directory.
    pub fn ext4() -> Result<Option<Self>> {
        let mount = Self::directory()?;
        File::create(mount.image())?.set_len(16 << 20)?;
        let made = Command::new("mkfs.ext4").arg("-q").arg(mount.image()).output();
        if !made.is_ok_and(|made| made.status.success()) {
            skipped("a disk that turns read-only", "there is no mkfs.ext4");
            return Ok(None);
        }
        let mut command = Command::new("mount");
        command.args(["-o", "loop"]).arg(mount.image()).arg(&mount.at);
        mount.mounted("a disk that turns read-only", &mut command)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.at
    }

    /// Fills what is free with a file.
    ///
    /// # Errors
    /// When the file cannot even be made.
    pub fn fill(&self) -> Result<()> {
        let mut file = File::create(self.ballast())?;
        // Byte by byte in the end: not a page must be left.
        for chunk in [vec![0; 64 << 10], vec![0; 4 << 10], vec![0; 1]] {
            while file.write_all(&chunk).is_ok() {}
        }
        Ok(())
    }

    /// Takes that file away again.
    ///
    /// # Errors
    /// When it is not there.
    pub fn make_room(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.ballast())?)
    }

    /// Gives a tmpfs this many KiB.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn grow(&self, kib: u32) -> Result<()> {
        self.remount(&format!("remount,size={kib}k"))
    }

    /// Makes it read-only, or writable again. Refused by the kernel while a file on it is open for writing.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn read_only(&self, on: bool) -> Result<()> {
        self.remount(if on { "remount,ro" } else { "remount,rw" })
    }

    /// What ext4 does when its disk fails: every write is refused from now on, to files that are open too.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn abort(&self) -> Result<()> {
        self.remount("remount,abort")
    }

    /// Takes it away and mounts it anew, as after a repair.
    ///
    /// # Errors
    /// When something still uses it.
    pub fn again(&self) -> Result<()> {
        run(Command::new("umount").arg(&self.at))?;
        // A copy: a test beside this one that runs something in a network namespace has its own view of all mounts, this one
        // among them, and as long as it lasts the kernel would hand out the broken file system of the old image again.
        let copy = self.image().with_extension("copy");
        std::fs::copy(self.image(), &copy)?;
        std::fs::rename(copy, self.image())?;
        // Says with its exit code that it has mended something; whether it has, shows in what follows.
        Command::new("e2fsck").arg("-fy").arg(self.image()).output().context("e2fsck")?;
        run(Command::new("mount").args(["-o", "loop,rw"]).arg(self.image()).arg(&self.at))?;
        File::create(self.ballast()).context("it is still read-only")?;
        self.make_room()
    }

    fn directory() -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("confab-disk-").tempdir()?;
        let at = dir.path().join("disk");
        std::fs::create_dir(&at)?;
        Ok(Self { at, dir })
    }

    fn mounted(self, what: &str, command: &mut Command) -> Result<Option<Self>> {
        match run(command) {
            Ok(()) => Ok(Some(self)),
            Err(error) => {
                skipped(what, &format!("{error:#}"));
                Ok(None)
            }
        }
    }

    fn remount(&self, options: &str) -> Result<()> {
        run(Command::new("mount").args(["-o", options]).arg(&self.at))
    }

    fn ballast(&self) -> PathBuf {
        self.at.join("ballast")
    }

    fn image(&self) -> PathBuf {
        self.dir.path().join("image")
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: a process that is being killed may still have it open. Where nothing was mounted, nothing happens.
        let _ = Command::new("umount").arg("--lazy").arg(&self.at).output();
    }
}

/// Says that something could not be tried here, and why: in the test's output, and at the end of `make test`.
pub fn skipped(what: &str, why: &str) {
    eprintln!("SKIPPED: {what}: {why}");
    if let Some(list) = std::env::var_os("CONFAB_SKIPPED")
        && let Ok(mut list) = File::options().append(true).create(true).open(list)
    {
        // The output has it too.
        let _ = writeln!(list, "  {what}: {}", why.trim());
    }
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
