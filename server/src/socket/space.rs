//! An open workspace: who is here, in which rooms, and how far the logs are.
//!
//! This is a cache of who listens to what, never a source of rights: those are asked of the database at each event.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use confab_protocol::event::{RoomHeads, RoomRemoved};
use confab_protocol::workspace::{Member, Presence};
use confab_protocol::{RoomId, Seq, Slug, UserId};

use super::peer::{Link, Peer};
use super::roster::Roster;
use super::typing::Typing;
use crate::fanout;

/// One workspace's sockets.
pub struct Space {
    /// Which workspace.
    pub slug: Slug,
    /// Who types where.
    pub typing: Typing,
    /// Whom its greetings tell of.
    pub roster: Roster,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    users: HashMap<UserId, Here>,
    /// Users whose handshake is reading their rooms, and whether those changed meanwhile.
    opening: HashMap<UserId, Opening>,
    /// How many people of a room are there now.
    online: HashMap<RoomId, u64>,
    /// The heads of the rooms that moved since the start.
    heads: HashMap<RoomId, Seq>,
    /// Those that moved since `room:heads` was last sent.
    moved: HashSet<RoomId>,
    /// Counts what a `workspace:ready` tells beside the caller's own rooms: members and rooms of others.
    version: u64,
}

struct Here {
    links: Vec<Link>,
    rooms: Vec<RoomId>,
    guest: bool,
    status: Option<Box<str>>,
    /// Offline to the others, whatever the devices say.
    hidden: bool,
    /// Counted in `online`.
    counted: bool,
}

#[derive(Default)]
struct Opening {
    handshakes: u32,
    changes: u64,
}

/// What a handshake saw before it read the database: see [`Space::enter`].
pub struct Ticket {
    changes: u64,
    version: u64,
}

/// A socket that is let in.
pub struct Entrance<'a> {
    /// The socket.
    pub link: &'a Link,
    /// The rooms to listen to, and how far each log was when it was read.
    pub heads: &'a BTreeMap<RoomId, Seq>,
    /// The caller as a member.
    pub me: &'a Member,
    /// They want to be offline to the others.
    pub hidden: bool,
}

impl Space {
    /// One without anybody in it.
    #[must_use]
    pub fn new(slug: Slug) -> Self {
        Self { slug, typing: Typing::default(), roster: Roster::default(), inside: Mutex::default() }
    }

    // ---- coming and going ----

    /// Begins to let somebody in. To be called before their rooms are read, and ended with [`Space::end`].
    pub fn begin(&self, user: &UserId) {
        self.lock().opening.entry(user.clone()).or_default().handshakes += 1;
    }

    /// What is to be remembered from before the database is read.
    #[must_use]
    pub fn ticket(&self, user: &UserId) -> Ticket {
        let inside = self.lock();
        Ticket { changes: inside.opening.get(user).map_or(0, |o| o.changes), version: inside.version }
    }

    /// Lets a socket in, unless the user's rooms have changed since the ticket: then what was read may name a room
    /// that they were removed from, and must be read again. `strict` asks the same of the rest of the workspace.
    ///
    /// `greet` is called just before the socket listens, so that nothing comes before its greeting and nothing is
    /// lost after it. Answers with the rooms whose log went on since it was read; None means read again.
    pub fn enter(
        &self,
        entrance: &Entrance<'_>,
        ticket: &Ticket,
        strict: bool,
        greet: impl FnOnce(),
    ) -> Option<Vec<(RoomId, Seq)>> {
        let Entrance { link, heads, me, hidden } = entrance;
        let user = &link.peer.user;
        let mut guard = self.lock();
        let inside = &mut *guard;
        let stale = inside.opening.get(user).is_some_and(|o| o.changes != ticket.changes);
        if stale || (strict && inside.version != ticket.version) {
            return None;
        }
        greet();
        if !link.sock.connected() {
            return Some(Vec::new());
        }
        fanout::greet(&link.sock, link.peer.batches);
        fanout::join(&link.sock, heads.keys().cloned());
        let here = inside.users.entry(user.clone()).or_insert_with(|| Here {
            links: Vec::with_capacity(1),
            rooms: Vec::new(),
            guest: me.role == confab_protocol::account::Role::Guest,
            status: me.status.as_deref().map(Into::into),
            hidden: *hidden,
            counted: false,
        });
        here.hidden = *hidden;
        here.links.push((*link).clone());
        if here.links.len() == 1 {
            here.rooms = heads.keys().cloned().collect();
        }
        here.recount(&mut inside.online);
        let behind = |(room, seen): (&RoomId, &Seq)| {
            inside.heads.get(room).filter(|head| *head > seen).map(|_| (room.clone(), *seen))
        };
        Some(heads.iter().filter_map(behind).collect())
    }

