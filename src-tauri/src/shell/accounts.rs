//! Who is signed in where. Each account has a session, a database, a token and a channel to the page of its own, and none
//! waits for another: a server that cannot be reached is that account's business alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as SyncMutex, MutexGuard as SyncMutexGuard, PoisonError};

use confab_client::entrance;
use confab_client::local::database::SetAside;
use confab_client::local::{self, Local};
use confab_client::session::{Identity, Session};
use confab_client::view::{Account, AccountKey, Seat, TransferState, Update, Warning};
use confab_protocol::{Answer, Error};
use tauri::ipc::Channel;
use tokio::sync::{Mutex, MutexGuard, mpsc};
use tokio::task::JoinSet;

use super::Shell;
use crate::bridge::{Bridge, QUEUE};
use crate::credentials::Credentials;
use crate::error::signed_out;
use crate::tray::Badge;

/// The accounts that are signed in.
#[derive(Default)]
pub(super) struct Accounts {
    all: SyncMutex<BTreeMap<AccountKey, Signed>>,
    /// Held by whoever makes one come or go: an account has one session at a time.
    changing: Mutex<()>,
}

/// One of them: its session, and the way of its updates to the page.
#[derive(Clone)]
struct Signed {
    session: Session,
    bridge: Arc<Bridge>,
}

impl Accounts {
    fn of(&self, key: &AccountKey) -> Answer<Signed> {
        self.all().get(key).cloned().ok_or_else(signed_out)
    }

    fn all(&self) -> SyncMutexGuard<'_, BTreeMap<AccountKey, Signed>> {
        // Nothing panics while holding it.
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().await
    }
}

impl Shell {
    /// The page's channel of an account: its updates go there from now on, beginning with the whole picture.
    ///
    /// # Errors
    /// `unauthorized` when it is not signed in.
    pub fn subscribe(&self, key: &AccountKey, channel: Channel<Update>) -> Answer<()> {
        let Signed { session, bridge } = self.accounts.of(key)?;
        bridge.open(channel);
        // The page before this one may have had an inspector open.
        session.stop_inspecting();
        session.resync();
        Ok(())
    }

    /// The session of an account.
    ///
    /// # Errors
    /// `unauthorized` when it is not signed in.
    pub fn session(&self, key: &AccountKey) -> Answer<Session> {
        self.accounts.of(key).map(|signed| signed.session)
    }

    /// All sessions, with their accounts.
    pub(super) fn sessions(&self) -> Vec<(AccountKey, Session)> {
        self.accounts.all().iter().map(|(key, signed)| (key.clone(), signed.session.clone())).collect()
    }

    /// The network seems to be back, or the user is: waiting links of all accounts try again at once.
    pub fn nudge(&self) {
        for (_, session) in self.sessions() {
            session.nudge();
        }
    }

    /// To be asked before anybody types a name: whether there is a place for the token.
    ///
    /// # Errors
    /// `conflict` when the user has to choose one first.
    pub async fn can_sign_in(&self) -> Answer<()> {
        Ok(self.credentials().await?.ready().await?)
    }

    /// Somebody signed in: keeps the token, remembers the account, and begins its session beside those of others. Whoever is
    /// signed in there already goes on with the new token.
    ///
    /// # Errors
    /// `conflict` when the keyring did not take the token: the user then chooses another store and signs in again.
    pub async fn enter(self: &Arc<Self>, identity: Identity) -> Answer<Seat> {
        let _changing = self.accounts.changing().await;
        let account = identity.account.clone();
        let key = self.settings.read().key_of(&account).unwrap_or_else(AccountKey::generate);
        self.credentials().await?.keep(&key, identity.token.clone()).await?;
        let (came, who) = (key.clone(), account.clone());
        let signed_in: Vec<_> = self.accounts.all().keys().cloned().collect();
        self.remember(move |now| now.came(came, who, &signed_in)).await?;
        let before = self.accounts.all().remove(&key);
        if let Some(Signed { session, .. }) = before {
            session.close();
        }
        Arc::clone(self).begin(key.clone(), identity).await;
        let place = self.settings.read().seat(&key).map(|seat| seat.place.clone()).unwrap_or_default();
        Ok(Seat { key, account, place })
    }

    /// Ends the session of an account, here in any case. Others go on.
    ///
    /// # Errors
    /// `unavailable` when the server could not be told, and still lists this device.
    pub async fn sign_out(&self, key: &AccountKey) -> Answer<()> {
        let Signed { session, bridge } = self.accounts.of(key)?;
        let told = session.sign_out().await;
        self.forget(key, &bridge).await?;
        told
    }

    /// The server of an account has another certificate than the one that is known, and its host named it, by a link or by its
    /// fingerprint. Whoever is signed in goes on with that one.
    ///
    /// # Errors
    /// `unauthorized` when it is not signed in, `bad_request` when no certificate is named, `forbidden` when the server shows
    /// yet another one.
    pub async fn trust(self: &Arc<Self>, key: &AccountKey, named: &str) -> Answer<Seat> {
        let account = self.session(key)?.account();
        let account = entrance::trust_anew(account, named).await?;
        let token = self.credentials().await?.token(key).await.ok_or_else(signed_out)?;
        self.enter(Identity { account, token }).await
    }

