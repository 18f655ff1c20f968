//! What a session is made of: its connections, which of them is shown, and what they tell each other.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use confab_protocol::account::Secret;
use confab_protocol::event::UnreadChanged;
use confab_protocol::handshake::Handshake;
use confab_protocol::{Cause, Error, ErrorCode, Limits, PROTOCOL, Slug, UserId};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Identity;
use crate::connection::{self, Handle, Hub, Parts};
use crate::feed::Feed;
use crate::files::Transfers;
use crate::http::Http;
use crate::link::{Factory, Target};
use crate::local::Local;
use crate::local::model::Keep;
use crate::machine::lobby::Lobby;
use crate::machine::workspace::{Command, Workspace};
use crate::tap::{Tap, Tapped};
use crate::view::{Account, Inspection, LinkState, Update};

/// Behind all clones of a session. Connections hold it weakly: with the last clone, all of them end.
pub(super) struct Inner {
    pub(super) account: Account,
    token: Secret,
    http: Result<Http, Error>,
    pub(super) files: Result<Transfers, Error>,
    pub(super) local: Local,
    factory: Arc<dyn Factory>,
    tap: Tap,
    updates: mpsc::Sender<Update>,
    stop: CancellationToken,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lobby: Option<Handle<Infallible>>,
    shown: Option<Slug>,
    workspaces: BTreeMap<Slug, Open>,
    limits: Limits,
    ignored: Vec<UserId>,
    ended: bool,
}

/// A workspace with a connection.
struct Open {
    handle: Handle<Command>,
    pending: usize,
}

impl Inner {
    pub(super) fn start(
        identity: Identity,
        local: Local,
        updates: mpsc::Sender<Update>,
        factory: Arc<dyn Factory>,
    ) -> Arc<Self> {
        let Identity { account, token } = identity;
        let http = Http::new(&account.address, account.certificate.as_ref(), Some(token.clone()));
        let files = http.clone().map(|http| Transfers::new(http, updates.clone()));
        let (stop, state) = (CancellationToken::new(), Mutex::default());
        let tap = Tap::new(token.0.clone());
        let factory = Arc::new(Tapped::new(factory, tap.clone()));
        let inner = Arc::new(Self { account, token, http, files, local, factory, tap, updates, stop, state });
        let lobby = connection::start(Lobby::new(seed()), inner.parts(None, &inner.stop, true));
        inner.state().lobby = Some(lobby);
        tokio::spawn(Self::send_what_waits(Arc::downgrade(&inner), inner.local.clone()));
        inner
    }

    pub(super) fn http(&self) -> Result<&Http, Error> {
        self.http.as_ref().map_err(Clone::clone)
    }

    pub(super) fn limits(&self) -> Limits {
        self.state().limits.clone()
    }

    pub(super) fn lobby(&self) -> Result<Handle<Infallible>, Error> {
        let state = self.state();
        if state.ended { Err(ended()) } else { state.lobby.clone().ok_or_else(ended) }
    }

    /// The workspace that is open.
    pub(super) fn workspace(&self) -> Result<Handle<Command>, Error> {
        let state = self.state();
        if state.ended {
            return Err(ended());
        }
        let shown = state.shown.as_ref().and_then(|slug| state.workspaces.get(slug));
        shown.map(|open| open.handle.clone()).ok_or_else(|| Error::new(ErrorCode::Unavailable, "No workspace is open."))
    }

    /// Which workspace that is.
    pub(super) fn shown(&self) -> Result<Slug, Error> {
        self.state().shown.clone().ok_or_else(|| Error::new(ErrorCode::Unavailable, "No workspace is open."))
    }

    /// Does this with every connection that the shell sees.
    pub(super) fn each_shown(&self, lobby: impl FnOnce(&Handle<Infallible>), workspace: impl FnOnce(&Handle<Command>)) {
        let state = self.state();
        if let Some(handle) = &state.lobby {
            lobby(handle);
        }
        if let Some(open) = state.shown.as_ref().and_then(|slug| state.workspaces.get(slug)) {
            workspace(&open.handle);
        }
    }

