//! Up: one piece after the other, each told where it belongs.

use std::io::SeekFrom;
use std::path::Path;

use confab_protocol::file::{FileInfo, Upload, UploadRequest};
use confab_protocol::{Cause, Error, ErrorCode, FileId};
use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::{PATIENCE, disk};
use crate::http::Http;

/// What is in memory of a file at a time, and how finely progress is told.
const PIECE: u64 = 512 * 1024;

/// How far an upload is, over all attempts.
#[derive(Debug, Default)]
pub(super) struct Progress {
    id: Option<FileId>,
}

impl Progress {
    /// Goes on from wherever the server is, to the end or the first error.
    pub async fn go(
        &mut self,
        http: &Http,
        path: &Path,
        name: &str,
        moved: &(dyn Fn(u64) + Sync),
    ) -> Result<FileInfo, Error> {
        let mut file = tokio::fs::File::open(path).await.map_err(|error| disk("The file cannot be read", &error))?;
        let bytes = file.metadata().await.map_err(|error| disk("The file cannot be read", &error))?.len();
        let mut at = self.place(http, name, bytes).await?;
        loop {
            moved(at.offset);
            if let Some(file) = at.file {
                return Ok(file);
            }
            if at.bytes != bytes {
                self.give_up(http).await;
                return Err(
                    Error::bad_request("The file has changed while it was uploaded.").because(Cause::FileChanged)
                );
            }
            let mut piece = Vec::new();
            file.seek(SeekFrom::Start(at.offset)).await.map_err(|error| disk("The file cannot be read", &error))?;
            let wanted = PIECE.min(bytes - at.offset);
            (&mut file)
                .take(wanted)
                .read_to_end(&mut piece)
                .await
                .map_err(|error| disk("The file cannot be read", &error))?;
            if piece.len() as u64 != wanted {
                self.give_up(http).await;
                return Err(
                    Error::bad_request("The file has changed while it was uploaded.").because(Cause::FileChanged)
                );
            }
            let request = http
                .request(Method::PATCH, &format!("/uploads/{}", at.id))
                .timeout(PATIENCE)
                .header("upload-offset", at.offset)
                .body(piece);
            at = match http.ask(request).await {
                Ok(at) => at,
                // Another attempt's piece arrived after all: ask where it is.
                Err(error) if error.code == ErrorCode::Conflict => {
                    return Err(Error::new(ErrorCode::Unavailable, error.message));
                }
                Err(error) => return Err(error),
            };
        }
    }

    /// Has the server forget it.
    pub async fn give_up(&mut self, http: &Http) {
        if let Some(id) = self.id.take()
            && let Err(error) =
                http.ask::<serde_json::Value>(http.request(Method::DELETE, &format!("/uploads/{id}"))).await
        {
            tracing::debug!(%error, "the server will forget the upload by itself");
        }
    }

    async fn place(&mut self, http: &Http, name: &str, bytes: u64) -> Result<Upload, Error> {
        if let Some(id) = &self.id {
            match http.ask::<Upload>(http.request(Method::GET, &format!("/uploads/{id}"))).await {
                Ok(upload) => return Ok(upload),
                // Swept, or another server: from the beginning.
                Err(error) if error.code == ErrorCode::NotFound => self.id = None,
                Err(error) => return Err(error),
            }
        }
        let upload: Upload = http.post("/uploads", &UploadRequest { name: name.to_owned(), bytes }).await?;
        self.id = Some(upload.id.clone());
        Ok(upload)
    }
}
