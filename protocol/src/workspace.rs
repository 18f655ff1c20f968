//! Workspaces and the people in them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::account::Role;
use crate::{Slug, Timestamp, UserId};

/// A workspace as one user sees it in the lobby.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Workspace {
    /// Its name in URLs, and its namespace.
    pub slug: Slug,
    /// Its name.
    pub name: String,
    /// A file id or an emoji; null draws the initials.
    pub icon: Option<String>,
    /// The caller's role there; null = not a member.
    pub role: Option<Role>,
    /// Anybody on the server may join.
    pub open: bool,
    /// Messages that the caller has not read, over all of their rooms that are not muted.
    pub unread: u64,
    /// How many of them mention the caller, or were sent to them directly.
    pub mentions: u64,
}

/// Whether someone is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// At least one device is connected and used.
    Online,
    /// Connected, but idle on every device.
    Away,
    /// Not connected.
    #[default]
    Offline,
}

/// Someone in a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Member {
    /// Who.
    pub id: UserId,
    /// The name to be mentioned with.
    pub login: String,
    /// The name that others see.
    pub display_name: String,
    /// The file id of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub avatar: Option<String>,
    /// The role in this workspace.
    pub role: Role,
    /// A bot.
    pub bot: bool,
    /// Came by name alone.
    pub guest: bool,
    /// Whether they are there.
    pub presence: Presence,
    /// Their status line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<String>,
    /// When the status ends by itself; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status_until: Option<Timestamp>,
    /// They want no notifications until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dnd_until: Option<Timestamp>,
}
