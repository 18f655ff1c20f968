//! Down: into a file beside the wished-for one, from where the last attempt ended, renamed when its hash is right.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use confab_protocol::file::FileInfo;
use confab_protocol::{Cause, Error, ErrorCode};
use reqwest::{Method, StatusCode, header};
use sha2::{Digest as _, Sha256};
use tokio::fs;
use tokio::io::AsyncWriteExt as _;

use super::{PATIENCE, disk};
use crate::http::Http;

/// No download takes this long; each of its steps has a limit of its own.
const WHOLE: Duration = Duration::from_secs(24 * 60 * 60);
/// Progress is told after so many bytes.
const STEP: u64 = 512 * 1024;

/// Goes on from what there is, to the end or the first error.
pub(super) async fn go(http: &Http, info: &FileInfo, to: &Path, moved: &(dyn Fn(u64) + Sync)) -> Result<(), Error> {
    let partial = partial(to);
    let cannot = |error: io::Error| disk("The file cannot be saved", &error);
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    let mut file = options.open(&partial).await.map_err(cannot)?;
    let mut at = file.metadata().await.map_err(cannot)?.len();
    if at > info.bytes {
        file.set_len(0).await.map_err(cannot)?;
        at = 0;
    }
    if at < info.bytes {
        let request = http
            .request(Method::GET, &format!("/files/{}", info.id))
            .timeout(WHOLE)
            .header(header::RANGE, format!("bytes={at}-"))
            .header(header::IF_RANGE, format!("\"{}\"", info.sha256));
        let mut response = http.open(request).await?;
        if response.status() != StatusCode::PARTIAL_CONTENT {
            file.set_len(0).await.map_err(cannot)?;
            at = 0;
        }
        let mut told = at;
        moved(at);
        while at < info.bytes {
            let chunk = tokio::time::timeout(PATIENCE, response.chunk()).await;
            let chunk = match chunk {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None) | Err(_)) | Err(_) => {
                    file.flush().await.map_err(cannot)?;
                    return Err(Error::new(ErrorCode::Unavailable, "The connection broke in the middle of the file."));
                }
            };
            file.write_all(&chunk).await.map_err(cannot)?;
            at += chunk.len() as u64;
            if at - told >= STEP || at >= info.bytes {
                told = at;
                moved(at);
            }
        }
    }
    file.flush().await.map_err(cannot)?;
    file.sync_all().await.map_err(cannot)?;
    drop(file);
    let (path, expected) = (partial.clone(), info.sha256.clone());
    let same = tokio::task::spawn_blocking(move || Ok(hash(&path)? == expected)).await;
    if !same.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(cannot)? {
        give_up(to).await;
        return Err(Error::bad_request("What came is not what the server said. Try again.").because(Cause::FileBroken));
    }
    fs::rename(&partial, to).await.map_err(cannot)
}

/// Whether this file is at this path, with its content.
pub(super) async fn is_there(info: &FileInfo, path: &Path) -> bool {
    if fs::metadata(path).await.is_ok_and(|metadata| metadata.len() == info.bytes) {
        let (path, expected) = (path.to_owned(), info.sha256.clone());
        let same = tokio::task::spawn_blocking(move || hash(&path).is_ok_and(|hash| hash == expected)).await;
        return same.unwrap_or(false);
    }
    false
}

/// Removes what there is.
pub(super) async fn give_up(to: &Path) {
    drop(fs::remove_file(partial(to)).await);
}

fn partial(to: &Path) -> PathBuf {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    to.with_file_name(name)
}

fn hash(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(&mut io::BufReader::with_capacity(STEP as usize, std::fs::File::open(path)?), &mut hash)?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
