//! What clients ask, and what they are answered; as much of it as the checker looks at.

use serde::{Deserialize, Serialize};

use super::{Folded, Sight};

/// A request. Rooms, users and messages are the server's ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// CONNECT to the workspace, up to `workspace:ready`.
    Enter,
    /// `message:send`, or one message of a batch.
    Send {
        /// Where.
        room: String,
        /// The client's id.
        cid: String,
        /// Its place in the outbox of this device: what comes first has the lower one.
        place: u64,
        /// Print of the text.
        text: u64,
    },
    /// `message:edit`.
    Edit {
        /// Where.
        room: String,
        /// The client's id of the edit.
        cid: String,
        /// Which message.
        id: String,
        /// Print of the new text.
        text: u64,
    },
    /// `message:delete`.
    Delete {
        /// Where.
        room: String,
        /// The client's id of the deletion.
        cid: String,
        /// Which message.
        id: String,
    },
    /// `message:react`.
    React {
        /// Where.
        room: String,
        /// The client's id of the reaction.
        cid: String,
        /// Which message.
        id: String,
        /// Which emoji.
        emoji: String,
        /// On or off.
        on: bool,
    },
    /// `read:mark`.
    Mark {
        /// Where.
        room: String,
        /// Up to where.
        seq: u64,
    },
    /// `room:sync`.
    Sync {
        /// Of which room.
        room: String,
        /// After which `seq`.
        after: u64,
    },
    /// `room:history`.
    Page {
        /// Of which room.
        room: String,
        /// Before which `seq`; none: the newest.
        before: Option<u64>,
    },
    /// `room:join`.
    Join {
        /// Which room.
        room: String,
        /// What the caller has.
        after: u64,
    },
    /// `room:leave`.
    Leave {
        /// Which room.
        room: String,
    },
    /// `room:invite` of one person.
    Invite {
        /// Which room.
        room: String,
        /// Whom.
        user: String,
    },
    /// `room:kick`.
    Kick {
        /// From which room.
        room: String,
        /// Whom.
        user: String,
    },
    /// `DELETE /sessions/{id}`: the session of another device.
    Revoke {
        /// Which process used it.
        process: String,
    },
    /// `typing:set`.
    Typing {
        /// Where.
        room: String,
        /// Begins or ends.
        on: bool,
    },
}

impl Call {
    /// The client's id of a write to a log.
    #[must_use]
    pub fn cid(&self) -> Option<&str> {
        match self {
            Self::Send { cid, .. } | Self::Edit { cid, .. } | Self::Delete { cid, .. } | Self::React { cid, .. } => {
                Some(cid)
            }
            _ => None,
        }
    }

    /// The room that it is about.
    #[must_use]
    pub fn room(&self) -> Option<&str> {
        match self {
            Self::Send { room, .. }
            | Self::Edit { room, .. }
            | Self::Delete { room, .. }
            | Self::React { room, .. }
            | Self::Mark { room, .. }
            | Self::Sync { room, .. }
            | Self::Page { room, .. }
            | Self::Join { room, .. }
            | Self::Leave { room }
            | Self::Invite { room, .. }
            | Self::Kick { room, .. }
            | Self::Typing { room, .. } => Some(room),
            Self::Enter | Self::Revoke { .. } => None,
        }
    }

    /// The same write: same kind, room and body. Places in outboxes and positions do not count.
    #[must_use]
    pub fn same_body(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Send { room: a, text: s, .. }, Self::Send { room: b, text: t, .. }) => a == b && s == t,
            _ => self == other,
        }
    }
}

/// An answer that says yes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Nothing more than that.
    Done,
    /// A write to a log is committed.
    Written {
        /// The message's id, where it is new.
        id: Option<String>,
        /// Its place.
        seq: u64,
        /// When.
        ts: String,
    },
    /// A piece of the log: `room:sync`, `room:join`.
    Log {
        /// The entries.
        entries: Vec<Sight>,
        /// The head of the log.
        head: u64,
        /// There is more after the last of them.
        more: bool,
        /// Too far behind: there are no entries.
        reset: bool,
    },
    /// A page of `room:history`.
    Page {
        /// Folded messages, oldest first.
        messages: Vec<Folded>,
        /// The head of the log that they are folded from.
        head: u64,
        /// Nothing comes before the first.
        start: bool,
    },
    /// `workspace:ready`.
    Ready {
        /// The caller's rooms.
        rooms: Vec<RoomState>,
        /// Who is shown as there.
        present: Vec<String>,
    },
    /// Where the read marker stands now.
    Read {
        /// Its place.
        read: u64,
    },
}

/// A room as its member sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomState {
    /// Which.
    pub room: String,
    /// The head of its log.
    pub head: u64,
    /// The member's read marker.
    pub read: u64,
    /// Messages after it.
    pub unread: u64,
    /// How many of them mention the member.
    pub mentions: u64,
}
