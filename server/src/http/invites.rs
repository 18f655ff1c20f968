//! `/invites`: made, listed, followed, withdrawn.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use confab_protocol::account::{Invite, InviteInfo, InviteRequest};
use confab_protocol::answer::{Empty, to_wire};
use confab_protocol::event::WorkspaceReply;
use confab_protocol::{Error, InviteCode};
use serde_json::json;

use super::error::ApiError;
use super::extract::{Id, JsonBody, SignedInAs};
use super::front::ClientAddress;
use crate::App;
use crate::store::InviteRow;
use crate::tls::Identity;

/// Makes one.
pub async fn create(
    State(app): State<Arc<App>>,
    who: SignedInAs,
    reached: Reached,
    JsonBody(request): JsonBody<InviteRequest>,
) -> Result<Response, ApiError> {
    let row = app.chat.make_invite(&who.user, request).await?;
    Ok((StatusCode::CREATED, Json(invite(row, &reached))).into_response())
}

/// Those that the caller may manage.
pub async fn list(State(app): State<Arc<App>>, who: SignedInAs, reached: Reached) -> Result<Response, ApiError> {
    let rows = app.chat.invites(&who.user).await?;
    let invites: Vec<Invite> = rows.into_iter().map(|row| invite(row, &reached)).collect();
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

fn invite(row: InviteRow, reached: &Reached) -> Invite {
    let Reached { base, pin } = reached;
    Invite {
        url: format!("{base}/join/{}{pin}", row.code),
        code: row.code,
        workspace: row.workspace,
        expires: row.expires,
        uses_left: row.uses_left,
        role: row.role,
    }
}

/// How people reach the server: as configured, or as this client did.
pub struct Reached {
    base: String,
    /// `#` and the fingerprint that an app pins, where the server's certificate is its own.
    pin: String,
}

impl FromRequestParts<Arc<App>> for Reached {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let base = if let Some(url) = &app.config.public_url {
            url.trim_end_matches('/').to_owned()
        } else {
            let https = parts.extensions.get::<ClientAddress>().is_some_and(|address| address.https);
            let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
            format!("{}://{host}", if https { "https" } else { "http" })
        };
        let own = app.tls.as_ref().and_then(Identity::fingerprint).filter(|_| base.starts_with("https://"));
        Ok(Self { base, pin: own.map(|fingerprint| format!("#{fingerprint}")).unwrap_or_default() })
    }
}
