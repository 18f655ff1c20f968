//! What a product client in a process of its own is told, and what it says: one JSON object on a line.

use confab_client::view::{Account, Update};
use confab_protocol::{Cid, MessageId, RoomId, Slug};
use serde::{Deserialize, Serialize};

/// A line on its standard input. It ends when there are no more.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// Comes first: whose session it is, and which workspace is looked at.
    Begin {
        /// Who, where.
        account: Account,
        /// The proof of it.
        token: String,
        /// The workspace.
        workspace: Slug,
    },
    /// Look at a room.
    Open {
        /// Which.
        room: RoomId,
    },
    /// Send a message. [`Said::Accepted`] follows, or [`Said::Refused`].
    Send {
        /// Where.
        room: RoomId,
        /// The message's id, chosen by whoever gives the order.
        cid: Cid,
        /// Its text.
        text: String,
    },
    /// Replace a text. Only a refusal is told, as [`Said::Refused`]. So for the two that follow.
    Edit {
        /// Where.
        room: RoomId,
        /// Which message.
        id: MessageId,
        /// The new text.
        text: String,
        /// The number of the operation.
        op: u64,
    },
    /// Delete a message.
    Delete {
        /// Where.
        room: RoomId,
        /// Which message.
        id: MessageId,
        /// The number of the operation.
        op: u64,
    },
    /// Put a reaction on a message, or take it off.
    React {
        /// Where.
        room: RoomId,
        /// Which message.
        id: MessageId,
        /// Which reaction.
        emoji: String,
        /// Put on.
        on: bool,
        /// The number of the operation.
        op: u64,
    },
}

/// A line on its standard output.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "snake_case")]
pub enum Said {
    /// The session says that this message is drawn: from now on it must not be lost.
    Accepted {
        /// Which.
        cid: Cid,
    },
    /// It will not happen.
    Refused {
        /// The message.
        cid: Option<Cid>,
        /// The operation, for what is not a message.
        op: Option<u64>,
        /// Why.
        code: String,
    },
    /// What is to be drawn.
    Draw {
        /// That.
        update: Box<Update>,
    },
}
