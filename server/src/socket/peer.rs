//! One socket of one user in one namespace.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use confab_protocol::event::Push;
use confab_protocol::log::Entry;
use confab_protocol::workspace::Presence;
use confab_protocol::{SessionId, UserId};

use super::queue::Queue;
use super::rate::Bucket;
use super::reply::Overflow;
use super::space::Space;
use crate::App;
use crate::fanout::{Sock, to_socket};
use crate::parcel::Parcel;

/// What the server keeps of a socket beside Socket.IO's own state. It holds no [`Sock`]: the socket's handlers hold
/// the peer, and a circle would never be freed.
pub struct Peer {
    /// The server.
    pub app: Arc<App>,
    /// Whose.
    pub user: UserId,
    /// Under which session.
    pub session: SessionId,
    /// In which namespace.
    pub place: Place,
    /// It hears of presence in batches.
    pub batches: bool,
    /// What waits to be handled.
    pub(super) queue: Mutex<Queue>,
    /// Answers that wait for room in its buffer.
    pub(super) overflow: Mutex<Overflow>,
    /// How many events it may still send.
    pub(super) events: Mutex<Bucket>,
    /// It missed `room:heads` or entries on its way in: the next `room:heads` tells all.
    pub(super) owed_heads: AtomicBool,
    presence: AtomicU8,
    /// In the lobby: `lobby:ready` was sent, and what follows may be.
    greeted: AtomicBool,
}

/// A namespace.
#[derive(Clone)]
pub enum Place {
    /// `/`.
    Lobby,
    /// `/<slug>`.
    Space(Arc<Space>),
}

/// A socket and what is kept of it.
#[derive(Clone)]
pub struct Link {
    /// The socket.
    pub sock: Sock,
    /// What is kept of it.
    pub peer: Arc<Peer>,
}

/// Tells each of these sockets.
pub fn tell<P: Push>(links: &[Link], push: &P) {
    for link in links {
        link.tell(push);
    }
}

impl Link {
    /// Tells this socket something that it will not hear again. One whose buffer is full would go on without it and
    /// never know: it is cut, and reads everything anew when it comes back.
    pub fn tell<P: Push>(&self, push: &P) {
        self.note_told::<P>(to_socket(&self.sock, push));
    }

    /// The same for what may be long.
    pub fn tell_at_length<P: Push>(&self, push: &P) {
        let told = match Parcel::of(&self.sock, push) {
            Some(parcel) if self.sock.emit(P::EVENT, parcel.slip()).is_ok() => {
                parcel.sent();
                true
            }
            Some(_) => false,
            None => to_socket(&self.sock, push),
        };
        self.note_told::<P>(told);
    }

    /// Tells this socket of entries, as many as its buffer has room for. Of the others it hears with the next `room:heads`:
    /// false when there are such.
    pub fn hint(&self, entries: &[Entry]) -> bool {
        let told = entries.iter().all(|entry| to_socket(&self.sock, entry));
        if !told {
            self.peer.owed_heads.store(true, Ordering::Relaxed);
        }
        told
    }

    fn note_told<P: Push>(&self, told: bool) {
        if !told {
            tracing::info!(socket = %self.sock.id, user = %self.peer.user, missed = P::EVENT, "a slow reader is cut");
            self.peer.app.hang_up(&self.sock);
        }
    }
}

impl Peer {
    /// A new one, for which [`super::Hub::reserve`] has made room; dropping it gives that back.
    #[must_use]
    pub fn new(app: Arc<App>, user: UserId, session: SessionId, place: Place, batches: bool) -> Self {
        let events = Mutex::new(Bucket::full(app.rates.events_burst()));
        Self {
            app,
            user,
            session,
            place,
            batches,
            queue: Mutex::default(),
            overflow: Mutex::default(),
            events,
            owed_heads: AtomicBool::new(false),
            presence: AtomicU8::new(code(Presence::Online)),
            greeted: AtomicBool::new(false),
        }
    }

    /// Whether `lobby:ready` was sent.
    pub fn is_greeted(&self) -> bool {
        self.greeted.load(Ordering::SeqCst)
    }

    /// Notes that `lobby:ready` was sent.
    pub fn set_greeted(&self) {
        self.greeted.store(true, Ordering::SeqCst);
    }

    /// What this device says about its user.
    pub fn presence(&self) -> Presence {
        match self.presence.load(Ordering::Relaxed) {
            0 => Presence::Online,
            1 => Presence::Away,
            _ => Presence::Offline,
        }
    }

    /// Notes what this device says.
    pub fn set_presence(&self, presence: Presence) {
        self.presence.store(code(presence), Ordering::Relaxed);
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.app.hub.release(&self.user);
    }
}

fn code(presence: Presence) -> u8 {
    match presence {
        Presence::Online => 0,
        Presence::Away => 1,
        Presence::Offline => 2,
    }
}
