//! What a shell draws: the typed updates that a session sends out, and the small records that its calls answer with.
//!
//! The desktop shell passes these through one channel to the webview; the web client makes the very same updates in
//! TypeScript. So the UI is written once, against these types. The TypeScript in `ui/src/bindings/` is generated.

mod inspect;
mod nearby;
mod settings;
mod start;
mod warning;
mod words;

use confab_protocol::account::User;
use confab_protocol::event::{AttentionWanted, LobbyServer, NoticeLevel};
use confab_protocol::file::FileInfo;
use confab_protocol::log::{Entry, Message, Reaction, Replies};
use confab_protocol::personal::Personal;
use confab_protocol::room::Room;
use confab_protocol::workspace::{Member, Presence, Workspace};
use confab_protocol::{Error, MessageId, RoomId, Seq, Slug, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use inspect::{Answered, Direction, EventRecord, Inspection, LinkChange, LinkNote};
pub use nearby::{NearbyCheck, NearbyServer, Reached};
pub use settings::{Desktop, Language, Settings, Theme};
pub use start::{Account, AccountKey, CredentialStore, Hosting, Place, Seat, Start, Trust};
pub use warning::Warning;
pub use words::ShellWords;

/// Something changed. Updates come in order; applying all of them from the start gives the whole picture of one account.
/// [`Update::Join`], [`Update::Nearby`] and [`Update::Quitting`] are of no account: a shell hands them over beside those, and warnings too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Update {
    /// The account is signed in no longer: signed out here, or the session was revoked (`error` says so).
    SignedOut {
        /// Why, unless the user asked for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        error: Option<Error>,
    },
    /// The link of one namespace (`/` or `/slug`) changed.
    Link {
        /// Which namespace.
        namespace: String,
        /// How it is now.
        state: LinkState,
    },
    /// The lobby as of now: replaces all that was known of it.
    Lobby {
        /// The caller.
        user: User,
        /// The server.
        server: LobbyServer,
        /// The caller's workspaces.
        workspaces: Vec<Workspace>,
    },
    /// One workspace in the lobby is new or different.
    WorkspaceChanged {
        /// The workspace.
        workspace: Workspace,
    },
    /// The caller is no longer in that workspace, or it was archived.
    WorkspaceRemoved {
        /// Which.
        slug: Slug,
    },
    /// A workspace as of now, after its link came up: replaces its rooms and members. Timelines stay.
    Workspace {
        /// The workspace.
        workspace: Workspace,
        /// The caller in it.
        me: Member,
        /// The caller's rooms.
        rooms: Vec<Room>,
        /// Everybody in it.
        members: Vec<Member>,
    },
    /// A room of the caller is new or different.
    RoomChanged {
        /// In which workspace.
        slug: Slug,
        /// The room.
        room: Room,
    },
    /// A room is no longer the caller's: left, kicked, deleted.
    RoomRemoved {
        /// In which workspace.
        slug: Slug,
        /// Which.
        room: RoomId,
    },
    /// What is unread in a room changed.
    Read {
        /// In which workspace.
        slug: Slug,
        /// Which room.
        room: RoomId,
        /// The head of its log.
        head: Seq,
        /// The read marker.
        read: Seq,
        /// Messages of others after it.
        unread: u64,
        /// How many of them mention the caller.
        mentions: u64,
    },
    /// How many are in a room, and how many of them are there now.
    RoomCount {
        /// In which workspace.
        slug: Slug,
        /// Which room.
        room: RoomId,
        /// How many members.
        members: u64,
        /// How many of them are not offline.
        online: u64,
    },
    /// A file on its way, as it is now.
    Transfer {
        /// The transfer.
        transfer: Transfer,
    },
    /// Someone in the workspace is new or different.
    MemberChanged {
        /// In which workspace.
        slug: Slug,
        /// Who.
        member: Member,
    },
    /// Someone left the workspace.
    MemberLeft {
        /// Which workspace.
        slug: Slug,
        /// Who.
        user: UserId,
    },
    /// Someone came, went idle or left.
    PresenceChanged {
        /// In which workspace.
        slug: Slug,
        /// Who.
        user: UserId,
        /// How it is now.
        state: Presence,
        /// Their status line; absent: unchanged.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        status: Option<String>,
    },
    /// Who is typing in a room now, the caller left out.
    Typing {
        /// In which workspace.
        slug: Slug,
        /// Which room.
        room: RoomId,
        /// In which thread of it; absent: in none.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        thread: Option<MessageId>,
        /// Who, in the order in which they began.
        users: Vec<UserId>,
    },
    /// A timeline changed.
    Timeline {
        /// In which workspace.
        slug: Slug,
        /// Which room.
        room: RoomId,
        /// How.
        change: TimelineChange,
    },
    /// What the caller keeps for themselves, all of it.
    Personal {
        /// As of now.
        personal: Personal,
    },
    /// A message wants the caller's attention, in any workspace: [`crate::notify`] says whether it is shown.
    Attention {
        /// Which, and why.
        attention: AttentionWanted,
    },
    /// How many messages of the caller wait for the server, over all rooms.
    Outbox {
        /// Queued and sending; failed ones are not counted.
        pending: usize,
    },
    /// Something went wrong that the user should know of, and nobody was waiting for.
    Warning {
        /// What.
        warning: Warning,
    },
    /// The server's admins say something.
    Notice {
        /// What.
        text: String,
        /// To whom.
        level: NoticeLevel,
    },
    /// What an open inspector has not been told yet, several times a second at most.
    Inspected {
        /// Events, in the order in which they went by.
        records: Vec<EventRecord>,
        /// What became of links.
        links: Vec<LinkNote>,
        /// How many events were left out before these: more went by than wait for the viewer.
        missed: u64,
    },
    /// The user wants to see this message, or this room: they clicked its notification.
    Go {
        /// In which workspace.
        workspace: Slug,
        /// In which room.
        room: RoomId,
        /// Which entry of its log. None for none of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        seq: Option<Seq>,
    },
    /// The servers on this network, all that are seen now.
    Nearby {
        /// In the order of their names.
        servers: Vec<NearbyServer>,
    },
    /// The user opened an invite link.
    Join {
        /// The link, as it was given.
        link: String,
    },
    /// The user dropped this on the window.
    Dropped {
        /// The files, taken over as if they had been chosen in a dialog.
        files: Vec<Picked>,
        /// What leads elsewhere.
        links: Vec<String>,
    },
    /// The user wants to quit, and is to be asked whether they mean it.
    Quitting {
        /// How many others are connected to the server of this app.
        others: usize,
    },
}

