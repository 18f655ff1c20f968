//! Rooms as one user sees them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::log::Message;
use crate::personal::Level;
use crate::{RoomId, Seq, UserId};

/// Who finds a room and who may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// Every member of the workspace (but guests) sees and may join it. Drawn with a globe.
    Public,
    /// Only who was invited. Drawn with a lock.
    Private,
    /// A conversation of two to nine people; the same set always gives the same room.
    Direct,
}

/// A room as one user sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Room {
    /// Which.
    pub id: RoomId,
    /// `[a-z0-9][a-z0-9-_]{0,63}`, unique in the workspace; empty for direct rooms.
    pub name: String,
    /// A line about what it is for; may be empty.
    pub topic: String,
    /// Who finds it and who may come in.
    pub kind: RoomKind,
    /// Closed for writing.
    pub archived: bool,
    /// How many members.
    pub members: u64,
    /// The last `seq` of its log; 0 = empty.
    pub head: Seq,
    /// The caller's read marker.
    pub read: Seq,
    /// Messages of others after the read marker.
    pub unread: u64,
    /// How many of them mention the caller; in a direct room, all of them.
    pub mentions: u64,
    /// The caller wants no signals from it: `level` is `none`.
    pub muted: bool,
    /// What it may signal to the caller.
    #[serde(default)]
    #[ts(optional, as = "Option<Level>")]
    pub level: Level,
    /// Direct rooms only: who is in it, the caller included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub users: Option<Vec<UserId>>,
    /// The last message, for lists that show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_message: Option<Box<Message>>,
}
