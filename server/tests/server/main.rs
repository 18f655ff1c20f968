//! The server over its real wire: HTTP, and Socket.IO packets on a bare WebSocket. Each test has a server, a port and a
//! data directory of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, helpers included")]

mod binary;
mod client;
mod delivery;
mod files;
mod handshake;
mod harness;
mod http;
mod limits;
mod lobby;
mod long;
mod payloads;
mod people;
mod polling;
mod presence;
mod rooms;
mod searching;
mod sessions;
mod slow_reader;
mod ui;
