//! What machines ask: is it alive, is it ready, how is it doing.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use confab_protocol::{Error, ErrorCode};
use serde_json::json;

use super::error::ApiError;
use super::extract::bearer;
use crate::App;
use crate::auth::token;

/// The process answers.
pub async fn healthz() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// It can do its work: the database answers and takes writes.
pub async fn readyz(State(app): State<Arc<App>>) -> Response {
    let ready = !app.stopping.is_cancelled() && app.chat.store.ready().await.is_ok();
    if ready {
        Json(json!({ "status": "ok" })).into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "unavailable" }))).into_response()
    }
}

/// Counts in Prometheus' text form, with the metrics token.
pub async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let Some(expected) = &app.config.metrics_token else { return Err(Error::not_found().into()) };
    if !bearer(&headers).is_some_and(|offered| token::same(&offered.0, &expected.0)) {
        return Err(Error::new(ErrorCode::Unauthorized, "That is not the metrics token.").into());
    }
    let (sockets, users) = app.hub.counts();
    let commit = app.chat.commit.counters();
    let gauges = [
        ("confab_sockets", "gauge", sockets as u64),
        ("confab_users_connected", "gauge", users as u64),
        ("confab_namespaces", "gauge", app.namespaces() as u64),
        ("confab_commit_groups_total", "counter", commit.groups.load(Ordering::Relaxed)),
        ("confab_commit_writes_total", "counter", commit.writes.load(Ordering::Relaxed)),
        ("confab_log_entries_total", "counter", commit.entries.load(Ordering::Relaxed)),
    ];
    let mut text = String::new();
    for (name, kind, value) in gauges {
        // Writing to a String cannot fail.
        let _ = write!(text, "# TYPE {name} {kind}\n{name} {value}\n");
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}
