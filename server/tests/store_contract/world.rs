//! A small server to try things on: an owner, the workspace `general` with its rooms, and a clock of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use confab_protocol::account::Role;
use confab_protocol::log::Entry;
use confab_protocol::personal::Level;
use confab_protocol::room::{Room, RoomKind};
use confab_protocol::{Cid, ErrorCode, InviteCode, MessageId, RoomId, Seq, SessionId, Slug, Timestamp, UserId};
use confab_server::store::{
    Done, NewInvite, NewSession, NewUser, Op, Page, Reply, Result, Store, StoreError, TokenHash, Write,
};

pub struct World {
    pub store: Arc<dyn Store>,
    /// The owner.
    pub ada: UserId,
    pub slug: Slug,
    pub general: RoomId,
    pub random: RoomId,
    clock: AtomicI64,
}

/// Where a write went and which message it made or concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    pub id: MessageId,
    pub seq: Seq,
    pub ts: Timestamp,
    pub repeated: bool,
}

impl World {
    /// Sets an empty server up.
    pub async fn new(store: Arc<dyn Store>) -> Self {
        let ada = UserId::generate();
        let op = Op::SetUp {
            server_name: "Home".into(),
            owner: NewUser { id: ada.clone(), ..person("ada", Role::Owner) },
            session: session(&ada, 1),
        };
        write(&*store, Write { actor: ada.clone(), now: Timestamp::from_millis(1), op }).await.unwrap();
        let slug: Slug = "general".parse().unwrap();
        let rooms = store.rooms(&slug, &ada).await.unwrap();
        let named = |name: &str| rooms.iter().find(|room| room.name == name).unwrap().id.clone();
        Self { ada, general: named("general"), random: named("random"), slug, store, clock: AtomicI64::new(1_000) }
    }

    /// One that exists, by the ids of its owner and of two rooms of `general`.
    pub fn of(store: Arc<dyn Store>, owner: &str, general: &str, random: &str) -> Self {
        let (general, random) = (general.parse().unwrap(), random.parse().unwrap());
        let (ada, slug) = (owner.parse().unwrap(), "general".parse().unwrap());
        Self { ada, general, random, slug, store, clock: AtomicI64::new(1_000) }
    }

