//! The wire contract between the Confab server and every client, as Rust types.
//!
//! `PROTOCOL.md` at the top of the repository is the prose of the same contract; the TypeScript in
//! `ui/src/bindings/` is generated from these types, and a test fails when the two drift apart.
//! Nothing here does I/O, knows a clock or depends on a transport, so that the server and the client
//! share one implementation of what must never differ between them: [`fold`], [`limits`], [`search`] and [`text`].

pub mod account;
pub mod answer;
pub mod error;
pub mod event;
pub mod file;
pub mod fingerprint;
pub mod fold;
pub mod handshake;
pub mod id;
pub mod limits;
pub mod log;
pub mod personal;
pub mod room;
pub mod search;
pub mod text;
pub mod time;
pub mod workspace;

pub use answer::Answer;
pub use error::{Cause, Error, ErrorCode};
pub use fingerprint::Fingerprint;
pub use id::{Cid, Epoch, FileId, InviteCode, MessageId, ReminderId, RoomId, Seq, ServerId, SessionId, Slug, UserId};
pub use limits::Limits;
pub use time::Timestamp;

/// The version of the protocol that this crate speaks: `protocol` in the handshake and in `GET /server`.
pub const PROTOCOL: u32 = 1;

/// As what servers announce themselves on their network: the type of their service in DNS-SD.
pub const SERVICE: &str = "_confab._tcp.local.";
