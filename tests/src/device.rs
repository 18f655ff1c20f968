//! Somebody at a desktop app, without the window: the client crate's session, and what its updates would draw.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use confab_client::entrance;
use confab_client::local::Local;
use confab_client::session::{Identity, Session};
use confab_client::view::{Item, LinkState, NewMessage, SendState, TimelineChange, Update};
use confab_protocol::RoomId;
use confab_protocol::account::{Secret, SignIn};
use tokio::sync::{mpsc, watch};

use crate::Person;

/// The namespace that everything happens in.
const HALL: &str = "/general";
/// Longer than the client's own limits and its first backoffs together.
const HEALED: Duration = Duration::from_secs(60);

/// What somebody sees in one room: the fold of all updates so far, as the UI keeps it.
#[derive(Debug, Default)]
pub struct View {
    items: HashMap<String, Item>,
    /// How the link of each namespace is.
    pub links: HashMap<String, LinkState>,
}

impl View {
    fn apply(&mut self, update: Update, looked_at: &RoomId) {
        match update {
            Update::Link { namespace, state } => {
                self.links.insert(namespace, state);
            }
            Update::Timeline { room, change, .. } if room == *looked_at => match change {
                TimelineChange::Reset { items, .. } => {
                    self.items.clear();
                    self.upsert(items);
                }
                TimelineChange::Older { items, .. } | TimelineChange::Upsert { items } => self.upsert(items),
                TimelineChange::Remove { keys } => self.items.retain(|key, _| !keys.contains(key)),
            },
            _ => {}
        }
    }

    fn upsert(&mut self, items: Vec<Item>) {
        for item in items {
            let key = match &item {
                Item::Message(message) => message.key.clone(),
                Item::Notice(notice) => notice.key.clone(),
            };
            self.items.insert(key, item);
        }
    }

    /// The texts of all committed messages that begin like this, in the order in which they are drawn.
    #[must_use]
    pub fn committed(&self, begins: &str) -> Vec<String> {
        let mut messages: Vec<_> = self
            .items
            .values()
            .filter_map(|item| match item {
                Item::Message(m) if m.state == SendState::Sent && m.text.starts_with(begins) => {
                    // What is answered but not yet read back has no `seq`: it is drawn last.
                    Some((m.seq.is_none(), m.seq, m.order, m.text.clone()))
                }
                _ => None,
            })
            .collect();
        messages.sort();
        messages.into_iter().map(|(.., text)| text).collect()
    }

    /// Whether the workspace is connected.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self.links.get(HALL), Some(LinkState::Live))
    }
}

/// Somebody at a desktop app, without the window.
pub struct Device {
    /// What the app holds.
    pub session: Session,
    /// Where it looks.
    pub room: RoomId,
    view: Arc<Mutex<View>>,
    changed: watch::Receiver<u64>,
}

impl Device {
    /// Signs in at an address, opens `/general` and looks at `room`.
    ///
    /// # Errors
    /// When the server refuses, or is not reached in time.
    pub async fn sign_in(address: &str, who: &Person, room: &str) -> Result<Self> {
        Self::sign_in_with(address, who, room, Local::none()).await
    }

    /// The same, on a computer that keeps what it sees.
    ///
    /// # Errors
    /// As [`Device::sign_in`].
    pub async fn sign_in_with(address: &str, who: &Person, room: &str, local: Local) -> Result<Self> {
        let request =
            SignIn { login: who.login.clone(), password: Secret(who.password.clone()), device: Some("test".into()) };
        Self::begin(entrance::sign_in(address, &request).await?, room, local).await
    }

    /// Who has signed in already.
    ///
    /// # Errors
    /// As [`Device::sign_in`].
    pub async fn begin(identity: Identity, room: &str, local: Local) -> Result<Self> {
        let (updates, mut coming) = mpsc::channel(256);
        let session = Session::start(identity, local, updates);
        let room: RoomId = room.parse()?;
        let view = Arc::new(Mutex::new(View::default()));
        let (change, changed) = watch::channel(0);
        let (seen, looked_at) = (view.clone(), room.clone());
        tokio::spawn(async move {
            while let Some(update) = coming.recv().await {
                if let Ok(mut view) = seen.lock() {
                    view.apply(update, &looked_at);
                }
                change.send_modify(|n| *n += 1);
            }
        });
        session.open_workspace("general".parse()?).await?;
        let device = Self { session, room, view, changed };
        device.until("the link is live", View::is_live).await?;
        device.session.open_room(device.room.clone()).await?;
        Ok(device)
    }

    /// Sends a message as the composer does.
    ///
    /// # Errors
    /// When it is not even queued.
    pub async fn send(&self, text: String) -> Result<()> {
        let message = NewMessage { room: self.room.clone(), text, reply_to: None, thread: None, files: Vec::new() };
        self.session.send(message).await?;
        Ok(())
    }

    /// Whether what is seen now is like this.
    pub fn seen(&self, wanted: impl Fn(&View) -> bool) -> bool {
        self.view.lock().is_ok_and(|view| wanted(&view))
    }

    /// Waits until what is seen is like this.
    ///
    /// # Errors
    /// When it does not become so.
    pub async fn until(&self, what: &str, wanted: impl Fn(&View) -> bool) -> Result<()> {
        let mut changed = self.changed.clone();
        let waiting = async {
            loop {
                if self.seen(&wanted) {
                    return Ok(());
                }
                changed.changed().await.context("the session ended")?;
            }
        };
        let waited = tokio::time::timeout(HEALED, waiting).await;
        waited.with_context(|| {
            format!(
                "waited {} s in vain: {what}; links: {:?}",
                HEALED.as_secs(),
                self.view.lock().map(|v| v.links.clone())
            )
        })?
    }

    /// Waits until exactly these messages are drawn as committed, in this order, each once.
    ///
    /// # Errors
    /// When others are, or too few.
    pub async fn shows(&self, begins: &str, texts: &[String]) -> Result<()> {
        let waited = self.until(begins, |view| view.committed(begins).len() >= texts.len()).await;
        let shown = self.view.lock().map(|view| view.committed(begins)).unwrap_or_default();
        ensure!(
            shown == texts,
            "{} of {} are shown, or in another order: {shown:?} ({waited:?})",
            shown.len(),
            texts.len()
        );
        waited
    }
}