/// How the link of a namespace is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum LinkState {
    /// Being set up.
    Connecting,
    /// Up: what is shown is what the server has.
    Live,
    /// Down; it will be tried again.
    Waiting {
        /// In how many milliseconds from the time of this update.
        retry_in_ms: u64,
        /// How many attempts failed since it was last live.
        attempt: u32,
    },
    /// Refused for good, until the user does something.
    Refused {
        /// Why.
        error: Error,
    },
    /// Closed by the user: no workspace of that name is open.
    Closed,
}

/// How a timeline changed. Items are keyed by their `key` and ordered by `seq`; those without one come last, in the
/// order of `order`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum TimelineChange {
    /// The end of it, anew. What is before that comes in pages.
    Reset {
        /// Oldest first.
        items: Vec<Item>,
        /// Nothing comes before the first.
        start: bool,
    },
    /// A page from before the first item.
    Older {
        /// Oldest first.
        items: Vec<Item>,
        /// Nothing comes before the first.
        start: bool,
    },
    /// These items are new or different: replace the one with the same key, or add it. One that is not there and would
    /// stand before the first belongs to a page that nobody asked for: only its thread may want it.
    Upsert {
        /// In any order.
        items: Vec<Item>,
    },
    /// These are gone: pending messages that the user discarded.
    Remove {
        /// Their keys.
        keys: Vec<String>,
    },
}

/// A row of a timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Item {
    /// A message.
    Message(MessageItem),
    /// Something else that happened in the room.
    Notice(NoticeItem),
}

/// A message in a timeline, committed or on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MessageItem {
    /// `author/cid`: stays the same from the first echo to the committed message, so that the row never jumps.
    pub key: String,
    /// Its place in the log, once committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub seq: Option<Seq>,
    /// The place among those that have no `seq` yet.
    pub order: u64,
    /// The server's id, once committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub id: Option<MessageId>,
    /// When it was committed; until then, when it was written.
    pub ts: Timestamp,
    /// Who wrote it.
    pub author: UserId,
    /// Markdown source; empty once deleted.
    pub text: String,
    /// When its text was last replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub edited_ts: Option<Timestamp>,
    /// Deleted for good.
    pub deleted: bool,
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reply_to: Option<MessageId>,
    /// The first message of the thread that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub thread: Option<MessageId>,
    /// How the thread stands that began with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub replies: Option<Replies>,
    /// Attached files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<FileInfo>>")]
    pub files: Vec<FileInfo>,
    /// Members whom it mentions.
    pub mentions: Vec<UserId>,
    /// Who put which emoji on it.
    pub reactions: Vec<Reaction>,
    /// Pinned to the room.
    pub pinned: bool,
    /// How far it is.
    pub state: SendState,
}

