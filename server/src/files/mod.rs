//! Files on the disk: received into a temporary place, looked at, and kept once under the hash of their content.
//!
//! **Invariants.** What people call a file never names anything here. A content is in its place, on the disk, before a
//! row of the database names it, and is removed only after the last such row. Whatever is not named is temporary.

mod copy;
mod kind;
mod picture;
mod receive;
mod sweep;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use confab_protocol::file::FileInfo;
use confab_protocol::{Error, ErrorCode, FileId, Limits, UserId, text};
use sha2::{Digest as _, Sha256};
use tokio::fs;
use tokio::sync::Semaphore;

pub use copy::{Copied, copy_files};
pub use kind::{is_inline, of as kind_of};
pub use receive::{Receive, drain, receive};
pub use sweep::{PERIOD as SWEEP, sweep};

use crate::chat::now;
use crate::store::{NewFile, Store};

/// Files that are looked at (hashed, decoded) at once: each image may take 256 MiB for a moment.
const LOOKS: usize = 2;
/// Read at once while hashing.
const PIECE: usize = 256 * 1024;

/// The files of one server.
pub struct Files {
    root: PathBuf,
    /// How many bytes one account may keep.
    quota: u64,
    looks: Arc<Semaphore>,
    /// Held while a content gets or loses its name: a sweep must not remove what an upload is about to name.
    naming: tokio::sync::Mutex<()>,
    /// Uploads that somebody writes to.
    busy: Mutex<HashSet<FileId>>,
}

/// A temporary file, removed when this is dropped.
pub struct Temporary(PathBuf);

/// The right to write to an upload, of which there is one.
pub struct Busy<'a> {
    files: &'a Files,
    upload: FileId,
}

/// What a look at a content found.
struct Look {
    bytes: u64,
    sha256: String,
    mime: &'static str,
    picture: picture::Picture,
}

impl Files {
    /// In this data directory, with these limits.
    #[must_use]
    pub fn new(data: &Path, limits: &Limits) -> Self {
        Self {
            root: data.join("files"),
            quota: if limits.account_bytes == 0 { u64::MAX } else { limits.account_bytes },
            looks: Arc::new(Semaphore::new(LOOKS)),
            naming: tokio::sync::Mutex::default(),
            busy: Mutex::default(),
        }
    }

    /// How many bytes one account may keep; `u64::MAX` where there is no such limit.
    #[must_use]
    pub fn quota(&self) -> u64 {
        self.quota
    }

    /// How many bytes an account may still keep.
    ///
    /// # Errors
    /// `unavailable` when the database cannot be asked.
    pub async fn room_of(&self, store: &dyn Store, owner: &UserId) -> Result<u64, Error> {
        if self.quota == u64::MAX {
            return Ok(u64::MAX);
        }
        Ok(self.quota.saturating_sub(store.stored_bytes(owner).await?))
    }

    /// An empty temporary file.
    ///
    /// # Errors
    /// `unavailable` when the disk does not take it.
    pub async fn temporary(&self) -> Result<(Temporary, fs::File), Error> {
        let folder = self.folder("tmp").await?;
        let path = folder.join(FileId::generate().as_str());
        let file = open(&path).await?;
        Ok((Temporary(path), file))
    }

    /// What there is of an upload, made where nothing is yet, and how much that is.
    ///
    /// # Errors
    /// As [`Files::temporary`].
    pub async fn partial(&self, upload: &FileId) -> Result<(fs::File, u64), Error> {
        self.folder("uploads").await?;
        let file = open(&self.partial_path(upload)).await?;
        let length = file.metadata().await.map_err(|error| failed(&error))?.len();
        Ok((file, length))
    }

    /// How much there is of an upload.
    pub async fn offset(&self, upload: &FileId) -> u64 {
        fs::metadata(self.partial_path(upload)).await.map_or(0, |metadata| metadata.len())
    }

    /// Removes what there is of an upload.
    pub async fn forget(&self, upload: &FileId) {
        remove(&self.partial_path(upload)).await;
    }