    /// A point in time after all earlier ones.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.fetch_add(1, Ordering::Relaxed))
    }

    /// Does one write.
    pub async fn does(&self, actor: &UserId, op: Op) -> Result<Done> {
        write(&*self.store, self.write(actor, op)).await
    }

    /// A write, to be put into a group.
    pub fn write(&self, actor: &UserId, op: Op) -> Write {
        Write { actor: actor.clone(), now: self.now(), op }
    }

    /// Someone with an account who came into `general`.
    pub async fn joins(&self, login: &str) -> UserId {
        let user = NewUser { id: UserId::generate(), ..person(login, Role::Member) };
        let id = user.id.clone();
        self.does(&id, Op::SignUp { user, session: None, invite: None }).await.unwrap();
        id
    }

    /// A guest who came into `general` by an invitation to these rooms.
    pub async fn guest(&self, login: &str, rooms: Option<Vec<RoomId>>) -> UserId {
        let code = self.invitation(Role::Guest, rooms, None).await;
        let user = NewUser { id: UserId::generate(), guest: true, ..person(login, Role::Guest) };
        let id = user.id.clone();
        self.does(&id, Op::SignUp { user, session: None, invite: Some(code) }).await.unwrap();
        id
    }

    /// An invitation to `general` by its owner.
    pub async fn invitation(&self, role: Role, rooms: Option<Vec<RoomId>>, max_uses: Option<u32>) -> InviteCode {
        let invite = NewInvite {
            code: InviteCode::generate(),
            workspace: self.slug.clone(),
            rooms,
            role,
            creator: self.ada.clone(),
            expires: Timestamp::from_millis(1_000_000),
            max_uses,
        };
        let code = invite.code.clone();
        self.store.create_invite(invite).await.unwrap();
        code
    }

    /// A new room of `general` with these people besides its maker.
    pub async fn room(&self, maker: &UserId, name: &str, kind: RoomKind, members: &[&UserId]) -> RoomId {
        let op = self.create_room(name, kind, members);
        room_of(&self.does(maker, op).await.unwrap()).id.clone()
    }

    pub fn create_room(&self, name: &str, kind: RoomKind, members: &[&UserId]) -> Op {
        let members = members.iter().map(|&user| user.clone()).collect();
        Op::CreateRoom { slug: self.slug.clone(), name: name.into(), kind, topic: String::new(), members }
    }

    pub fn send_op(&self, room: &RoomId, cid: &Cid, text: &str) -> Op {
        self.answer_op(room, cid, text, None)
    }

    pub fn answer_op(&self, room: &RoomId, cid: &Cid, text: &str, thread: Option<&MessageId>) -> Op {
        Op::Send {
            slug: self.slug.clone(),
            room: room.clone(),
            cid: cid.clone(),
            text: text.into(),
            reply_to: None,
            thread: thread.cloned(),
            here: Vec::new(),
            files: Vec::new(),
        }
    }

    pub fn pin_op(&self, room: &RoomId, id: &MessageId, cid: &Cid, on: bool) -> Op {
        let (slug, room) = (self.slug.clone(), room.clone());
        Op::Pin { slug, room, id: id.clone(), cid: cid.clone(), on }
    }

    pub fn edit_op(&self, room: &RoomId, id: &MessageId, cid: &Cid, text: &str) -> Op {
        let (slug, room) = (self.slug.clone(), room.clone());
        Op::Edit { slug, room, id: id.clone(), cid: cid.clone(), text: text.into() }
    }

    pub fn delete_op(&self, room: &RoomId, id: &MessageId, cid: &Cid) -> Op {
        Op::Delete { slug: self.slug.clone(), room: room.clone(), id: id.clone(), cid: cid.clone() }
    }

    pub fn react_op(&self, room: &RoomId, id: &MessageId, cid: &Cid, emoji: &str, on: bool) -> Op {
        let (slug, room) = (self.slug.clone(), room.clone());
        Op::React { slug, room, id: id.clone(), cid: cid.clone(), emoji: emoji.into(), on }
    }

    pub fn archive_op(&self, room: &RoomId, archived: bool) -> Op {
        let (slug, room) = (self.slug.clone(), room.clone());
        Op::UpdateRoom { slug, room, name: None, topic: None, archived: Some(archived), level: None }
    }

    pub fn level_op(&self, room: &RoomId, level: Level) -> Op {
        let (slug, room) = (self.slug.clone(), room.clone());
        Op::UpdateRoom { slug, room, name: None, topic: None, archived: None, level: Some(level) }
    }

    pub async fn sends(&self, actor: &UserId, room: &RoomId, text: &str) -> Sent {
        sent(self.does(actor, self.send_op(room, &Cid::generate(), text)).await.unwrap())
    }

    pub async fn edits(&self, actor: &UserId, room: &RoomId, id: &MessageId, text: &str) -> Sent {
        sent(self.does(actor, self.edit_op(room, id, &Cid::generate(), text)).await.unwrap())
    }

    pub async fn deletes(&self, actor: &UserId, room: &RoomId, id: &MessageId) -> Sent {
        sent(self.does(actor, self.delete_op(room, id, &Cid::generate())).await.unwrap())
    }

    pub async fn reacts(&self, actor: &UserId, room: &RoomId, id: &MessageId, emoji: &str, on: bool) -> Sent {
        sent(self.does(actor, self.react_op(room, id, &Cid::generate(), emoji, on)).await.unwrap())
    }

    /// The whole log of a room, and its head.
    pub async fn log(&self, room: &RoomId) -> (Vec<Entry>, Seq) {
        log(&*self.store, room).await
    }

    /// A room as someone sees it.
    pub async fn seen(&self, room: &RoomId, user: &UserId) -> Option<(Room, bool)> {
        self.store.room(&self.slug, room, user).await.unwrap()
    }

    /// Unread messages and mentions, by all the ways in which they are told, which must agree.
    pub async fn unread(&self, room: &RoomId, user: &UserId) -> (u64, u64) {
        let (seen, inside) = self.seen(room, user).await.unwrap();
        assert!(inside);
        let one = self.store.unread(room, std::slice::from_ref(user)).await.unwrap().remove(0);
        assert_eq!((seen.unread, seen.mentions, seen.read), (one.unread, one.mentions, one.read));
        // Enough people to be counted together.
        let many = self.store.unread(room, &vec![user.clone(); 40]).await.unwrap();
        assert_eq!(many.iter().find(|unread| unread.user == *user), Some(&one));
        assert_eq!(self.store.room_for(room, std::slice::from_ref(user)).await.unwrap(), [(user.clone(), seen)]);
        (one.unread, one.mentions)
    }
}

