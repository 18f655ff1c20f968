//! The counts that follow every message: unread and mentions in the lobby, `room:changed` in the room.
//!
//! One look at the database per room and batch, however many messages came. A batch that took long makes the next
//! one wait longer, so that counting never takes more than a part of the server.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use confab_protocol::event::{MentionReceived, ReadChanged, RoomChanged, UnreadChanged};
use confab_protocol::{RoomId, Slug, UserId};
use tokio::sync::Notify;

use super::peer;
use crate::App;
use crate::store::{StoreError, Unread};

const BATCH: Duration = Duration::from_millis(150);
/// With more people in the lobby than this, the room's members are read first, to ask only about those.
const ASK_ABOUT: usize = 256;

/// Rooms whose counts changed since they were last told.
#[derive(Default)]
pub struct Counts {
    pending: Mutex<Pending>,
    bell: Notify,
}

#[derive(Default)]
struct Pending {
    unread: BTreeMap<(Slug, RoomId), Whom>,
    rooms: BTreeSet<(Slug, RoomId)>,
    mentions: BTreeMap<(Slug, RoomId), Vec<(UserId, MentionReceived)>>,
}

enum Whom {
    Everybody,
    These(BTreeSet<UserId>),
}

impl Counts {
    /// A message came or went.
    pub fn messages(&self, slug: &Slug, room: &RoomId) {
        self.note(|pending| {
            pending.unread.insert((slug.clone(), room.clone()), Whom::Everybody);
        });
    }

    /// Somebody has read.
    pub fn read(&self, slug: &Slug, room: &RoomId, user: &UserId) {
        self.note(|pending| {
            let whom = pending.unread.entry((slug.clone(), room.clone())).or_insert(Whom::These(BTreeSet::new()));
            if let Whom::These(users) = whom {
                users.insert(user.clone());
            }
        });
    }

    /// A room's name, topic, archive or members changed.
    pub fn room(&self, slug: &Slug, room: &RoomId) {
        self.note(|pending| {
            pending.rooms.insert((slug.clone(), room.clone()));
        });
    }

    /// A message mentions somebody.
    pub fn mention(&self, user: UserId, mention: MentionReceived) {
        self.note(|pending| {
            let key = (mention.workspace.clone(), mention.room.clone());
            pending.mentions.entry(key).or_default().push((user, mention));
        });
    }

    fn note(&self, what: impl FnOnce(&mut Pending)) {
        what(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.notify_one();
    }
}

/// Tells counts until the server stops.
pub async fn run(app: Arc<App>) {
    let mut pause = BATCH;
    loop {
        app.counts.bell.notified().await;
        tokio::time::sleep(pause).await;
        let pending = std::mem::take(&mut *app.counts.pending.lock().unwrap_or_else(PoisonError::into_inner));
        let started = Instant::now();
        if let Err(error) = tell(&app, pending).await {
            tracing::warn!(%error, "counts could not be told; the next message tells them");
        }
        pause = BATCH.max(started.elapsed() * 5);
    }
}

async fn tell(app: &App, pending: Pending) -> Result<(), StoreError> {
    for (slug, room) in pending.rooms {
        room_changed(app, &slug, &room).await?;
    }
    let lobby = app.hub.lobby_users();
    let mut mentions = pending.mentions;
    for ((slug, room), whom) in pending.unread {
        let users: Vec<UserId> = match whom {
            Whom::These(users) => users.into_iter().collect(),
            Whom::Everybody if lobby.len() <= ASK_ABOUT => lobby.clone(),
            Whom::Everybody => {
                let members: BTreeSet<UserId> =
                    app.chat.store.room_members(&room).await?.into_iter().map(|member| member.id).collect();
                lobby.iter().filter(|user| members.contains(*user)).cloned().collect()
            }
        };
        let mentions = mentions.remove(&(slug.clone(), room.clone())).unwrap_or_default();
        if !users.is_empty() {
            unread(app, &slug, &room, &users, &mentions).await?;
        }
    }
    Ok(())
}

async fn room_changed(app: &App, slug: &Slug, room: &RoomId) -> Result<(), StoreError> {
    let Some(space) = app.hub.space(slug) else { return Ok(()) };
    let users = space.in_room(room);
    if users.is_empty() {
        return Ok(());
    }
    for (user, seen) in app.chat.store.room_for(room, &users).await? {
        let push = RoomChanged { room: seen };
        space.while_in_room(&user, room, |links| peer::tell(links, &push));
    }
    Ok(())
}

async fn unread(
    app: &App,
    slug: &Slug,
    room: &RoomId,
    users: &[UserId],
    mentions: &[(UserId, MentionReceived)],
) -> Result<(), StoreError> {
    for row in app.chat.store.unread(room, users).await? {
        // Muted: they want no signals from it.
        if row.muted {
            continue;
        }
        let Unread { user, head, unread, mentions: mentioned, .. } = row;
        let push = UnreadChanged { workspace: slug.clone(), room: room.clone(), head, unread, mentions: mentioned };
        let links = app.hub.lobby_of(&user);
        for link in &links {
            link.tell(&push);
            for (_, mention) in mentions.iter().filter(|(whom, _)| *whom == user) {
                link.tell(mention);
            }
        }
    }
    Ok(())
}

/// Tells a user's other sockets in the workspace where the read marker stands.
pub fn read_changed(app: &App, slug: &Slug, user: &UserId, except: &crate::fanout::Sock, read: &ReadChanged) {
    if let Some(space) = app.hub.space(slug) {
        for link in space.links_of(user).iter().filter(|link| link.sock.id != except.id) {
            link.tell(read);
        }
    }
}
