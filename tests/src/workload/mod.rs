//! Seeded clients that do everything at once, and record what they see.
//!
//! Each [`Device`] is a process in the sense of the history: one link at a time, one request at a time, an outbox for
//! each room that is drained first in, first out, and the same `cid` again after every unknown outcome. Devices of one
//! user share nothing but the account. What they do is drawn from the seed; when it happens is not, since a server
//! that is killed answers when it likes. A failing seed gives the same plan again, not the same microseconds.

mod app;
mod board;
mod closing;
mod device;
mod link;
mod revoked;
mod write;

pub use app::{App, Keeping, Order, Said, Victim};
pub use board::{Board, Phase, Place};
pub use closing::{close, room_logs};
pub use device::{Device, Habit};
pub use revoked::Revoker;

/// The workspace in which all of it happens.
pub(crate) const HALL: &str = "/general";
