//! What the commands act on: the session of whoever is signed in, and all that outlives it.

mod files;
mod outside;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex as SyncMutex, OnceLock};
use std::time::Instant;

use confab_client::local::database::SetAside;
use confab_client::local::{self, Local};
use confab_client::session::{Identity, Session};
use confab_client::view::{Account, CredentialStore, Hosting, Place, Start, TransferState, Update};
use confab_protocol::{Answer, Error};
use tauri::ipc::Channel;
use tokio::sync::{Mutex, OnceCell, mpsc};

use crate::autostart::Autostart;
use crate::bridge::{Bridge, QUEUE};
use crate::credentials::{Choice, Credentials};
use crate::embedded::Embedded;
use crate::error::signed_out;
use crate::files::{Dialogs, Picks};
use crate::frame::Frame;
use crate::host;
use crate::notifications::Notifications;
use crate::paths::Paths;
use crate::settings::{Hosted, Remembered, SettingsFile};
use crate::tray::{Badge, Tray};
use crate::window::Window;

/// The app without its window. One for the life of the process.
pub struct Shell {
    paths: Paths,
    settings: Arc<SettingsFile>,
    /// Opened on first use and off the main thread: a keyring can take seconds, the window should not.
    credentials: OnceCell<Credentials>,
    embedded: Embedded,
    bridge: Bridge,
    session: Mutex<Option<Session>>,
    picks: Arc<Picks>,
    dialogs: OnceLock<Box<dyn Dialogs>>,
    window: OnceLock<Box<dyn Window>>,
    notifications: Notifications,
    tray: Tray,
    autostart: Option<Autostart>,
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
        Ok(Arc::new_cyclic(|shell| Self {
            notifications: Notifications::start(shell.clone()),
            credentials: OnceCell::new(),
            embedded: Embedded::new(paths.server()),
            bridge: Bridge::default(),
            session: Mutex::new(None),
            picks: Arc::new(Picks::new(files::copies(paths.cache()))),
            dialogs: OnceLock::new(),
            window: OnceLock::new(),
            tray: Tray::default(),
            autostart: Autostart::of_this_user(),
            frame: SyncMutex::new(settings.read().frame),
            quitting: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            opened: Instant::now(),
            settings,
            paths,
        }))
    }

    /// What the first paint needs. The first call starts the server that this app hosts and the session of whoever is
    /// signed in; later ones (the page was loaded again) find both running.
    ///
    /// # Errors
    /// When the system has no more threads for the keyring.
    pub async fn start(self: &Arc<Self>) -> Answer<Start> {
        let mut session = self.session.lock().await;
        // Side by side: either can take a second.
        let ((), credentials) = tokio::join!(self.resume_hosting(), self.credentials());
        let (credentials, remembered) = (credentials?, self.settings.read());
        if let (None, Some(account)) = (&*session, remembered.account)
            && let Some(token) = credentials.token().await
        {
            *session = Some(self.begin(Identity { account, token }).await);
        }
        Ok(Start {
            account: session.as_ref().map(Session::account),
            place: remembered.place,
            hosting: self.embedded.hosting().await,
            credentials: credentials.store().await,
            settings: remembered.settings,
            can_host: true,
        })
    }

    /// The page's channel: updates go there from now on, beginning with the whole picture.
    pub async fn subscribe(&self, channel: Channel<Update>) {
        self.bridge.open(channel);
        if let Some(session) = &*self.session.lock().await {
            session.resync();
        }
    }

    /// The session of whoever is signed in.
    ///
    /// # Errors
    /// `unauthorized` when nobody is.
    pub async fn session(&self) -> Answer<Session> {
        self.session.lock().await.clone().ok_or_else(signed_out)
    }

    /// To be asked before anybody types a name: whether there is a place for the token.
    ///
    /// # Errors
    /// `conflict` when the user has to choose one first.
    pub async fn can_sign_in(&self) -> Answer<()> {
        Ok(self.credentials().await?.ready().await?)
    }

    /// Someone signed in: keeps the token, remembers the account, and begins their session in place of another one.
    ///
    /// # Errors
    /// `conflict` when the keyring did not take the token: the user then chooses another store and signs in again.
    pub async fn enter(self: &Arc<Self>, identity: Identity) -> Answer<Account> {
        let mut session = self.session.lock().await;
        let account = identity.account.clone();
        self.credentials().await?.keep(identity.token.clone()).await?;
        let remembered = account.clone();
        self.remember(move |now| {
            now.account = Some(remembered);
            now.place = Place::default();
        })
        .await?;
        if let Some(before) = session.take() {
            before.close();
        }
        *session = Some(self.begin(identity).await);
        Ok(account)
    }

    /// Ends the session, here in any case.
    ///
    /// # Errors
    /// `unavailable` when the server could not be told, and still lists this device.
    pub async fn sign_out(&self) -> Answer<()> {
        let session = self.session().await?;
        let told = session.sign_out().await;
        self.forget().await?;
        told
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
    pub async fn host(self: &Arc<Self>, display_name: &str, share: bool) -> Answer<Account> {
        let before = self.settings.read().hosted;
        let (identity, hosted) = host::host(&self.embedded, display_name, share, before).await?;
        self.remember(move |now| now.hosted = Some(hosted)).await?;
        self.enter(identity).await
    }

    /// The addresses of the server inside the app, when it runs.
    pub async fn hosting(&self) -> Option<Hosting> {
        self.embedded.hosting().await
    }

    /// The app ends: links are closed, and the server inside it with its data.
    pub async fn quit(&self) {
        self.leave();
        if let Some(session) = self.session.lock().await.take() {
            session.close();
        }
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
            Err(_) => Err(internal("The settings could not be saved.")),
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
        let account = self.settings.read().account;
        self.remember(move |remembered| remembered.moved(before, now)).await?;
        if let (Some(before), Some(now)) = (account, self.settings.read().account)
            && let Err(error) = local::moved(&self.paths.accounts(), &before, &now)
        {
            tracing::warn!(%error, "what was kept for the hosted server's old port stays there");
        }
        Ok(())
    }

    async fn begin(self: &Arc<Self>, identity: Identity) -> Session {
        let (updates, inbox) = mpsc::channel(QUEUE);
        let local = self.local(&identity.account).await;
        let session = Session::start(identity, local, updates);
        tokio::spawn(Arc::clone(self).forward(inbox));
        session
    }

    /// The account's database. Without one the app goes on in memory, and the user is told what that means.
    async fn local(&self, account: &Account) -> Local {
        let file = local::file_of(&self.paths.accounts(), account);
        let opened = match tokio::task::spawn_blocking(move || Local::open(&file)).await {
            Ok(opened) => opened.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let (local, warning) = match opened {
            Ok((local, None)) => return local,
            Ok((local, Some(SetAside { path }))) => {
                let path = path.display();
                (
                    local,
                    format!(
                        "What Confab kept on this computer was damaged. It is set aside as {path}; messages that were not sent yet may be in it."
                    ),
                )
            }
            Err(why) => (Local::none(), format!("Messages that are not sent yet will be lost when you quit: {why}.")),
        };
        tracing::warn!(warning);
        self.bridge.send(Update::Warning { text: warning });
        local
    }

    async fn forward(self: Arc<Self>, mut inbox: mpsc::Receiver<Update>) {
        while let Some(update) = inbox.recv().await {
            // Uploaded: what was copied for it is of no use any more.
            if let Update::Transfer { transfer } = &update
                && let TransferState::Done { .. } | TransferState::Cancelled = transfer.state
            {
                self.picks.forget(&transfer.key);
            }
            // Signed out elsewhere: the token is worthless, so it does not stay in the keyring.
            if let Update::SignedOut { error: Some(_) } = &update
                && let Err(error) = self.forget().await
            {
                tracing::warn!(%error, "a worthless token is still kept");
            }
            match &update {
                Update::Personal { personal } => self.tray.set_quiet(personal.dnd_until).await,
                Update::SignedOut { .. } => self.tray.set_badge(Badge::None).await,
                _ => {}
            }
            if !self.notifications.take(&update) {
                self.bridge.send(update);
            }
        }
    }

    async fn forget(&self) -> Answer<()> {
        *self.session.lock().await = None;
        self.remember(|now| now.account = None).await?;
        Ok(self.credentials().await?.forget().await?)
    }

    async fn credentials(&self) -> Answer<&Credentials> {
        let open = || async {
            let now = self.settings.read();
            Credentials::open(&now.installation, self.paths.token(), now.token_in_file).await
        };
        self.credentials.get_or_try_init(open).await.map_err(|_| internal("The keyring cannot be asked."))
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
