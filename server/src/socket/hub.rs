//! Every socket of this node, by user; and the workspaces whose namespaces are open.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use confab_protocol::{Error, SessionId, Slug, UserId};
use socketioxide::socket::Sid;

use super::peer::{Link, Peer, Place};
use super::space::Space;
use crate::fanout::Sock;

/// The registry.
#[derive(Default)]
pub struct Hub {
    sockets: Mutex<Sockets>,
    /// Sockets of each user, those still connecting too. Apart from `sockets`, since it is given back when a [`Peer`]
    /// is dropped, which may happen while that one is locked.
    reserved: Mutex<HashMap<UserId, u32>>,
    spaces: RwLock<HashMap<Slug, Arc<Space>>>,
    revocations: AtomicU64,
    lobby_changes: AtomicU64,
}

#[derive(Default)]
struct Sockets {
    by_user: HashMap<UserId, Vec<Link>>,
    /// How many namespaces each connection has open.
    by_connection: HashMap<Sid, u32>,
    /// How many each has asked for without an answer yet.
    knocking: HashMap<Sid, u32>,
}

impl Hub {
    /// Makes room for one more socket of this user; dropping its [`Peer`] gives it back.
    ///
    /// # Errors
    /// `rate_limited` when they have too many.
    pub fn reserve(&self, user: &UserId, max: u32) -> Result<(), Error> {
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let count = reserved.entry(user.clone()).or_default();
        if *count >= max {
            return Err(Error::rate_limited(1_000));
        }
        *count += 1;
        Ok(())
    }

    /// Gives a reservation back.
    pub(super) fn release(&self, user: &UserId) {
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = reserved.get_mut(user) {
            *count -= 1;
            if *count == 0 {
                reserved.remove(user);
            }
        }
    }

    /// Takes a connected socket in. From now on a revocation of its session finds it.
    pub fn enter(&self, link: Link) {
        let mut sockets = self.lock();
        // The connection may be gone between its CONNECT and this: then its `leave` has run, or waits for the lock.
        if !link.sock.connected() {
            return;
        }
        *sockets.by_connection.entry(link.sock.id).or_default() += 1;
        sockets.by_user.entry(link.peer.user.clone()).or_default().push(link);
    }

    /// Takes a socket out. True when that was the last namespace of its connection.
    pub fn leave(&self, sock: &Sock, peer: &Arc<Peer>) -> bool {
        let mut sockets = self.lock();
        let Some(links) = sockets.by_user.get_mut(&peer.user) else { return false };
        let Some(at) = links.iter().position(|link| Arc::ptr_eq(&link.peer, peer)) else { return false };
        links.swap_remove(at);
        if links.is_empty() {
            sockets.by_user.remove(&peer.user);
        }
        let left = sockets.by_connection.get_mut(&sock.id).map(|count| {
            *count -= 1;
            *count
        });
        if left == Some(0) {
            sockets.by_connection.remove(&sock.id);
        }
        left == Some(0)
    }

    /// Whether a connection has a namespace open.
    #[must_use]
    pub fn has_namespace(&self, connection: Sid) -> bool {
        self.lock().by_connection.contains_key(&connection)
    }

    /// Whether a connection has asked for a namespace and waits for the answer.
    #[must_use]
    pub fn is_knocking(&self, connection: Sid) -> bool {
        self.lock().knocking.contains_key(&connection)
    }

    /// A connection asks for a namespace.
    pub(super) fn knock(&self, connection: Sid) {
        *self.lock().knocking.entry(connection).or_default() += 1;
    }

    /// It was answered, and has entered if it may; or it is gone.
    pub(super) fn answered(&self, connection: Sid) {
        let mut sockets = self.lock();
        if let Some(count) = sockets.knocking.get_mut(&connection) {
            *count -= 1;
            if *count == 0 {
                sockets.knocking.remove(&connection);
            }
        }
    }

    /// The lobby sockets of a user that were greeted.
    #[must_use]
    pub fn lobby_of(&self, user: &UserId) -> Vec<Link> {
        let sockets = self.lock();
        let links = sockets.by_user.get(user).map(Vec::as_slice).unwrap_or_default();
        links.iter().filter(|link| in_lobby(link)).cloned().collect()
    }

    /// The users who have a lobby socket.
    #[must_use]
    pub fn lobby_users(&self) -> Vec<UserId> {
        let sockets = self.lock();
        sockets.by_user.iter().filter(|(_, links)| links.iter().any(in_lobby)).map(|(user, _)| user.clone()).collect()
    }

    /// Every socket of a session.
    #[must_use]
    pub fn of_session(&self, user: &UserId, session: &SessionId) -> Vec<Link> {
        let sockets = self.lock();
        let links = sockets.by_user.get(user).map(Vec::as_slice).unwrap_or_default();
        links.iter().filter(|link| link.peer.session == *session).cloned().collect()
    }

    /// Every socket.
    #[must_use]
    pub fn everybody(&self) -> Vec<Link> {
        self.lock().by_user.values().flatten().cloned().collect()
    }

    /// How many sockets and users there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let sockets = self.lock();
        (sockets.by_user.values().map(Vec::len).sum(), sockets.by_user.len())
    }

    /// A number that changes with each revocation. A handshake that sees it change looks at its session again: either
    /// it does, or the revocation finds its socket by [`Hub::of_session`].
    #[must_use]
    pub fn revocations(&self) -> u64 {
        self.revocations.load(Ordering::SeqCst)
    }

    /// Notes a revocation that is committed, before its sockets are looked for.
    pub fn note_revocation(&self) {
        self.revocations.fetch_add(1, Ordering::SeqCst);
    }

    /// A number that changes whenever what `lobby:ready` tells may have changed.
    #[must_use]
    pub fn lobby_changes(&self) -> u64 {
        self.lobby_changes.load(Ordering::SeqCst)
    }

    /// Notes that workspaces changed, so that a handshake that has read them reads again.
    pub fn note_lobby_change(&self) {
        self.lobby_changes.fetch_add(1, Ordering::SeqCst);
    }

    /// The open workspace of that name.
    #[must_use]
    pub fn space(&self, slug: &Slug) -> Option<Arc<Space>> {
        self.spaces.read().unwrap_or_else(PoisonError::into_inner).get(slug).cloned()
    }

    /// Every open workspace.
    #[must_use]
    pub fn spaces(&self) -> Vec<Arc<Space>> {
        self.spaces.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Opens a workspace; None when it is open already.
    pub fn open(&self, slug: &Slug) -> Option<Arc<Space>> {
        let mut spaces = self.spaces.write().unwrap_or_else(PoisonError::into_inner);
        if spaces.contains_key(slug) {
            return None;
        }
        let space = Arc::new(Space::new(slug.clone()));
        spaces.insert(slug.clone(), space.clone());
        Some(space)
    }

    /// Closes a workspace; None when it is not open.
    pub fn close(&self, slug: &Slug) -> Option<Arc<Space>> {
        self.spaces.write().unwrap_or_else(PoisonError::into_inner).remove(slug)
    }

    fn lock(&self) -> MutexGuard<'_, Sockets> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn in_lobby(link: &Link) -> bool {
    matches!(link.peer.place, Place::Lobby) && link.peer.is_greeted()
}
