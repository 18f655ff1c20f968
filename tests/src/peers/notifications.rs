//! Who shows the app's notifications.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;
use zbus::{Connection, connection, interface};

use crate::until;

const NOTIFICATIONS: &str = "/org/freedesktop/Notifications";

/// A notification on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its number.
    pub id: u32,
    /// Its first line.
    pub title: String,
    /// The rest, as markup.
    pub body: String,
    /// What can be pressed on it: keys and labels in turn.
    pub actions: Vec<String>,
}

/// Who shows notifications.
#[derive(Debug)]
pub struct NotificationDaemon {
    bus: Connection,
    screen: Screen,
}

#[derive(Debug, Clone, Default)]
struct Screen(Arc<Mutex<(u32, Vec<Notice>)>>);

impl NotificationDaemon {
    /// The token that comes with each click.
    pub const TOKEN: &str = "a-click-on-a-notification";

    /// Comes onto this bus.
    ///
    /// # Errors
    /// When there is no bus, or it has such a daemon already.
    pub async fn start(bus: &str) -> Result<Self> {
        let screen = Screen::default();
        let builder = connection::Builder::address(bus)?.serve_at(NOTIFICATIONS, screen.clone())?;
        let bus = builder.name("org.freedesktop.Notifications")?.build().await?;
        Ok(Self { bus, screen })
    }

    /// Somebody who took the name and answers nothing, for as long as the connection lives. Merely having no daemon is not
    /// possible where the bus starts the one that is installed.
    ///
    /// # Errors
    /// As for [`NotificationDaemon::start`].
    pub async fn dead(bus: &str) -> Result<Connection> {
        Ok(connection::Builder::address(bus)?.name("org.freedesktop.Notifications")?.build().await?)
    }

    /// What is on the screen now.
    #[must_use]
    pub fn shown(&self) -> Vec<Notice> {
        self.screen.lock().1.clone()
    }

    /// How many were ever asked for.
    #[must_use]
    pub fn asked(&self) -> u32 {
        self.screen.lock().0
    }

    /// Waits for a notification with this text in it.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn wait_for(&self, text: &str) -> Result<Notice> {
        let says = |notice: &Notice| notice.title.contains(text) || notice.body.contains(text);
        until(&format!("a notification says {text:?}"), async || self.shown().into_iter().find(says)).await
    }

    /// Waits until nothing is on the screen.
    ///
    /// # Errors
    /// When something stays.
    pub async fn wait_for_none(&self) -> Result<()> {
        until("all notifications are gone", async || self.shown().is_empty().then_some(())).await
    }

    /// A person clicks it, and it goes, as daemons do it. The app may come to the front with [`NotificationDaemon::TOKEN`].
    ///
    /// # Errors
    /// When the bus is gone.
    pub async fn click(&self, notice: &Notice) -> Result<()> {
        let emitter = SignalEmitter::new(&self.bus, NOTIFICATIONS)?;
        Screen::activation_token(&emitter, notice.id, Self::TOKEN).await?;
        Screen::action_invoked(&emitter, notice.id, "default").await?;
        self.screen.lock().1.retain(|shown| shown.id != notice.id);
        Ok(Screen::notification_closed(&emitter, notice.id, 2).await?)
    }
}

impl Screen {
    fn lock(&self) -> MutexGuard<'_, (u32, Vec<Notice>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[interface(name = "org.freedesktop.Notifications")]
impl Screen {
    fn get_capabilities(&self) -> Vec<String> {
        ["actions", "body", "body-markup"].map(str::to_owned).into()
    }

    fn get_server_information(&self) -> (&str, &str, &str, &str) {
        ("test", "test", "1", "1.2")
    }

    #[expect(clippy::too_many_arguments, reason = "the specification's own")]
    fn notify(
        &self,
        _app_name: &str,
        replaces_id: u32,
        _app_icon: &str,
        summary: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _expire_timeout: i32,
    ) -> u32 {
        let mut screen = self.lock();
        screen.0 += 1;
        let id = if replaces_id == 0 { screen.0 } else { replaces_id };
        screen.1.retain(|shown| shown.id != id);
        screen.1.push(Notice { id, title: summary, body, actions });
        id
    }

    async fn close_notification(&self, id: u32, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) {
        self.lock().1.retain(|shown| shown.id != id);
        drop(Self::notification_closed(&emitter, id, 3).await);
    }

    #[zbus(signal)]
    async fn activation_token(emitter: &SignalEmitter<'_>, id: u32, activation_token: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action_key: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, id: u32, reason: u32) -> zbus::Result<()>;
}