    /// This account is the one that is looked at, also at the next start.
    ///
    /// # Errors
    /// `unauthorized` when it is not signed in, `read_only` when it could not be written down.
    pub async fn set_front(&self, key: AccountKey) -> Answer<()> {
        self.accounts.of(&key)?;
        self.remember(move |now| now.front = Some(key)).await
    }

    /// Hands something to the page past the session.
    pub(crate) fn tell_page(&self, key: &AccountKey, update: Update) {
        match self.accounts.of(key) {
            Ok(signed) => signed.bridge.send(update),
            Err(error) => tracing::debug!(%error, "an update of an account that has gone"),
        }
    }

    /// Begins the sessions of all that have a token and none yet, side by side, and answers with those that are signed in.
    pub(super) async fn begin_all(self: &Arc<Self>, seats: Vec<Seat>, credentials: &Credentials) -> Vec<Seat> {
        let mut begun = JoinSet::new();
        for Seat { key, account, .. } in &seats {
            if self.session(key).is_err()
                && let Some(token) = credentials.token(key).await
            {
                let identity = Identity { account: account.clone(), token };
                begun.spawn(Arc::clone(self).begin(key.clone(), identity));
            }
        }
        while let Some(done) = begun.join_next().await {
            if let Err(error) = done {
                tracing::error!(%error, "an account does not begin");
            }
        }
        seats.into_iter().filter(|seat| self.session(&seat.key).is_ok()).collect()
    }

    /// The app ends: all links are closed.
    pub(super) fn close_all(&self) {
        for (_, signed) in std::mem::take(&mut *self.accounts.all()) {
            signed.session.close();
        }
    }

    async fn begin(self: Arc<Self>, key: AccountKey, identity: Identity) {
        let (updates, inbox) = mpsc::channel(QUEUE);
        let bridge = Arc::new(Bridge::default());
        let local = self.local(&identity.account, &bridge).await;
        let session = Session::start(identity, local, updates);
        self.accounts.all().insert(key.clone(), Signed { session, bridge: Arc::clone(&bridge) });
        tokio::spawn(self.forward(key, bridge, inbox));
    }

    /// The account's database. Without one the account goes on in memory, and the user is told what that means.
    async fn local(&self, account: &Account, bridge: &Bridge) -> Local {
        let file = local::file_of(&self.paths.accounts(), account);
        let opened = match tokio::task::spawn_blocking(move || Local::open(&file)).await {
            Ok(opened) => opened.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let (local, warning) = match opened {
            Ok((local, None)) => return local,
            Ok((local, Some(SetAside { path }))) => {
                let path = path.display().to_string();
                tracing::warn!(path, "what was kept on this computer was damaged and is set aside");
                (local, Warning::SetAside { path })
            }
            Err(why) => {
                tracing::warn!(why, "nothing is kept on this computer");
                (Local::none(), Warning::NotKept { why })
            }
        };
        bridge.send(Update::Warning { warning });
        local
    }

    /// Until the session and all of its links are gone.
    async fn forward(self: Arc<Self>, key: AccountKey, bridge: Arc<Bridge>, mut inbox: mpsc::Receiver<Update>) {
        while let Some(update) = inbox.recv().await {
            // Uploaded: what was copied for it is of no use any more.
            if let Update::Transfer { transfer } = &update
                && let TransferState::Done { .. } | TransferState::Cancelled = transfer.state
            {
                self.picks.forget(&transfer.key);
            }
            if let Update::SignedOut { error: Some(error) } = &update {
                self.ended(&key, &bridge, error).await;
            }
            let is_told = self.notifications.take(&key, &update);
            if let Update::Personal { .. } | Update::SignedOut { .. } = update {
                self.tray.set_quiet(self.notifications.quiet_until()).await;
            }
            if !is_told {
                bridge.send(update);
            }
        }
    }

    /// Signed out elsewhere: the token is worthless, so it does not stay in the keyring.
    async fn ended(&self, key: &AccountKey, bridge: &Arc<Bridge>, why: &Error) {
        let server = self.settings.read().seat(key).map(|seat| seat.account.server_name.clone());
        if let Err(error) = self.forget(key, bridge).await {
            tracing::warn!(%error, "a worthless token is still kept");
        }
        // A page that comes later is not told of this account at all.
        if !bridge.is_open()
            && let Some(server) = server
        {
            self.bridge.send(Update::Warning { warning: Warning::SignedOut { server, error: why.clone() } });
        }
    }

    /// An account that has ended. The bridge says which: they may have signed in again meanwhile.
    async fn forget(&self, key: &AccountKey, bridge: &Arc<Bridge>) -> Answer<()> {
        let _changing = self.accounts.changing().await;
        let is_last = {
            let mut all = self.accounts.all();
            if !all.get(key).is_some_and(|signed| Arc::ptr_eq(&signed.bridge, bridge)) {
                return Ok(());
            }
            all.remove(key);
            all.is_empty()
        };
        if is_last {
            self.tray.set_badge(Badge::None, String::new()).await;
        }
        let gone = key.clone();
        self.remember(move |now| now.left(&gone)).await?;
        Ok(self.credentials().await?.forget(key).await?)
    }
}
