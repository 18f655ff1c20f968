//! `/me`: the caller's own profile.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_protocol::account::{ProfileChange, User};

use super::error::ApiError;
use super::extract::{JsonBody, SignedInAs};
use crate::App;

/// The profile.
pub async fn get(who: SignedInAs) -> Json<User> {
    Json(who.user)
}

/// Changes it. A new password ends every other session.
pub async fn patch(
    State(app): State<Arc<App>>,
    who: SignedInAs,
    JsonBody(change): JsonBody<ProfileChange>,
) -> Result<Json<User>, ApiError> {
    let (user, ended) = app.chat.change_profile(&who.user, &who.session, change).await?;
    for session in &ended {
        app.end_session(&user.id, session);
    }
    app.profile_changed(&user.id).await?;
    app.status_changed(&user);
    app.status_bell.notify_one();
    Ok(Json(user))
}
