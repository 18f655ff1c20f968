//! `/files`: sent in one piece, read in parts.

use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use confab_protocol::file::FileInfo;
use confab_protocol::{Error, ErrorCode, FileId};
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, SeekFrom};
use tokio_util::io::ReaderStream;

use super::error::ApiError;
use super::extract::{Id, SignedInAs};
use super::range::{self, Part};
use crate::App;
use crate::files::{self, Receive, drain, failed, is_inline, receive};
use crate::store::no_room;

/// Contents never change under an id: what a browser has, it need not ask for again.
const CACHE: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");
/// Read from the disk at once.
const PIECE: usize = 64 * 1024;

/// `?name=…`
#[derive(Deserialize)]
pub struct Named {
    #[serde(default)]
    name: String,
}

/// Takes a file in one piece. What is cut off leaves nothing.
pub async fn post(
    State(app): State<Arc<App>>,
    who: SignedInAs,
    Query(Named { name }): Query<Named>,
    request: Request,
) -> Result<Response, ApiError> {
    let announced = announced(request.headers());
    let mut body = request.into_body();
    let (largest, room) = (app.chat.limits.file_bytes, app.files.room_of(&*app.chat.store, &who.user.id).await?);
    let most = largest.min(room);
    let refused = || if room < largest { no_room(app.files.quota()) } else { too_large(largest) };
    if announced.is_some_and(|bytes| bytes > most) {
        drain(body);
        return Err(refused().into());
    }
    let (temporary, mut file) = app.files.temporary().await?;
    match receive(&mut body, &mut file, most).await? {
        (_, Receive::Whole) => {}
        (_, Receive::TooLong) => {
            drain(body);
            return Err(refused().into());
        }
        (_, ended) => return Err(broken(ended)),
    }
    drop(file);
    let info = app.files.keep(&*app.chat.store, &who.user.id, &name, &temporary).await?;
    tracing::debug!(user = %who.user.id, bytes = info.bytes, "a file was uploaded");
    Ok((StatusCode::CREATED, Json(info)).into_response())
}

/// The content, or a part of it.
pub async fn get(
    State(app): State<Arc<App>>,
    who: SignedInAs,
    Id(id): Id<FileId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let info = visible(&app, &who, &id).await?;
    let mime = info.mime.clone();
    serve(&app.files.content(&info.sha256), &info, &mime, "", &headers).await
}

/// The small picture.
pub async fn thumb(
    State(app): State<Arc<App>>,
    who: SignedInAs,
    Id(id): Id<FileId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let info = visible(&app, &who, &id).await?;
    if !info.thumb {
        return Err(Error::not_found().into());
    }
    let path = app.files.thumb(&info.sha256);
    let mut head = [0; 16];
    let read = async { tokio::fs::File::open(&path).await?.read(&mut head).await };
    let read = read.await.map_err(|error| failed(&error))?;
    serve(&path, &info, files::kind_of(&head[..read]), "-thumb", &headers).await
}

/// The length that a request announces.
pub fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A body that did not end as it should.
pub fn broken(ended: Receive) -> ApiError {
    match ended {
        Receive::Silent => {
            ApiError::with_status(Error::bad_request("The body came too slowly."), StatusCode::REQUEST_TIMEOUT)
        }
        _ => Error::bad_request("The body ended too early.").into(),
    }
}

/// More than a file may have.
pub fn too_large(most: u64) -> Error {
    Error::new(ErrorCode::TooLarge, format!("A file has at most {most} bytes here."))
}

async fn visible(app: &App, who: &SignedInAs, id: &FileId) -> Result<FileInfo, ApiError> {
    Ok(app.chat.store.visible_file(id, &who.user.id).await?.ok_or_else(Error::not_found)?)
}

async fn serve(
    path: &Path,
    info: &FileInfo,
    mime: &str,
    variant: &str,
    asked: &HeaderMap,
) -> Result<Response, ApiError> {
    let tag = format!("\"{}{variant}\"", info.sha256);
    let mut headers = HeaderMap::new();
    let mut put = |name: header::HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(
        header::CONTENT_TYPE,
        &if mime == "text/plain" { "text/plain; charset=utf-8".to_owned() } else { mime.to_owned() },
    );
    put(header::CONTENT_DISPOSITION, &disposition(mime, &info.name));
    put(header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'");
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::ACCEPT_RANGES, "bytes");
    put(header::ETAG, &tag);
    headers.insert(header::CACHE_CONTROL, CACHE);
    if range::names(asked.get(header::IF_NONE_MATCH), &tag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }

    let mut file = tokio::fs::File::open(path).await.map_err(|error| failed(&error))?;
    let length = file.metadata().await.map_err(|error| failed(&error))?.len();
    let same = asked.get(header::IF_RANGE).is_none_or(|value| value.as_bytes() == tag.as_bytes());
    let part = if same { range::of(asked.get(header::RANGE), length) } else { Part::All };
    let (status, from, count) = match part {
        Part::All => (StatusCode::OK, 0, length),
        Part::Some { first, last } => {
            let range = HeaderValue::from_str(&format!("bytes {first}-{last}/{length}"));
            range.into_iter().for_each(|range| drop(headers.insert(header::CONTENT_RANGE, range)));
            (StatusCode::PARTIAL_CONTENT, first, last - first + 1)
        }
        Part::Beyond => {
            let error = Error::bad_request("The file has no such part.");
            let mut response = ApiError::with_status(error, StatusCode::RANGE_NOT_SATISFIABLE).into_response();
            if let Ok(range) = HeaderValue::from_str(&format!("bytes */{length}")) {
                response.headers_mut().insert(header::CONTENT_RANGE, range);
            }
            return Ok(response);
        }
    };
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(count));
    file.seek(SeekFrom::Start(from)).await.map_err(|error| failed(&error))?;
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(count), PIECE));
    Ok((status, headers, body).into_response())
}

/// What the browser is to do with it, and the name for who saves it: in ASCII for old ones, and as it is.
fn disposition(mime: &str, name: &str) -> String {
    let how = if is_inline(mime) { "inline" } else { "attachment" };
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' { c } else { '_' })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(byte.into());
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}
