//! People, sessions and invitations: the bodies of the HTTP calls under `/api/v1`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Epoch, InviteCode, Limits, RoomId, ServerId, SessionId, Slug, Timestamp, UserId};

/// What someone may do, on the server or in one workspace. Declared from least to most, and compared so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees only the rooms that they were invited to.
    Guest,
    /// Joins public rooms, makes rooms and invitations.
    Member,
    /// May change the workspace, its rooms and its members.
    Admin,
    /// Made it; an admin who cannot be removed.
    Owner,
}

/// A person, guest or bot, as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// The name to sign in and to be mentioned with; guests get a made-up one.
    pub login: String,
    /// The name that others see.
    pub display_name: String,
    /// The file id of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub avatar: Option<String>,
    /// A line of their own, such as "on holiday".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<String>,
    /// When the status ends by itself; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status_until: Option<Timestamp>,
    /// The role on the whole server.
    pub role: Role,
    /// A bot, with a token instead of a password.
    pub bot: bool,
    /// Came by name alone, without an account.
    pub guest: bool,
}

/// `GET /server`: all that anybody may know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct ServerInfo {
    /// Which server.
    pub id: ServerId,
    /// Its name.
    pub name: String,
    /// Its version, such as `0.1.0`.
    pub version: String,
    /// The protocol version.
    pub protocol: u32,
    /// The life of its database.
    pub epoch: Epoch,
    /// Nobody owns the server yet: `POST /setup` is open.
    pub setup_required: bool,
    /// Who may make an account.
    pub sign_up: SignUp,
    /// Whether `POST /guests` is open at all.
    pub guests: bool,
    /// Sizes and rates.
    pub limits: Limits,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignUp {
    /// Anybody.
    Open,
    /// Who has an invitation.
    Invite,
    /// Nobody; an admin makes the accounts.
    Closed,
}

/// A password or token in a request body. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(transparent)]
#[ts(type = "string")]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// `POST /setup`.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct Setup {
    /// Printed at the first start, or given with `--setup-token`.
    pub setup_token: Secret,
    /// The server's name.
    pub server_name: String,
    /// The owner's login.
    pub login: String,
    /// The owner's name.
    pub display_name: String,
    /// The owner's password.
    pub password: Secret,
}

/// `POST /accounts`.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct SignUpRequest {
    /// 1 to 32 of `a-z 0-9 . _ -`, unique on the server.
    pub login: String,
    /// The name that others see.
    pub display_name: String,
    /// At least [`crate::limits::PASSWORD_MIN`] characters.
    pub password: Secret,
    /// Needed unless `sign_up` is `open`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub invite: Option<InviteCode>,
}

/// `POST /guests`.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct GuestRequest {
    /// The name that others see.
    pub display_name: String,
    /// Needed unless `sign_up` is `open`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub invite: Option<InviteCode>,
}

/// `POST /sessions`.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct SignIn {
    /// The login.
    pub login: String,
    /// The password.
    pub password: Secret,
    /// A name for the device list, such as "Ada's laptop".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub device: Option<String>,
}

/// The answer to every call that signs someone in.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct SignedIn {
    /// Opaque, 256 bits. The server keeps only its hash.
    pub token: Secret,
    /// Who that is.
    pub user: User,
}

/// A signed-in device in `GET /sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Session {
    /// Which, for `DELETE /sessions/{id}`.
    pub id: SessionId,
    /// The name given at sign-in.
    pub device: String,
    /// When it signed in.
    pub created: Timestamp,
    /// When it was last seen, to the minute.
    pub last_seen: Timestamp,
    /// The session that asks.
    pub current: bool,
}

/// `PATCH /me`: only what is present changes. An empty status or avatar clears it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS, JsonSchema)]
pub struct ProfileChange {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub display_name: Option<String>,
    /// A new status line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<String>,
    /// With `status`: when it ends by itself; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status_until: Option<Timestamp>,
    /// A new picture, by file id; null clears it too.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "null_clears")]
    #[ts(optional, type = "string | null")]
    pub avatar: Option<String>,
    /// A new password; needs `current_password`. All other sessions end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub password: Option<Secret>,
    /// The present password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub current_password: Option<Secret>,
}

/// `POST /invites`.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct InviteRequest {
    /// To which workspace.
    pub workspace: Slug,
    /// To which rooms; absent means the workspace's default rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub rooms: Option<Vec<RoomId>>,
    /// Seconds until it expires; absent means a week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub expires_in_s: Option<u64>,
    /// How many may use it; absent means any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub max_uses: Option<u32>,
    /// The role of those who come: `member` (default) or `guest`; admins may give `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub role: Option<Role>,
}

/// An invitation, to those who may manage it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Invite {
    /// The code.
    pub code: InviteCode,
    /// The link to send.
    pub url: String,
    /// To which workspace.
    pub workspace: Slug,
    /// Until when.
    pub expires: Timestamp,
    /// How many may still use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub uses_left: Option<u32>,
    /// The role of those who come.
    pub role: Role,
}

/// `GET /invites/{code}`: what someone who holds a link may know before joining.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct InviteInfo {
    /// The server's name.
    pub server_name: String,
    /// The workspace's name.
    pub workspace_name: String,
}

/// Null is a value here, not an absence: it clears, as the empty text does.
fn null_clears<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Some(Option::deserialize(deserializer)?.unwrap_or_default()))
}
