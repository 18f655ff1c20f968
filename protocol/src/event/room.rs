//! Events of a workspace's namespace that are about rooms and people.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{HistoryPage, pushes, requests};
use crate::account::Role;
use crate::answer::Empty;
use crate::log::Entry;
use crate::personal::Level;
use crate::room::{Room, RoomKind};
use crate::workspace::{Member, Presence, Workspace};
use crate::{Epoch, MessageId, RoomId, Seq, UserId};

/// `workspace:ready`: the first event after CONNECT to `/<slug>`. The socket already listens to all `rooms`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct WorkspaceReady {
    /// The workspace.
    pub workspace: Workspace,
    /// The caller.
    pub me: Member,
    /// The caller's own rooms.
    pub rooms: Vec<Room>,
    /// Everybody in the workspace; empty where `present` stands in its place.
    pub members: Vec<Member>,
    /// What `members` are now, as a short text: the same one as long as nothing but presence changes. For the next handshake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub members_tag: Option<String>,
    /// To a client that showed this tag in its handshake, in place of `members`: those who are there. All others are offline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, as = "Option<std::collections::HashMap<String, Presence>>")]
    pub present: Option<BTreeMap<UserId, Presence>>,
    /// The head of each of the caller's rooms.
    #[ts(as = "std::collections::HashMap<String, f64>")]
    pub heads: BTreeMap<RoomId, Seq>,
    /// The life of the server's database, as in `lobby:ready`; another one than before means: discard caches. Here too,
    /// because the links of `/` and of a workspace come up in any order. Servers that do not say it leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub epoch: Option<Epoch>,
}

/// `room:list`: every room that the caller may join.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomList {}

/// The answer with several rooms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomsReply {
    /// In the order of their names.
    pub rooms: Vec<Room>,
}

/// `room:create`.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomCreate {
    /// `[a-z0-9][a-z0-9-_]{0,63}`, unique in the workspace.
    pub name: String,
    /// Public or private; `direct` is refused, see [`DirectOpen`].
    pub kind: RoomKind,
    /// A line about what it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub topic: Option<String>,
    /// Who is in it from the start, besides the caller.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<UserId>>")]
    pub members: Vec<UserId>,
}

/// The answer with one room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomReply {
    /// The room, as the caller sees it.
    pub room: Room,
}

/// `room:update`: only what is present changes. `muted` and `level` are the caller's own; `archived` is for admins and the
/// room's maker.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomUpdate {
    /// Which.
    pub room: RoomId,
    /// The new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// The new topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub topic: Option<String>,
    /// Close for writing, or open again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub archived: Option<bool>,
    /// The caller wants no signals from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub muted: Option<bool>,
    /// What it may signal to the caller; `muted` is short for two of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub level: Option<Level>,
}

/// `room:delete`: the room and its log, for good. Admins.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomDelete {
    /// Which.
    pub room: RoomId,
}

/// `room:join`: durable membership of a public room, and what was missed. For a member it only catches up.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomJoin {
    /// Which.
    pub room: RoomId,
    /// The last `seq` that the caller has; absent: no entries are wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub after: Option<Seq>,
    /// So many messages of the newest page are wanted where there are no `entries` to go on with: without `after`, and with
    /// `reset`. More than [`crate::limits::HISTORY_MAX`] means that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub page: Option<usize>,
}

/// The answer to `room:join`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomJoined {
    /// The room, as the caller sees it.
    pub room: Room,
    /// How many members.
    pub members: u64,
    /// How many of them are there now.
    pub online: u64,
    /// The log after `after`, at most [`crate::limits::SYNC_MAX`]; go on with `room:sync` while `head` is further.
    pub entries: Vec<Entry>,
    /// The head of the log.
    pub head: Seq,
    /// Too far behind: `entries` is empty, take `page` or `room:history`.
    pub reset: bool,
    /// The newest page, when it was asked for: what `room:history` would answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub page: Option<HistoryPage>,
}

/// `room:leave`.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomLeave {
    /// Which.
    pub room: RoomId,
}

/// `room:invite`: brings members of the workspace into a room.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomInvite {
    /// Which.
    pub room: RoomId,
    /// Whom.
    pub users: Vec<UserId>,
}

