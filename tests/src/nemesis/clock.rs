//! A wall clock that can be moved under a running server, through libfaketime.

use std::path::{Path, PathBuf};

use anyhow::Result;

/// Where Debian's package `faketime` puts it, and what other systems call it.
const LIBRARIES: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];

/// The clock of one server. The monotonic clock stays true, as it does when somebody sets a machine's time.
#[derive(Debug)]
pub struct FakeClock {
    file: PathBuf,
    library: &'static str,
}

impl FakeClock {
    /// One that is right; None where libfaketime is not installed.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn new(dir: &Path) -> Result<Option<Self>> {
        let Some(library) = LIBRARIES.into_iter().find(|library| Path::new(library).exists()) else { return Ok(None) };
        let clock = Self { file: dir.join("clock"), library };
        clock.jump(0)?;
        Ok(Some(clock))
    }

    /// The environment of a server that lives by it.
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        let file = self.file.to_string_lossy().into_owned();
        [
            ("LD_PRELOAD", self.library),
            ("FAKETIME_TIMESTAMP_FILE", &file),
            ("FAKETIME_CACHE_DURATION", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// From now on the clock is wrong by this many seconds.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn jump(&self, seconds: i64) -> Result<()> {
        // Renamed into place: a server must never read half of it.
        let fresh = self.file.with_extension("new");
        std::fs::write(&fresh, format!("{seconds:+}\n"))?;
        Ok(std::fs::rename(fresh, &self.file)?)
    }
}