pub async fn write(store: &dyn Store, write: Write) -> Result<Done> {
    store.write(vec![write]).await?.remove(0)
}

pub async fn log(store: &dyn Store, room: &RoomId) -> (Vec<Entry>, Seq) {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let after = entries.last().map_or(0, |entry| entry.seq);
        // A small page, so that paging itself is tried everywhere.
        let page = store.entries(room, after, 7).await.unwrap();
        assert!(!page.reset);
        entries.extend(page.entries);
        if !page.more {
            assert_eq!(entries.iter().map(|e| e.seq).collect::<Vec<_>>(), (1..=page.head).collect::<Vec<_>>());
            return (entries, page.head);
        }
    }
}

/// Everything in a room's history, page by page from the newest back.
pub async fn history(
    store: &dyn Store,
    room: &RoomId,
    limit: usize,
) -> (Vec<confab_protocol::log::Message>, Vec<Entry>) {
    let (mut messages, mut notices, mut page) = (Vec::new(), Vec::new(), Page::Latest);
    loop {
        let mut found = store.history(room, page, limit).await.unwrap();
        assert!(found.messages.len() <= limit);
        if let Some(first) = found.messages.first() {
            page = Page::Before(first.seq);
        }
        messages.splice(0..0, found.messages.drain(..));
        notices.splice(0..0, found.notices.drain(..));
        if found.start {
            return (messages, notices);
        }
    }
}

pub fn sent(done: Done) -> Sent {
    match done.reply {
        Reply::Entry { id, seq, ts, repeated, .. } => Sent { id, seq, ts, repeated },
        other => panic!("not an entry: {other:?}"),
    }
}

pub fn room_of(done: &Done) -> &Room {
    match &done.reply {
        Reply::Room { room, .. } => room,
        other => panic!("not a room: {other:?}"),
    }
}

/// The code with which something was refused.
pub fn refusal<T: std::fmt::Debug>(result: Result<T>) -> ErrorCode {
    match result {
        Err(StoreError::Refused(error)) => error.code,
        other => panic!("not refused: {other:?}"),
    }
}

pub fn person(login: &str, role: Role) -> NewUser {
    NewUser {
        id: UserId::generate(),
        login: login.into(),
        display_name: format!("{}{}", login[..1].to_uppercase(), &login[1..]),
        password_hash: Some("$argon2id$not-a-real-one".into()),
        role,
        bot: false,
        guest: false,
    }
}

pub fn session(user: &UserId, token: u8) -> NewSession {
    NewSession {
        id: SessionId::generate(),
        user: user.clone(),
        token: TokenHash([token; 32]),
        device: "a laptop".into(),
        created: Timestamp::from_millis(token.into()),
    }
}
