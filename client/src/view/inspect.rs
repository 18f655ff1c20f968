//! What an inspector draws: the events of the live links, and what became of those links.
//!
//! All of it has been through [`crate::tap`]: no token is in it, and no text that anybody wrote unless the viewer asked.

use confab_protocol::{ErrorCode, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What an inspector begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Inspection {
    /// The client, as it names itself to servers.
    pub client: String,
    /// What it runs on.
    pub platform: String,
    /// What became of the links lately, oldest first: kept whether anybody looks or not.
    pub links: Vec<LinkNote>,
}

/// Something that happened to the link of a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LinkNote {
    /// `/` or `/slug`.
    pub namespace: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub change: LinkChange,
}

/// What happened to a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum LinkChange {
    /// It began to connect.
    Opening,
    /// The server accepted the CONNECT.
    Up {
        /// What carries it: `websocket` or `polling`.
        transport: String,
    },
    /// The server refused the CONNECT.
    Refused {
        /// Why.
        code: ErrorCode,
    },
    /// It was lost.
    Down {
        /// Why, in the words of the library or the system.
        why: String,
    },
    /// This side ended it: the workspace was closed, the session is over, or the server was silent for too long.
    Dropped,
}

/// An event on a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EventRecord {
    /// Counts the records of this process.
    pub id: u64,
    /// When it was handed to the link, or came from it.
    pub at: Timestamp,
    /// Which way it went.
    pub direction: Direction,
    /// `/` or `/slug`.
    pub namespace: String,
    /// Its name.
    pub event: String,
    /// The room that it is about, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub room: Option<String>,
    /// The size of its body as JSON.
    pub bytes: u64,
    /// What it answers, when it is an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub answer: Option<Answered>,
    /// Its body as JSON, without what anybody wrote.
    pub body: String,
    /// The same with it, when that was asked for. Still without tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub full: Option<String>,
}

/// Which request an answer belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Answered {
    /// The record of the request.
    pub request: u64,
    /// The event of the request.
    pub event: String,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// The server refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub refused: Option<ErrorCode>,
}

/// Which way an event went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the server.
    In,
    /// To the server.
    Out,
}
