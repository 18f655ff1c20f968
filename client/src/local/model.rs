//! What is kept, as the machines give and take it.

use std::collections::BTreeMap;

use confab_protocol::event::LobbyReady;
use confab_protocol::log::{Entry, Message};
use confab_protocol::room::Room;
use confab_protocol::workspace::{Member, Workspace};
use confab_protocol::{Cid, Epoch, Error, RoomId, Seq, UserId};

use crate::outbox::Queued;

/// A change of what is kept. Applying all of them in order gives [`Stored`] again.
#[derive(Debug, Clone, PartialEq)]
pub enum Keep {
    /// The lobby as it was told.
    Lobby(LobbyReady),
    /// A workspace as it was told: replaces its rooms and people, and forgets timelines of rooms that are not in it.
    Workspace(Picture),
    /// One room.
    Room(Room),
    /// That room is not the caller's any more: it goes with its timeline.
    RoomGone(RoomId),
    /// One person.
    Member(Member),
    /// They left.
    MemberGone(UserId),
    /// A read marker that the server does not know yet; none once it does.
    Mark(RoomId, Option<Seq>),
    /// The timeline of a room grew.
    Timeline(RoomId, Part),
    /// What is known of a room's log is worthless.
    TimelineGone(RoomId),
    /// All timelines are: they come from another database.
    TimelinesGone,
    /// The session was ended from elsewhere: nothing stays of the account but what its person wrote and has not sent.
    CacheGone,
    /// A write has another place, or waits again. It must be there already.
    Write(Queued),
    /// The server has confirmed a write, or the user gave it up.
    WriteGone(Cid),
    /// The server has refused a write for good; the user decides.
    WriteFailed(Cid, Error),
}

/// A workspace without its timelines.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The database that it is from, where the server says so.
    pub epoch: Option<Epoch>,
    /// The workspace.
    pub workspace: Workspace,
    /// The caller in it.
    pub me: Member,
    /// The caller's rooms.
    pub rooms: Vec<Room>,
    /// Everybody; none: the same as are kept already.
    pub members: Option<Vec<Member>>,
}

/// Rows of a timeline, and the range that it has with them.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The contiguous range after this change.
    pub range: Range,
    /// New or different messages.
    pub messages: Vec<Message>,
    /// New notices.
    pub notices: Vec<Entry>,
    /// These rows are all of it.
    pub replaces: bool,
}

/// A contiguous range of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first `seq` in it.
    pub first: Seq,
    /// The last one.
    pub applied: Seq,
    /// Nothing comes before it.
    pub start: bool,
}

/// What a connection begins with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stored {
    /// For `/`.
    pub lobby: Option<LobbyReady>,
    /// For a workspace's namespace: how it was when it was last seen.
    pub picture: Option<Picture>,
    /// Read markers to be told.
    pub marks: BTreeMap<RoomId, Seq>,
    /// The outbox, in order.
    pub writes: Vec<Queued>,
}

/// A room's timeline as it was when it was last open: its newest rows.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTimeline {
    /// The range of the rows.
    pub range: Range,
    /// Oldest first.
    pub messages: Vec<Message>,
    /// Oldest first.
    pub notices: Vec<Entry>,
}
