//! What becomes of a damaged database: it is set aside under another name, never deleted, and never served.

use std::fs;
use std::path::{Path, PathBuf};

use super::schema::file_error;
use super::seal::sibling;
use crate::store::{Result, StoreError};

/// The files of a database besides the main one.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-seal"];

/// Renames a database with all that belongs to it; under which name. None when it was never ours to begin with: it has
/// no seal.
///
/// # Errors
/// When it cannot be renamed.
pub(in crate::store) fn set_aside(database: &Path) -> Result<Option<PathBuf>> {
    if !sibling(database, "-seal").exists() {
        return Ok(None);
    }
    let kept = names(database).find(|kept| !kept.exists()).unwrap_or_else(|| sibling(database, ".damaged"));
    let rename = |from: &Path, to: &Path| match fs::rename(from, to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(file_error(from, &error)),
        Ok(()) | Err(_) => Ok(()),
    };
    // The main file first: from then on no start can take what is left for a sound database.
    rename(database, &kept)?;
    for suffix in BESIDE {
        rename(&sibling(database, suffix), &sibling(&kept, suffix))?;
    }
    Ok(Some(kept))
}

/// An empty server in the place of a damaged one would look as if everything were lost: somebody has to decide.
pub(super) fn refuse_to_begin_anew(database: &Path) -> Result<()> {
    match names(database).take_while(|kept| kept.exists()).last() {
        Some(kept) if !database.exists() => Err(StoreError::SetAside(kept)),
        _ => Ok(()),
    }
}

fn names(database: &Path) -> impl Iterator<Item = PathBuf> {
    (1..1000).map(|n: u32| sibling(database, &format!(".damaged-{n}")))
}
