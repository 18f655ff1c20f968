//! CONNECT to a namespace: who may, and what they are told first.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use confab_protocol::account::Secret;
use confab_protocol::event::{LobbyReady, LobbyServer, WorkspaceReady};
use confab_protocol::handshake::Handshake;
use confab_protocol::workspace::Presence;
use confab_protocol::{Error, ErrorCode, PROTOCOL, Seq, Slug, limits};
use serde_json::Value as Json;
use socketioxide::handler::{ConnectHandler, DisconnectHandler, Value};
use socketioxide::socket::{DisconnectReason, Sid};

use super::dispatch::Dispatch;
use super::peer::{Link, Peer, Place};
use super::space::{Entrance, Space};
use crate::App;
use crate::auth::token;
use crate::fanout::{Adapter, Sock};
use crate::store::Identity;

/// The token of the session cookie, as the HTTP layer found it on the request that opened the connection and judged
/// it safe to use.
#[derive(Clone)]
pub struct SessionCookie(pub Secret);

/// The handler of a namespace's CONNECT.
#[derive(Clone)]
pub struct Gate {
    app: Weak<App>,
    door: Door,
}

/// Which namespace.
#[derive(Clone)]
pub enum Door {
    /// `/`.
    Lobby,
    /// A workspace's.
    Space(Slug),
    /// Any other: refused, with the same words as a workspace that the caller is not in.
    Nowhere,
}

/// Attempts to read a workspace while it changes, before it is good enough that the caller's own rooms are right.
const STRICT_READS: u32 = 3;
/// Attempts in all. A user whose own rooms change more often than that while they connect tries again.
const READS: u32 = 20;

impl Gate {
    /// The gate of a namespace.
    #[must_use]
    pub fn new(app: Weak<App>, door: Door) -> Self {
        Self { app, door }
    }

    async fn admit(&self, sock: &Sock, auth: Option<&Value>) -> Result<(), ErrorCode> {
        let app = self.app.upgrade().ok_or(ErrorCode::Unavailable)?;
        let knock = Knock::new(&app, sock);
        if matches!(self.door, Door::Nowhere) {
            app.forget_namespace(sock.ns());
        }
        if app.stopping.is_cancelled() {
            // The namespaces are going, and this may be the gate of those that do not exist.
            return Err(ErrorCode::Unavailable);
        }
        let handshake = read(sock, auth)?;
        let hash = token::hash(&handshake.token);
        let revocations = app.hub.revocations();
        let Identity { session, user } =
            app.chat.store.identity(&hash).await.map_err(code)?.ok_or(ErrorCode::Unauthorized)?;
        if handshake.protocol.is_some_and(|version| version != PROTOCOL) {
            return Err(ErrorCode::BadRequest);
        }
        let place = match &self.door {
            Door::Lobby => Place::Lobby,
            Door::Space(slug) => {
                app.chat.store.member(slug, &user.id).await.map_err(code)?.ok_or(ErrorCode::NotFound)?;
                Place::Space(app.hub.space(slug).ok_or(ErrorCode::NotFound)?)
            }
            Door::Nowhere => return Err(ErrorCode::NotFound),
        };
        app.hub.reserve(&user.id, app.chat.limits.sockets_per_user).map_err(|error| error.code)?;
        app.seen.note(&session);
        let peer = Arc::new(Peer::new(app.clone(), user.id, session, place, handshake.batches));
        // Before CONNECT is answered, so that not even the first event finds no handler.
        sock.on_fallback(Dispatch(peer.clone()));
        sock.on_disconnect(Departure(peer.clone()));
        let arriving = Arriving {
            peer: Arc::downgrade(&peer),
            revocations,
            token: handshake.token,
            members: handshake.members,
            knock,
        };
        app.arrivals.put(sock, arriving);
        Ok(())
    }
}

impl ConnectHandler<Adapter, Gate> for Gate {
    fn call(&self, sock: Sock, _: Option<Value>) {
        let arriving = self.app.upgrade().and_then(|app| app.arrivals.take(&sock));
        let Some(Arriving { peer, revocations, token, members, knock }) = arriving else { return };
        // The socket's own handlers hold the peer.
        let Some(peer) = peer.upgrade() else { return };
        let link = Link { sock, peer };
        link.peer.app.hub.enter(link.clone());
        drop(knock);
        if let Some(conn) = link.peer.app.conn_of(&link.sock) {
            conn.give_up_seat();
        }
        tracing::info!(namespace = link.sock.ns(), socket = %link.sock.id, user = %link.peer.user, "connected");
        tokio::spawn(async move {
            let welcomed = match still_valid(&link, revocations, &token).await {
                Ok(true) => welcome(&link, members.as_deref()).await,
                Ok(false) => Err(Error::new(ErrorCode::Unauthorized, "The session has ended.")),
                Err(error) => Err(error),
            };
            if let Err(error) = welcomed {
                tracing::debug!(namespace = link.sock.ns(), user = %link.peer.user, %error, "not let in after all");
                link.peer.app.dismiss(&link.sock);
            }
        });
    }

