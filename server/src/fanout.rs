//! The only place that knows which Socket.IO adapter carries broadcasts: now the local one, of one node.

use std::sync::Arc;

use confab_protocol::event::{PresenceBatch, PresenceChanged, Push};
use confab_protocol::{RoomId, Slug};
use futures_util::FutureExt as _;
use socketioxide::adapter::LocalAdapter;
use socketioxide::operators::BroadcastOperators;
use socketioxide::socket::Socket;

/// The adapter of this build.
pub type Adapter = LocalAdapter;
/// The Socket.IO server.
pub type Io = socketioxide::SocketIo<Adapter>;
/// One client in one namespace.
pub type Sock = Arc<Socket<Adapter>>;

/// The Socket.IO rooms of the sockets that were greeted, by how they hear of presence. A namespace's own broadcast would reach
/// a socket before its greeting. No room id looks like this.
const ONE_BY_ONE: &str = "*";
const IN_BATCHES: &str = "*b";

/// Emits to the sockets of a room or a namespace. A socket whose buffer is full misses the packet, and nobody learns
/// which one that was. So only entries come this way, of which `room:heads` tells, and what is volatile.
#[derive(Clone)]
pub struct Fanout {
    io: Io,
}

impl Fanout {
    /// On this Socket.IO server.
    #[must_use]
    pub fn new(io: Io) -> Self {
        Self { io }
    }

    /// To every socket in a room.
    pub fn to_room<P: Push>(&self, slug: &Slug, room: &RoomId, push: &P) {
        if let Some(namespace) = self.io.of(slug.namespace()) {
            emit(namespace.within(room.as_str().to_owned()), push);
        }
    }

    /// To every socket in a room but this one.
    pub fn to_others_in_room<P: Push>(&self, sock: &Sock, room: &RoomId, push: &P) {
        emit(sock.to(room.as_str().to_owned()), push);
    }

    /// To the sockets of a workspace that hear each change by itself, but not to this one.
    pub fn presence(&self, slug: &Slug, except: Option<&Sock>, push: &PresenceChanged) {
        match (except, self.io.of(slug.namespace())) {
            (Some(sock), _) => emit(sock.to(ONE_BY_ONE), push),
            (None, Some(namespace)) => emit(namespace.within(ONE_BY_ONE), push),
            (None, None) => {}
        }
    }

    /// To the sockets of a workspace that hear changes in batches.
    pub fn presences(&self, slug: &Slug, push: &PresenceBatch) {
        if let Some(namespace) = self.io.of(slug.namespace()) {
            emit(namespace.within(IN_BATCHES), push);
        }
    }
}

/// To one socket. False when its buffer was full or it is gone: the packet is lost.
pub fn to_socket<P: Push>(sock: &Sock, push: &P) -> bool {
    sock.emit(P::EVENT, push).is_ok()
}

/// Lets a socket hear who comes and goes in its workspace.
pub fn greet(sock: &Sock, batches: bool) {
    sock.join(if batches { IN_BATCHES } else { ONE_BY_ONE });
}

/// Puts a socket into rooms.
pub fn join(sock: &Sock, rooms: impl IntoIterator<Item = RoomId>) {
    let rooms: Vec<String> = rooms.into_iter().map(String::from).collect();
    if !rooms.is_empty() {
        sock.join(rooms);
    }
}

/// Takes a socket out of a room: the next broadcast does not reach it.
pub fn leave(sock: &Sock, room: &RoomId) {
    sock.leave(room.as_str().to_owned());
}

/// The local adapter delivers while the future is made and polled once; there is nothing to wait for. Another adapter
/// would have to be awaited here.
fn emit<P: Push>(to: BroadcastOperators<Adapter>, push: &P) {
    match to.emit(P::EVENT, push).now_or_never() {
        Some(Ok(())) => {}
        // One error per socket with a full buffer: said once per broadcast, at a level that is off by default.
        Some(Err(error)) => tracing::debug!(event = P::EVENT, %error, "not every socket got it"),
        None => tracing::error!(event = P::EVENT, "a broadcast did not end at once"),
    }
}
