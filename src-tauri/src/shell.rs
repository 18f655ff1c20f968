//! What the commands act on: the sessions of whoever is signed in, and all that outlives them.

mod accounts;
mod files;
pub(crate) mod nearby;
mod outside;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex as SyncMutex, OnceLock};
use std::time::Instant;

use confab_client::local;
use confab_client::nearby::Nearby;
use confab_client::view::{CredentialStore, Hosting, Seat, ShellWords, Start, Update};
use confab_protocol::account::User;
use confab_protocol::{Answer, Cause, Error};
use tauri::ipc::Channel;
use tokio::sync::OnceCell;

use crate::autostart::Autostart;
use crate::bridge::Bridge;
use crate::credentials::{self, Choice, Credentials};
use crate::embedded::Embedded;
use crate::files::{Dialogs, Picks};
use crate::frame::Frame;
use crate::host;
use crate::notifications::Notifications;
use crate::paths::Paths;
use crate::settings::{Hosted, Remembered, SettingsFile};
use crate::tray::Tray;
use crate::window::Window;
use accounts::Accounts;

/// The app without its window. One for the life of the process.
pub struct Shell {
    paths: Paths,
    settings: Arc<SettingsFile>,
    /// Opened on first use and off the main thread: a keyring can take seconds, the window should not.
    credentials: OnceCell<Credentials>,
    embedded: Embedded,
    /// What is of no account.
    bridge: Bridge,
    accounts: Accounts,
    picks: Arc<Picks>,
    /// The search for servers on this network, while the page shows what it finds.
    nearby: SyncMutex<Option<Nearby>>,
    dialogs: OnceLock<Box<dyn Dialogs>>,
    window: OnceLock<Box<dyn Window>>,
    notifications: Notifications,
    tray: Tray,
    autostart: Option<Autostart>,
    /// When the user last pressed the keys that paste, unless the page has asked since.
    pasting: SyncMutex<Option<Instant>>,
    /// What is said outside of the page, in its language.
    words: SyncMutex<Arc<ShellWords>>,
    /// Where the window is; written down when the app ends or hides.
    frame: SyncMutex<Option<Frame>>,
    /// The user was asked whether they want to quit, and has not answered.
    quitting: AtomicBool,
    /// It is decided: the process is about to end.
    leaving: AtomicBool,
    opened: Instant,
}

impl Shell {
    /// Reads what was remembered. Nothing is connected and no keyring asked before [`Shell::start`].
    ///
    /// # Errors
    /// [`crate::settings::SaveError`] when the configuration directory cannot be written to.
    pub fn open(paths: Paths) -> Result<Arc<Self>, crate::settings::SaveError> {
        let settings = Arc::new(SettingsFile::open(paths.settings())?);
        drop(std::fs::remove_dir_all(files::dragged(paths.cache())));
        Ok(Arc::new_cyclic(|shell| Self {
            notifications: Notifications::start(shell.clone()),
            credentials: OnceCell::new(),
            embedded: Embedded::new(paths.server()),
            bridge: Bridge::default(),
            accounts: Accounts::default(),
            picks: Arc::new(Picks::new(files::copies(paths.cache()))),
            nearby: SyncMutex::default(),
            dialogs: OnceLock::new(),
            window: OnceLock::new(),
            tray: Tray::default(),
            autostart: Autostart::of_this_user(),
            pasting: SyncMutex::default(),
            words: SyncMutex::new(Arc::new(settings.read().words)),
            frame: SyncMutex::new(settings.read().frame),
            quitting: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            opened: Instant::now(),
            settings,
            paths,
        }))
    }

    /// What the first paint needs. The first call starts the server that this app hosts and the sessions of whoever is
    /// signed in; later ones (the page was loaded again) find all running.
    ///
    /// # Errors
    /// When the system has no more threads for the keyring.
    pub async fn start(self: &Arc<Self>) -> Answer<Start> {
        let _changing = self.accounts.changing().await;
        // Side by side: either can take a second.
        let ((), credentials) = tokio::join!(self.resume_hosting(), self.credentials());
        let (credentials, remembered) = (credentials?, self.settings.read());
        Ok(Start {
            accounts: self.begin_all(remembered.accounts, credentials).await,
            front: remembered.front,
            hosting: self.embedded.hosting().await,
            credentials: credentials.store().await,
            settings: remembered.settings,
            can_host: true,
            can_add: true,
        })
    }

