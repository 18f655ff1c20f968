//! What the shell remembers between two starts: one JSON file without secrets, replaced as a whole.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use confab_client::view::{Account, Place, Settings};
use serde::{Deserialize, Serialize};

use crate::embedded::local_url;
use crate::frame::Frame;

/// Everything as large as it was meant, in percent.
pub const ZOOM: u16 = 100;

/// The file could not be replaced. What was there before still is.
#[derive(Debug, thiserror::Error)]
#[error("the settings could not be saved in {}: {source}", path.display())]
pub struct SaveError {
    path: PathBuf,
    source: io::Error,
}

/// The content of the file. A field that is missing has its default, so that older files stay readable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    /// Names this installation in the keyring, so that two instances never share a token.
    pub installation: String,
    /// Who is signed in where. The token is elsewhere.
    pub account: Option<Account>,
    /// The place that was open last.
    pub place: Place,
    /// What the user chose about looks.
    pub settings: Settings,
    /// The user chose a file for the token.
    pub token_in_file: bool,
    /// This app hosts a server, and how.
    pub hosted: Option<Hosted>,
    /// Where the window was.
    pub frame: Option<Frame>,
    /// How large everything in it is, in percent.
    pub zoom: u16,
}

/// The server that this app hosts: how to start it again with the address that others know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hosted {
    /// The TCP port.
    pub port: u16,
    /// The owner's login.
    pub owner: String,
    /// Others on the network may connect: the user said so when they began to host.
    #[serde(default)]
    pub share: bool,
}

impl Default for Remembered {
    fn default() -> Self {
        Self {
            installation: uuid::Uuid::new_v4().simple().to_string(),
            account: None,
            place: Place::default(),
            settings: Settings::default(),
            token_in_file: false,
            hosted: None,
            frame: None,
            zoom: ZOOM,
        }
    }
}

impl Remembered {
    /// The hosted server listens on another port than before: whoever is signed in there follows.
    pub fn moved(&mut self, before: u16, now: u16) {
        if let Some(hosted) = &mut self.hosted {
            hosted.port = now;
        }
        if let Some(account) = self.account.as_mut().filter(|account| account.address == local_url(before)) {
            account.address = local_url(now);
        }
    }
}

/// The file, and what it holds.
#[derive(Debug)]
pub struct SettingsFile {
    path: PathBuf,
    now: Mutex<Remembered>,
}

impl SettingsFile {
    /// Reads the file. One that is missing gives the defaults, and so does one that cannot be read: it is put aside as
    /// `….unreadable` and the app starts.
    ///
    /// # Errors
    /// [`SaveError`] when not even a new file can be written.
    pub fn open(path: PathBuf) -> Result<Self, SaveError> {
        let found = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other),
            Err(error) => Err(error),
        };
        let now = found.unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(path = %path.display(), %error, "unreadable settings are put aside");
                let _ = std::fs::rename(&path, path.with_extension("json.unreadable"));
            }
            Remembered::default()
        });
        // Written at once: the installation's name must be the same at the next start.
        save(&path, &now)?;
        Ok(Self { path, now: Mutex::new(now) })
    }

    /// What is remembered now.
    #[must_use]
    pub fn read(&self) -> Remembered {
        self.lock().clone()
    }

    /// Changes it and writes it down. When that fails, nothing has changed.
    ///
    /// # Errors
    /// [`SaveError`] when the file cannot be replaced.
    pub fn change(&self, change: impl FnOnce(&mut Remembered)) -> Result<(), SaveError> {
        let mut now = self.lock();
        let mut next = now.clone();
        change(&mut next);
        if next != *now {
            save(&self.path, &next)?;
            *now = next;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        // A panic in a `change` closure leaves the old value in place: nothing to repair.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn save(path: &Path, remembered: &Remembered) -> Result<(), SaveError> {
    let json = serde_json::to_vec_pretty(remembered).map_err(io::Error::other);
    json.and_then(|json| replace(path, &json)).map_err(|source| SaveError { path: path.to_owned(), source })
}

/// Puts new content in the place of a file, owner-only. Whoever reads it, also after a crash, sees the old content or the
/// new one, never a part.
///
/// # Errors
/// When the directory cannot be written to; the old content is then still there.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    // `tempfile` makes it with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    #[cfg(unix)]
    std::fs::File::open(dir)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use confab_client::view::Theme;

    fn hosted(port: u16) -> Hosted {
        Hosted { port, owner: "ada".into(), share: false }
    }

    #[test]
    fn what_was_saved_is_there_at_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.json");
        let first = SettingsFile::open(path.clone()).unwrap();
        first
            .change(|now| {
                now.settings.theme = Theme::Dark;
                now.hosted = Some(hosted(7300));
            })
            .unwrap();
        let second = SettingsFile::open(path.clone()).unwrap();
        assert_eq!(second.read(), first.read());
        assert_eq!(second.read().settings.theme, Theme::Dark);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let names: Vec<_> = dir.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["settings.json"], "no temporary file stays behind");
    }

    #[test]
    fn a_reader_never_sees_half_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.json");
        let file = SettingsFile::open(path.clone()).unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for port in 1..50 {
                    file.change(|now| now.hosted = Some(hosted(port))).unwrap();
                }
            });
            while !writer.is_finished() {
                serde_json::from_slice::<Remembered>(&std::fs::read(&path).unwrap()).unwrap();
            }
        });
    }

    #[test]
    fn a_change_that_cannot_be_written_did_not_happen() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("config");
        std::fs::create_dir(&inner).unwrap();
        let file = SettingsFile::open(inner.join("settings.json")).unwrap();
        let before = file.read();
        std::fs::remove_dir_all(&inner).unwrap();
        let error = file.change(|now| now.token_in_file = true).unwrap_err();
        assert!(error.to_string().contains("settings.json"), "{error}");
        assert_eq!(file.read(), before);
    }

    #[test]
    fn an_unreadable_file_is_put_aside_and_older_ones_are_filled_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.json");
        std::fs::write(&path, "{ half").unwrap();
        SettingsFile::open(path.clone()).unwrap();
        assert_eq!(std::fs::read_to_string(path.with_extension("json.unreadable")).unwrap(), "{ half");
        std::fs::write(&path, r#"{"token_in_file":true}"#).unwrap();
        let read = SettingsFile::open(path).unwrap().read();
        assert!(read.token_in_file && read.settings == Settings::default() && !read.installation.is_empty());
    }
}
