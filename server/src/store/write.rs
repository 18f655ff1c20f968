//! What is written in groups: everything that puts an entry into a log or changes who is in a room.

use confab_protocol::account::{Role, User};
use confab_protocol::log::Entry;
use confab_protocol::personal::Level;
use confab_protocol::room::{Room, RoomKind};
use confab_protocol::{Cid, FileId, InviteCode, MessageId, RoomId, Seq, Slug, Timestamp, UserId};

use super::{NewSession, NewUser};

/// One write: who does what, and when. The clock is the caller's, so that a store has none.
#[derive(Debug, Clone)]
pub struct Write {
    /// Who does it. For [`Op::SetUp`] and [`Op::SignUp`], the person who is being made.
    pub actor: UserId,
    /// The `ts` of the entries that it makes.
    pub now: Timestamp,
    /// What.
    pub op: Op,
}

/// What is done. Payloads are already checked for shape (lengths, alphabets, NFC); whether the actor may do it is
/// decided inside the transaction, by [`crate::chat::rules`].
///
/// Operations on a room name the workspace whose namespace they came through: a room of another one is `not_found`.
#[derive(Debug, Clone)]
pub enum Op {
    /// `POST /setup`: the owner, the workspace `general` and its rooms `general` and `random`. Once; then `conflict`.
    SetUp {
        /// The server's name.
        server_name: String,
        /// The owner.
        owner: NewUser,
        /// Their first session.
        session: NewSession,
    },
    /// `POST /accounts`, `POST /guests`, `user add`: a person, and what an invitation brings them into. The last use
    /// of an invitation is atomic. `conflict` when the login is taken; `not_found` when the invitation is not live.
    SignUp {
        /// The person.
        user: NewUser,
        /// Their first session; none for `user add`.
        session: Option<NewSession>,
        /// The invitation that brings them.
        invite: Option<InviteCode>,
    },
    /// Someone who is signed in follows an invitation. Harmless when they are there already.
    Redeem {
        /// The invitation.
        invite: InviteCode,
    },
    /// `workspace:create`; makes a default room `general` in it. `conflict` when the slug is or was taken.
    CreateWorkspace {
        /// Its slug.
        slug: Slug,
        /// Its name.
        name: String,
        /// Its icon.
        icon: Option<String>,
        /// Anybody may join.
        open: bool,
    },
    /// `workspace:update`.
    UpdateWorkspace {
        /// Which.
        slug: Slug,
        /// The new name.
        name: Option<String>,
        /// The new icon; empty clears.
        icon: Option<String>,
        /// Whether anybody may join.
        open: Option<bool>,
    },
    /// `workspace:archive`.
    ArchiveWorkspace {
        /// Which.
        slug: Slug,
    },
    /// `workspace:join`: an open one, and its default rooms.
    JoinWorkspace {
        /// Which.
        slug: Slug,
    },
    /// `workspace:leave`, and all of its rooms. `forbidden` for its last owner.
    LeaveWorkspace {
        /// Which.
        slug: Slug,
    },
    /// `member:update`.
    UpdateMember {
        /// In which workspace.
        slug: Slug,
        /// Whose role.
        user: UserId,
        /// The new one.
        role: Role,
    },
    /// `member:remove` from the workspace and all of its rooms.
    RemoveMember {
        /// From which workspace.
        slug: Slug,
        /// Whom.
        user: UserId,
    },
    /// `room:create`.
    CreateRoom {
        /// In which workspace.
        slug: Slug,
        /// Its name.
        name: String,
        /// Public or private.
        kind: RoomKind,
        /// Its topic.
        topic: String,
        /// Who is in it besides the actor.
        members: Vec<UserId>,
    },
    /// `direct:open`: finds or makes.
    OpenDirect {
        /// In which workspace.
        slug: Slug,
        /// The others.
        users: Vec<UserId>,
    },
    /// `room:update`; `level` is the actor's own and makes no entry.
    UpdateRoom {
        /// In which workspace.
        slug: Slug,
        /// Which.
        room: RoomId,
        /// The new name.
        name: Option<String>,
        /// The new topic.
        topic: Option<String>,
        /// Whether it is archived.
        archived: Option<bool>,
        /// What it may signal to the actor.
        level: Option<Level>,
    },
    /// `room:delete`.
    DeleteRoom {
        /// In which workspace.
        slug: Slug,
        /// Which.
        room: RoomId,
    },
    /// `room:join`. Makes no entry when the actor is in it already.
    JoinRoom {
        /// In which workspace.
        slug: Slug,
        /// Which.
        room: RoomId,
    },
    /// `room:leave`. `not_found` when the actor is not in it.
    LeaveRoom {
        /// In which workspace.
        slug: Slug,
        /// Which.
        room: RoomId,
    },
    /// `room:invite`. Who is in it already is passed over; who is not in the workspace is `not_found`.
    InviteToRoom {
        /// In which workspace.
        slug: Slug,
        /// Which.
        room: RoomId,
        /// Whom.
        users: Vec<UserId>,
    },
    /// `room:kick`.
    Kick {
        /// In which workspace.
        slug: Slug,
        /// From which.
        room: RoomId,
        /// Whom.
        user: UserId,
    },
    /// `message:send`.
    Send {
        /// In which workspace.
        slug: Slug,
        /// Where.
        room: RoomId,
        /// The client's id of it.
        cid: Cid,
        /// Its text.
        text: String,
        /// What it answers.
        reply_to: Option<MessageId>,
        /// The thread.
        thread: Option<MessageId>,
        /// Whom `@here` means: who is in the room and there. Empty unless the text says it.
        here: Vec<UserId>,
        /// The author's own files, each once.
        files: Vec<FileId>,
    },
    /// `message:edit`.
    Edit {
        /// In which workspace.
        slug: Slug,
        /// Where.
        room: RoomId,
        /// Which message.
        id: MessageId,
        /// The client's id of it.
        cid: Cid,
        /// The new text.
        text: String,
    },
    /// `message:delete`. Blanks the text in the log too.
    Delete {
        /// In which workspace.
        slug: Slug,
        /// Where.
        room: RoomId,
        /// Which message.
        id: MessageId,
        /// The client's id of it.
        cid: Cid,
    },
    /// `message:react`. Writes an entry even when the reaction stands already: the cid must find its answer again.
    React {
        /// In which workspace.
        slug: Slug,
        /// Where.
        room: RoomId,
        /// Which message.
        id: MessageId,
        /// The client's id of it.
        cid: Cid,
        /// Which emoji.
        emoji: String,
        /// On or off.
        on: bool,
    },
    /// `message:pin`. Like [`Op::React`], it writes an entry even when nothing changes.
    Pin {
        /// In which workspace.
        slug: Slug,
        /// Where.
        room: RoomId,
        /// Which message.
        id: MessageId,
        /// The client's id of it.
        cid: Cid,
        /// On or off.
        on: bool,
    },
}