    /// Has all links but that of one namespace look after themselves.
    pub(super) fn nudge(&self, but: Option<&str>) {
        let state = self.state();
        if let Some(lobby) = state.lobby.as_ref().filter(|_| but != Some("/")) {
            lobby.nudge();
        }
        for (slug, open) in &state.workspaces {
            if but != Some(&slug.namespace()) {
                open.handle.nudge();
            }
        }
    }

    /// Shows a workspace in place of the one before. That one's connection ends, unless writes wait in it: then it goes
    /// on unseen until they are out.
    pub(super) async fn open_workspace(self: &Arc<Self>, slug: Slug) -> Result<(), Error> {
        let (hidden, shown) = {
            let mut state = self.state();
            if state.ended {
                return Err(ended());
            }
            let before = state.shown.replace(slug.clone()).filter(|before| *before != slug);
            let hidden = before.and_then(|before| state.leave(&before));
            let known = state.workspaces.get(&slug).map(|open| open.handle.clone());
            if known.is_none() {
                let handle = self.connect(&slug, true, &state.ignored);
                state.workspaces.insert(slug, Open { handle, pending: 0 });
            }
            (hidden, known)
        };
        if let Some(hidden) = hidden {
            hidden.show(false).await;
        }
        // Begins with the whole picture, and a refused link tries again.
        if let Some(shown) = shown {
            shown.show(true).await;
            shown.nudge();
        }
        Ok(())
    }

    /// The user is not in that workspace any more.
    pub(super) fn leave_workspace(&self, slug: &Slug) {
        let mut state = self.state();
        if let Some(open) = state.workspaces.remove(slug) {
            open.handle.stop();
        }
        if state.shown.as_ref() == Some(slug) {
            state.shown = None;
            let closed = Update::Link { namespace: slug.namespace(), state: LinkState::Closed };
            // Best effort: the lobby says that the workspace is gone, too.
            let _ = self.updates.try_send(closed);
        }
    }

    /// Shows what goes over the links from now on.
    pub(super) fn inspect(&self, texts: bool) -> Inspection {
        self.tap.open(texts, self.updates.clone(), &self.stop)
    }

    /// Nobody looks any more.
    pub(super) fn stop_inspecting(&self) {
        self.tap.close();
    }

    /// Ends everything, and tells the shell so, once.
    pub(super) fn end(&self, error: Option<Error>) {
        if std::mem::replace(&mut self.state().ended, true) {
            return;
        }
        self.stop.cancel();
        self.end_transfers();
        if error.is_some() {
            self.local.keep(None, vec![Keep::CacheGone]);
        }
        let updates = self.updates.clone();
        tokio::spawn(async move {
            // A shell that has gone needs not be told.
            let _ = updates.send(Update::SignedOut { error }).await;
        });
    }

    /// Ends everything, silently.
    pub(super) fn close(&self) {
        self.state().ended = true;
        self.stop.cancel();
        self.end_transfers();
    }

    fn end_transfers(&self) {
        if let Ok(files) = &self.files {
            files.close();
        }
    }

    /// Connects to workspaces in whose outbox something waits since the process before this one.
    async fn send_what_waits(inner: Weak<Self>, local: Local) {
        for slug in local.waiting().await {
            let Some(inner) = inner.upgrade() else { return };
            let mut state = inner.state();
            if !state.ended && !state.workspaces.contains_key(&slug) {
                let handle = inner.connect(&slug, false, &state.ignored);
                // At least one; it says itself how many.
                state.workspaces.insert(slug, Open { handle, pending: 1 });
            }
        }
    }