    /// The right to write to an upload; None while somebody else has it.
    pub fn begin(&self, upload: &FileId) -> Option<Busy<'_>> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.insert(upload.clone()).then(|| Busy { files: self, upload: upload.clone() })
    }

    /// Keeps a temporary file for good.
    ///
    /// # Errors
    /// `unavailable` when the disk or the database does not take it, `too_large` when its owner has no room for it.
    pub async fn keep(
        &self,
        store: &dyn Store,
        owner: &UserId,
        name: &str,
        from: &Temporary,
    ) -> Result<FileInfo, Error> {
        self.keep_path(store, owner, name, &from.0, None).await
    }

    /// Keeps an upload of which all is there for good.
    ///
    /// # Errors
    /// As [`Files::keep`]; `not_found` when it was cancelled meanwhile.
    pub async fn finish(
        &self,
        store: &dyn Store,
        owner: &UserId,
        name: &str,
        upload: &FileId,
    ) -> Result<FileInfo, Error> {
        self.keep_path(store, owner, name, &self.partial_path(upload), Some(upload)).await
    }

    /// Where a content is.
    #[must_use]
    pub fn content(&self, sha256: &str) -> PathBuf {
        self.root.join(sha256.get(..2).unwrap_or("xx")).join(sha256)
    }

    /// Where the small picture of a content is.
    #[must_use]
    pub fn thumb(&self, sha256: &str) -> PathBuf {
        self.root.join(sha256.get(..2).unwrap_or("xx")).join(format!("{sha256}.thumb"))
    }

    async fn keep_path(
        &self,
        store: &dyn Store,
        owner: &UserId,
        name: &str,
        from: &Path,
        upload: Option<&FileId>,
    ) -> Result<FileInfo, Error> {
        let Look { bytes, sha256, mime, picture } = self.look(from.to_owned()).await?;
        let info = FileInfo {
            id: FileId::generate(),
            name: text::file_name(name),
            mime: mime.to_owned(),
            bytes,
            width: picture.size.map(|(width, _)| width),
            height: picture.size.map(|(_, height)| height),
            thumb: picture.thumb.is_some(),
            sha256,
        };
        let folder = self.folder(&info.sha256[..2]).await?;
        let _naming = self.naming.lock().await;
        if let Some(thumb) = picture.thumb {
            let fresh = self.folder("tmp").await?.join(FileId::generate().as_str());
            let written = write_whole(&fresh, &thumb, &self.thumb(&info.sha256)).await;
            if let Err(error) = written {
                remove(&fresh).await;
                return Err(failed(&error));
            }
        }
        fs::rename(from, self.content(&info.sha256)).await.map_err(|error| failed(&error))?;
        sync_folder(&folder).await.map_err(|error| failed(&error))?;
        let row = NewFile { info: info.clone(), owner: owner.clone(), created: now(), quota: self.quota };
        if let Err(error) = store.create_file(row, upload).await {
            self.unname(store, &info.sha256).await;
            return Err(error.into());
        }
        Ok(info)
    }

    async fn look(&self, path: PathBuf) -> Result<Look, Error> {
        let permit = self.looks.clone().acquire_owned().await.map_err(|_| internal())?;
        let look = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            look(&path)
        });
        look.await.map_err(|_| internal())?.map_err(|error| failed(&error))
    }

    /// Removes a content that no row names. `naming` is held by the caller.
    async fn unname(&self, store: &dyn Store, sha256: &str) {
        match store.has_content(sha256).await {
            Ok(false) => {
                remove(&self.content(sha256)).await;
                remove(&self.thumb(sha256)).await;
            }
            Ok(true) => {}
            Err(error) => tracing::warn!(%error, "a file that nothing names stays"),
        }
    }

    async fn folder(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.root.join(name);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        builder.mode(0o700);
        builder.recursive(true).create(&path).await.map_err(|error| failed(&error))?;
        Ok(path)
    }

    fn partial_path(&self, upload: &FileId) -> PathBuf {
        // An id from the store: our own hex digits, whatever a request said.
        self.root.join("uploads").join(upload.as_str())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // One system call; gone already when the file was kept.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.files.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.upload);
    }
}

/// What an error of the disk means for who waits for it.
pub fn failed(error: &io::Error) -> Error {
    tracing::error!(%error, "a file could not be read or written");
    let text = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::QuotaExceeded => {
            "The server's disk is full or read-only. Nothing was saved."
        }
        _ => "The server cannot reach its files right now.",
    };
    let mut error = Error::new(ErrorCode::Unavailable, text);
    error.retry_after_ms = Some(5_000);
    error
}

fn look(path: &Path) -> io::Result<Look> {
    use std::io::Read as _;
    let mut file = std::fs::File::open(path)?;
    let mut hash = Sha256::new();
    let (mut head, mut bytes, mut piece) = (Vec::new(), 0, vec![0; PIECE]);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        if bytes == 0 {
            head.extend_from_slice(&piece[..read.min(kind::HEAD)]);
        }
        hash.update(&piece[..read]);
        bytes += read as u64;
    }
    file.sync_all()?;
    let mime = kind::of(&head);
    Ok(Look { bytes, sha256: hex(&hash.finalize()), mime, picture: picture::of(path, mime) })
}

/// As contents are named.
fn hex(hash: &[u8]) -> String {
    hash.iter().fold(String::with_capacity(2 * hash.len()), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

async fn open(path: &Path) -> Result<fs::File, Error> {
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(false).read(true).append(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path).await.map_err(|error| failed(&error))
}

/// Writes a file under one name and gives it another when it is on the disk.
async fn write_whole(fresh: &Path, data: &[u8], to: &Path) -> io::Result<()> {
    use tokio::io::AsyncWriteExt as _;
    let mut options = fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(fresh).await?;
    file.write_all(data).await?;
    file.sync_all().await?;
    fs::rename(fresh, to).await
}

#[cfg(unix)]
async fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder).await?.sync_all().await
}

#[cfg(not(unix))]
async fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

async fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path).await
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "a file could not be removed");
    }
}

fn internal() -> Error {
    Error::new(ErrorCode::Internal, "The server made a mistake. It is in its log.")
}
