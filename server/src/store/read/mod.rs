//! Everything that is only read, by noun. Each function runs in a transaction that sees one state of the database.

pub(super) mod account;
pub(super) mod file;
mod fill;
pub(super) mod log;
pub(super) mod named;
pub(super) mod personal;
pub(super) mod room;
pub(super) mod server;
pub(super) mod thread;
pub(super) mod unread;
pub(super) mod workspace;