    fn call_middleware<'a>(
        &'a self,
        sock: Sock,
        auth: &'a Option<Value>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Box<dyn Display + Send>>> + Send + 'a>> {
        Box::pin(async move {
            // The refusal's message is the bare code: all that a CONNECT_ERROR can carry to any client.
            let admitted = self.admit(&sock, auth.as_ref()).await;
            admitted.map_err(|code| Box::new(code.as_str()) as Box<dyn Display + Send>)
        })
    }
}

/// Sockets between the middleware and the moment after CONNECT was answered. socketioxide has extensions for that,
/// but the emptied map would stay with every socket.
#[derive(Default)]
pub struct Arrivals {
    by_socket: Mutex<HashMap<usize, Arriving>>,
}

/// What passes from the one to the other.
struct Arriving {
    peer: Weak<Peer>,
    revocations: u64,
    token: String,
    /// Which members it has already.
    members: Option<String>,
    knock: Knock,
}

/// As long as this lives, its connection is waiting for an answer and is not cut for having no namespace.
struct Knock {
    app: Weak<App>,
    connection: Sid,
}

impl Knock {
    fn new(app: &Arc<App>, sock: &Sock) -> Self {
        app.hub.knock(sock.id);
        Self { app: Arc::downgrade(app), connection: sock.id }
    }
}

impl Drop for Knock {
    fn drop(&mut self) {
        if let Some(app) = self.app.upgrade() {
            app.hub.answered(self.connection);
        }
    }
}

impl Arrivals {
    fn put(&self, sock: &Sock, arriving: Arriving) {
        self.lock().insert(Arc::as_ptr(sock).addr(), arriving);
    }

    fn take(&self, sock: &Sock) -> Option<Arriving> {
        self.lock().remove(&Arc::as_ptr(sock).addr())
    }

