//! Refusals over HTTP: the same object as in acks, with the matching status.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use confab_protocol::answer::{Empty, to_wire};
use confab_protocol::{Error, ErrorCode};

/// A refusal. Most have the status of their code; HTTP knows a few more.
#[derive(Debug)]
pub struct ApiError {
    error: Error,
    status: StatusCode,
}

impl ApiError {
    /// With a status of its own.
    pub fn with_status(error: Error, status: StatusCode) -> Self {
        Self { error, status }
    }

    /// No valid token.
    pub fn unauthorized() -> Self {
        Error::new(ErrorCode::Unauthorized, "Sign in first.").into()
    }
}

impl<E: Into<Error>> From<E> for ApiError {
    fn from(error: E) -> Self {
        let error = error.into();
        let status = StatusCode::from_u16(error.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { error, status }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let seconds = self.error.retry_after_ms.map(|ms| ms.div_ceil(1000));
        let mut response = (self.status, Json(to_wire::<Empty>(&Err(self.error)))).into_response();
        if let Some(seconds) = seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// No such call.
pub async fn not_found() -> ApiError {
    Error::not_found().into()
}

/// The call exists, but not with this method.
pub async fn method_not_allowed() -> ApiError {
    ApiError::with_status(Error::bad_request("This call does not take that method."), StatusCode::METHOD_NOT_ALLOWED)
}
