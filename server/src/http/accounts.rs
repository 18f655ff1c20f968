//! `POST /accounts` and `POST /guests`: coming in.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use confab_protocol::account::{GuestRequest, SignUpRequest};

use super::error::ApiError;
use super::extract::JsonBody;
use super::sessions::{Visitor, signed_in};
use crate::App;

/// Makes an account and signs it in.
pub async fn sign_up(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    JsonBody(request): JsonBody<SignUpRequest>,
) -> Result<Response, ApiError> {
    let welcome = app.chat.sign_up(app.admission(), request, &visitor.device).await?;
    Ok(signed_in(&visitor, welcome))
}

/// Lets somebody in by name alone.
pub async fn guest(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    JsonBody(request): JsonBody<GuestRequest>,
) -> Result<Response, ApiError> {
    let GuestRequest { display_name, invite } = request;
    let welcome = app.chat.guest(app.admission(), &display_name, invite, &visitor.device).await?;
    Ok(signed_in(&visitor, welcome))
}
