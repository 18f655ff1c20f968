//! Events of the lobby, namespace `/`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{pushes, requests};
use crate::account::User;
use crate::answer::Empty;
use crate::personal::{Personal, QuietHours};
use crate::workspace::Workspace;
use crate::{Epoch, Limits, ReminderId, RoomId, Seq, ServerId, Slug, Timestamp, UserId};

/// `lobby:ready`: the first event after CONNECT to `/`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct LobbyReady {
    /// The caller.
    pub user: User,
    /// The server.
    pub server: LobbyServer,
    /// The workspaces that the caller is a member of.
    pub workspaces: Vec<Workspace>,
    /// What the caller keeps for themselves. Servers that keep nothing leave it out.
    #[serde(default)]
    #[ts(optional, as = "Option<Personal>")]
    pub personal: Personal,
}

/// The server, as its users see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct LobbyServer {
    /// Which.
    pub id: ServerId,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The life of its database; another one than before means: discard caches.
    pub epoch: Epoch,
    /// Sizes and rates.
    pub limits: Limits,
}

/// `workspace:added`: the caller became a member, or an open workspace was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct WorkspaceAdded {
    /// The workspace, as the receiver sees it.
    pub workspace: Workspace,
}

/// `workspace:changed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct WorkspaceChanged {
    /// The workspace, as the receiver sees it.
    pub workspace: Workspace,
}

/// `workspace:removed`: archived, or the caller is no longer a member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct WorkspaceRemoved {
    /// The workspace; its `role` is null.
    pub workspace: Workspace,
}

/// `unread:changed`, to every device of the user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct UnreadChanged {
    /// Where.
    pub workspace: Slug,
    /// Which room.
    pub room: RoomId,
    /// The head of its log.
    pub head: Seq,
    /// Unread messages in that room.
    pub unread: u64,
    /// Unread mentions in that room.
    pub mentions: u64,
}

/// `mention:received`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct MentionReceived {
    /// Where.
    pub workspace: Slug,
    /// Which room.
    pub room: RoomId,
    /// Which message.
    pub seq: Seq,
    /// Who wrote it.
    pub author: UserId,
    /// Its first 140 characters.
    pub excerpt: String,
}

/// `attention:wanted`: a message that the receiver's levels let through, to every device of theirs. Whether it is
/// shown is for the device to decide: it knows what is looked at, and what its clock says about quiet hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct AttentionWanted {
    /// Where.
    pub workspace: Slug,
    /// Which room.
    pub room: RoomId,
    /// Its name; absent for direct rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub room_name: Option<String>,
    /// Which message.
    pub seq: Seq,
    /// When it was written.
    pub ts: Timestamp,
    /// Who wrote it.
    pub author: UserId,
    /// The name of who wrote it.
    pub author_name: String,
    /// What it says in short: one line, without what spoilers hide.
    pub excerpt: String,
    /// Why it is told.
    pub why: Why,
}

/// Why a message is told to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It names them.
    Mention,
    /// It is for everybody in the room, or everybody who is there.
    Room,
    /// It was written to them.
    Direct,
    /// They want to hear of every message of that room.
    All,
}

/// `personal:changed`, to every device of the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct PersonalChanged {
    /// All of it.
    pub personal: Personal,
}

/// `personal:set`: when the caller wants no signals. What is absent is cleared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct PersonalSet {
    /// No notifications until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dnd_until: Option<Timestamp>,
    /// No notifications at these hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub quiet: Option<QuietHours>,
    /// Offline to the others.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub invisible: bool,
}

/// `user:ignore`: nothing that they write signals anything to the caller. They are not told.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct UserIgnore {
    /// Whom.
    pub user: UserId,
    /// Begin or end.
    pub on: bool,
}

/// `reminder:set`.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct ReminderSet {
    /// In which workspace it is asked for.
    pub workspace: Slug,
    /// In which room.
    pub room: RoomId,
    /// Of what.
    pub text: String,
    /// The message of that room that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub seq: Option<Seq>,
    /// When.
    pub at: Timestamp,
}

/// `reminder:remove`: seen, or not wanted any more.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct ReminderRemove {
    /// Which.
    pub id: ReminderId,
}

/// The answer to whatever changes what the caller keeps for themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct PersonalReply {
    /// All of it.
    pub personal: Personal,
}

/// `session:revoked`, in every namespace just before the server closes the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS, JsonSchema)]
pub struct SessionRevoked {}

/// `notice:posted`: a line from the server's admins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct NoticePosted {
    /// The line.
    pub text: String,
    /// Whom it reaches.
    pub level: NoticeLevel,
}

/// Whom a notice reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeLevel {
    /// The sockets of one node.
    Node,
    /// Every socket of the server.
    Server,
}

/// `workspace:create`.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct WorkspaceCreate {
    /// Its namespace.
    pub slug: Slug,
    /// Its name.
    pub name: String,
    /// A file id or an emoji.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub icon: Option<String>,
    /// Anybody on the server may join; absent means no.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub open: bool,
}

/// `workspace:update`: only what is present changes. Admins of the workspace.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct WorkspaceUpdate {
    /// Which.
    pub slug: Slug,
    /// The new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// The new icon; empty clears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub icon: Option<String>,
    /// Whether anybody may join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub open: Option<bool>,
}

/// `workspace:archive`: closes its namespace. Its owner, or an admin of the server.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct WorkspaceArchive {
    /// Which.
    pub slug: Slug,
}

/// `workspace:list`: the caller's workspaces and the open ones.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, TS, JsonSchema)]
pub struct WorkspaceList {}

/// `workspace:join`: an open one.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct WorkspaceJoin {
    /// Which.
    pub slug: Slug,
}

/// `workspace:leave`.
#[derive(Debug, Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct WorkspaceLeave {
    /// Which.
    pub slug: Slug,
}

/// The answer with one workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct WorkspaceReply {
    /// The workspace, as the caller sees it.
    pub workspace: Workspace,
}

/// The answer with several workspaces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct WorkspacesReply {
    /// In the order of their names.
    pub workspaces: Vec<Workspace>,
}

requests! {
    WorkspaceCreate => "workspace:create", WorkspaceReply;
    WorkspaceUpdate => "workspace:update", WorkspaceReply;
    WorkspaceArchive => "workspace:archive", Empty;
    WorkspaceList => "workspace:list", WorkspacesReply;
    WorkspaceJoin => "workspace:join", WorkspaceReply;
    WorkspaceLeave => "workspace:leave", Empty;
    PersonalSet => "personal:set", PersonalReply;
    UserIgnore => "user:ignore", PersonalReply;
    ReminderSet => "reminder:set", PersonalReply;
    ReminderRemove => "reminder:remove", PersonalReply;
}

pushes! {
    LobbyReady => "lobby:ready";
    WorkspaceAdded => "workspace:added";
    WorkspaceChanged => "workspace:changed";
    WorkspaceRemoved => "workspace:removed";
    UnreadChanged => "unread:changed";
    MentionReceived => "mention:received";
    AttentionWanted => "attention:wanted";
    PersonalChanged => "personal:changed";
    NoticePosted => "notice:posted";
}
