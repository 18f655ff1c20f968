//! The log of a room: entries as they were written, and the messages that they fold to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::file::FileInfo;
use crate::{Cid, MessageId, RoomId, Seq, Timestamp, UserId};

/// One entry of a room's log: `room:entry`, and the items of `room:sync`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Entry {
    /// Which room's log.
    pub room: RoomId,
    /// Its place: 1..N without holes.
    pub seq: Seq,
    /// When the server committed it.
    pub ts: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub body: EntryBody,
}

/// What an entry says, told apart by `kind`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EntryBody {
    /// A message was sent. Once it is deleted its text and files read as empty here too: deleted means gone.
    Message {
        /// The server's id of it.
        id: MessageId,
        /// The author's id of it.
        cid: Cid,
        /// Who wrote it.
        author: UserId,
        /// Markdown source.
        text: String,
        /// The message that it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        reply_to: Option<MessageId>,
        /// The first message of the thread that it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        thread: Option<MessageId>,
        /// Attached files.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<FileInfo>>")]
        files: Vec<FileInfo>,
        /// Members of the room whom the text mentions with `@login`.
        #[serde(default)]
        mentions: Vec<UserId>,
    },
    /// A message's text was replaced.
    Edit {
        /// Which message.
        id: MessageId,
        /// The new text.
        text: String,
        /// Who did it.
        author: UserId,
    },
    /// A message was deleted, for good.
    Delete {
        /// Which message.
        id: MessageId,
        /// Who did it.
        author: UserId,
    },
    /// A reaction was put on a message, or taken off.
    Reaction {
        /// Which message.
        id: MessageId,
        /// Which emoji.
        emoji: String,
        /// Put on or taken off.
        on: bool,
        /// Who did it.
        author: UserId,
    },
    /// A message was pinned or unpinned.
    Pin {
        /// Which message.
        id: MessageId,
        /// Pinned or unpinned.
        on: bool,
        /// Who did it.
        author: UserId,
    },
    /// Someone came or went.
    Membership {
        /// Who came or went.
        user: UserId,
        /// How.
        change: MembershipChange,
        /// Who did it: the same person for `joined` and `left`.
        author: UserId,
    },
    /// The room itself changed. Only what changed is present.
    Room {
        /// The new name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        name: Option<String>,
        /// The new topic.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        topic: Option<String>,
        /// Archived, or brought back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        archived: Option<bool>,
        /// Who did it.
        author: UserId,
    },
}

/// How someone came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MembershipChange {
    /// Came by themselves.
    Joined,
    /// Went by themselves.
    Left,
    /// Was removed.
    Kicked,
    /// Was brought in by someone.
    Invited,
}

/// A message after folding: what `room:history` gives and what timelines show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Message {
    /// The server's id of it.
    pub id: MessageId,
    /// The `seq` of its first entry; edits do not move it.
    pub seq: Seq,
    /// When it was committed.
    pub ts: Timestamp,
    /// The author's id of it.
    pub cid: Cid,
    /// Who wrote it.
    pub author: UserId,
    /// Markdown source; empty once deleted.
    pub text: String,
    /// When its text was last replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub edited_ts: Option<Timestamp>,
    /// Deleted: no text, no files, no reactions, for good.
    #[serde(default)]
    pub deleted: bool,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reply_to: Option<MessageId>,
    /// The first message of the thread that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub thread: Option<MessageId>,
    /// Attached files.
    #[serde(default)]
    pub files: Vec<FileInfo>,
    /// Members whom it mentions.
    #[serde(default)]
    pub mentions: Vec<UserId>,
    /// In the order in which each emoji was first put on.
    #[serde(default)]
    pub reactions: Vec<Reaction>,
    /// Pinned to the room.
    #[serde(default)]
    pub pinned: bool,
    /// What was answered to it in its thread; absent when nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub replies: Option<Replies>,
}

/// How a thread stands, told with its first message. It outlives that message: who deletes a question does not delete
/// the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Replies {
    /// How many answers were ever sent, the deleted ones included.
    pub count: u64,
    /// The `seq` of the newest.
    pub last_seq: Seq,
    /// When the newest was committed.
    pub last_ts: Timestamp,
}

/// One emoji on a message, and who put it there, in that order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Reaction {
    /// Which emoji.
    pub emoji: String,
    /// Who; never empty.
    pub users: Vec<UserId>,
}
