//! The token that lets one person become the owner of a new server.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use confab_protocol::account::Secret;

use super::token;

/// The token of a server without an owner.
pub struct SetupToken {
    token: Secret,
    file: PathBuf,
}

impl SetupToken {
    /// The configured token, or the one kept in the data directory from an earlier start, or a new one.
    ///
    /// # Errors
    /// When the data directory cannot be read or written.
    pub fn load(data: &Path, configured: Option<&Secret>) -> std::io::Result<Self> {
        let file = data.join("setup-token");
        if let Some(token) = configured {
            return Ok(Self { token: token.clone(), file });
        }
        match std::fs::read_to_string(&file) {
            Ok(kept) if !kept.trim().is_empty() => return Ok(Self { token: Secret(kept.trim().to_owned()), file }),
            Ok(_) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
        let token = token::generate().map_err(std::io::Error::other)?;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&file)?.write_all(token.0.as_bytes())?;
        Ok(Self { token, file })
    }

    /// The token, to print it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.token.0
    }

    /// Whether this is the token.
    #[must_use]
    pub fn fits(&self, offered: &Secret) -> bool {
        token::same(&self.token.0, &offered.0)
    }

    /// Forgets it: the server has an owner now.
    pub fn forget(&self) {
        if let Err(error) = std::fs::remove_file(&self.file)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the setup token could not be removed; it is of no use any more");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_keeps_the_token_and_setup_removes_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = SetupToken::load(dir.path(), None).unwrap();
        let again = SetupToken::load(dir.path(), None).unwrap();
        assert_eq!(first.reveal(), again.reveal());
        assert!(first.fits(&Secret(again.reveal().into())) && !first.fits(&Secret("x".into())));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(dir.path().join("setup-token")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        first.forget();
        assert_ne!(SetupToken::load(dir.path(), None).unwrap().reveal(), first.reveal());
        assert_eq!(SetupToken::load(dir.path(), Some(&Secret("mine".into()))).unwrap().reveal(), "mine");
    }
}