/// What a committed write did: what to tell to whom, and what to answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// The new entries, in the order of `seq` in each room. Empty for a repeated `cid`.
    pub entries: Vec<Entry>,
    /// Who is in which room from now on.
    pub joined: Vec<(RoomId, UserId)>,
    /// Who is no longer in which room: nothing later from it may reach them.
    pub left: Vec<(RoomId, UserId)>,
    /// What to answer.
    pub reply: Reply,
}

/// What a committed write answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Nothing but that it is done.
    Done,
    /// The person who was made ([`Op::SetUp`], [`Op::SignUp`]), and the workspace that they came into.
    Person {
        /// Who.
        user: User,
        /// Where to, and with which role.
        workspace: Option<(Slug, Role)>,
    },
    /// A workspace was joined; `new` when the actor was not in it before.
    Workspace {
        /// Which.
        slug: Slug,
        /// With which role.
        role: Role,
        /// They were not in it before.
        new: bool,
    },
    /// A room, as the actor sees it.
    Room {
        /// The room.
        room: Box<Room>,
        /// It was made by this write.
        new: bool,
    },
    /// A log entry: this one's, or that of the first write with the same `cid`.
    Entry {
        /// The client's id.
        cid: Cid,
        /// The message's id.
        id: MessageId,
        /// Its place.
        seq: Seq,
        /// When it was first committed.
        ts: Timestamp,
        /// The `cid` was known already: nothing was written now.
        repeated: bool,
    },
}
