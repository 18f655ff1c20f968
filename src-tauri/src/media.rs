//! Pictures, sound and video in the window: `confab-file://localhost/ACCOUNT.ID`, fetched with the token of that account's
//! session, which the page never sees. The server decides who may see what.

use std::sync::Arc;

use confab_client::session::Session;
use confab_client::view::AccountKey;
use confab_protocol::{Answer, Error, FileId};
use tauri::http::{HeaderValue, Request, Response, StatusCode, header};

use crate::shell::Shell;

/// The scheme's name.
pub const SCHEME: &str = "confab-file";
/// Answered at once of a part: a player asks for the rest when it comes to it.
const PART: u64 = 2 * 1024 * 1024;
/// What the page may know of the server's answer.
const HEADERS: [header::HeaderName; 7] = [
    header::CONTENT_TYPE,
    header::CONTENT_RANGE,
    header::ACCEPT_RANGES,
    header::ETAG,
    header::CACHE_CONTROL,
    header::CONTENT_SECURITY_POLICY,
    header::X_CONTENT_TYPE_OPTIONS,
];

/// Answers a request of the page.
pub async fn serve(shell: Arc<Shell>, request: Request<Vec<u8>>) -> Response<Vec<u8>> {
    match fetch(&shell, &request).await {
        Ok(response) => response,
        Err(error) => {
            let status = StatusCode::from_u16(error.code.http_status()).unwrap_or(StatusCode::BAD_GATEWAY);
            let mut response = Response::new(Vec::new());
            *response.status_mut() = status;
            response
        }
    }
}

async fn fetch(shell: &Shell, request: &Request<Vec<u8>>) -> Answer<Response<Vec<u8>>> {
    let (key, id) = request.uri().path().trim_start_matches('/').split_once('.').ok_or_else(Error::not_found)?;
    let id: FileId = id.parse().map_err(|_| Error::not_found())?;
    let session = shell.session(&AccountKey(key.to_owned()))?;
    let thumb = request.uri().query() == Some("thumb");
    let range = request.headers().get(header::RANGE).and_then(|range| range.to_str().ok()).map(bounded);
    ask(&session, &id, thumb, range.as_deref()).await
}

/// Bytes of a file from `at` on, at most [`PART`] of them. WebKitGTK's player reads from the network only and knows no scheme
/// of ours: the page puts the parts together, and plays them from memory.
///
/// # Errors
/// The server's, and `forbidden` for what is not to be played.
pub async fn part(session: &Session, id: &FileId, at: u64) -> Answer<Vec<u8>> {
    let range = format!("bytes={at}-{}", at.saturating_add(PART - 1));
    Ok(ask(session, id, false, Some(&range)).await?.into_body())
}

async fn ask(session: &Session, id: &FileId, thumb: bool, range: Option<&str>) -> Answer<Response<Vec<u8>>> {
    path_part(id)?;
    let answer = session.http()?.file(id, thumb, range).await?;
    let mut response = Response::builder().status(answer.status().as_u16());
    for name in HEADERS {
        let value =
            answer.headers().get(name.as_str()).and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
        if let Some(value) = value {
            response = response.header(name, value);
        }
    }
    // What may not be shown in its place is not shown here.
    let inline = answer.headers().get("content-disposition").is_none_or(|how| how.as_bytes().starts_with(b"inline"));
    if !inline {
        return Err(Error::forbidden("This file can only be saved."));
    }
    let broken = |_| Error::new(confab_protocol::ErrorCode::Unavailable, "The connection broke.");
    let body = answer.bytes().await.map_err(broken)?.to_vec();
    response.body(body).map_err(|_| Error::not_found())
}

/// An id that becomes part of a path, of an address or on the disk: what the page says is not believed.
///
/// # Errors
/// `not_found` for what no server calls a file.
pub fn path_part(id: &FileId) -> Answer<&str> {
    let id = id.as_str();
    let plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric());
    if plain { Ok(id) } else { Err(Error::not_found()) }
}

/// A range without an end gets one: the whole answer is in memory for a moment.
fn bounded(range: &str) -> String {
    let open = range.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-'));
    match open.and_then(|first| first.parse::<u64>().ok()) {
        Some(first) => format!("bytes={first}-{}", first.saturating_add(PART - 1)),
        None => range.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_no_longer_than_it_need_be() {
        assert_eq!(bounded("bytes=0-"), format!("bytes=0-{}", PART - 1));
        assert_eq!(bounded("bytes=5-9"), "bytes=5-9");
        assert_eq!(bounded("bytes=-5"), "bytes=-5");
    }
}
