//! Files between the page and the disk. The page has keys, never paths: what the user chose in a dialog stays where it
//! is, and what was pasted or dropped becomes a copy in the cache until it is uploaded.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use confab_client::view::{Picked, ShellWords};
use confab_protocol::{Answer, Cause, Error, ErrorCode};
use tauri::async_runtime::Receiver;
use uuid::Uuid;

/// The system's dialogs, in these words. Each answers once; nothing when it was dismissed.
pub trait Dialogs: Send + Sync {
    /// Files to be read.
    fn open(&self, words: &ShellWords, images: bool, many: bool) -> Receiver<Vec<PathBuf>>;
    /// A place to save a file of this name to.
    fn save(&self, words: &ShellWords, name: &str) -> Receiver<PathBuf>;
}

/// What the user picked and did not upload yet, and the copies of what the page handed over.
pub struct Picks {
    copies: PathBuf,
    all: Mutex<HashMap<String, Pick>>,
}

/// A file that was picked.
#[derive(Debug, Clone)]
pub struct Pick {
    /// Where it is.
    pub path: PathBuf,
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

impl Picks {
    /// With copies in this folder. Those of a process before this one are of no use.
    #[must_use]
    pub fn new(copies: PathBuf) -> Self {
        drop(fs::remove_dir_all(&copies));
        Self { copies, all: Mutex::default() }
    }

    /// Notes a file that the user chose.
    ///
    /// # Errors
    /// `bad_request` for what is no plain file.
    pub fn choose(&self, path: PathBuf) -> Answer<Picked> {
        let metadata = fs::metadata(&path).map_err(|error| unreadable(&error))?;
        if !metadata.is_file() {
            return Err(Error::bad_request("Only files can be uploaded, not folders.").because(Cause::NotAFile));
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(self.keep(Pick { path, name, bytes: metadata.len() }))
    }

    /// Begins a copy of what the page holds.
    ///
    /// # Errors
    /// `read_only` when the cache takes no file.
    pub fn begin(&self, name: String, bytes: u64) -> Answer<Picked> {
        let path = self.copies.join(Uuid::now_v7().simple().to_string());
        make_private(&self.copies).and_then(|()| create_private(&path)).map_err(|error| unwritable(&error))?;
        Ok(self.keep(Pick { path, name, bytes }))
    }

    /// Keeps a copy of what was pasted.
    ///
    /// # Errors
    /// `read_only` when the cache takes no file.
    pub fn copy(&self, name: String, data: &[u8]) -> Answer<Picked> {
        let picked = self.begin(name, data.len() as u64)?;
        fs::write(self.get(&picked.key)?.path, data).map_err(|error| unwritable(&error))?;
        Ok(picked)
    }

    /// The next piece of a copy, in base64.
    ///
    /// # Errors
    /// `not_found` for anything but a copy, `bad_request` for what is no base64 or more than was announced.
    pub fn piece(&self, key: &str, data: &str) -> Answer<()> {
        let pick = self.copied(key)?;
        let data = STANDARD.decode(data).map_err(|_| Error::bad_request("A piece of a file comes in base64."))?;
        let mut file = fs::File::options().append(true).open(&pick.path).map_err(|error| unwritable(&error))?;
        let there = file.metadata().map_err(|error| unwritable(&error))?.len();
        if there + data.len() as u64 > pick.bytes {
            return Err(Error::bad_request("The file is longer than it said."));
        }
        file.write_all(&data).map_err(|error| unwritable(&error))
    }

    /// A picked file, which can be uploaded if all of it is there.
    ///
    /// # Errors
    /// `not_found`.
    pub fn get(&self, key: &str) -> Answer<Pick> {
        self.all().get(key).cloned().ok_or_else(Error::not_found)
    }

    /// A copy of what the page holds: never a file of the user's own.
    ///
    /// # Errors
    /// `not_found` for anything else.
    pub fn copied(&self, key: &str) -> Answer<Pick> {
        let pick = self.get(key)?;
        if pick.path.starts_with(&self.copies) { Ok(pick) } else { Err(Error::not_found()) }
    }

    /// Writes a copy to where the user said.
    ///
    /// # Errors
    /// `not_found` for anything but a copy, `read_only` when it cannot be written there.
    pub fn save(&self, key: &str, path: &Path) -> Answer<()> {
        fs::copy(self.copied(key)?.path, path).map(drop).map_err(|error| unwritable(&error))
    }

    /// Forgets a picked file, and removes its copy.
    pub fn forget(&self, key: &str) {
        if let Some(pick) = self.all().remove(key)
            && pick.path.starts_with(&self.copies)
        {
            drop(fs::remove_file(pick.path));
        }
    }

    fn keep(&self, pick: Pick) -> Picked {
        let key = Uuid::now_v7().simple().to_string();
        let picked = Picked { key: key.clone(), name: pick.name.clone(), bytes: pick.bytes };
        self.all().insert(key, pick);
        picked
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Pick>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Picks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picks").field("count", &self.all().len()).finish_non_exhaustive()
    }
}

/// Makes a folder that only this user can look into.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

fn create_private(path: &Path) -> io::Result<()> {
    let mut options = fs::File::options();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn unreadable(error: &io::Error) -> Error {
    Error::new(ErrorCode::NotFound, format!("The file cannot be read: {error}.")).because(Cause::Disk)
}

pub(crate) fn unwritable(error: &io::Error) -> Error {
    Error::new(ErrorCode::ReadOnly, format!("The file cannot be copied: {error}.")).because(Cause::Disk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_page_made_is_saved_for_it() {
        let home = tempfile::tempdir().unwrap();
        let picks = Picks::new(home.path().join("picked"));
        let own = home.path().join("own.txt");
        fs::write(&own, "of the user").unwrap();
        let (to, chosen) = (home.path().join("saved.json"), picks.choose(own).unwrap());
        assert_eq!(picks.save(&chosen.key, &to).unwrap_err().code, ErrorCode::NotFound);
        let made = picks.copy("report.json".into(), b"{}").unwrap();
        picks.save(&made.key, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"{}");
        picks.forget(&made.key);
        assert_eq!(picks.save(&made.key, &to).unwrap_err().code, ErrorCode::NotFound);
    }
}
