//! `POST /setup`: the first person becomes the owner. Once.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use confab_protocol::account::Setup;
use confab_protocol::{Error, ErrorCode};

use super::error::ApiError;
use super::extract::{Address, JsonBody};
use super::sessions::{Visitor, signed_in};
use crate::App;

/// Makes the owner.
pub async fn post(
    State(app): State<Arc<App>>,
    Address(address): Address,
    visitor: Visitor,
    JsonBody(request): JsonBody<Setup>,
) -> Result<Response, ApiError> {
    if app.chat.store.server().await?.set_up {
        return Err(Error::conflict("This server has an owner already. Ask them for an invitation.").into());
    }
    app.throttle.begin(None, address)?;
    if !app.setup.get().is_some_and(|token| token.fits(&request.setup_token)) {
        return Err(Error::new(ErrorCode::Unauthorized, "That is not the setup token. The server printed it.").into());
    }
    app.throttle.forgive(None, address);
    let welcome = app.chat.set_up(request, &visitor.device).await?;
    if let Some(token) = app.setup.get() {
        token.forget();
    }
    app.name_bell.notify_one();
    Ok(signed_in(&visitor, welcome))
}
