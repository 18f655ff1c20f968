//! What goes into a store and comes out of it, where the protocol's own types do not fit.

use std::fmt;

use confab_protocol::account::{Role, User};
use confab_protocol::file::FileInfo;
use confab_protocol::personal::{Level, QuietHours};
use confab_protocol::search::Wanted;
use confab_protocol::{Epoch, FileId, InviteCode, RoomId, Seq, ServerId, SessionId, Slug, Timestamp, UserId};

/// SHA-256 of a session's token: the only form in which tokens are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// The server itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRow {
    /// Which, for ever.
    pub id: ServerId,
    /// Its name; empty until set up.
    pub name: String,
    /// The life of this database.
    pub epoch: Epoch,
    /// It has an owner.
    pub set_up: bool,
}

/// Who a token belongs to.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The session.
    pub session: SessionId,
    /// The person.
    pub user: User,
}

/// What is needed to check a password.
#[derive(Clone)]
pub struct Credentials {
    /// Whose.
    pub user: User,
    /// The PHC string; None for guests and bots, who cannot sign in with a password.
    pub password_hash: Option<String>,
}

/// A person to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Their id, made by the caller.
    pub id: UserId,
    /// Already checked and folded.
    pub login: String,
    /// Already checked.
    pub display_name: String,
    /// The PHC string; None for guests and bots.
    pub password_hash: Option<String>,
    /// The role on the server.
    pub role: Role,
    /// A bot.
    pub bot: bool,
    /// A guest.
    pub guest: bool,
}

/// A session to be kept.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its id, made by the caller.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// The hash of its token.
    pub token: TokenHash,
    /// A name for the device list.
    pub device: String,
    /// When.
    pub created: Timestamp,
}

/// A change of a profile; None leaves as it is, an empty status or avatar clears.
#[derive(Debug, Clone, Default)]
pub struct ProfileRow {
    /// Already checked.
    pub display_name: Option<String>,
    /// Already checked.
    pub status: Option<String>,
    /// With `status`: when it ends by itself; None means never.
    pub status_until: Option<Timestamp>,
    /// A file id.
    pub avatar: Option<String>,
}

/// When somebody wants no signals.
#[derive(Debug, Clone, Copy, Default)]
pub struct PersonalRow {
    /// None until then.
    pub dnd_until: Option<Timestamp>,
    /// None at these hours; already checked.
    pub quiet: Option<QuietHours>,
    /// Offline to the others.
    pub invisible: bool,
}

/// An invitation to be kept.
#[derive(Debug, Clone)]
pub struct NewInvite {
    /// Its code, made by the caller.
    pub code: InviteCode,
    /// To which workspace.
    pub workspace: Slug,
    /// To which rooms; None means the default rooms at the time of joining.
    pub rooms: Option<Vec<RoomId>>,
    /// The role of those who come.
    pub role: Role,
    /// Who made it.
    pub creator: UserId,
    /// Until when.
    pub expires: Timestamp,
    /// How many may use it.
    pub max_uses: Option<u32>,
}

/// A live invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteRow {
    /// Its code.
    pub code: InviteCode,
    /// To which workspace.
    pub workspace: Slug,
    /// That workspace's name.
    pub workspace_name: String,
    /// The role of those who come.
    pub role: Role,
    /// Who made it.
    pub creator: UserId,
    /// Until when.
    pub expires: Timestamp,
    /// How many may still use it.
    pub uses_left: Option<u32>,
}

/// Which page of a room's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The newest messages.
    Latest,
    /// Those before this `seq`.
    Before(Seq),
    /// Half before this `seq`, half from it on.
    Around(Seq),
}

/// What one member has not read in one room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Who.
    pub user: UserId,
    /// The room's head.
    pub head: Seq,
    /// Their marker.
    pub read: Seq,
    /// Messages after it that are not deleted. Sending moves the sender's marker, so none of them is their own.
    pub unread: u64,
    /// How many of those mention them; in a direct room, all.
    pub mentions: u64,
    /// What the room may signal to them.
    pub level: Level,
    /// Whose messages signal nothing to them.
    pub ignored: Vec<UserId>,
    /// The room is a direct one.
    pub direct: bool,
}

/// A search.
#[derive(Debug, Clone)]
pub struct Search {
    /// What is looked for.
    pub wanted: Wanted,
    /// Only in this room.
    pub room: Option<RoomId>,
    /// At most so many hits.
    pub limit: usize,
    /// The page after the one that ended with this.
    pub cursor: Option<String>,
}

/// A file to be kept.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// What others are told.
    pub info: FileInfo,
    /// Who uploaded it.
    pub owner: UserId,
    /// When.
    pub created: Timestamp,
    /// How many bytes the owner's files may have in all. One that came by an upload was counted when that began.
    pub quota: u64,
}

/// An upload to be begun.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// Its id, made by the caller.
    pub id: FileId,
    /// Whose.
    pub owner: UserId,
    /// The file's name, already cleaned.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When.
    pub created: Timestamp,
    /// How many the owner may have unfinished.
    pub most: u64,
    /// How many bytes those may be to have in all.
    pub most_bytes: u64,
    /// How many bytes the owner's files may have in all, unfinished uploads too.
    pub quota: u64,
}

/// An upload that was begun.
#[derive(Debug, Clone)]
pub struct UploadRow {
    /// Which.
    pub id: FileId,
    /// The file's name.
    pub name: String,
    /// The file's size.
    pub bytes: u64,
    /// What became of it.
    pub file: Option<FileInfo>,
}

/// What a sweep forgot: what lies on the disk for it may be removed.
#[derive(Debug, Clone, Default)]
pub struct Swept {
    /// Uploads.
    pub uploads: Vec<FileId>,
    /// Hashes of the contents of files. Other files may have the same.
    pub contents: Vec<String>,
}
