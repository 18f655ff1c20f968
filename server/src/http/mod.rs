//! HTTP: the API under `/api/v1`, the UI, and the door to Socket.IO.

mod accounts;
mod error;
mod extract;
mod files;
mod front;
mod invites;
mod me;
mod origin;
mod probe;
mod range;
mod server_info;
mod sessions;
mod setup;
pub mod socketio;
mod ui;
mod uploads;
mod websocket;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, delete, get, post};

pub use front::Front;

use crate::App;

/// Everything but Socket.IO.
fn router(app: Arc<App>) -> Router {
    let api = Router::new()
        .route("/server", get(server_info::get))
        .route("/setup", post(setup::post))
        .route("/accounts", post(accounts::sign_up))
        .route("/guests", post(accounts::guest))
        .route("/sessions", post(sessions::create).get(sessions::list).delete(sessions::end_all))
        .route("/sessions/current", delete(sessions::end_current))
        .route("/sessions/{id}", delete(sessions::end))
        .route("/me", get(me::get).patch(me::patch))
        .route("/invites", post(invites::create).get(invites::list))
        .route("/invites/{code}", get(invites::info).delete(invites::withdraw))
        .route("/invites/{code}/redeem", post(invites::redeem))
        .route("/files", post(files::post))
        .route("/files/{id}", get(files::get))
        .route("/files/{id}/thumb", get(files::thumb))
        .route("/uploads", post(uploads::begin))
        .route("/uploads/{id}", get(uploads::get).patch(uploads::patch).delete(uploads::cancel))
        .method_not_allowed_fallback(error::method_not_allowed);
    Router::new()
        .nest("/api/v1", api)
        .route("/api", any(error::not_found))
        .route("/api/{*rest}", any(error::not_found))
        .route("/healthz", get(probe::healthz))
        .route("/readyz", get(probe::readyz))
        .route("/metrics", get(probe::metrics))
        .fallback(ui::serve)
        .method_not_allowed_fallback(error::method_not_allowed)
        .with_state(app)
}
