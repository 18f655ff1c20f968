//! `/sessions`: signing in, own devices, signing out.
//!
//! A browser must not keep a token where scripts can read it. A call that signs somebody in and carries
//! `X-Confab-Session: cookie` also sets the token as a cookie that is `HttpOnly` and `SameSite=Strict`; HTTP calls and
//! CONNECT then take that cookie where no token is given. `DELETE /sessions/current` clears it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use confab_protocol::account::{Session, SignIn, SignedIn};
use confab_protocol::answer::{Empty, to_wire};
use confab_protocol::{Error, ErrorCode, SessionId, text};
use serde_json::json;

use super::error::ApiError;
use super::extract::{Address, COOKIE, Id, JsonBody, SignedInAs};
use super::front::ClientAddress;
use crate::App;
use crate::chat::Welcome;

/// The longest time for which a browser keeps the cookie, in seconds.
const COOKIE_S: u32 = 400 * 24 * 60 * 60;
/// The longest device name that is made from a `User-Agent`.
const DEVICE_CHARS: usize = 64;

/// Signs in with a password.
pub async fn create(
    State(app): State<Arc<App>>,
    Address(address): Address,
    visitor: Visitor,
    JsonBody(mut request): JsonBody<SignIn>,
) -> Result<Response, ApiError> {
    let account = request.login.trim().to_ascii_lowercase();
    app.throttle.begin(Some(&account), address)?;
    request.device.get_or_insert_with(|| visitor.device.clone());
    let signing_in = app.chat.sign_in(request).await;
    match &signing_in {
        Ok(_) => app.throttle.succeeded(Some(&account), address),
        Err(error) if error.code == ErrorCode::Unauthorized => {}
        Err(_) => app.throttle.forgive(Some(&account), address),
    }
    Ok(signed_in(&visitor, signing_in?))
}

/// Own devices.
pub async fn list(State(app): State<Arc<App>>, who: SignedInAs) -> Result<Response, ApiError> {
    let mut sessions: Vec<Session> = app.chat.store.sessions(&who.user.id).await?;
    for session in &mut sessions {
        session.current = session.id == who.session;
    }
    Ok(Json(json!({ "sessions": sessions })).into_response())
}

/// Signs out.
pub async fn end_current(State(app): State<Arc<App>>, who: SignedInAs) -> Result<Response, ApiError> {
    app.chat.store.delete_session(&who.user.id, &who.session).await?;
    app.end_session(&who.user.id, &who.session);
    Ok(clear_cookie(Json(to_wire(&Ok(Empty {}))).into_response()))
}

/// Signs one device out.
pub async fn end(
    State(app): State<Arc<App>>,
    who: SignedInAs,
    Id(session): Id<SessionId>,
) -> Result<Response, ApiError> {
    if !app.chat.store.delete_session(&who.user.id, &session).await? {
        return Err(Error::not_found().into());
    }
    app.end_session(&who.user.id, &session);
    Ok(Json(to_wire(&Ok(Empty {}))).into_response())
}

/// Signs every device out, this one too.
pub async fn end_all(State(app): State<Arc<App>>, who: SignedInAs) -> Result<Response, ApiError> {
    for session in app.chat.store.delete_sessions(&who.user.id, None).await? {
        app.end_session(&who.user.id, &session);
    }
    Ok(clear_cookie(Json(to_wire(&Ok(Empty {}))).into_response()))
}

/// The answer to every call that signs somebody in.
pub fn signed_in(visitor: &Visitor, welcome: Welcome) -> Response {
    let Welcome { token, user } = welcome;
    let secure = if visitor.https { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/; Max-Age={COOKIE_S}{secure}", token.0);
    let mut response = (StatusCode::CREATED, Json(SignedIn { token, user })).into_response();
    if visitor.wants_cookie
        && let Ok(cookie) = HeaderValue::from_str(&cookie)
    {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// Somebody who is about to be signed in.
pub struct Visitor {
    /// A name for the device list, where the client gives none: what it calls itself.
    pub device: String,
    https: bool,
    wants_cookie: bool,
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        let short: String = agent.chars().take(DEVICE_CHARS).collect();
        let name = text::line(&short).unwrap_or_default();
        let over_tls = parts.extensions.get::<ClientAddress>().is_some_and(|address| address.https);
        // A proxy that speaks TLS may not say so; a server that does it itself knows.
        let behind_tls =
            app.tls.is_none() && app.config.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
        Ok(Self {
            device: if name.is_empty() { "Unnamed device".to_owned() } else { name },
            https: over_tls || behind_tls,
            wants_cookie: parts.headers.get("x-confab-session").is_some_and(|value| value.as_bytes() == b"cookie"),
        })
    }
}

fn clear_cookie(mut response: Response) -> Response {
    let gone = format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    if let Ok(gone) = HeaderValue::from_str(&gone) {
        response.headers_mut().insert(header::SET_COOKIE, gone);
    }
    response
}
