//! Events of the lobby, namespace `/`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{pushes, requests};
use crate::account::User;
use crate::answer::Empty;
use crate::workspace::Workspace;
use crate::{Epoch, Limits, RoomId, Seq, ServerId, Slug, UserId};

/// `lobby:ready`: the first event after CONNECT to `/`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct LobbyReady {
    /// The caller.
    pub user: User,
    /// The server.
    pub server: LobbyServer,
    /// The workspaces that the caller is a member of.
    pub workspaces: Vec<Workspace>,
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
}

pushes! {
    LobbyReady => "lobby:ready";
    WorkspaceAdded => "workspace:added";
    WorkspaceChanged => "workspace:changed";
    WorkspaceRemoved => "workspace:removed";
    UnreadChanged => "unread:changed";
    MentionReceived => "mention:received";
    NoticePosted => "notice:posted";
}
