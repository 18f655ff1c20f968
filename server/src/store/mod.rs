//! Where everything is kept: one trait, one implementation per database, one contract suite run on both.
//!
//! Reads and small writes are methods of [`Store`]. Whatever writes a log or changes who is in a room is a
//! [`Write`], and goes through [`Store::write`] in groups: the [`commit`](crate::commit) task hands over all that
//! waits, the store puts it into **one transaction**, and only after the commit does anybody hear of it.
//!
//! The rules live in [`rules`](crate::chat::rules), not in SQL: the store gathers the facts inside the transaction and
//! asks them.

mod change;
mod database;
mod entry;
mod error;
mod location;
mod model;
mod postgres;
mod read;
mod search;
mod sql;
mod sqlite;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use confab_protocol::account::{Session, User};
use confab_protocol::event::{HistoryPage, PinsReply, ReadChanged, RoomSynced, SearchPage, ThreadPage};
use confab_protocol::file::FileInfo;
use confab_protocol::personal::{Personal, Reminder};
use confab_protocol::room::Room;
use confab_protocol::workspace::{Member, Workspace};
use confab_protocol::{FileId, InviteCode, MessageId, ReminderId, RoomId, Seq, SessionId, Slug, Timestamp, UserId};

use database::Database;
use postgres::Postgres;
use sqlite::Sqlite;

pub use change::file::no_room;
pub use error::{Result, StoreError};
pub use location::{InvalidLocation, Location};
pub use model::{
    Credentials, Identity, InviteRow, NewFile, NewInvite, NewSession, NewUpload, NewUser, Page, PersonalRow,
    ProfileRow, Search, ServerRow, Swept, TokenHash, Unread, UploadRow,
};
pub use write::{Done, Op, Reply, Write};

/// Opens a database, made and migrated where that is needed.
///
/// # Errors
/// `Corrupt` for a damaged or foreign database, `Unsupported` for one of a newer version, `ReadOnly` and `Unavailable`
/// where it cannot be written or reached: each says which.
pub async fn open(location: &Location) -> Result<Arc<dyn Store>> {
    match location {
        Location::Sqlite(path) => Ok(Arc::new(Database(Sqlite::open(path).await?))),
        Location::Postgres(url) => Ok(Arc::new(Database(Postgres::open(url).await?))),
    }
}

/// Sets a damaged database aside, so that nothing ever serves it: under which name. None where that is not ours to do:
/// PostgreSQL, and a file that this server never wrote.
///
/// # Errors
/// When the files cannot be renamed.
pub fn set_aside(location: &Location) -> Result<Option<PathBuf>> {
    match location {
        Location::Sqlite(path) => sqlite::set_aside(path),
        Location::Postgres(_) => Ok(None),
    }
}

