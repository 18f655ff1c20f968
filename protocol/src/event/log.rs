//! Events of a workspace's namespace that write or read a room's log.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use super::{pushes, requests};
use crate::answer::Answered;
use crate::file::FileRef;
use crate::limits::BATCH_MAX;
use crate::log::{Entry, Message};
use crate::{Cid, MessageId, RoomId, Seq, Timestamp};

/// `message:send`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct MessageSend {
    /// Where.
    pub room: RoomId,
    /// The client's id of it. Repeat the same one with the same body until it is answered.
    pub cid: Cid,
    /// Markdown source.
    pub text: String,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reply_to: Option<MessageId>,
    /// The first message of the thread that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub thread: Option<MessageId>,
    /// Files of the caller's own, at most [`crate::limits::FILES_MAX`]. With any, the text may be empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<FileRef>>")]
    pub files: Vec<FileRef>,
}

/// The answer to `message:send`: committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct MessageSent {
    /// The client's id of it.
    pub cid: Cid,
    /// The server's id of it.
    pub id: MessageId,
    /// Its place in the log.
    pub seq: Seq,
    /// When it was committed.
    pub ts: Timestamp,
}

/// `message:send_batch`: each on its own, in order. How an outbox drains.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct MessageSendBatch {
    /// At most [`BATCH_MAX`]. Read one by one, so that one bad message refuses only itself.
    #[ts(as = "Vec<MessageSend>")]
    #[schemars(with = "Vec<MessageSend>", length(max = BATCH_MAX))]
    pub messages: Vec<Value>,
}

/// The answer to `message:send_batch`: for each message `{ok, cid, …}` as [`crate::answer::to_wire`] writes it.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct BatchSent {
    /// In the order of the request.
    #[ts(type = "Array<unknown>")]
    #[schemars(with = "Vec<Answered<MessageSent>>")]
    pub results: Vec<Value>,
}

/// `message:edit`: its author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct MessageEdit {
    /// Where.
    pub room: RoomId,
    /// Which message.
    pub id: MessageId,
    /// The client's id of this edit.
    pub cid: Cid,
    /// The new text.
    pub text: String,
}

/// `message:delete`: its author, or an admin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct MessageDelete {
    /// Where.
    pub room: RoomId,
    /// Which message.
    pub id: MessageId,
    /// The client's id of this deletion.
    pub cid: Cid,
}

/// `message:react`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct MessageReact {
    /// Where.
    pub room: RoomId,
    /// Which message.
    pub id: MessageId,
    /// The client's id of this reaction.
    pub cid: Cid,
    /// Which emoji.
    pub emoji: String,
    /// Put on or take off.
    pub on: bool,
}

/// `message:pin`: any member of the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct MessagePin {
    /// Where.
    pub room: RoomId,
    /// Which message.
    pub id: MessageId,
    /// The client's id of it.
    pub cid: Cid,
    /// Pin or unpin.
    pub on: bool,
}

/// The answer to an edit, a deletion, a reaction or a pin: committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Written {
    /// The client's id of it.
    pub cid: Cid,
    /// Its place in the log.
    pub seq: Seq,
    /// When it was committed.
    pub ts: Timestamp,
}

/// `room:sync`: the raw log after `after`.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomSync {
    /// Of which room.
    pub room: RoomId,
    /// The last `seq` that the caller has.
    pub after: Seq,
    /// At most this many; absent or more than [`crate::limits::SYNC_MAX`] means that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<usize>,
}

/// The answer to `room:sync`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomSynced {
    /// In the order of `seq`, without holes.
    pub entries: Vec<Entry>,
    /// The head of the log.
    pub head: Seq,
    /// There is more after the last of `entries`.
    pub more: bool,
    /// Too far behind: `entries` is empty, take `room:history`.
    pub reset: bool,
}

/// `room:history`: folded messages. Without `before` and `around`, the newest.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomHistory {
    /// Of which room.
    pub room: RoomId,
    /// Those before this `seq`, not including it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub before: Option<Seq>,
    /// Those around this `seq`, half before and half from it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub around: Option<Seq>,
    /// At most this many; absent means 50, more than [`crate::limits::HISTORY_MAX`] means that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<usize>,
}

/// The answer to `room:history`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct HistoryPage {
    /// Oldest first.
    pub messages: Vec<Message>,
    /// Entries of kind `membership` and `room` in the range that the page covers: what a timeline shows between
    /// the messages. From the first message on (from the beginning when `start`), up to the page's end.
    #[serde(default)]
    pub notices: Vec<Entry>,
    /// The head of the log, which the folded messages include.
    pub head: Seq,
    /// Nothing comes before the first of `messages`.
    pub start: bool,
}

/// `message:thread`: a message and what was answered to it in its thread, the newest page first.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct MessageThread {
    /// In which room.
    pub room: RoomId,
    /// The thread's first message, or any other of it.
    pub id: MessageId,
    /// Only answers before this `seq`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub before: Option<Seq>,
    /// At most this many answers; absent or more than [`crate::limits::HISTORY_MAX`] means that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<usize>,
}

/// The answer to `message:thread`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct ThreadPage {
    /// The thread's first message, then its answers, oldest first.
    pub messages: Vec<Message>,
    /// The head of the log, which the folded messages include.
    pub head: Seq,
    /// No answer comes before the first one given.
    pub start: bool,
}

/// `room:pins`: what is pinned to a room.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomPins {
    /// Which.
    pub room: RoomId,
    /// Only messages before this `seq`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub before: Option<Seq>,
}

/// The answer to `room:pins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct PinsReply {
    /// Oldest first.
    pub messages: Vec<Message>,
    /// The head of the log, which the folded messages include.
    pub head: Seq,
    /// Nothing that is pinned comes before the first of `messages`.
    pub start: bool,
}

/// `read:mark`: only ever forward.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct ReadMark {
    /// In which room.
    pub room: RoomId,
    /// The last `seq` read; more than the head means the head.
    pub seq: Seq,
}

/// The answer to `read:mark`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct ReadMarked {
    /// Where the marker stands now.
    pub read: Seq,
}

/// `room:heads`: what moved, at most every 25 s. The signal that repairs a lost tail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomHeads {
    /// The head of each room that moved.
    #[ts(as = "std::collections::HashMap<String, f64>")]
    pub heads: BTreeMap<RoomId, Seq>,
}

/// `read:changed`, to the caller's other devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct ReadChanged {
    /// In which room.
    pub room: RoomId,
    /// Where the marker stands now.
    pub read: Seq,
    /// Messages of others after it.
    pub unread: u64,
    /// How many of them mention the caller.
    pub mentions: u64,
}

requests! {
    MessageSend => "message:send", MessageSent;
    MessageSendBatch => "message:send_batch", BatchSent;
    MessageEdit => "message:edit", Written;
    MessageDelete => "message:delete", Written;
    MessageReact => "message:react", Written;
    MessagePin => "message:pin", Written;
    MessageThread => "message:thread", ThreadPage;
    RoomSync => "room:sync", RoomSynced;
    RoomHistory => "room:history", HistoryPage;
    RoomPins => "room:pins", PinsReply;
    ReadMark => "read:mark", ReadMarked;
}

pushes! {
    Entry => "room:entry";
    RoomHeads => "room:heads";
    ReadChanged => "read:changed";
}
