//! Every event of the contract: its name, and the one JSON object that it carries.
//!
//! A request names its event and its reply through [`Request`], so that neither end can pair them wrongly.

mod lobby;
mod log;
mod room;

pub use lobby::*;
pub use log::*;
pub use room::*;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A client→server event that is answered.
pub trait Request: Serialize + DeserializeOwned {
    /// Its name on the wire.
    const EVENT: &'static str;
    /// The fields of its reply, beside `ok`.
    type Reply: Serialize + DeserializeOwned;
}

/// A server→client event.
pub trait Push: Serialize + DeserializeOwned {
    /// Its name on the wire.
    const EVENT: &'static str;
}

/// The reply to a request that carried a `rid`, sent as an event for clients without sound acks: the same object,
/// with that `rid` beside its fields.
pub const REQUEST_ANSWERED: &str = "request:answered";

/// `link:ping`: answered at once, in every namespace. A client's heartbeat.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ts_rs::TS)]
pub struct LinkPing {}

macro_rules! requests {
    ($($body:ty => $event:literal, $reply:ty;)*) => {
        $(impl $crate::event::Request for $body {
            const EVENT: &'static str = $event;
            type Reply = $reply;
        })*
    };
}

macro_rules! pushes {
    ($($body:ty => $event:literal;)*) => {
        $(impl $crate::event::Push for $body {
            const EVENT: &'static str = $event;
        })*
    };
}

pub(crate) use {pushes, requests};

requests! {
    LinkPing => "link:ping", crate::answer::Empty;
}
