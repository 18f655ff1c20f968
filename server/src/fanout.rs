//! The only place that knows which Socket.IO adapter carries broadcasts: now the local one, of one node.

use std::sync::Arc;

use confab_protocol::event::Push;
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

/// The Socket.IO room of every socket that was greeted. A namespace's own broadcast would reach a socket before its
/// greeting. No room id looks like this.
const GREETED: &str = "*";

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

    /// To every socket of a workspace: volatile events only.
    pub fn to_workspace<P: Push>(&self, slug: &Slug, push: &P) {
        if let Some(namespace) = self.io.of(slug.namespace()) {
            emit(namespace.within(GREETED), push);
        }
    }

    /// To every socket of a workspace but this one.
    pub fn to_others_in_workspace<P: Push>(&self, sock: &Sock, push: &P) {
        emit(sock.to(GREETED), push);
    }
}

/// To one socket. False when its buffer was full or it is gone: the packet is lost.
pub fn to_socket<P: Push>(sock: &Sock, push: &P) -> bool {
    sock.emit(P::EVENT, push).is_ok()
}

/// Lets a socket hear what is told to its whole workspace.
pub fn greet(sock: &Sock) {
    sock.join(GREETED);
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