    /// Ends what [`Space::begin`] began.
    pub fn end(&self, user: &UserId) {
        let mut inside = self.lock();
        if let Some(opening) = inside.opening.get_mut(user) {
            opening.handshakes -= 1;
            if opening.handshakes == 0 {
                inside.opening.remove(user);
            }
        }
    }

    /// Takes a socket out.
    pub fn leave(&self, peer: &Arc<Peer>) {
        let mut guard = self.lock();
        let inside = &mut *guard;
        let Some(here) = inside.users.get_mut(&peer.user) else { return };
        here.links.retain(|link| !Arc::ptr_eq(&link.peer, peer));
        here.recount(&mut inside.online);
        if here.links.is_empty() {
            inside.users.remove(&peer.user);
        }
    }

    // ---- memberships ----

    /// Applies committed memberships to the sockets that are here. Those who left are told, and hear nothing later.
    pub fn settle(&self, joined: &[(RoomId, UserId)], left: &[(RoomId, UserId)]) {
        let mut guard = self.lock();
        let inside = &mut *guard;
        for (room, user) in left {
            inside.changed(user);
            let Some(here) = inside.users.get_mut(user) else { continue };
            let Some(at) = here.rooms.iter().position(|r| r == room) else { continue };
            here.rooms.swap_remove(at);
            if here.counted {
                count(&mut inside.online, room, -1);
            }
            for link in &here.links {
                fanout::leave(&link.sock, room);
                link.tell(&RoomRemoved { room: room.clone() });
            }
        }
        for (room, user) in joined {
            inside.changed(user);
            let Some(here) = inside.users.get_mut(user) else { continue };
            if here.rooms.contains(room) {
                continue;
            }
            here.rooms.push(room.clone());
            if here.counted {
                count(&mut inside.online, room, 1);
            }
            for link in &here.links {
                fanout::join(&link.sock, [room.clone()]);
            }
        }
    }

    /// Notes that members or rooms changed, so that a handshake that has read them reads again.
    pub fn note_change(&self) {
        self.lock().version += 1;
    }

    /// Somebody's sockets here.
    #[must_use]
    pub fn links_of(&self, user: &UserId) -> Vec<Link> {
        self.lock().users.get(user).map(|here| here.links.clone()).unwrap_or_default()
    }

    /// Everybody's sockets here.
    #[must_use]
    pub fn everybody(&self) -> Vec<Link> {
        self.lock().users.values().flat_map(|here| here.links.iter().cloned()).collect()
    }

    /// The members of a room who are here.
    #[must_use]
    pub fn in_room(&self, room: &RoomId) -> Vec<UserId> {
        let inside = self.lock();
        inside.users.iter().filter(|(_, here)| here.rooms.contains(room)).map(|(user, _)| user.clone()).collect()
    }

    /// The sockets of those who are here, may join public rooms, and are not in this one.
    #[must_use]
    pub fn not_in_room(&self, room: &RoomId) -> Vec<Link> {
        let inside = self.lock();
        let others = inside.users.values().filter(|here| !here.guest && !here.rooms.contains(room));
        others.flat_map(|here| here.links.iter().cloned()).collect()
    }

    /// Calls `tell` with the sockets of this user, if they are in the room at this moment. Nothing can remove them
    /// meanwhile: what is told comes before the `room:removed`, or not at all.
    pub fn while_in_room(&self, user: &UserId, room: &RoomId, tell: impl FnOnce(&[Link])) {
        let inside = self.lock();
        if let Some(here) = inside.users.get(user)
            && here.rooms.contains(room)
        {
            tell(&here.links);
        }
    }

    /// How many sockets are here, and how many of them are told of presence one by one.
    #[must_use]
    pub fn sockets(&self) -> (usize, usize) {
        let inside = self.lock();
        let links = || inside.users.values().flat_map(|here| &here.links);
        (links().count(), links().filter(|link| !link.peer.batches).count())
    }

    // ---- presence ----

    /// How many people of a room are there now.
    #[must_use]
    pub fn online(&self, room: &RoomId) -> u64 {
        self.lock().online.get(room).copied().unwrap_or(0)
    }

    /// Whether somebody is there, and their status where they are here.
    #[must_use]
    pub fn presence(&self, user: &UserId) -> (Presence, Option<String>) {
        match self.lock().users.get(user) {
            Some(here) => (here.presence(), here.status.as_deref().map(str::to_owned)),
            None => (Presence::Offline, None),
        }
    }

