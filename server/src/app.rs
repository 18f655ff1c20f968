//! The parts of a running server, as the thin layers see them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use confab_protocol::account::User;
use confab_protocol::event::SessionRevoked;
use confab_protocol::{Error, SessionId, Slug, Timestamp, UserId};
use socketioxide::TransportType;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::auth::setup::SetupToken;
use crate::auth::throttle::Throttle;
use crate::chat::{Admission, Chat, now};
use crate::config::Config;
use crate::conn::{Conn, Upgrades};
use crate::fanout::{Fanout, Io, Sock, to_socket};
use crate::files::Files;
use crate::silence::Silence;
use crate::socket::changes::Changes;
use crate::socket::counts::Counts;
use crate::socket::presence::Presences;
use crate::socket::rate::Rates;
use crate::socket::{Arrivals, Door, Engine, Gate, Hub};
use crate::tls::Identity;

/// How long a client has to read its `session:revoked` before the connection is cut.
const FAREWELL: Duration = Duration::from_millis(300);

/// One running server.
pub struct App {
    /// What it was told at start.
    pub config: Config,
    /// The rules on top of the store.
    pub chat: Chat,
    /// What it shows to whoever connects over TLS; None without.
    pub tls: Option<Identity>,
    /// Every socket.
    pub hub: Hub,
    /// Broadcasts.
    pub fanout: Fanout,
    /// Message and event rates.
    pub rates: Rates,
    /// What was uploaded.
    pub files: Files,
    /// Failed sign-ins.
    pub throttle: Throttle,
    /// Until there is an owner.
    pub setup: OnceLock<SetupToken>,
    /// Wakes the task that announces the server, which has a name from its setup on.
    pub name_bell: Notify,
    /// Presence that is not told yet.
    pub presences: Presences,
    /// Changes that are not told yet.
    pub changes: Changes,
    /// Counts that are not told yet.
    pub counts: Counts,
    /// Wakes the task that follows the logs with the index for search.
    pub index_bell: Arc<Notify>,
    /// Wakes the task that tells who types.
    pub typing_bell: Notify,
    /// Wakes the task that ends statuses.
    pub status_bell: Notify,
    /// Sockets that are about to be greeted.
    pub arrivals: Arrivals,
    /// Sessions seen since they were last noted.
    pub seen: Seen,
    /// The connections that long-polling sessions were upgraded to.
    pub upgrades: Arc<Upgrades>,
    /// The connections that must be heard.
    pub silence: Silence,
    /// The Socket.IO engine.
    pub engine: Engine,
    /// The server stops.
    pub stopping: CancellationToken,
    io: Io,
    /// Guards opening and closing of namespaces against the strangers that [`App::forget_namespace`] removes.
    namespaces: Mutex<()>,
    this: Weak<App>,
}

/// The parts that [`App::new`] is made of.
pub struct Parts {
    /// What it was told at start.
    pub config: Config,
    /// The rules on top of the store.
    pub chat: Chat,
    /// What it shows to whoever connects over TLS.
    pub tls: Option<Identity>,
    /// The Socket.IO engine and server.
    pub socketio: (Engine, Io),
    /// The server stops.
    pub stopping: CancellationToken,
}

