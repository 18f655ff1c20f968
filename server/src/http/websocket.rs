//! A WebSocket from its first request on: the engine gets the stream itself.
//!
//! Given the request, it would keep the head of it, its extensions and a boxed stream for as long as the client stays,
//! several times over. And only a stream of ours can carry what is too long for the engine's buffers: [`crate::parcel`].

use std::sync::Weak;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use axum::response::IntoResponse as _;
use confab_protocol::account::Secret;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::socketio::query;
use crate::App;
use crate::conn::Conn;
use crate::socket::{Engine, SessionCookie};
use crate::tls::Channel;
use crate::wire::Wire;

/// All that the engine reads of the request.
const OPENED: &str = "/socket.io/?EIO=4&transport=websocket";

/// Whether a request opens a session of its own over a WebSocket, in the way of every client. The engine judges the others.
pub fn opens(parts: &Parts) -> bool {
    let asks = |name| query(&parts.uri, name);
    let says = |name, what: &str| {
        let values = parts.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(what))
    };
    parts.method == Method::GET
        && asks("EIO") == Some("4")
        && asks("transport") == Some("websocket")
        && asks("sid").is_none()
        && says(header::CONNECTION, "upgrade")
        && says(header::UPGRADE, "websocket")
        && says(header::SEC_WEBSOCKET_VERSION, "13")
        && parts.headers.contains_key(header::SEC_WEBSOCKET_KEY)
}

/// Answers such a request, and hands the stream over once the answer is out.
pub fn open(app: &App, parts: Parts, conn: Weak<Conn>, cookie: Option<Secret>) -> Response<Body> {
    let key = parts.headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
    let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key)) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mut request = Request::new(());
    *request.uri_mut() = Uri::from_static(OPENED);
    request.extensions_mut().insert(conn);
    if let Some(token) = cookie {
        request.extensions_mut().insert(SessionCookie(token));
    }
    tokio::spawn(hand_over(app.engine.clone(), hyper::upgrade::on(Request::from_parts(parts, ())), request));
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    response
}

async fn hand_over(engine: Engine, upgrade: OnUpgrade, request: Request<()>) {
    let upgraded = match upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => return tracing::debug!(%error, "a WebSocket was not opened"),
    };
    let Ok(parts) = upgraded.downcast::<TokioIo<Channel>>() else {
        return tracing::error!("a connection is not the one that was accepted");
    };
    let wire = Wire::new(parts.io.into_inner(), &parts.read_buf);
    if let Err(error) = hyper::service::Service::call(&engine, (wire, request)).await {
        tracing::error!(%error, "the engine refused a WebSocket");
    }
}
