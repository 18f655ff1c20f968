//! Notifications of the system. What [`confab_client::notify`] lets through is shown, one at a time for each room of each
//! account; it is taken back once it was read, here or elsewhere, and a click on it leads to its message. Where the system
//! shows none, the page draws a line of its own instead: each message is told in one of the two ways. What somebody wants to
//! be reminded of is told here too while they are not at the window (`reminders`).

#[cfg(target_os = "linux")]
mod freedesktop;
#[cfg(not(target_os = "linux"))]
mod nowhere;
mod reminders;

use std::collections::{BTreeMap, HashMap};
use std::future::pending;
use std::sync::Weak;
use std::time::Duration;

use confab_client::notify::{Notification, Target, Viewer, notification, reminded};
use confab_client::view::{AccountKey, ShellWords, Update};
use confab_protocol::event::AttentionWanted;
use confab_protocol::personal::Personal;
use confab_protocol::{ReminderId, RoomId, Seq, Slug, Timestamp};
use tauri::async_runtime::spawn;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};

use crate::clock;
use crate::shell::Shell;
#[cfg(target_os = "linux")]
use freedesktop::Daemon;
#[cfg(not(target_os = "linux"))]
use nowhere::Daemon;
use reminders::{Reminders, is_kept};

/// Events that wait while the system is slow. Messages beyond that are told by the page; what was read beyond that stays
/// on the screen until the next message of its room.
const QUEUE: usize = 64;
/// How long the app waits at its end for notifications to go away.
const LAST: Duration = Duration::from_secs(1);

/// What the system said about a notification.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    /// The user clicked it, and with that gave the app the right to come to the front (see [`crate::window::Window::show`]).
    Clicked(u32, Option<String>),
    /// It is gone.
    Closed(u32),
}

/// The notifications of this app.
#[derive(Debug)]
pub struct Notifications {
    events: mpsc::Sender<Event>,
    personal: watch::Sender<BTreeMap<AccountKey, Personal>>,
}

/// What a notification is about: there is one at a time for each.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum About {
    Room(AccountKey, Slug, RoomId),
    Reminder(AccountKey, ReminderId),
}

impl About {
    const fn account(&self) -> &AccountKey {
        let (Self::Room(key, ..) | Self::Reminder(key, _)) = self;
        key
    }
}

#[derive(Debug)]
enum Event {
    Wanted(AccountKey, AttentionWanted),
    Read {
        room: About,
        read: Seq,
    },
    Focused(bool),
    /// An account has gone.
    Left(AccountKey),
    /// The app ends.
    End(oneshot::Sender<()>),
}

impl Notifications {
    /// Nothing is asked of the system before there is something to show.
    #[must_use]
    pub fn start(shell: Weak<Shell>) -> Self {
        let (events, inbox) = mpsc::channel(QUEUE);
        let personal = watch::Sender::new(BTreeMap::new());
        let screen = Screen {
            shell,
            personal: personal.subscribe(),
            reminders: Reminders::default(),
            focused: false,
            shown: HashMap::new(),
            daemon: None,
            complained: false,
        };
        spawn(screen.run(inbox));
        Self { events, personal }
    }

    /// Takes note of an update of an account. True when nothing of it is left for the page.
    pub fn take(&self, key: &AccountKey, update: &Update) -> bool {
        match update {
            Update::Attention { attention } => return self.tell(Event::Wanted(key.clone(), attention.clone())),
            Update::Personal { personal } => {
                self.personal.send_modify(|all| drop(all.insert(key.clone(), personal.clone())));
            }
            Update::Read { slug, room, read, .. } => {
                let room = About::Room(key.clone(), slug.clone(), room.clone());
                self.tell(Event::Read { room, read: *read });
            }
            Update::SignedOut { .. } => {
                self.personal.send_modify(|all| drop(all.remove(key)));
                self.tell(Event::Left(key.clone()));
            }
            _ => {}
        }
        false
    }

    /// What the user keeps for themselves on the server of an account, as it was told last.
    #[must_use]
    pub fn personal(&self, key: &AccountKey) -> Personal {
        self.personal.borrow().get(key).cloned().unwrap_or_default()
    }

    /// Until when the user does not want to be disturbed by any of the servers.
    #[must_use]
    pub fn quiet_until(&self) -> Option<Timestamp> {
        self.personal.borrow().values().filter_map(|personal| personal.dnd_until).max()
    }

    /// The window came to the front, or went away from it.
    pub fn focused(&self, on: bool) {
        self.tell(Event::Focused(on));
    }