    /// Forgets those whose connection broke in between.
    pub fn forget_lost(&self) {
        self.lock().retain(|_, arriving| arriving.peer.strong_count() > 0);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<usize, Arriving>> {
        self.by_socket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a socket, implemented by hand so that it runs at once and not in a task of its own.
struct Departure(Arc<Peer>);

impl DisconnectHandler<Adapter, Departure> for Departure {
    fn call_with_defer(&self, sock: Sock, reason: DisconnectReason, defer: fn(Sock)) {
        let peer = &self.0;
        let app = &peer.app;
        let last = app.hub.leave(&sock, peer);
        tracing::info!(namespace = sock.ns(), socket = %sock.id, user = %peer.user, ?reason, "disconnected");
        let by_namespace =
            matches!(reason, DisconnectReason::ClientNSDisconnect | DisconnectReason::ServerNSDisconnect);
        if let Place::Space(space) = &peer.place {
            let (was, _) = space.presence(&peer.user);
            space.leave(peer);
            space.typing.gone(&sock);
            app.typing_bell.notify_one();
            if by_namespace {
                app.presences.note(space, &peer.user, was, false);
            } else {
                app.presences.note_lost(space, &peer.user, was);
            }
        }
        if last && by_namespace {
            app.await_connect(sock.clone());
        }
        defer(sock);
    }
}

fn read(sock: &Sock, auth: Option<&Value>) -> Result<Handshake, ErrorCode> {
    let payload: Json = match auth.and_then(Value::as_str) {
        Some(text) => serde_json::from_str(text.as_str()).map_err(|_| ErrorCode::Unauthorized)?,
        None => Json::Null,
    };
    let field = |name: &str| payload.get(name).filter(|value| !value.is_null());
    let token = match field("token") {
        Some(Json::String(token)) if !token.is_empty() => token.clone(),
        Some(_) => return Err(ErrorCode::Unauthorized),
        // A browser keeps its token in a cookie that no script can read.
        None => match sock.req_parts().extensions.get::<SessionCookie>() {
            Some(SessionCookie(token)) => token.0.clone(),
            None => return Err(ErrorCode::Unauthorized),
        },
    };
    // What is no version at all is refused like a version that is not spoken, after the token was seen.
    let version = |value: &Json| value.as_u64().and_then(|v| u32::try_from(v).ok()).unwrap_or(u32::MAX);
    let protocol = field("protocol").map(version);
    let batches = field("batches").and_then(Json::as_bool).unwrap_or(false);
    let members = field("members").and_then(Json::as_str).map(str::to_owned);
    Ok(Handshake { token, protocol, client: None, batches, members })
}

/// Whether the session is still live, now that a revocation would find the socket.
async fn still_valid(link: &Link, revocations: u64, session_token: &str) -> Result<bool, Error> {
    let app = &link.peer.app;
    if app.hub.revocations() == revocations {
        return Ok(true);
    }
    Ok(app.chat.store.identity(&token::hash(session_token)).await?.is_some())
}

async fn welcome(link: &Link, known: Option<&str>) -> Result<(), Error> {
    match &link.peer.place {
        Place::Lobby => welcome_to_lobby(link).await,
        Place::Space(space) => {
            space.begin(&link.peer.user);
            let welcomed = welcome_to_space(link, space, known).await;
            space.end(&link.peer.user);
            for (room, seen) in welcomed? {
                catch_up(link, &room, seen).await?;
            }
            Ok(())
        }
    }
}

async fn welcome_to_lobby(link: &Link) -> Result<(), Error> {
    let app = &link.peer.app;
    let mut attempt = 1;
    loop {
        let seen = app.hub.lobby_changes();
        let ready = read_lobby(link).await?;
        if app.hub.lobby_changes() == seen || attempt >= STRICT_READS {
            link.tell_at_length(&ready);
            link.peer.set_greeted();
            return Ok(());
        }
        attempt += 1;
    }
}

async fn read_lobby(link: &Link) -> Result<LobbyReady, Error> {
    let app = &link.peer.app;
    let store = &app.chat.store;
    let server = store.server().await?;
    Ok(LobbyReady {
        user: store.user(&link.peer.user).await?.ok_or_else(Error::not_found)?,
        server: LobbyServer {
            id: server.id,
            name: server.name,
            version: crate::VERSION.to_owned(),
            epoch: server.epoch,
            limits: (*app.chat.limits).clone(),
        },
        workspaces: store.workspaces(&link.peer.user).await?,
        personal: store.personal(&link.peer.user).await?,
    })
}

/// Reads the workspace, greets, and lets the socket listen in one step. Rooms that changed in between are read again:
/// a kick between the reading and the listening can neither leak nor be missed. `known` is the tag of the members that the
/// client has.
async fn welcome_to_space(
    link: &Link,
    space: &Space,
    known: Option<&str>,
) -> Result<Vec<(confab_protocol::RoomId, Seq)>, Error> {
    let app = &link.peer.app;
    let user = &link.peer.user;
    let epoch = app.chat.store.server().await?.epoch;
    for attempt in 0..READS {
        let ticket = space.ticket(user);
        let store = &app.chat.store;
        let workspace = store.workspace(&space.slug, user).await?.filter(|w| w.role.is_some());
        let workspace = workspace.ok_or_else(Error::not_found)?;
        let rooms = store.rooms(&space.slug, user).await?;
        let everybody = space.roster.read(&**store, &space.slug).await?;
        let mut me = everybody.list.iter().find(|member| member.id == *user).cloned().ok_or_else(Error::not_found)?;
        me.presence = Presence::Online;
        let heads: BTreeMap<_, _> = rooms.iter().map(|room| (room.id.clone(), room.head)).collect();
        let (was, _) = space.presence(user);
        let hidden = store.is_invisible(user).await?;
        let entrance = Entrance { link, heads: &heads, me: &me, hidden };
        let (members, present) = if known == Some(&everybody.tag) {
            let mut present = space.present();
            present.insert(user.clone(), Presence::Online);
            (Vec::new(), Some(present))
        } else {
            let mut members = everybody.list.clone();
            space.overlay(&mut members);
            members.iter_mut().filter(|member| member.id == *user).for_each(|me| me.presence = Presence::Online);
            (members, None)
        };
        let ready = WorkspaceReady {
            workspace,
            me: me.clone(),
            rooms,
            members,
            members_tag: Some(everybody.tag.clone()),
            present,
            heads: heads.clone(),
            epoch: Some(epoch.clone()),
        };
        let entered = space.enter(&entrance, &ticket, attempt < STRICT_READS, || {
            link.tell_at_length(&ready);
        });
        if let Some(behind) = entered {
            app.presences.note(space, user, was, false);
            return Ok(behind);
        }
    }
    Err(Error::new(ErrorCode::Unavailable, "Your rooms change too fast. Connect again."))
}

/// Entries that were committed between the reading and the listening, for this socket alone. Some may come twice.
async fn catch_up(link: &Link, room: &confab_protocol::RoomId, mut seen: Seq) -> Result<(), Error> {
    let Place::Space(space) = &link.peer.place else { return Ok(()) };
    let mut heard_from = None;
    loop {
        let missed = link.peer.app.chat.store.entries(room, seen, limits::SYNC_MAX).await?;
        let mut told = false;
        space.while_in_room(&link.peer.user, room, |_| told = link.hint(&missed.entries));
        // What is committed after the first look comes by itself.
        let until = *heard_from.get_or_insert(missed.head);
        match missed.entries.last() {
            Some(last) if told && missed.more && last.seq < until => seen = last.seq,
            _ => return Ok(()),
        }
    }
}

fn code(error: crate::store::StoreError) -> ErrorCode {
    tracing::warn!(%error, "a handshake could not be checked");
    Error::from(error).code
}
