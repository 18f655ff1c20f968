//! Looking for messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::requests;
use crate::log::Message;
use crate::{RoomId, Timestamp, UserId};

/// `message:search`: in the rooms of a workspace that the caller is in, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct MessageSearch {
    /// Words and `"phrases"`, all of which a message must have. May be empty beside `from`, `mentions` or `has`.
    #[serde(default)]
    pub query: String,
    /// Only in this room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub room: Option<RoomId>,
    /// Only by this author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub from: Option<UserId>,
    /// Only what others wrote to this person: the message names them, or everybody in the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub mentions: Option<UserId>,
    /// Only what was sent before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub before: Option<Timestamp>,
    /// Only what was sent at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub after: Option<Timestamp>,
    /// Only what has this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub has: Option<Has>,
    /// At most this many; absent means 20, more than [`crate::limits::SEARCH_MAX`] means that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<usize>,
    /// The `cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cursor: Option<String>,
}

/// What a message can be asked to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Has {
    /// A file.
    File,
    /// The address of a page in its text.
    Link,
    /// A reaction.
    Reaction,
}

/// The answer to `message:search`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct SearchPage {
    /// Newest first.
    pub hits: Vec<Hit>,
    /// There are more: for the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cursor: Option<String>,
    /// Not all was looked through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub incomplete: Option<Incomplete>,
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Hit {
    /// Where.
    pub room: RoomId,
    /// The message, folded.
    pub message: Message,
    /// What was looked for in its text: ranges `[start, end)` in UTF-16 code units, in order, apart from each other.
    pub highlights: Vec<(u32, u32)>,
}

/// Why a search may have missed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Incomplete {
    /// The index is still being built.
    Indexing,
    /// It would have taken too long. Fewer rooms or days, or a longer word, help.
    Time,
}

requests! {
    MessageSearch => "message:search", SearchPage;
}