    /// The app ends: a click would lead nowhere.
    pub async fn end(&self) {
        let (done, ended) = oneshot::channel();
        if self.tell(Event::End(done)) {
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
    personal: watch::Receiver<BTreeMap<AccountKey, Personal>>,
    reminders: Reminders,
    focused: bool,
    shown: HashMap<About, Shown>,
    /// Who shows them, once one was needed.
    daemon: Option<Daemon>,
    /// That there is nobody was said.
    complained: bool,
}

struct Shown {
    id: u32,
    target: Target,
}

impl Screen {
    async fn run(mut self, mut inbox: mpsc::Receiver<Event>) {
        loop {
            let wait = self.reminders.wait(&self.personal.borrow(), clock::now(), clock::local());
            tokio::select! {
                event = inbox.recv() => match event {
                    Some(event) => self.apply(event).await,
                    None => return,
                },
                told = next(&mut self.daemon) => match told {
                    Some(Told::Clicked(id, token)) => self.clicked(id, token.as_deref()),
                    Some(Told::Closed(id)) => self.shown.retain(|_, shown| shown.id != id),
                    None => self.lost(),
                },
                changed = self.personal.changed() => match changed {
                    Ok(()) => self.put_away().await,
                    Err(_) => return,
                },
                () = after(wait) => self.remind().await,
            }
        }
    }

    async fn apply(&mut self, event: Event) {
        match event {
            Event::Wanted(key, wanted) => self.wanted(key, wanted).await,
            Event::Focused(on) => self.focused = on,
            Event::Read { room, read } => {
                self.withdraw_all(|about, shown| *about == room && shown.target.seq <= Some(read)).await;
            }
            Event::Left(key) => self.withdraw_all(|about, _| *about.account() == key).await,
            Event::End(done) => {
                self.withdraw_all(|_, _| true).await;
                let _ = done.send(());
            }
        }
    }

    async fn wanted(&mut self, key: AccountKey, attention: AttentionWanted) {
        let Some(shell) = self.shell.upgrade() else { return };
        let (place, settings) = shell.place_and_settings(&key);
        let place = place.unwrap_or_default();
        let looking_at = place.workspace.as_ref().zip(place.room.as_ref()).filter(|_| self.focused);
        let personal = self.personal.borrow().get(&key).cloned().unwrap_or_default();
        let viewer = Viewer { personal: &personal, looking_at, now: clock::now(), local: clock::local() };
        let words = shell.words();
        let Some(mut notification) = notification(&attention, &viewer, &words) else { return };
        if !settings.previews {
            notification.body.clone_from(&words.notification_hidden);
        }
        let Target { workspace, room, .. } = notification.target.clone();
        let about = About::Room(key.clone(), workspace, room);
        if !settings.notifications || !self.show(about, notification, &words).await {
            shell.tell_page(&key, Update::Attention { attention });
        }
    }

    /// Tells what is due, unless the user is at the window: the page shows it until it is put away.
    async fn remind(&mut self) {
        let due = self.reminders.due(&self.personal.borrow(), clock::now(), clock::local());
        let Some(shell) = self.shell.upgrade() else { return };
        let words = shell.words();
        for (key, reminder) in due {
            let (_, settings) = shell.place_and_settings(&key);
            if self.focused || !settings.notifications {
                continue;
            }
            let mut notification = reminded(&reminder, &words);
            if !settings.previews {
                notification.body.clear();
            }
            self.show(About::Reminder(key, reminder.id), notification, &words).await;
        }
    }

    /// Takes back the reminders that are no more: put away here or elsewhere, or for later.
    async fn put_away(&mut self) {
        let all = self.personal.borrow_and_update().clone();
        self.withdraw_all(|about, _| matches!(about, About::Reminder(key, id) if !is_kept(&all, key, id))).await;
    }

    /// False when the system shows none.
    async fn show(&mut self, about: About, mut notification: Notification, words: &ShellWords) -> bool {
        let server = self.shell.upgrade().and_then(|shell| shell.name_among_several(about.account()));
        if let Some(server) = server {
            notification.title = words.title_on(&notification.title, &server);
        }
        if self.daemon.is_none() {
            match Daemon::connect().await {
                Ok(daemon) => self.daemon = Some(daemon),
                Err(error) => return self.complain(&error),
            }
        }
        let Some(daemon) = &self.daemon else { return false };
        // The newest message of a room stands for all of them.
        let before = self.shown.get(&about).map_or(0, |shown| shown.id);
        match daemon.show(before, &notification, &words.notification_open).await {
            Ok(id) => {
                self.shown.insert(about, Shown { id, target: notification.target });
                self.complained = false;
                true
            }
            Err(error) => self.complain(&error),
        }
    }

    async fn withdraw_all(&mut self, which: impl Fn(&About, &Shown) -> bool) {
        let gone: Vec<u32> =
            self.shown.extract_if(|about, shown| which(about, shown)).map(|(_, shown)| shown.id).collect();
        for id in gone {
            self.withdraw(id).await;
        }
    }

    async fn withdraw(&mut self, id: u32) {
        if let Some(daemon) = &self.daemon
            && let Err(error) = daemon.withdraw(id).await
        {
            tracing::debug!(%error, "a notification stays");
        }
    }

    fn clicked(&mut self, id: u32, token: Option<&str>) {
        let Some((about, shown)) = self.shown.extract_if(|_, shown| shown.id == id).next() else { return };
        if let Some(shell) = self.shell.upgrade() {
            shell.show_window(token);
            shell.go(about.account(), shown.target);
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

async fn after(wait: Option<Duration>) {
    match wait {
        Some(wait) => sleep(wait).await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_account_is_quiet_for_itself() {
        let notifications = Notifications::start(Weak::new());
        let [here, there] = ["here", "there"].map(|key| AccountKey(key.into()));
        let until = |ms| Some(Timestamp::from_millis(ms));
        let quiet = |dnd_until| Update::Personal { personal: Personal { dnd_until, ..Personal::default() } };
        assert!(!notifications.take(&here, &quiet(until(5))) && !notifications.take(&there, &quiet(None)));
        assert_eq!(
            (notifications.personal(&here).dnd_until, notifications.personal(&there).dnd_until),
            (until(5), None)
        );
        assert_eq!(notifications.quiet_until(), until(5), "one of them is");
        notifications.take(&there, &quiet(until(9)));
        assert_eq!(notifications.quiet_until(), until(9));
        notifications.take(&there, &Update::SignedOut { error: None });
        assert_eq!(notifications.quiet_until(), until(5));
    }
}