/// `room:kick`. Admins and the room's maker.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomKick {
    /// From which.
    pub room: RoomId,
    /// Whom.
    pub user: UserId,
}

/// `room:members`.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomMembers {
    /// Of which.
    pub room: RoomId,
}

/// The answer to `room:members`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct MembersReply {
    /// In the order of their names.
    pub members: Vec<Member>,
}

/// `direct:open`: the room of exactly these people and the caller, made when it is first asked for.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct DirectOpen {
    /// One to eight others.
    pub users: Vec<UserId>,
}

/// `typing:set`.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct TypingSet {
    /// Where.
    pub room: RoomId,
    /// Begins (or goes on), or ends. Without a renewal it ends by itself after six seconds.
    pub on: bool,
    /// In this thread of the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub thread: Option<MessageId>,
}

/// `presence:set`: of this device.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct PresenceSet {
    /// Online or away; offline hides.
    pub state: Presence,
    /// A new status line; empty clears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<String>,
}

/// `room:added`: the receiver's own new room (made, joined, invited, direct), or a new public one that they may join.
/// A member's copy has them among its members; the others see it in `room:list`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomAdded {
    /// The room.
    pub room: Room,
}

/// `room:changed`: name, topic, archive or member count; `read`, `unread`, `mentions` and `muted` are the receiver's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomChanged {
    /// The room.
    pub room: Room,
}

/// `room:removed`: left, kicked, or deleted. Nothing later from that room reaches the receiver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct RoomRemoved {
    /// Which.
    pub room: RoomId,
}

/// `member:update`: another role in the workspace. Admins; owners are made and unmade by owners, and one always remains.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct MemberUpdate {
    /// Whose.
    pub user: UserId,
    /// The new role.
    pub role: Role,
}

/// The answer with one member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct MemberReply {
    /// Who.
    pub member: Member,
}

/// `member:remove` from the workspace and all of its rooms. Admins; what the member wrote stays.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct MemberRemove {
    /// Whom.
    pub user: UserId,
}

/// `member:joined` the workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct MemberJoined {
    /// Who.
    pub member: Member,
}

/// `member:changed`: profile or role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct MemberChanged {
    /// Who.
    pub member: Member,
}

/// `member:left` the workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct MemberLeft {
    /// Who.
    pub user: UserId,
}

/// `typing:changed`, to the others in the room, volatile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct TypingChanged {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
    /// Begins or ends.
    pub on: bool,
    /// In this thread of the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub thread: Option<MessageId>,
}

/// `presence:changed`, to all others in the workspace, volatile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct PresenceChanged {
    /// Who.
    pub user: UserId,
    /// Whether they are there.
    pub state: Presence,
    /// Their status line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<String>,
}

/// `presence:batch`, to everybody in the workspace whose handshake said `batches`, in place of `presence:changed`; volatile. When a
/// crowd comes back, a thousand people are told of a thousand others in a few events each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct PresenceBatch {
    /// One for each person, 512 at most.
    pub changes: Vec<PresenceChanged>,
}

requests! {
    RoomList => "room:list", RoomsReply;
    RoomCreate => "room:create", RoomReply;
    RoomUpdate => "room:update", RoomReply;
    RoomDelete => "room:delete", Empty;
    RoomJoin => "room:join", RoomJoined;
    RoomLeave => "room:leave", Empty;
    RoomInvite => "room:invite", RoomReply;
    RoomKick => "room:kick", Empty;
    RoomMembers => "room:members", MembersReply;
    MemberUpdate => "member:update", MemberReply;
    MemberRemove => "member:remove", Empty;
    DirectOpen => "direct:open", RoomReply;
    TypingSet => "typing:set", Empty;
    PresenceSet => "presence:set", Empty;
}

pushes! {
    WorkspaceReady => "workspace:ready";
    RoomAdded => "room:added";
    RoomChanged => "room:changed";
    RoomRemoved => "room:removed";
    MemberJoined => "member:joined";
    MemberChanged => "member:changed";
    MemberLeft => "member:left";
    TypingChanged => "typing:changed";
    PresenceChanged => "presence:changed";
    PresenceBatch => "presence:batch";
}
