//! `/invites`: made, listed, followed, withdrawn.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use confab_protocol::account::{Invite, InviteInfo, InviteRequest};
use confab_protocol::answer::{Empty, to_wire};
use confab_protocol::event::WorkspaceReply;
use confab_protocol::{Error, InviteCode};
use serde_json::json;

use super::error::ApiError;
use super::extract::{Id, JsonBody, SignedInAs};
use crate::App;
use crate::store::InviteRow;

/// Makes one.
pub async fn create(
    State(app): State<Arc<App>>,
    who: SignedInAs,
    headers: HeaderMap,
    JsonBody(request): JsonBody<InviteRequest>,
) -> Result<Response, ApiError> {
    let row = app.chat.make_invite(&who.user, request).await?;
    Ok((StatusCode::CREATED, Json(invite(row, &base_url(&app, &headers)))).into_response())
}

/// Those that the caller may manage.
pub async fn list(State(app): State<Arc<App>>, who: SignedInAs, headers: HeaderMap) -> Result<Response, ApiError> {
    let base = base_url(&app, &headers);
    let rows = app.chat.invites(&who.user).await?;
    let invites: Vec<Invite> = rows.into_iter().map(|row| invite(row, &base)).collect();
    Ok(Json(json!({ "invites": invites })).into_response())
}

/// What anybody who holds the link may know.
pub async fn info(State(app): State<Arc<App>>, Id(code): Id<InviteCode>) -> Result<Json<InviteInfo>, ApiError> {
    Ok(Json(app.chat.invite_info(&code).await?))
}

/// Withdraws one.
pub async fn withdraw(
    State(app): State<Arc<App>>,
    who: SignedInAs,
    Id(code): Id<InviteCode>,
) -> Result<Response, ApiError> {
    app.chat.withdraw_invite(&who.user, &code).await?;
    Ok(Json(to_wire(&Ok(Empty {}))).into_response())
}

/// Follows one as somebody who has an account.
pub async fn redeem(
    State(app): State<Arc<App>>,
    who: SignedInAs,
    Id(code): Id<InviteCode>,
) -> Result<Json<WorkspaceReply>, ApiError> {
    let slug = app.chat.redeem(&who.user, code).await?;
    let workspace = app.chat.store.workspace(&slug, &who.user.id).await?.ok_or_else(Error::not_found)?;
    Ok(Json(WorkspaceReply { workspace }))
}

fn invite(row: InviteRow, base: &str) -> Invite {
    Invite {
        url: format!("{base}/join/{}", row.code),
        code: row.code,
        workspace: row.workspace,
        expires: row.expires,
        uses_left: row.uses_left,
        role: row.role,
    }
}

/// How people reach the server: as configured, or as this client did.
fn base_url(app: &App, headers: &HeaderMap) -> String {
    if let Some(url) = &app.config.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}
