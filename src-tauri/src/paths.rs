//! Where things are kept: data, configuration and cache, each a directory that only its owner may enter.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

/// The variable that puts everything beneath one directory instead: a second instance, a test, a USB stick.
pub const HOME: &str = "CONFAB_HOME";

/// Nothing can be kept anywhere.
#[derive(Debug, thiserror::Error)]
pub enum PathsError {
    /// The system does not say where this user's files belong.
    #[error("this user has no home directory; set {HOME} to a directory to use")]
    NoHome,
    /// A directory could not be made or closed to others.
    #[error("{} cannot be used: {source}", path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The three directories. All of them exist, with mode 0700.
#[derive(Debug, Clone)]
pub struct Paths {
    data: PathBuf,
    config: PathBuf,
    cache: PathBuf,
}

impl Paths {
    /// The directories of this user, or those beneath `CONFAB_HOME`.
    ///
    /// # Errors
    /// [`PathsError`] when there is no place, or it cannot be used.
    pub fn of_this_user() -> Result<Self, PathsError> {
        Self::choose(std::env::var_os(HOME))
    }

    /// `data`, `config` and `cache` beneath one directory.
    ///
    /// # Errors
    /// [`PathsError::Unusable`] when one of them cannot be made.
    pub fn beneath(home: &Path) -> Result<Self, PathsError> {
        let paths = Self { data: home.join("data"), config: home.join("config"), cache: home.join("cache") };
        own(home).map_err(|source| PathsError::Unusable { path: home.to_owned(), source })?;
        paths.create()
    }

    /// What must not be lost: the hosted server's database.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The data directory of the server that this app hosts.
    #[must_use]
    pub fn server(&self) -> PathBuf {
        self.data.join("server")
    }

    /// The databases of the accounts: unsent messages, and what was seen last.
    #[must_use]
    pub fn accounts(&self) -> PathBuf {
        self.data.join("accounts")
    }

    /// The tokens, where the user chose files over a keyring.
    #[must_use]
    pub fn tokens(&self) -> PathBuf {
        self.data.join("tokens")
    }

    /// The one token of versions that knew one account.
    #[must_use]
    pub fn old_token(&self) -> PathBuf {
        self.data.join("token")
    }

    /// What the user chose, and where they were.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.config.join("settings.json")
    }

    /// What the server can give again.
    #[must_use]
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    fn choose(home: Option<OsString>) -> Result<Self, PathsError> {
        if let Some(home) = home.filter(|home| !home.is_empty()) {
            return Self::beneath(Path::new(&home));
        }
        let dirs = ProjectDirs::from("", "", "confab").ok_or(PathsError::NoHome)?;
        Self {
            data: dirs.data_local_dir().to_owned(),
            config: dirs.config_local_dir().to_owned(),
            cache: dirs.cache_dir().to_owned(),
        }
        .create()
    }

    fn create(self) -> Result<Self, PathsError> {
        for dir in [&self.data, &self.config, &self.cache] {
            own(dir).map_err(|source| PathsError::Unusable { path: dir.clone(), source })?;
        }
        Ok(self)
    }
}

/// Makes a directory and closes it to everybody else; one that exists with wider rights is narrowed.
pub(crate) fn own(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_home_holds_everything_and_is_closed_to_others() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().join("new/home");
        let paths = Paths::choose(Some(home.clone().into())).unwrap();
        for dir in [&home, paths.data(), paths.cache(), paths.settings().parent().unwrap()] {
            assert!(dir.starts_with(&home));
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                assert_eq!(std::fs::metadata(dir).unwrap().permissions().mode() & 0o777, 0o700, "{}", dir.display());
            }
        }
        assert!(paths.server().starts_with(paths.data()) && paths.tokens().starts_with(paths.data()));
    }

    #[cfg(unix)]
    #[test]
    fn wider_rights_are_narrowed() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
        Paths::beneath(home.path()).unwrap();
        assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_place_that_cannot_be_used_is_named() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        std::fs::write(&file, "in the way").unwrap();
        let error = Paths::beneath(&file).unwrap_err();
        assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
    }
}