    fn connect(self: &Arc<Self>, slug: &Slug, shown: bool, ignored: &[UserId]) -> Handle<Command> {
        let machine = Workspace::new(slug.clone(), self.account.user.id.clone(), seed()).ignoring(ignored);
        connection::start(machine, self.parts(Some(slug.clone()), &self.stop.child_token(), shown))
    }

    fn parts(self: &Arc<Self>, slug: Option<Slug>, stop: &CancellationToken, shown: bool) -> Parts {
        let namespace = slug.as_ref().map_or_else(|| "/".to_owned(), Slug::namespace);
        let handshake = Handshake {
            token: self.token.0.clone(),
            protocol: Some(PROTOCOL),
            client: Some(crate::CLIENT.to_owned()),
            batches: true,
            members: None,
        };
        Parts {
            factory: Arc::clone(&self.factory),
            target: Target {
                address: self.account.address.clone(),
                certificate: self.account.certificate.clone(),
                namespace,
                handshake,
            },
            feed: Feed::new(self.updates.clone(), shown),
            hub: Arc::new(Weakly(Arc::downgrade(self))),
            local: self.local.clone(),
            slug,
            stop: stop.clone(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while holding it; and if something did, the state is still the best there is.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a workspace out of sight. Answers with its connection when that has to go on.
    fn leave(&mut self, slug: &Slug) -> Option<Handle<Command>> {
        let pending = self.workspaces.get(slug)?.pending;
        if pending > 0 {
            return self.workspaces.get(slug).map(|open| open.handle.clone());
        }
        self.workspaces.remove(slug)?.handle.stop();
        None
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl std::fmt::Debug for Inner {
    /// The token stays out of it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("account", &self.account).finish_non_exhaustive()
    }
}

/// The session as its connections see it.
struct Weakly(Weak<Inner>);

impl Hub for Weakly {
    fn unread(&self, signal: UnreadChanged) {
        let Some(inner) = self.0.upgrade() else { return };
        if let Some(open) = inner.state().workspaces.get(&signal.workspace) {
            open.handle.tell(Command::Unread(signal));
        }
    }

    fn ignored(&self, users: Vec<UserId>) {
        let Some(inner) = self.0.upgrade() else { return };
        let mut state = inner.state();
        for open in state.workspaces.values() {
            open.handle.tell(Command::Ignored(users.clone()));
        }
        state.ignored = users;
    }

    fn new_epoch(&self) {
        let Some(inner) = self.0.upgrade() else { return };
        for open in inner.state().workspaces.values() {
            open.handle.tell(Command::NewEpoch);
        }
    }

    fn limits(&self, limits: Limits) {
        if let Some(inner) = self.0.upgrade() {
            inner.state().limits = limits;
        }
    }

    fn live(&self, namespace: &str) {
        if let Some(inner) = self.0.upgrade() {
            inner.nudge(Some(namespace));
        }
    }

    fn pending(&self, namespace: &str, pending: usize) -> usize {
        let Some(inner) = self.0.upgrade() else { return 0 };
        let mut state = inner.state();
        if let Some(slug) = namespace.strip_prefix('/').and_then(|slug| slug.parse::<Slug>().ok()) {
            if let Some(open) = state.workspaces.get_mut(&slug) {
                open.pending = pending;
            }
            if pending == 0 && state.shown.as_ref() != Some(&slug) {
                state.leave(&slug);
            }
        }
        state.pending()
    }

    fn pending_in_all(&self) -> usize {
        self.0.upgrade().map_or(0, |inner| inner.state().pending())
    }

    fn signed_out(&self, error: Error) {
        if let Some(inner) = self.0.upgrade() {
            inner.end(Some(error));
        }
    }
}

impl State {
    fn pending(&self) -> usize {
        self.workspaces.values().map(|open| open.pending).sum()
    }
}

/// What jitter begins with: different in every client, or they would all come back at once.
fn seed() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().0
}

fn ended() -> Error {
    Error::new(ErrorCode::Unauthorized, "This session has ended. Sign in again to go on.").because(Cause::SessionEnded)
}
