//! Socket.IO: the handshake, one queue per socket, and thin handlers that call [`crate::chat`].

pub mod changes;
pub mod counts;
mod dispatch;
mod handshake;
mod hub;
mod lobby;
mod log;
pub mod peer;
mod personal;
pub mod presence;
mod publish;
mod queue;
pub mod rate;
mod reply;
mod room;
mod roster;
mod search;
mod space;
pub mod typing;
mod workspace;

use std::time::Duration;

use confab_protocol::Limits;
use socketioxide::service::SocketIoService;
use socketioxide::{ParserConfig, SocketIo};

pub use handshake::{Arrivals, Door, Gate, SessionCookie};
pub use hub::Hub;
pub use publish::Publisher;

use crate::fanout::{Adapter, Io};

/// Packets that wait for one slow reader. Of what comes beyond that, entries are left out and repaired by `room:sync`,
/// volatile events are left out for good, and anything else closes the connection. It must hold the acks and entries of
/// one commit group of the socket's own ([`crate::commit`]).
pub const BUFFER: usize = 1024;

/// How often a socket is asked whether it is still there.
pub const PING_INTERVAL: Duration = Duration::from_secs(25);
/// How long it may take to answer: with the interval, as long as anybody who vanished is still shown.
pub const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// The engine behind `/socket.io/`.
pub type Engine = SocketIoService<engineioxide::service::NotFoundService, Adapter>;

/// Builds the Socket.IO server with the limits of this one.
#[must_use]
pub fn build(limits: &Limits) -> (Engine, Io) {
    SocketIo::builder()
        .req_path("/socket.io")
        .ping_interval(PING_INTERVAL)
        .ping_timeout(PING_TIMEOUT)
        .connect_timeout(Duration::from_secs(limits.handshake_seconds))
        .upgrade_timeout(Duration::from_secs(limits.handshake_seconds))
        .max_buffer_size(BUFFER)
        // One limit for any transport: `max_payload` alone is for polling only.
        .max_payload(limits.frame_bytes as u64)
        .ws_max_message_size(limits.frame_bytes)
        .ws_max_frame_size(limits.frame_bytes)
        // Events are small, and larger ones make room for themselves: 4 KiB for each of ten thousand idle sockets is
        // 35 MB more.
        .ws_read_buffer_size(512)
        .with_parser(
            ParserConfig::common()
                .max_incoming_binaries(limits.attachments)
                .max_incoming_binary_buf_size(limits.frame_bytes),
        )
        .build_svc()
}
