//! The way to `/socket.io/`: small copies of what is kept, and bodies that were read in time.

use std::sync::Weak;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use axum::response::IntoResponse as _;
use bytes::Bytes;
use confab_protocol::{Error, ErrorCode};
use http_body_util::Full;
use hyper::body::Incoming;
use socketioxide::socket::Sid;
use tower::ServiceExt as _;

use super::error::ApiError;
use super::extract::{cookie, read_body};
use super::front::ClientAddress;
use super::origin::Origin;
use super::websocket;
use crate::App;
use crate::conn::Conn;
use crate::socket::{Engine, SessionCookie};

/// The headers that the engine reads. It keeps them as long as the socket lives.
const KEPT: [HeaderName; 2] = [header::SEC_WEBSOCKET_KEY, header::CONTENT_TYPE];

/// Whether a path is Socket.IO's.
pub fn is_for(path: &str) -> bool {
    path == "/socket.io" || path.starts_with("/socket.io/")
}

/// Hands a request to the engine.
pub async fn serve(app: &App, request: Request<Incoming>, origin: &Origin, conn: &Weak<Conn>) -> Response<Body> {
    if app.stopping.is_cancelled() {
        return ApiError::from(Error::new(ErrorCode::Unavailable, "The server is stopping.")).into_response();
    }
    let websocket = query(request.uri(), "transport") == Some("websocket");
    if websocket && !request.headers().contains_key(header::SEC_WEBSOCKET_KEY) {
        return ApiError::from(Error::bad_request("This is not a WebSocket handshake.")).into_response();
    }
    if let (true, Some(conn)) = (websocket, conn.upgrade()) {
        app.silence.watch(&conn);
    }
    let (mut parts, body) = request.into_parts();
    let cookie = cookie(&parts.headers).filter(|_| cookie_is_safe(origin, &parts, websocket));
    if websocket::opens(&parts) {
        return websocket::open(app, parts, conn.clone(), cookie);
    }
    if let (Some(sid), Some(conn), true) = (query(&parts.uri, "sid"), conn.upgrade(), websocket) {
        app.upgrades.note(sid, &conn);
    }
    let body = if parts.method == Method::POST {
        match read_body(Body::new(body), app.chat.limits.frame_bytes).await {
            Ok(bytes) => bytes,
            Err(error) => return error.into_response(),
        }
    } else {
        Bytes::new()
    };
    // The engine keeps the head of a session's first request. hyper's are slices of its 16 KiB read buffer: kept,
    // they would hold on to all of it.
    parts.headers = copied(&parts.headers);
    if let Ok(uri) = parts.uri.to_string().parse::<Uri>() {
        parts.uri = uri;
    }
    parts.extensions.remove::<ClientAddress>();
    parts.extensions.insert(conn.clone());
    if let Some(token) = cookie {
        parts.extensions.insert(SessionCookie(token));
    }
    let request = Request::from_parts(parts, Full::new(body));
    match app.engine.clone().oneshot(request).await {
        Ok(response) => response.map(Body::new),
        Err(never) => match never {},
    }
}

/// Closes a long-polling session in the way its client would.
pub async fn close_polling(engine: Engine, sid: Sid) {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("/socket.io/?EIO=4&transport=polling&sid={sid}"))
        .body(Full::new(Bytes::from_static(b"1")));
    match request {
        Ok(request) => match engine.oneshot(request).await {
            Ok(response) if response.status() == StatusCode::OK => {}
            Ok(response) => tracing::debug!(status = %response.status(), "a polling session was gone already"),
            Err(never) => match never {},
        },
        Err(error) => tracing::error!(%error, "a polling session could not be closed"),
    }
}

/// A cookie counts only where the page is ours. A WebSocket always names its origin; a browser's poll of its own
/// origin does not, but what another origin polls it can neither read nor go on with: the CONNECT is a POST.
fn cookie_is_safe(origin: &Origin, parts: &axum::http::request::Parts, websocket: bool) -> bool {
    let fetch_site = parts.headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    match origin {
        Origin::Own => true,
        Origin::Absent => !websocket && matches!(fetch_site, None | Some("same-origin")),
        Origin::Allowed(_) | Origin::Foreign => false,
    }
}

fn copied(headers: &HeaderMap) -> HeaderMap {
    // Room for one: a map that is collected has room for six, of a hundred bytes each.
    let mut kept = HeaderMap::with_capacity(1);
    for name in KEPT {
        let value = headers.get(&name).and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
        if let Some(value) = value {
            kept.insert(name, value);
        }
    }
    kept
}

/// A parameter of a query.
pub fn query<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    let pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
}