/// The database behind a server. Every method is one transaction; none blocks the thread that calls it.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    // ---- the server itself ----

    /// Who this server is. Made at the first start, with a new id and epoch.
    async fn server(&self) -> Result<ServerRow>;
    /// A consistent copy of the whole database into a new file, taken while others write. Restoring it must change
    /// the epoch: see [`Store::renew_epoch`].
    async fn backup(&self, to: &Path) -> Result<()>;
    /// Finishes what is being written and leaves the files as whoever opens them next wants to find them. Writes fail
    /// from now on.
    async fn close(&self);
    /// Waits for damage to be found in files that are open already, for ever where there is none. From then on all else
    /// is `Unavailable`: whoever waits here is to close the store and to set it aside.
    async fn damage(&self) -> StoreError;
    /// Begins a new life: clients drop their caches. After a restore.
    async fn renew_epoch(&self) -> Result<()>;
    /// How often the database has changed since the start, where nobody else changes it: what was read is still so while this
    /// stays the same.
    fn changes(&self) -> Option<u64>;
    /// Looks for damage: one line per finding, none when all is well. May take long.
    async fn check(&self) -> Result<Vec<String>>;
    /// Whether the database answers and can be written: what `/readyz` asks.
    async fn ready(&self) -> Result<()>;

    // ---- logs and memberships: the only way in ----

    /// Commits a group of writes in one transaction, in order, each refused or done on its own. When this returns
    /// `Ok`, everything in it that is `Ok` is durable. When it returns `Err`, nothing of the group is.
    async fn write(&self, group: Vec<Write>) -> Result<Vec<Result<Done>>>;

    // ---- accounts and sessions ----

    /// The live session with this token.
    async fn identity(&self, token: &TokenHash) -> Result<Option<Identity>>;
    /// What is needed to check a password; `login` is already folded by [`confab_protocol::text::login`].
    async fn credentials(&self, login: &str) -> Result<Option<Credentials>>;
    /// One person.
    async fn user(&self, user: &UserId) -> Result<Option<User>>;
    /// Everybody, by login, after this one: for the command line.
    async fn users(&self, after: Option<&str>, limit: usize) -> Result<Vec<User>>;
    /// Changes a profile; only what is `Some`.
    async fn update_profile(&self, user: &UserId, change: ProfileRow) -> Result<User>;
    /// Replaces the password hash.
    async fn set_password(&self, user: &UserId, hash: &str) -> Result<()>;
    /// Keeps a new session.
    async fn create_session(&self, session: NewSession) -> Result<()>;
    /// A user's sessions, newest first; none is `current`.
    async fn sessions(&self, user: &UserId) -> Result<Vec<Session>>;
    /// Ends one session of this user; false when there is none of that id.
    async fn delete_session(&self, user: &UserId, session: &SessionId) -> Result<bool>;
    /// Ends all sessions of this user but `keep`; which ones those were.
    async fn delete_sessions(&self, user: &UserId, keep: Option<&SessionId>) -> Result<Vec<SessionId>>;
    /// Notes when sessions were last seen.
    async fn touch_sessions(&self, seen: Vec<(SessionId, Timestamp)>) -> Result<()>;

    // ---- what people keep for themselves ----

    /// All that somebody keeps.
    async fn personal(&self, user: &UserId) -> Result<Personal>;
    /// Replaces when somebody wants no signals.
    async fn set_personal(&self, user: &UserId, row: PersonalRow) -> Result<Personal>;
    /// Begins or ends to ignore somebody. `not_found` for nobody.
    async fn ignore(&self, user: &UserId, other: &UserId, on: bool) -> Result<Personal>;
    /// Keeps a new reminder.
    async fn add_reminder(&self, user: &UserId, reminder: Reminder) -> Result<Personal>;
    /// Forgets a reminder of this user; nothing when there is none.
    async fn remove_reminder(&self, user: &UserId, id: &ReminderId) -> Result<Personal>;
    /// Whether somebody wants to be offline to the others.
    async fn is_invisible(&self, user: &UserId) -> Result<bool>;
    /// When the next status ends by itself.
    async fn next_status_end(&self) -> Result<Option<Timestamp>>;
    /// Clears the statuses that have ended by now; whose those were, as they are without.
    async fn end_statuses(&self, now: Timestamp) -> Result<Vec<User>>;

    // ---- invitations ----

    /// Keeps a new invitation.
    async fn create_invite(&self, invite: NewInvite) -> Result<()>;
    /// The live invitation with this code: not expired, not used up.
    async fn invite(&self, code: &InviteCode, now: Timestamp) -> Result<Option<InviteRow>>;
    /// The live invitations to the workspaces that this user administers, and those that they made.
    async fn invites(&self, user: &UserId, now: Timestamp) -> Result<Vec<InviteRow>>;
    /// Withdraws an invitation; false when there is none.
    async fn delete_invite(&self, code: &InviteCode) -> Result<bool>;

    // ---- workspaces ----

    /// Every workspace that is not archived: the namespaces to register at start.
    async fn slugs(&self) -> Result<Vec<Slug>>;
    /// The user's own workspaces, by name.
    async fn workspaces(&self, user: &UserId) -> Result<Vec<Workspace>>;
    /// The user's own workspaces and the open ones, by name.
    async fn listed_workspaces(&self, user: &UserId) -> Result<Vec<Workspace>>;
    /// One workspace as this user sees it, whether or not they may; `role` tells. None when missing or archived.
    async fn workspace(&self, slug: &Slug, user: &UserId) -> Result<Option<Workspace>>;
    /// Everybody in a workspace, by name; all offline, since presence is not kept here.
    async fn members(&self, slug: &Slug) -> Result<Vec<Member>>;
    /// One member of a workspace.
    async fn member(&self, slug: &Slug, user: &UserId) -> Result<Option<Member>>;
    /// The workspaces that a user is in, without counts: where a profile change must be told.
    async fn slugs_of(&self, user: &UserId) -> Result<Vec<Slug>>;

    // ---- files ----

    /// Keeps a file whose content is in its place already, and ends the upload that it came by. `not_found` when that
    /// is gone; `too_large` when it came by none and its owner has no room for it.
    async fn create_file(&self, file: NewFile, upload: Option<&FileId>) -> Result<()>;
    /// A file, for somebody who may read it: None for all others, and when there is none.
    async fn visible_file(&self, file: &FileId, user: &UserId) -> Result<Option<FileInfo>>;
    /// Whether a file is an image of this user's own, which may become a picture; keeps it a day longer.
    async fn use_as_picture(&self, file: &FileId, user: &UserId, now: Timestamp) -> Result<bool>;
    /// Whether any file has the content with this hash.
    async fn has_content(&self, sha256: &str) -> Result<bool>;
    /// How many bytes the files of an account have in all; unfinished uploads count as what they are to have.
    async fn stored_bytes(&self, owner: &UserId) -> Result<u64>;
    /// Begins an upload; `too_large` when its owner has too much on the way, or no room for it.
    async fn begin_upload(&self, upload: NewUpload) -> Result<()>;
    /// An upload of this user's.
    async fn upload(&self, upload: &FileId, user: &UserId) -> Result<Option<UploadRow>>;
    /// Gives an upload up; false when there is none that is unfinished.
    async fn cancel_upload(&self, upload: &FileId, user: &UserId) -> Result<bool>;
    /// Forgets uploads begun before then, and files last used before then that nothing names.
    async fn sweep_files(&self, before: Timestamp) -> Result<Swept>;

    // ---- rooms ----

    /// The user's own rooms in a workspace: by kind (public and private, then direct), then name.
    async fn rooms(&self, slug: &Slug, user: &UserId) -> Result<Vec<Room>>;
    /// The rooms that the user may join or is in, archived ones left out, direct ones too; by name. Guests see their own.
    async fn listed_rooms(&self, slug: &Slug, user: &UserId) -> Result<Vec<Room>>;
    /// A room of this workspace as this user sees it, and whether they are in it. None when it is missing **or may
    /// not be seen**: private and direct rooms by members only, public ones by members of the workspace, but by
    /// guests only when they are in it.
    async fn room(&self, slug: &Slug, room: &RoomId, user: &UserId) -> Result<Option<(Room, bool)>>;
    /// A room as each of these members sees it, for pushes; who is not in it is left out.
    async fn room_for(&self, room: &RoomId, users: &[UserId]) -> Result<Vec<(UserId, Room)>>;
    /// Who is in a room, by name; all offline.
    async fn room_members(&self, room: &RoomId) -> Result<Vec<Member>>;
    /// The ids of the rooms that the user is in, in one workspace: what their sockets listen to.
    async fn room_ids(&self, slug: &Slug, user: &UserId) -> Result<Vec<RoomId>>;

    // ---- logs ----

    /// The log after `after`, at most `limit` entries and about `limits::PAGE_BYTES`; `reset` when more than `limits::RESET_AFTER` behind.
    async fn entries(&self, room: &RoomId, after: Seq, limit: usize) -> Result<RoomSynced>;
    /// Folded messages, oldest first: exactly what `confab_protocol::fold` makes of the log. Bounded as [`Store::entries`];
    /// what is left out lies farthest from where the page begins.
    async fn history(&self, room: &RoomId, page: Page, limit: usize) -> Result<HistoryPage>;
    /// A thread by any of its messages: the first one and its newest answers before `before`, oldest first. None when
    /// the room has no such message.
    async fn thread(
        &self,
        room: &RoomId,
        message: &MessageId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Option<ThreadPage>>;
    /// What is pinned to a room: the newest messages before `before`, oldest first.
    async fn pins(&self, room: &RoomId, before: Option<Seq>) -> Result<PinsReply>;
    /// What the user finds in the rooms of a workspace that they are in, newest first: exactly the messages that the fold of the
    /// logs has and [`confab_protocol::search::Wanted`] takes, but for what `incomplete` says. `not_found` for a room that
    /// they are not in.
    async fn search(&self, slug: &Slug, user: &UserId, search: Search) -> Result<SearchPage>;
    /// Brings the index for search up to the logs, by at most about so many entries. False when nothing is left to do.
    /// Searches are right without it, for as many entries as they can read themselves.
    async fn index(&self, entries: usize) -> Result<bool>;
    /// Moves a read marker forward, at most to the head; None when the user is not in the room.
    async fn mark_read(&self, room: &RoomId, user: &UserId, seq: Seq) -> Result<Option<ReadChanged>>;
    /// What each of these members has not read in a room; muted members too, with their `level`.
    async fn unread(&self, room: &RoomId, users: &[UserId]) -> Result<Vec<Unread>>;
}