    /// The page's channel for what is of no account.
    pub fn listen(&self, channel: Channel<Update>) {
        self.bridge.open(channel);
    }

    /// What the user chose instead of a keyring.
    ///
    /// # Errors
    /// `read_only` when the file cannot be written.
    pub async fn choose_store(&self, choice: Choice) -> Answer<CredentialStore> {
        let store = self.credentials().await?.choose(choice).await?;
        self.remember(move |now| now.token_in_file = choice == Choice::File).await?;
        Ok(store)
    }

    /// Starts the server inside the app and signs its owner in.
    ///
    /// # Errors
    /// `unavailable` when it cannot start; as [`Shell::enter`] besides.
    pub async fn host(self: &Arc<Self>, display_name: &str, share: bool) -> Answer<Seat> {
        let before = self.settings.read().hosted;
        let (identity, hosted) = host::host(&self.embedded, display_name, share, before).await?;
        self.remember(move |now| now.hosted = Some(hosted)).await?;
        self.enter(identity).await
    }

    /// The addresses of the server inside the app, when it runs.
    pub async fn hosting(&self) -> Option<Hosting> {
        self.embedded.hosting().await
    }

    /// Who is connected to the server inside the app.
    pub async fn connected(&self) -> Vec<User> {
        self.embedded.connected().await
    }

    /// The app ends: links are closed, and the server inside it with its data.
    pub async fn quit(&self) {
        self.leave();
        self.close_all();
        self.notifications.end().await;
        self.keep_frame().await;
        self.embedded.stop().await;
    }

    /// Changes what is remembered, and writes it down off the async threads.
    ///
    /// # Errors
    /// `read_only` when that fails; nothing has changed then.
    pub async fn remember(&self, change: impl FnOnce(&mut Remembered) + Send + 'static) -> Answer<()> {
        let settings = Arc::clone(&self.settings);
        match tokio::task::spawn_blocking(move || settings.change(change)).await {
            Ok(saved) => Ok(saved?),
            Err(_) => Err(internal("The settings could not be saved.").because(Cause::Settings)),
        }
    }

    /// The page shows a room: what people wait for when they open the app. The benchmark of the start reads this line.
    pub fn drawn(&self) {
        tracing::info!(duration_ms = self.opened.elapsed().as_millis(), "first room drawn");
    }

    /// Where things are kept.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Starts the server again that this app hosted when it was last open, at the address that others know. Where that
    /// is taken it gets another one, and the owner's own account follows.
    async fn resume_hosting(&self) {
        let Some(Hosted { port: before, share, .. }) = self.settings.read().hosted else { return };
        let now = match self.embedded.start(Some(before), share).await {
            Ok(address) => address.port(),
            Err(error) => return tracing::error!(%error, "the hosted server did not start"),
        };
        if now != before
            && let Err(error) = self.follow(before, now).await
        {
            tracing::warn!(%error, "the new port is not remembered");
        }
    }

    /// The hosted server listens on another port: whoever is signed in there keeps what waits for it.
    async fn follow(&self, before: u16, now: u16) -> Answer<()> {
        let moved = self.settings.read().moved(before, now);
        self.remember(move |remembered| drop(remembered.moved(before, now))).await?;
        for (before, now) in moved {
            if let Err(error) = local::moved(&self.paths.accounts(), &before, &now) {
                tracing::warn!(%error, "what was kept for the hosted server's old port stays there");
            }
        }
        Ok(())
    }

    async fn credentials(&self) -> Answer<&Credentials> {
        let open = || async {
            let now = self.settings.read();
            let keys: Vec<_> = now.accounts.into_iter().map(|seat| seat.key).collect();
            let (old, folder) = (self.paths.old_token(), self.paths.tokens());
            if now.token_in_file
                && let Some(first) = keys.first()
                && let Err(error) = credentials::adopt(&old, &folder, first)
            {
                tracing::warn!(%error, "the file with the token of an earlier version stays where it is");
            }
            Credentials::open(&now.installation, &keys, folder, now.token_in_file).await
        };
        self.credentials
            .get_or_try_init(open)
            .await
            .map_err(|_| internal("The keyring cannot be asked.").because(Cause::Keyring))
    }
}

impl std::fmt::Debug for Shell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shell").field("paths", &self.paths).field("bridge", &self.bridge).finish_non_exhaustive()
    }
}

fn internal(why: &str) -> Error {
    Error::new(confab_protocol::ErrorCode::Internal, why)
}