impl MessageItem {
    /// Of a committed message.
    #[must_use]
    pub fn committed(message: &Message) -> Self {
        Self {
            key: format!("{}/{}", message.author, message.cid),
            seq: Some(message.seq),
            order: 0,
            id: Some(message.id.clone()),
            ts: message.ts,
            author: message.author.clone(),
            text: message.text.clone(),
            edited_ts: message.edited_ts,
            deleted: message.deleted,
            reply_to: message.reply_to.clone(),
            thread: message.thread.clone(),
            replies: message.replies,
            files: message.files.clone(),
            mentions: message.mentions.clone(),
            reactions: message.reactions.clone(),
            pinned: message.pinned,
            state: SendState::Sent,
        }
    }
}

/// A file on its way, up or down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Transfer {
    /// Which: the key of the [`Picked`] file, or of the download.
    pub key: String,
    /// Up or down.
    pub way: Way,
    /// The file's name.
    pub name: String,
    /// The file's size.
    pub bytes: u64,
    /// How much of it is there.
    pub moved: u64,
    /// How it stands.
    pub state: TransferState,
}

/// Where a transfer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// To the server.
    Up,
    /// From the server.
    Down,
}

/// What became of a drag that was to take a file out of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DragOut {
    /// The pointer has it.
    Begun,
    /// The file is here, but the user had let go by then.
    Late,
    /// The file was given up while it was on its way.
    Cancelled,
}

/// How a transfer stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum TransferState {
    /// It goes on by itself: it begins, or waits for the server.
    Waiting,
    /// Bytes are moving.
    Running,
    /// Until it is resumed.
    Paused,
    /// The server refused it, or this computer's disk did: it can be resumed, which tries again.
    Failed {
        /// Why.
        error: Error,
    },
    /// All of it is there.
    Done {
        /// The file: what a message takes.
        file: FileInfo,
    },
    /// It was given up, and is gone.
    Cancelled,
}

/// A file that the user chose to upload. The page sees no path of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Picked {
    /// Which: the key of its transfer once it is uploaded.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its size; the server's `limits.file_bytes` says what is too much.
    pub bytes: u64,
}

/// A thread as it was when it was asked for. What happens in it later arrives with its room's timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Thread {
    /// The message that it began with, then its answers, oldest first.
    pub messages: Vec<MessageItem>,
    /// No answer comes before the first one given.
    pub start: bool,
}

/// How far a message is on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum SendState {
    /// Waits for the link, or for those before it.
    Queued,
    /// On the wire, not yet answered.
    Sending,
    /// Committed by the server.
    Sent,
    /// Refused for good: the user may retry or discard it.
    Failed {
        /// Why.
        error: Error,
    },
}

/// Someone came or went, or the room changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct NoticeItem {
    /// `#seq`.
    pub key: String,
    /// Its place in the log.
    pub seq: Seq,
    /// The entry, of kind `membership` or `room`.
    pub entry: Entry,
}

/// What an address turned out to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Probe {
    /// The address that answered, cleaned: scheme, host and port.
    pub address: String,
    /// What the calls that sign in take: the address, with the fingerprint of the certificate to insist on.
    pub entry: String,
    /// Why the server is taken for the one that is meant.
    pub trust: Trust,
    /// The code in the link, if there was one and it is live.
    pub invite: Option<String>,
    /// The workspace that it leads to.
    pub workspace_name: Option<String>,
    /// What the server tells anybody.
    pub server: confab_protocol::account::ServerInfo,
}

/// A message that the user wants to send: `message:send` before it has a `cid`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NewMessage {
    /// Where.
    pub room: RoomId,
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
    /// Files that are uploaded already, as the upload was answered: they are drawn with the echo. With any, the text may
    /// be empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<FileInfo>>")]
    pub files: Vec<FileInfo>,
}
