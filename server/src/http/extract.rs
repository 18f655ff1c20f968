//! What handlers take out of a request: who asks, from where, and a body that was read in time and within its limit.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::RequestExt as _;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use confab_protocol::account::{Secret, User};
use confab_protocol::{Error, ErrorCode, SessionId};
use http_body_util::{BodyExt as _, Limited};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::ApiError;
use super::front::ClientAddress;
use crate::App;
use crate::auth::token;

/// The cookie in which a browser keeps its session. No script can read it.
pub const COOKIE: &str = "confab_session";
/// JSON bodies are small.
const BODY_BYTES: usize = 64 * 1024;
const BODY_TIME: Duration = Duration::from_secs(10);

/// Who is signed in, by `Authorization: Bearer` or by cookie.
pub struct SignedInAs {
    /// Under which session.
    pub session: SessionId,
    /// Who.
    pub user: User,
}

impl FromRequestParts<Arc<App>> for SignedInAs {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let token = bearer(&parts.headers).or_else(|| cookie_if_safe(parts)).ok_or_else(ApiError::unauthorized)?;
        let identity = app.chat.store.identity(&token::hash(&token.0)).await?.ok_or_else(ApiError::unauthorized)?;
        app.seen.note(&identity.session);
        Ok(Self { session: identity.session, user: identity.user })
    }
}

/// The network address of the client.
pub struct Address(pub IpAddr);

impl FromRequestParts<Arc<App>> for Address {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, ApiError> {
        // Every request comes through the front, which puts it there.
        let missing = || Error::new(ErrorCode::Internal, "The request has no address.");
        let ClientAddress { ip, .. } = parts.extensions.get().copied().ok_or_else(missing)?;
        Ok(Self(ip))
    }
}

/// A JSON body: one object.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &Arc<App>) -> Result<Self, ApiError> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        if !is_json {
            let error = Error::bad_request("The body must be application/json.");
            return Err(ApiError::with_status(error, StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let bytes = read_body(request.with_limited_body().into_body(), BODY_BYTES).await?;
        let unreadable = |error| Error::bad_request(format!("The body cannot be read: {error}."));
        // A list would do for a struct, its values in the order in which we happen to declare the fields.
        let fields: Map<String, Value> = serde_json::from_slice(&bytes).map_err(unreadable)?;
        let body = serde_json::from_value(Value::Object(fields)).map_err(unreadable)?;
        Ok(Self(body))
    }
}

/// An id in the path. One that cannot be an id is like one that is not there.
pub struct Id<T>(pub T);

impl<T: TryFrom<String> + Send> FromRequestParts<Arc<App>> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, app).await.map_err(|_| Error::not_found())?;
        Ok(Self(T::try_from(text).map_err(|_| Error::not_found())?))
    }
}

/// Reads a body within its limit and in time: a client that trickles is not waited for.
///
/// # Errors
/// `too_large`, or `bad_request` with 408.
pub async fn read_body(body: Body, max: usize) -> Result<Bytes, ApiError> {
    let reading = Limited::new(body, max).collect();
    match tokio::time::timeout(BODY_TIME, reading).await {
        Ok(Ok(read)) => Ok(read.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Error::new(ErrorCode::TooLarge, format!("The body has more than {max} bytes.")).into())
        }
        Ok(Err(_)) => Err(Error::bad_request("The body ended too early.").into()),
        Err(_) => {
            let error = Error::bad_request("The body came too slowly.");
            Err(ApiError::with_status(error, StatusCode::REQUEST_TIMEOUT))
        }
    }
}

/// The token of an `Authorization: Bearer` header.
pub fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret(token.trim().to_owned()))
}

/// The token of the session cookie.
pub fn cookie(headers: &HeaderMap) -> Option<Secret> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == COOKIE && !value.is_empty()).map(|(_, value)| Secret(value.to_owned()))
}

/// The cookie, where no other site can have sent it: `SameSite=Strict` covers reads, and whatever changes something
/// must name an origin, which the front has found to be one of ours.
fn cookie_if_safe(parts: &Parts) -> Option<Secret> {
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    (reads || parts.headers.contains_key(header::ORIGIN)).then(|| cookie(&parts.headers)).flatten()
}
