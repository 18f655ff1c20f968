//! `/uploads`: files that come in pieces. A broken connection keeps what came, and the client goes on from there.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use confab_protocol::answer::{Empty, to_wire};
use confab_protocol::file::{Upload, UploadRequest};
use confab_protocol::{Error, ErrorCode, FileId, text};

use super::error::ApiError;
use super::extract::{Id, JsonBody, SignedInAs};
use super::files::{announced, broken, too_large};
use crate::App;
use crate::chat::now;
use crate::files::{Receive, drain, failed, receive};
use crate::store::{NewUpload, UploadRow};

/// Uploads that one person may have unfinished.
const MOST: u64 = 20;
/// How many of the largest files those may be to have in all.
const MOST_FILES: u64 = 8;

const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");

/// Begins one.
pub async fn begin(
    State(app): State<Arc<App>>,
    who: SignedInAs,
    JsonBody(request): JsonBody<UploadRequest>,
) -> Result<Response, ApiError> {
    let most = app.chat.limits.file_bytes;
    if request.bytes > most {
        return Err(too_large(most).into());
    }
    let upload = NewUpload {
        id: FileId::generate(),
        owner: who.user.id,
        name: text::file_name(&request.name),
        bytes: request.bytes,
        created: now(),
        most: MOST,
        most_bytes: most.saturating_mul(MOST_FILES),
        quota: app.files.quota(),
    };
    let answer = Upload { id: upload.id.clone(), offset: 0, bytes: upload.bytes, file: None };
    app.chat.store.begin_upload(upload).await?;
    Ok(told(StatusCode::CREATED, answer))
}

/// How far it is. `HEAD` too.
pub async fn get(State(app): State<Arc<App>>, who: SignedInAs, Id(id): Id<FileId>) -> Result<Response, ApiError> {
    let upload = own(&app, &who, &id).await?;
    let offset = if upload.file.is_some() { upload.bytes } else { app.files.offset(&upload.id).await };
    let UploadRow { id, bytes, file, .. } = upload;
    Ok(told(StatusCode::OK, Upload { id, offset, bytes, file }))
}

/// The next piece. With the last one, the file is there.
pub async fn patch(
    State(app): State<Arc<App>>,
    who: SignedInAs,
    Id(id): Id<FileId>,
    request: Request,
) -> Result<Response, ApiError> {
    let (from, announced) = (offset_of(request.headers()), announced(request.headers()));
    let mut body = request.into_body();
    let upload = match own(&app, &who, &id).await {
        Ok(upload) => upload,
        Err(error) => {
            drain(body);
            return Err(error);
        }
    };
    let Some(from) = from else {
        drain(body);
        return Err(Error::bad_request("Upload-Offset says where the piece belongs.").into());
    };
    let UploadRow { id, name, bytes, file } = upload;
    // The last answer was lost: here it is again.
    if let Some(file) = file {
        drain(body);
        return Ok(told(StatusCode::OK, Upload { id, offset: bytes, bytes, file: Some(file) }));
    }
    let Some(_busy) = app.files.begin(&id) else {
        drain(body);
        let mut error = Error::new(ErrorCode::Unavailable, "A piece of this file is just being taken.");
        error.retry_after_ms = Some(500);
        return Err(error.into());
    };
    let (mut partial, offset) = app.files.partial(&id).await?;
    // It was given up since it was looked for: what was made here just now would stay for good.
    if offset == 0
        && let Err(error) = own(&app, &who, &id).await
    {
        app.files.forget(&id).await;
        drain(body);
        return Err(error);
    }
    if offset != from {
        drain(body);
        let error = ApiError::from(Error::conflict(format!("The next piece begins at {offset}.")));
        return Ok(with_offset(error.into_response(), offset, bytes));
    }
    let room = bytes.saturating_sub(offset);
    if announced.is_some_and(|announced| announced > room) {
        drain(body);
        return Err(Error::new(ErrorCode::TooLarge, "The piece goes beyond the file.").into());
    }
    let (taken, ended) = receive(&mut body, &mut partial, room).await?;
    match ended {
        Receive::Whole => {}
        Receive::TooLong => {
            partial.set_len(offset).await.map_err(|error| failed(&error))?;
            drain(body);
            return Err(Error::new(ErrorCode::TooLarge, "The piece goes beyond the file.").into());
        }
        Receive::Broken | Receive::Silent => return Err(broken(ended)),
    }
    drop(partial);
    let offset = offset + taken;
    if offset < bytes {
        return Ok(told(StatusCode::OK, Upload { id, offset, bytes, file: None }));
    }
    let file = app.files.finish(&*app.chat.store, &who.user.id, &name, &id).await?;
    Ok(told(StatusCode::CREATED, Upload { id, offset, bytes, file: Some(file) }))
}

/// Gives it up.
pub async fn cancel(State(app): State<Arc<App>>, who: SignedInAs, Id(id): Id<FileId>) -> Result<Response, ApiError> {
    if !app.chat.store.cancel_upload(&id, &who.user.id).await? {
        return Err(Error::not_found().into());
    }
    app.files.forget(&id).await;
    Ok(Json(to_wire(&Ok(Empty {}))).into_response())
}

async fn own(app: &App, who: &SignedInAs, id: &FileId) -> Result<UploadRow, ApiError> {
    Ok(app.chat.store.upload(id, &who.user.id).await?.ok_or_else(Error::not_found)?)
}

fn offset_of(headers: &HeaderMap) -> Option<u64> {
    headers.get(OFFSET)?.to_str().ok()?.parse().ok()
}

fn told(status: StatusCode, upload: Upload) -> Response {
    let (offset, bytes) = (upload.offset, upload.bytes);
    with_offset((status, Json(upload)).into_response(), offset, bytes)
}

fn with_offset(mut response: Response, offset: u64, bytes: u64) -> Response {
    response.headers_mut().insert(OFFSET, HeaderValue::from(offset));
    response.headers_mut().insert(LENGTH, HeaderValue::from(bytes));
    response
}
