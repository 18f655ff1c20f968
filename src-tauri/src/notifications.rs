//! Notifications of the system. What [`confab_client::notify`] lets through is shown, one at a time for each room; it is
//! taken back once it was read, here or elsewhere, and a click on it leads to its message. Where the system shows none,
//! the page draws a line of its own instead: each message is told in one of the two ways.

#[cfg(target_os = "linux")]
mod freedesktop;
#[cfg(not(target_os = "linux"))]
mod nowhere;

use std::collections::HashMap;
use std::future::pending;
use std::sync::Weak;
use std::time::Duration;

use confab_client::notify::{Notification, Target, Viewer, notification};
use confab_client::view::Update;
use confab_protocol::event::AttentionWanted;
use confab_protocol::personal::Personal;
use confab_protocol::{RoomId, Seq, Slug};
use tauri::async_runtime::spawn;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::clock;
use crate::shell::Shell;
#[cfg(target_os = "linux")]
use freedesktop::Daemon;
#[cfg(not(target_os = "linux"))]
use nowhere::Daemon;

/// Events that wait while the system is slow. Messages beyond that are told by the page; what was read beyond that stays
/// on the screen until the next message of its room.
const QUEUE: usize = 64;
/// How long the app waits at its end for notifications to go away.
const LAST: Duration = Duration::from_secs(1);
/// What stands in place of a message that is not to be read over somebody's shoulder.
const WITHOUT_PREVIEW: &str = "New message";

/// What the system said about a notification.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Told {
    /// The user clicked it.
    Clicked(u32),
    /// It is gone.
    Closed(u32),
}

/// The notifications of this app.
#[derive(Debug)]
pub struct Notifications {
    events: mpsc::Sender<Event>,
    personal: watch::Sender<Personal>,
}

#[derive(Debug)]
enum Event {
    Wanted(AttentionWanted),
    Read { workspace: Slug, room: RoomId, read: Seq },
    Focused(bool),
    Clear(Option<oneshot::Sender<()>>),
}

impl Notifications {
    /// Nothing is asked of the system before there is something to show.
    #[must_use]
    pub fn start(shell: Weak<Shell>) -> Self {
        let (events, inbox) = mpsc::channel(QUEUE);
        let personal = watch::Sender::new(Personal::default());
        let screen = Screen {
            shell,
            personal: personal.subscribe(),
            focused: false,
            shown: HashMap::new(),
            daemon: None,
            complained: false,
        };
        spawn(screen.run(inbox));
        Self { events, personal }
    }

    /// Takes note of an update. True when nothing of it is left for the page.
    pub fn take(&self, update: &Update) -> bool {
        match update {
            Update::Attention { attention } => return self.tell(Event::Wanted(attention.clone())),
            Update::Personal { personal } => drop(self.personal.send_replace(personal.clone())),
            Update::Read { slug, room, read, .. } => {
                self.tell(Event::Read { workspace: slug.clone(), room: room.clone(), read: *read });
            }
            Update::SignedOut { .. } => {
                self.tell(Event::Clear(None));
            }
            _ => {}
        }
        false
    }

    /// What the user keeps for themselves, as it was told last.
    #[must_use]
    pub fn personal(&self) -> Personal {
        self.personal.borrow().clone()
    }

    /// The window came to the front, or went away from it.
    pub fn focused(&self, on: bool) {
        self.tell(Event::Focused(on));
    }

    /// The app ends: a click would lead nowhere.
    pub async fn end(&self) {
        let (done, ended) = oneshot::channel();
        if self.tell(Event::Clear(Some(done))) {
            drop(timeout(LAST, ended).await);
        }
    }

    fn tell(&self, event: Event) -> bool {
        self.events.try_send(event).is_ok()
    }
}

/// The task behind it: what is on the screen, and who put it there.
struct Screen {
    shell: Weak<Shell>,
    personal: watch::Receiver<Personal>,
    focused: bool,
    shown: HashMap<(Slug, RoomId), Shown>,
    /// Who shows them, once one was needed.
    daemon: Option<Daemon>,
    /// That there is nobody was said.
    complained: bool,
}

