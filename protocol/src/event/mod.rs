//! Every event of the contract: its name, and the one JSON object that it carries.
//!
//! A request names its event and its reply through [`Request`], so that neither end can pair them wrongly.

mod lobby;
mod log;
mod room;
mod search;

pub use lobby::*;
pub use log::*;
pub use room::*;
pub use search::*;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What stands on the wire: it has a shape in JSON, in TypeScript and in JSON Schema.
pub trait Wire: Serialize + DeserializeOwned + TS + JsonSchema + 'static {}

impl<T: Serialize + DeserializeOwned + TS + JsonSchema + 'static> Wire for T {}

/// A client→server event that is answered.
pub trait Request: Wire {
    /// Its name on the wire.
    const EVENT: &'static str;
    /// The fields of its reply, beside `ok`.
    type Reply: Wire;
}

/// A server→client event.
pub trait Push: Wire {
    /// Its name on the wire.
    const EVENT: &'static str;
}

/// The reply to a request that carried a `rid`, sent as an event for clients without sound acks: the same object,
/// with that `rid` beside its fields.
pub const REQUEST_ANSWERED: &str = "request:answered";

/// `link:ping`: answered at once, in every namespace. A client's heartbeat.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, TS, JsonSchema)]
pub struct LinkPing {}

/// The namespaces that speak an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// All of them.
    Everywhere,
    /// `/`.
    Lobby,
    /// `/<slug>`.
    Workspace,
}

/// Sees every event of the contract with its types: what is generated from it leaves none out.
pub trait Visitor {
    /// A client→server event.
    fn request<R: Request>(&mut self, place: Place);
    /// A server→client event.
    fn push<P: Push>(&mut self, place: Place);
}

/// Shows every event, each once. [`REQUEST_ANSWERED`] is none of them: it has no type of its own.
pub fn visit(visitor: &mut impl Visitor) {
    visit_requests(visitor, Place::Everywhere);
    visit_pushes(visitor, Place::Everywhere);
    lobby::visit_requests(visitor, Place::Lobby);
    lobby::visit_pushes(visitor, Place::Lobby);
    room::visit_requests(visitor, Place::Workspace);
    room::visit_pushes(visitor, Place::Workspace);
    log::visit_requests(visitor, Place::Workspace);
    log::visit_pushes(visitor, Place::Workspace);
    search::visit_requests(visitor, Place::Workspace);
}

macro_rules! requests {
    ($($body:ty => $event:literal, $reply:ty;)*) => {
        pub(super) fn visit_requests(visitor: &mut impl $crate::event::Visitor, place: $crate::event::Place) {
            $(visitor.request::<$body>(place);)*
        }

        $(impl $crate::event::Request for $body {
            const EVENT: &'static str = $event;
            type Reply = $reply;
        })*
    };
}

macro_rules! pushes {
    ($($body:ty => $event:literal;)*) => {
        pub(super) fn visit_pushes(visitor: &mut impl $crate::event::Visitor, place: $crate::event::Place) {
            $(visitor.push::<$body>(place);)*
        }

        $(impl $crate::event::Push for $body {
            const EVENT: &'static str = $event;
        })*
    };
}

pub(crate) use {pushes, requests};

requests! {
    LinkPing => "link:ping", crate::answer::Empty;
}

pushes! {
    SessionRevoked => "session:revoked";
}
