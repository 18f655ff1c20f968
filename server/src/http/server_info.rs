//! `GET /server`: all that anybody may know.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_protocol::PROTOCOL;
use confab_protocol::account::ServerInfo;

use super::error::ApiError;
use crate::App;

/// Who this server is and how one gets in.
pub async fn get(State(app): State<Arc<App>>) -> Result<Json<ServerInfo>, ApiError> {
    let server = app.chat.store.server().await?;
    Ok(Json(ServerInfo {
        id: server.id,
        name: server.name,
        version: crate::VERSION.to_owned(),
        protocol: PROTOCOL,
        epoch: server.epoch,
        setup_required: !server.set_up,
        sign_up: app.config.sign_up,
        guests: app.config.guests,
        limits: (*app.chat.limits).clone(),
    }))
}
