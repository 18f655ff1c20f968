//! The counts that follow every message: unread and mentions in the lobby, `room:changed` in the room.
//!
//! One look at the database per room and batch, however many messages came. A batch that took long makes the next
//! one wait longer, so that counting never takes more than a part of the server.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use confab_protocol::event::{AttentionWanted, MentionReceived, ReadChanged, RoomChanged, UnreadChanged, Why};
use confab_protocol::personal::Level;
use confab_protocol::room::RoomKind;
use confab_protocol::{RoomId, Seq, Slug, Timestamp, UserId};
use tokio::sync::Notify;

use super::peer;
use crate::App;
use crate::store::{StoreError, Unread};

const BATCH: Duration = Duration::from_millis(150);
/// With more people in the lobby than this, the room's members are read first, to ask only about those.
const ASK_ABOUT: usize = 256;
/// Of a flood in one batch, only so many messages are told one by one to those who want to hear of every message; what
/// mentions somebody is told to them in any case.
const NEWS_MAX: usize = 32;

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
    news: BTreeMap<(Slug, RoomId), Vec<News>>,
}

/// A message, as far as somebody may have to be told of it beside its counts.
pub struct News {
    pub seq: Seq,
    pub ts: Timestamp,
    pub author: UserId,
    pub excerpt: String,
    pub mentions: Vec<UserId>,
    /// It is for everybody, or everybody who is there.
    pub wide: bool,
}

enum Whom {
    Everybody,
    These(BTreeSet<UserId>),
}

impl Counts {
    /// A message came.
    pub fn message(&self, slug: &Slug, room: &RoomId, news: News) {
        self.note(|pending| {
            let key = (slug.clone(), room.clone());
            pending.unread.insert(key.clone(), Whom::Everybody);
            let of_room = pending.news.entry(key).or_default();
            if !news.mentions.is_empty() || of_room.len() < NEWS_MAX {
                of_room.push(news);
            }
        });
    }

    /// A message is gone.
    pub fn gone(&self, slug: &Slug, room: &RoomId) {
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
    let mut news = pending.news;
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
        let news = news.remove(&(slug.clone(), room.clone())).unwrap_or_default();
        if !users.is_empty() {
            unread(app, &slug, &room, &users, &news).await?;
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

async fn unread(app: &App, slug: &Slug, room: &RoomId, users: &[UserId], news: &[News]) -> Result<(), StoreError> {
    let mut attention = Vec::new();
    for row in app.chat.store.unread(room, users).await? {
        // Muted: they want no signals from it.
        if row.level == Level::None {
            continue;
        }
        let Unread { user, head, unread, mentions, .. } = &row;
        let (head, unread, mentions) = (*head, *unread, *mentions);
        let links = app.hub.lobby_of(user);
        peer::tell(&links, &UnreadChanged { workspace: slug.clone(), room: room.clone(), head, unread, mentions });
        for (message, why) in news.iter().filter_map(|message| Some((message, message.why(&row)?))) {
            if matches!(why, Why::Mention | Why::Room) {
                peer::tell(&links, &message.mention(slug, room));
            }
            // Another device may have shown it already.
            if message.seq > row.read {
                attention.push((user.clone(), message, why));
            }
        }
    }
    want_attention(app, slug, room, attention).await
}

/// Tells people of messages that their levels let through, with the names that a notification needs.
async fn want_attention(
    app: &App,
    slug: &Slug,
    room: &RoomId,
    wanted: Vec<(UserId, &News, Why)>,
) -> Result<(), StoreError> {
    let Some((first, ..)) = wanted.first() else { return Ok(()) };
    let Some((_, seen)) = app.chat.store.room_for(room, std::slice::from_ref(first)).await?.pop() else {
        return Ok(());
    };
    let room_name = (seen.kind != RoomKind::Direct).then_some(seen.name);
    let mut names: BTreeMap<UserId, String> = BTreeMap::new();
    for (user, message, why) in wanted {
        if !names.contains_key(&message.author) {
            let author = app.chat.store.user(&message.author).await?;
            names.insert(message.author.clone(), author.map(|author| author.display_name).unwrap_or_default());
        }
        let push = AttentionWanted {
            workspace: slug.clone(),
            room: room.clone(),
            room_name: room_name.clone(),
            seq: message.seq,
            ts: message.ts,
            author: message.author.clone(),
            author_name: names.get(&message.author).cloned().unwrap_or_default(),
            excerpt: message.excerpt.clone(),
            why,
        };
        peer::tell(&app.hub.lobby_of(&user), &push);
    }
    Ok(())
}

impl News {
    /// Why this member is to be told of it; None when they are not.
    fn why(&self, to: &Unread) -> Option<Why> {
        if self.author == to.user || to.ignored.contains(&self.author) {
            return None;
        }
        let means = |user: &UserId| *user == to.user || *user == UserId::everybody();
        let why = match self.mentions.iter().any(means) {
            true if self.wide => Why::Room,
            true => Why::Mention,
            false if to.direct => Why::Direct,
            false if to.level == Level::All => Why::All,
            false => return None,
        };
        Some(why)
    }

    fn mention(&self, slug: &Slug, room: &RoomId) -> MentionReceived {
        MentionReceived {
            workspace: slug.clone(),
            room: room.clone(),
            seq: self.seq,
            author: self.author.clone(),
            excerpt: self.excerpt.clone(),
        }
    }
}

/// Tells a user's other sockets in the workspace where the read marker stands.
pub fn read_changed(app: &App, slug: &Slug, user: &UserId, except: &crate::fanout::Sock, read: &ReadChanged) {
    if let Some(space) = app.hub.space(slug) {
        for link in space.links_of(user).iter().filter(|link| link.sock.id != except.id) {
            link.tell(read);
        }
    }
}
