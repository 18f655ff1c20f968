//! What a namespace's connection decides, as pure state machines: `step(input, now)` answers with effects.
//!
//! No tokio, no clock, no I/O, no randomness but the seed: whatever happens on a network can be replayed in a test.
//! [`lobby::Lobby`] and [`workspace::Workspace`] share [`wire::Wire`], which knows about connecting and requests.

pub mod lobby;
mod push;
mod tally;
pub mod wire;
pub mod workspace;

use confab_protocol::event::UnreadChanged;
use confab_protocol::{Cid, Error, Limits, RoomId, Timestamp, UserId};
use serde_json::Value;

use crate::link::{Frame, LinkEvent};
use crate::local::model::{Keep, Stored, StoredTimeline};
use crate::outbox::Queued;
use crate::view::Update;

/// The time of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds on a clock that only goes forward; all limits are measured with it.
    pub ms: u64,
    /// The time on the wall, for people to read. It may jump.
    pub wall: Timestamp,
}

/// A call of the shell that waits for an answer. Each gets exactly one [`Effect::Reply`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// What happens to a machine.
#[derive(Debug, Clone)]
pub enum Input<C> {
    /// How it was when this computer saw it last. Comes first, if at all.
    Restore(Box<Stored>),
    /// Begin to connect.
    Start,
    /// The link reports.
    Link(LinkEvent),
    /// The shell asks the server something that changes nothing here: it goes out as it is.
    Request {
        /// Who waits.
        call: CallId,
        /// The name of the request.
        event: &'static str,
        /// Its payload.
        body: Value,
    },
    /// The shell wants something that this machine takes part in.
    Command {
        /// Who waits.
        call: CallId,
        /// What.
        command: C,
    },
    /// [`Effect::Persist`] is done: the write is on the disk, or it is not and why.
    Persisted(Cid, Result<(), Error>),
    /// The answer to [`Effect::Recall`].
    Recalled(RoomId, Option<StoredTimeline>),
    /// There is reason to believe that the network is back.
    Nudge,
    /// The time of [`Machine::deadline`] has come.
    Tick,
}

/// What a machine wants done, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Drop the link, if there is one, and open a new one.
    Connect {
        /// How long the server may take to answer the CONNECT, in milliseconds.
        limit_ms: u64,
    },
    /// Drop the link.
    Kill,
    /// Send this on the link.
    Emit(Frame),
    /// Tell the shell.
    Update(Update),
    /// Answer a call.
    Reply {
        /// Which.
        call: CallId,
        /// The reply's fields, or the refusal.
        answer: Result<Value, Error>,
    },
    /// Put this into the local database before anything else is done with it; [`Input::Persisted`] answers.
    Persist(Queued),
    /// Note this in the local database. Nobody waits for it.
    Keep(Vec<Keep>),
    /// Read a room's timeline from there; [`Input::Recalled`] answers.
    Recall(RoomId),
    /// How many writes wait in this namespace's outbox now.
    Pending(usize),
    /// What is unread in a room of some workspace changed: for that workspace's machine.
    Unread(UnreadChanged),
    /// Whom the caller ignores: for the machines of all workspaces.
    Ignored(Vec<UserId>),
    /// The server's database is another one than before: caches are worthless.
    NewEpoch,
    /// The server's limits.
    Limits(Limits),
    /// The session is over.
    SignedOut(Error),
}

/// A namespace's state machine.
pub trait Machine: Send + 'static {
    /// What the shell can want of it.
    type Command: Send + 'static;

    /// Takes one input.
    fn step(&mut self, input: Input<Self::Command>, now: Now) -> Vec<Effect>;

    /// When [`Input::Tick`] is due, on the clock of [`Now::ms`].
    fn deadline(&self) -> Option<u64>;

    /// The tag of the members that the next handshake need not be told again.
    fn members_tag(&self) -> Option<String> {
        None
    }

    /// Updates that draw all of it anew.
    fn picture(&self, now: Now) -> Vec<Update>;
}