struct Shown {
    id: u32,
    seq: Seq,
}

impl Screen {
    async fn run(mut self, mut inbox: mpsc::Receiver<Event>) {
        loop {
            tokio::select! {
                event = inbox.recv() => match event {
                    Some(event) => self.apply(event).await,
                    None => return,
                },
                told = next(&mut self.daemon) => match told {
                    Some(Told::Clicked(id)) => self.clicked(id),
                    Some(Told::Closed(id)) => self.shown.retain(|_, shown| shown.id != id),
                    None => self.lost(),
                },
            }
        }
    }

    async fn apply(&mut self, event: Event) {
        match event {
            Event::Wanted(wanted) => self.wanted(wanted).await,
            Event::Focused(on) => self.focused = on,
            Event::Read { workspace, room, read } => {
                let place = (workspace, room);
                if self.shown.get(&place).is_some_and(|shown| shown.seq <= read)
                    && let Some(shown) = self.shown.remove(&place)
                {
                    self.withdraw(shown.id).await;
                }
            }
            Event::Clear(done) => {
                for shown in std::mem::take(&mut self.shown).into_values() {
                    self.withdraw(shown.id).await;
                }
                if let Some(done) = done {
                    let _ = done.send(());
                }
            }
        }
    }

    async fn wanted(&mut self, attention: AttentionWanted) {
        let Some(shell) = self.shell.upgrade() else { return };
        let (place, settings) = shell.place_and_settings();
        let looking_at = place.workspace.as_ref().zip(place.room.as_ref()).filter(|_| self.focused);
        let personal = self.personal.borrow().clone();
        let viewer = Viewer { personal: &personal, looking_at, now: clock::now(), local: clock::local() };
        let Some(mut notification) = notification(&attention, &viewer) else { return };
        if !settings.previews {
            notification.body = WITHOUT_PREVIEW.into();
        }
        if !settings.notifications || !self.show(&notification).await {
            shell.tell_page(Update::Attention { attention });
        }
    }

    /// False when the system shows none.
    async fn show(&mut self, notification: &Notification) -> bool {
        let Target { workspace, room, seq } = notification.target.clone();
        let place = (workspace, room);
        if self.daemon.is_none() {
            match Daemon::connect().await {
                Ok(daemon) => self.daemon = Some(daemon),
                Err(error) => return self.complain(&error),
            }
        }
        let Some(daemon) = &self.daemon else { return false };
        // The newest message of a room stands for all of them.
        let before = self.shown.get(&place).map_or(0, |shown| shown.id);
        match daemon.show(before, &notification.title, &notification.body).await {
            Ok(id) => {
                self.shown.insert(place, Shown { id, seq });
                self.complained = false;
                true
            }
            Err(error) => self.complain(&error),
        }
    }

    async fn withdraw(&mut self, id: u32) {
        if let Some(daemon) = &self.daemon
            && let Err(error) = daemon.withdraw(id).await
        {
            tracing::debug!(%error, "a notification stays");
        }
    }

    fn clicked(&mut self, id: u32) {
        let place = self.shown.iter().find(|(_, shown)| shown.id == id).map(|(place, _)| place.clone());
        let Some((place, shown)) = place.and_then(|place| self.shown.remove_entry(&place)) else { return };
        if let Some(shell) = self.shell.upgrade() {
            shell.go(Target { workspace: place.0, room: place.1, seq: shown.seq });
        }
    }

    /// The bus is gone, and what was shown with it.
    fn lost(&mut self) {
        self.daemon = None;
        self.shown.clear();
    }

    /// Said once, until one was shown again: nothing else depends on it.
    fn complain(&mut self, error: &dyn std::error::Error) -> bool {
        if !std::mem::replace(&mut self.complained, true) {
            tracing::warn!(%error, "the system shows no notifications");
        }
        false
    }
}

async fn next(daemon: &mut Option<Daemon>) -> Option<Told> {
    match daemon {
        Some(daemon) => daemon.told().await,
        None => pending().await,
    }
}
