//! Copies of all contents, for backups. A content is called after its hash, so each copy can be held against its name.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::{PIECE, hex};

/// How the name of a file ends that is not all there.
const HALF: &str = ".copy";

/// What a copy has done so far.
#[derive(Debug, Default)]
pub struct Copied {
    /// How many contents were copied, beside their small pictures.
    pub files: u64,
    /// How many bytes that were, with the pictures.
    pub bytes: u64,
    /// Contents that are not what they are called after, which are not copied.
    pub damaged: Vec<String>,
}

/// Copies all contents and small pictures of one `files` directory into another, but for those that are there already.
/// What was copied is on the disk, also when it is broken off; what is there is whole. Uploads on their way are left out.
/// `told` hears of each file.
///
/// # Errors
/// When something cannot be read or written. What is gone when its turn comes was removed meanwhile, and is no error.
pub fn copy_files(from: &Path, to: &Path, mut told: impl FnMut(&Copied)) -> io::Result<Copied> {
    let mut copied = Copied::default();
    for folder in fs::read_dir(from)? {
        let folder = folder?;
        // Contents lie in folders of the first two digits of their names, and everything else elsewhere.
        if folder.file_name().len() != 2 || !folder.file_type()?.is_dir() {
            continue;
        }
        let into = to.join(folder.file_name());
        private(&into)?;
        for file in fs::read_dir(folder.path())? {
            let name = file?.file_name();
            let (Some(text), place) = (name.to_str(), into.join(&name)) else { continue };
            // What another copy was killed at is not taken for a file, and is written over.
            if place.exists() || text.ends_with(HALF) {
                continue;
            }
            let fresh = into.join(format!("{text}{HALF}"));
            let (bytes, sha256) = match copy_one(&folder.path().join(&name), &fresh) {
                Ok(done) => done,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            // A small picture is called after what it is a picture of.
            let is_content = text.len() == sha256.len();
            if is_content && text != sha256 {
                fs::remove_file(&fresh)?;
                copied.damaged.push(text.to_owned());
                continue;
            }
            fs::rename(&fresh, &place)?;
            copied.files += u64::from(is_content);
            copied.bytes += bytes;
            told(&copied);
        }
        #[cfg(unix)]
        File::open(&into)?.sync_all()?;
    }
    Ok(copied)
}

/// Copies one file; how long it is, and its hash.
fn copy_one(from: &Path, to: &Path) -> io::Result<(u64, String)> {
    let mut reader = File::open(from)?;
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut writer = options.open(to)?;
    let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
    loop {
        let read = reader.read(&mut piece)?;
        if read == 0 {
            break;
        }
        hash.update(&piece[..read]);
        writer.write_all(&piece[..read])?;
        bytes += read as u64;
    }
    writer.sync_all()?;
    Ok((bytes, hex(&hash.finalize())))
}

/// A directory, and those that it is in, for this user alone.
fn private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}