    /// Says of each member whether they are there.
    pub fn overlay(&self, members: &mut [Member]) {
        let inside = self.lock();
        for member in members {
            member.presence = inside.users.get(&member.id).map_or(Presence::Offline, Here::presence);
        }
    }

    /// Those who are there.
    #[must_use]
    pub fn present(&self) -> BTreeMap<UserId, Presence> {
        let inside = self.lock();
        let here = inside.users.iter().map(|(user, here)| (user.clone(), here.presence()));
        here.filter(|(_, presence)| *presence != Presence::Offline).collect()
    }

    /// Takes over what a user's devices and profile say now.
    pub fn refresh(&self, user: &UserId, status: Option<Option<String>>) {
        let mut guard = self.lock();
        let inside = &mut *guard;
        if let Some(here) = inside.users.get_mut(user) {
            here.recount(&mut inside.online);
            if let Some(status) = status {
                here.status = status.map(Into::into);
            }
        }
    }

    /// Takes over whether a user is to be seen.
    pub fn hide(&self, user: &UserId, hidden: bool) {
        let mut guard = self.lock();
        let inside = &mut *guard;
        // A handshake that has read it before reads it again.
        inside.version += 1;
        if let Some(here) = inside.users.get_mut(user) {
            here.hidden = hidden;
            here.recount(&mut inside.online);
        }
    }

    /// The members of a room who are there, idle or not, as others see it.
    #[must_use]
    pub fn here(&self, room: &RoomId) -> Vec<UserId> {
        let inside = self.lock();
        let there = |here: &Here| here.presence() != Presence::Offline && here.rooms.contains(room);
        inside.users.iter().filter(|(_, here)| there(here)).map(|(user, _)| user.clone()).collect()
    }

    // ---- heads ----

    /// Notes how far a log is. To be called before the entry is emitted: a socket that comes in between then knows.
    pub fn advance<'a>(&self, entries: impl Iterator<Item = (&'a RoomId, Seq)>) {
        let mut inside = self.lock();
        for (room, seq) in entries {
            match inside.heads.get_mut(room) {
                Some(head) => *head = (*head).max(seq),
                None => drop(inside.heads.insert(room.clone(), seq)),
            }
            if !inside.moved.contains(room) {
                inside.moved.insert(room.clone());
            }
        }
    }

    /// Tells each socket the heads of its rooms that moved since the last time; all that are known, where the last
    /// telling was lost.
    pub fn tell_heads(&self) {
        let mut guard = self.lock();
        let inside = &mut *guard;
        let moved = std::mem::take(&mut inside.moved);
        let heads = |here: &Here, all: bool| -> BTreeMap<RoomId, Seq> {
            let wanted = here.rooms.iter().filter(|room| all || moved.contains(*room));
            wanted.filter_map(|room| Some((room.clone(), *inside.heads.get(room)?))).collect()
        };
        for here in inside.users.values() {
            let news = heads(here, false);
            for link in &here.links {
                let owed = link.peer.owed_heads.load(Ordering::Relaxed);
                let news = if owed { heads(here, true) } else { news.clone() };
                if !news.is_empty() {
                    let lost = !fanout::to_socket(&link.sock, &RoomHeads { heads: news });
                    link.peer.owed_heads.store(lost, Ordering::Relaxed);
                }
            }
        }
    }

    /// Forgets the head of a room that is gone.
    pub fn forget(&self, room: &RoomId) {
        let mut inside = self.lock();
        inside.heads.remove(room);
        inside.moved.remove(room);
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn changed(&mut self, user: &UserId) {
        if let Some(opening) = self.opening.get_mut(user) {
            opening.changes += 1;
        }
    }
}

impl Here {
    fn presence(&self) -> Presence {
        if self.hidden {
            return Presence::Offline;
        }
        let states = self.links.iter().map(|link| link.peer.presence());
        states.fold(Presence::Offline, |so_far, state| match (so_far, state) {
            (Presence::Online, _) | (_, Presence::Online) => Presence::Online,
            (Presence::Away, _) | (_, Presence::Away) => Presence::Away,
            _ => Presence::Offline,
        })
    }

    fn recount(&mut self, online: &mut HashMap<RoomId, u64>) {
        let counts = self.presence() != Presence::Offline;
        if counts != self.counted {
            self.counted = counts;
            for room in &self.rooms {
                count(online, room, if counts { 1 } else { -1 });
            }
        }
    }
}

fn count(online: &mut HashMap<RoomId, u64>, room: &RoomId, by: i64) {
    let now = online.get(room).copied().unwrap_or(0).saturating_add_signed(by);
    if now == 0 {
        online.remove(room);
    } else {
        online.insert(room.clone(), now);
    }
}