impl App {
    /// Puts it together, with the lobby open and every other namespace refused.
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts { config, chat, tls, socketio: (engine, io), stopping } = parts;
        let app = Arc::new_cyclic(|this| Self {
            hub: Hub::default(),
            fanout: Fanout::new(io.clone()),
            rates: Rates::new(&config.limits),
            files: Files::new(&config.data, &config.limits),
            throttle: Throttle::new(&config.limits),
            setup: OnceLock::new(),
            name_bell: Notify::new(),
            presences: Presences::default(),
            changes: Changes::default(),
            counts: Counts::default(),
            index_bell: Arc::default(),
            typing_bell: Notify::new(),
            status_bell: Notify::new(),
            arrivals: Arrivals::default(),
            seen: Seen::default(),
            upgrades: Arc::default(),
            silence: Silence::default(),
            engine,
            stopping,
            io,
            namespaces: Mutex::new(()),
            this: this.clone(),
            chat,
            tls,
            config,
        });
        app.io.ns("/", Gate::new(app.this.clone(), Door::Lobby));
        // socketioxide keeps a namespace for each name that matches a pattern, and answers names that match none
        // with a text of its own. So every name matches, is refused by its gate, and is removed again at once.
        if let Err(error) = app.io.dyn_ns("/{*name}", Gate::new(app.this.clone(), Door::Nowhere)) {
            tracing::error!(%error, "unknown namespaces will be refused in other words than they should be");
        }
        app
    }

    /// Who may come in.
    #[must_use]
    pub fn admission(&self) -> Admission {
        Admission { sign_up: self.config.sign_up, guests: self.config.guests }
    }

    // ---- namespaces ----

    /// Opens a workspace's namespace; nothing when it is open.
    pub fn open_space(&self, slug: &Slug) {
        let _guard = self.namespaces.lock().unwrap_or_else(PoisonError::into_inner);
        if self.hub.open(slug).is_some() {
            self.io.ns(slug.namespace(), Gate::new(self.this.clone(), Door::Space(slug.clone())));
        }
    }

    /// Closes a workspace's namespace and whoever is in it.
    pub fn close_space(&self, slug: &Slug) {
        let _guard = self.namespaces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(space) = self.hub.close(slug) {
            for link in space.everybody() {
                self.dismiss(&link.sock);
            }
            self.io.delete_ns(slug.namespace());
        }
    }

    /// Removes the namespace that a stranger's name has made. Where a workspace of that name was opened in the same
    /// moment, it is opened again: the stranger's may have taken its place.
    pub fn forget_namespace(&self, path: &str) {
        let _guard = self.namespaces.lock().unwrap_or_else(PoisonError::into_inner);
        self.io.delete_ns(path);
        let slug = path.strip_prefix('/').and_then(|name| name.parse::<Slug>().ok());
        if let Some(slug) = slug.filter(|slug| self.hub.space(slug).is_some()) {
            self.io.ns(slug.namespace(), Gate::new(self.this.clone(), Door::Space(slug)));
        }
    }

    /// How many namespaces there are.
    #[must_use]
    pub fn namespaces(&self) -> usize {
        self.io.nsps().len()
    }

    /// Frees what the Socket.IO server holds. After the last socket.
    pub async fn close_sockets(&self) {
        self.io.close().await;
    }

    // ---- ends of sockets ----

    /// Takes a socket out of its namespace, and tells it so. Its connection is closed unless it connects again.
    pub fn dismiss(&self, sock: &Sock) {
        if sock.clone().disconnect().is_err() {
            // The buffer is full: it would never hear of it.
            self.hang_up(sock);
        }
    }

    /// Closes the connection under a socket.
    pub fn hang_up(&self, sock: &Sock) {
        if sock.transport_type() == TransportType::Polling {
            // There is no connection to cut between two polls: the session is closed in the way a client does it.
            let closing = crate::http::socketio::close_polling(self.engine.clone(), sock.id);
            tokio::spawn(closing);
        } else if let Some(conn) = self.conn_of(sock) {
            conn.shutdown();
        }
    }

    /// A connection without any namespace gets as long as a new one to ask for some. How long the answer takes is the
    /// server's own affair.
    pub fn await_connect(&self, sock: Sock) {
        let Some(app) = self.this.upgrade() else { return };
        tokio::spawn(async move {
            let patience = Duration::from_secs(app.chat.limits.handshake_seconds);
            loop {
                tokio::select! {
                    () = tokio::time::sleep(patience) => {}
                    () = app.stopping.cancelled() => return,
                }
                let knocking = app.hub.is_knocking(sock.id);
                if app.hub.has_namespace(sock.id) {
                    return;
                }
                if !knocking {
                    return app.hang_up(&sock);
                }
            }
        });
    }

    /// Ends the sockets of a session that was revoked, within a second.
    pub fn end_session(&self, user: &UserId, session: &SessionId) {
        self.hub.note_revocation();
        let links = self.hub.of_session(user, session);
        for link in &links {
            to_socket(&link.sock, &SessionRevoked {});
            self.dismiss(&link.sock);
        }
        let Some(app) = self.this.upgrade().filter(|_| !links.is_empty()) else { return };
        tokio::spawn(async move {
            tokio::time::sleep(FAREWELL).await;
            for link in links {
                app.hang_up(&link.sock);
            }
        });
    }

    /// Tells everybody who sees a user that their profile is new.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn profile_changed(&self, user: &UserId) -> Result<(), Error> {
        let slugs = self.chat.store.slugs_of(user).await?;
        self.changes.note(|pending| {
            pending.members_changed.extend(slugs.into_iter().map(|slug| (slug, user.clone())));
        });
        Ok(())
    }

    /// After a profile was changed over HTTP: presence tells the status too.
    pub fn status_changed(&self, user: &User) {
        for space in self.hub.spaces() {
            let (state, old) = space.presence(&user.id);
            if old != user.status && !space.links_of(&user.id).is_empty() {
                space.refresh(&user.id, Some(user.status.clone()));
                self.presences.note(&space, &user.id, state, true);
            }
        }
    }

    /// Somebody wants to be seen by the others, or no longer.
    pub fn hidden_changed(&self, user: &UserId, hidden: bool) {
        for space in self.hub.spaces() {
            let (was, _) = space.presence(user);
            space.hide(user, hidden);
            self.presences.note(&space, user, was, false);
        }
    }

    pub fn conn_of(&self, sock: &Sock) -> Option<Arc<Conn>> {
        let first = || sock.req_parts().extensions.get::<Weak<Conn>>().and_then(Weak::upgrade);
        self.upgrades.get(&sock.id.to_string()).or_else(first)
    }
}

/// Sessions that were used since they were last noted in the database.
#[derive(Default)]
pub struct Seen {
    sessions: Mutex<HashMap<SessionId, Timestamp>>,
}

impl Seen {
    /// Notes that a session was used now.
    pub fn note(&self, session: &SessionId) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        match sessions.get_mut(session) {
            Some(at) => *at = now(),
            None => drop(sessions.insert(session.clone(), now())),
        }
    }

    /// Takes what was noted.
    pub fn take(&self) -> Vec<(SessionId, Timestamp)> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
    }
}
