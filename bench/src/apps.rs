//! Apps without windows: sessions of the client crate, as the desktop app holds them, and what has reached them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use confab_client::entrance;
use confab_client::http::Http;
use confab_client::local::Local;
use confab_client::session::Session;
use confab_client::view::{Item, LinkState, NewMessage, TimelineChange, Update};
use confab_protocol::account::{GuestRequest, InviteRequest, Role, Secret, Setup};
use confab_protocol::{InviteCode, RoomId};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::confab::SETUP_TOKEN;
use crate::link::HALL;

/// The text of the message that all are waited for to show.
pub const MARK: &str = "the mark";

/// As many come in at once.
const AT_ONCE: usize = 32;
const LIMIT: Duration = Duration::from_secs(120);

/// Somebody at an app, in the room `general`.
#[derive(Debug)]
pub struct App {
    /// What the shell would hold.
    pub session: Session,
    /// What the page would show.
    pub seen: Rc<Seen>,
    /// The room.
    pub room: RoomId,
    watching: JoinHandle<()>,
}

/// What has reached an app.
#[derive(Debug, Default)]
pub struct Seen {
    /// Since when the workspace's link is live.
    pub live: Cell<Option<Instant>>,
    /// When the message [`MARK`] was drawn as committed.
    pub marked: Cell<Option<Instant>>,
    /// Attempts to connect so far, over both links.
    pub attempts: Cell<u64>,
    waiting: RefCell<BTreeSet<String>>,
    general: RefCell<Option<RoomId>>,
    changed: Notify,
}

impl App {
    /// Sends a message as a person would.
    ///
    /// # Errors
    /// When the session has ended.
    pub async fn say(&self, text: String) -> Result<()> {
        let message = NewMessage { room: self.room.clone(), text, reply_to: None, thread: None, files: Vec::new() };
        self.session.send(message).await?;
        Ok(())
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.watching.abort();
        self.session.close();
    }
}

impl Seen {
    /// Whether both links wait for their next attempt.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.waiting.borrow().len() == 2
    }

    /// Waits until it is like this.
    pub async fn until(&self, wanted: impl Fn(&Self) -> bool) {
        loop {
            let changed = self.changed.notified();
            if wanted(self) {
                return;
            }
            changed.await;
        }
    }

    fn apply(&self, update: Update) {
        match update {
            Update::Link { namespace, state } => {
                if state == LinkState::Connecting {
                    self.attempts.set(self.attempts.get() + 1);
                }
                if namespace == HALL {
                    self.live.set((state == LinkState::Live).then(Instant::now));
                }
                let mut waiting = self.waiting.borrow_mut();
                if matches!(state, LinkState::Waiting { .. }) {
                    waiting.insert(namespace);
                } else {
                    waiting.remove(&namespace);
                }
            }
            Update::Workspace { rooms, .. } => {
                let general = rooms.into_iter().find(|room| room.name == "general");
                *self.general.borrow_mut() = general.map(|room| room.id);
            }
            Update::Timeline { change, .. } => {
                let items = match change {
                    TimelineChange::Reset { items, .. } | TimelineChange::Upsert { items } => items,
                    TimelineChange::Older { .. } | TimelineChange::Remove { .. } => return,
                };
                let is_mark = |item: &Item| matches!(item, Item::Message(m) if m.seq.is_some() && m.text == MARK);
                if self.marked.get().is_none() && items.iter().any(is_mark) {
                    self.marked.set(Some(Instant::now()));
                }
            }
            _ => return,
        }
        self.changed.notify_waiters();
    }
}

/// Claims a fresh server, and brings so many people in, each with an app of their own. Gives the token of the owner too, who
/// is the first.
///
/// # Errors
/// When the server refuses, or somebody is not in the room in time.
pub async fn gather(addr: SocketAddr, people: usize) -> Result<(Vec<App>, String)> {
    let address = format!("http://{addr}");
    let setup = Setup {
        setup_token: Secret(SETUP_TOKEN.into()),
        server_name: "Bench".into(),
        login: "owner".into(),
        display_name: "Owner".into(),
        password: Secret("bench password".into()),
    };
    let owner = entrance::set_up(&address, &setup).await?;
    let request = InviteRequest {
        workspace: "general".parse()?,
        rooms: None,
        expires_in_s: None,
        max_uses: None,
        role: Some(Role::Member),
    };
    let invite = Http::new(&address, None, Some(owner.token.clone()))?.create_invite(&request).await?.code;
    let token = owner.token.0.clone();
    let mut apps = vec![open(owner).await?];
    let mut coming = FuturesUnordered::new();
    for n in 1..people {
        coming.push(come(&address, n, invite.clone()));
        if coming.len() >= AT_ONCE
            && let Some(app) = coming.next().await
        {
            apps.push(app?);
        }
    }
    while let Some(app) = coming.next().await {
        apps.push(app?);
    }
    Ok((apps, token))
}

async fn come(address: &str, n: usize, invite: InviteCode) -> Result<App> {
    let request = GuestRequest { display_name: format!("Guest {n}"), invite: Some(invite) };
    open(entrance::join_as_guest(address, &request).await?).await
}

async fn open(identity: confab_client::session::Identity) -> Result<App> {
    let (updates, mut coming) = mpsc::channel(256);
    let session = Session::start(identity, Local::none(), updates);
    let seen = Rc::new(Seen::default());
    let page = seen.clone();
    let watching = tokio::task::spawn_local(async move {
        while let Some(update) = coming.recv().await {
            page.apply(update);
        }
    });
    session.open_workspace("general".parse()?).await?;
    let known = seen.until(|seen| seen.general.borrow().is_some());
    tokio::time::timeout(LIMIT, known).await.context("somebody does not come in")?;
    let room = seen.general.borrow().clone().context("no room general")?;
    // The call gives up after a while; the app tries again as a person would.
    let began = Instant::now();
    while let Err(error) = session.open_room(room.clone()).await {
        ensure!(error.code.is_retryable() && began.elapsed() < LIMIT, "{error}");
    }
    Ok(App { session, seen, room, watching })
}
