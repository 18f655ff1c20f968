//! Confab's server: axum and socketioxide around the rules of [`chat`] and the database of [`store`].
//!
//! [`serve`] runs it inside any program with a tokio runtime: the binary `confab-server` does nothing else, and the
//! desktop app hosts it the same way.

mod accept;
mod app;
pub mod auth;
pub mod chat;
pub mod commit;
pub mod config;
mod conn;
mod discovery;
mod expiry;
mod fanout;
pub mod fault;
mod files;
mod http;
mod indexer;
pub mod offline;
mod parcel;
mod silence;
mod socket;
pub mod store;
mod tls;
mod wire;

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use confab_protocol::{Fingerprint, UserId};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use app::{App, Parts};
use auth::password::Passwords;
use auth::setup::SetupToken;
use chat::Chat;
pub use config::Config;
use fault::Mutant;
use store::StoreError;

/// The version of this server.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What `--version` says: the version, and the features for tests that no release has.
pub const BUILD: &str = match (cfg!(feature = "failpoints"), cfg!(feature = "mutants")) {
    (false, false) => VERSION,
    (true, false) => concat!(env!("CARGO_PKG_VERSION"), " +failpoints"),
    (false, true) => concat!(env!("CARGO_PKG_VERSION"), " +mutants"),
    (true, true) => concat!(env!("CARGO_PKG_VERSION"), " +failpoints +mutants"),
};

/// Ends a server from outside: cancel it, and it drains.
pub type Shutdown = CancellationToken;

/// How long connections get to end by themselves once everything is answered and closed.
const DRAIN: Duration = Duration::from_secs(2);
/// How often session times are noted and idle buckets forgotten.
const SWEEP: Duration = Duration::from_secs(60);
/// How often each socket hears which logs moved.
const HEADS: Duration = Duration::from_secs(25);

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data directory cannot be used.
    #[error(
        "the data directory {path} cannot be used: {error}; make it writable for this user, or name another (--data)"
    )]
    Data {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Another server runs on the same data directory.
    #[error("another server is running on the data directory {0}")]
    Running(PathBuf),
    /// The database cannot be opened or read.
    #[error("{0}{advice}", advice = .0.advice())]
    Store(#[from] StoreError),
    /// The database is damaged; it was set aside.
    #[error("the database is damaged: {finding}; {}", StoreError::SetAside(kept.clone()))]
    Damaged {
        /// What is wrong with it.
        finding: String,
        /// Where it is now.
        kept: PathBuf,
    },
    /// TLS was asked for and cannot be spoken.
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    /// The password hasher or the network failed.
    #[error("{0}")]
    Start(String),
}

/// A running server.
pub struct Handle {
    addr: SocketAddr,
    app: Arc<App>,
    shutdown: Shutdown,
    ended: JoinHandle<Result<(), ServeError>>,
}

impl Handle {
    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The same as people and programs reach it: scheme, host and port.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.app.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.addr)
    }

    /// By which its certificate is known, when it made that itself.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.app.tls.as_ref()?.fingerprint()
    }

    /// The token for `POST /setup`; None once there is an owner.
    #[must_use]
    pub fn setup_token(&self) -> Option<String> {
        self.app.setup.get().map(|token| token.reveal().to_owned())
    }

    /// Its rules, for whoever hosts it: what the command line may do beside a server that does not run.
    #[must_use]
    pub fn chat(&self) -> &Chat {
        &self.app.chat
    }

    /// Who is connected to it now.
    #[must_use]
    pub fn connected(&self) -> Vec<UserId> {
        self.app.hub.lobby_users()
    }

    /// Makes it drain and end.
    pub fn stop(&self) {
        self.shutdown.cancel();
    }

    /// Waits until it has ended: after [`Handle::stop`], or when the [`Shutdown`] it was given is cancelled.
    ///
    /// # Errors
    /// When it ended by itself, because its database was found to be damaged: [`ServeError::Damaged`] as at a start.
    pub async fn finished(self) -> Result<(), ServeError> {
        self.ended.await.unwrap_or_else(|error| {
            tracing::error!(%error, "the server did not end well");
            Ok(())
        })
    }
}

/// Starts a server on a listener. When this returns, connections are accepted.
///
/// # Errors
/// When the data directory or the database cannot be used.
pub async fn serve(config: Config, listener: TcpListener, shutdown: Shutdown) -> Result<Handle, ServeError> {
    let lock = lock_data(&config.data)?;
    let addr = listener.local_addr().map_err(|error| ServeError::Start(error.to_string()))?;
    let tls = tls::Identity::load(&config.tls, &config.data)?;
    if tls.is_none() && !addr.ip().is_loopback() {
        tracing::warn!("everything that is said here crosses the network in clear text; --tls self-signed encrypts it");
    }
    let store = match store::open(&config.location()).await {
        Err(StoreError::Corrupt(finding)) => return Err(set_aside(&config, finding)),
        store => store?,
    };
    let server = store.server().await?;
    let slugs = store.slugs().await?;
    let (commit, writer) = commit::channel();
    let chat = Chat {
        store: store.clone(),
        commit,
        passwords: Passwords::new().map_err(|error| ServeError::Start(error.to_string()))?,
        limits: Arc::new(config.limits.clone()),
    };
    let setup = if server.set_up {
        None
    } else {
        let token = SetupToken::load(&config.data, config.setup_token.as_ref());
        Some(token.map_err(|error| ServeError::Data { path: config.data.clone(), error })?)
    };
    let stopping = CancellationToken::new();
    let socketio = socket::build(&config.limits);
    let app = App::new(Parts { config, chat, tls, socketio, stopping: stopping.clone() });
    if let Some(token) = setup {
        // The cell is new: nobody else can have set it.
        let _ = app.setup.set(token);
    }
    app.files.clean().await;
    slugs.iter().for_each(|slug| app.open_space(slug));
    tracing::info!(%addr, version = VERSION, workspaces = slugs.len(), "listening");

    let alive = TaskTracker::new();
    let commits_end = CancellationToken::new();
    let writing = tokio::spawn(writer.run(store, Arc::new(socket::Publisher(app.clone())), commits_end.clone()));
    let accepting = tokio::spawn(accept::run(listener, app.clone(), stopping.clone(), alive.clone()));
    let announcing = tokio::spawn(discovery::run(app.clone(), addr));
    let background = background(&app);

    let ended = tokio::spawn({
        let (app, shutdown) = (app.clone(), shutdown.clone());
        async move {
            let damage = tokio::select! {
                () = shutdown.cancelled() => None,
                damage = app.chat.store.damage() => Some(damage),
            };
            tracing::info!("draining");
            stopping.cancel();
            // What was accepted is committed and answered; what comes now is refused.
            commits_end.cancel();
            let drained = async {
                drop(writing.await);
                drop(accepting.await);
                drop(announcing.await);
                // With their namespaces gone, the engine would refuse those who are about to come in for good.
                app.silence.end_strangers();
                app.close_sockets().await;
                alive.close();
                alive.wait().await;
            };
            if tokio::time::timeout(DRAIN, drained).await.is_err() {
                tracing::info!("some connections were cut");
                app.hub.everybody().iter().for_each(|link| app.hang_up(&link.sock));
            }
            background.iter().for_each(JoinHandle::abort);
            note_sessions(&app).await;
            app.chat.store.close().await;
            let outcome = match damage {
                None => Ok(()),
                Some(StoreError::Corrupt(finding)) => Err(set_aside(&app.config, finding)),
                Some(other) => Err(other.into()),
            };
            drop(lock);
            tracing::info!("ended");
            outcome
        }
    });
    Ok(Handle { addr, app, shutdown, ended })
}

/// Damage is never served: not now, and not at the next start.
fn set_aside(config: &Config, finding: String) -> ServeError {
    tracing::error!(finding, "the database is damaged");
    let kept = match store::set_aside(&config.location()) {
        Ok(kept) => kept,
        Err(error) => {
            tracing::error!(%error, "it could not be set aside");
            None
        }
    };
    kept.map_or(StoreError::Corrupt(finding.clone()).into(), |kept| ServeError::Damaged { finding, kept })
}

/// Makes the data directory with owner-only rights, and takes its lock: two servers on one database would each
/// believe that they alone assign `seq`.
///
/// # Errors
/// [`ServeError::Data`], or [`ServeError::Running`] when another server holds it.
pub fn lock_data(data: &Path) -> Result<File, ServeError> {
    let unusable = |error| ServeError::Data { path: data.to_owned(), error };
    if !data.is_dir() {
        std::fs::create_dir_all(data).map_err(unusable)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(data, std::fs::Permissions::from_mode(0o700)).map_err(unusable)?;
        }
    }
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(data.join("lock")).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ServeError::Running(data.to_owned())),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

fn background(app: &Arc<App>) -> Vec<JoinHandle<()>> {
    vec![
        tokio::spawn(socket::presence::run(app.clone())),
        tokio::spawn(socket::typing::run(app.clone())),
        tokio::spawn(socket::changes::run(app.clone())),
        tokio::spawn(socket::counts::run(app.clone())),
        tokio::spawn(indexer::run(app.chat.store.clone(), app.index_bell.clone())),
        tokio::spawn(expiry::run(app.clone())),
        tokio::spawn(every(HEADS, app.clone(), async |app| {
            if !fault::is_mutant(Mutant::DropPush) {
                app.hub.spaces().iter().for_each(|space| space.tell_heads());
            }
        })),
        tokio::spawn(every(files::SWEEP, app.clone(), async |app| files::sweep(&app.files, &*app.chat.store).await)),
        tokio::spawn(every(silence::STEP, app.clone(), async |app| app.silence.pass())),
        tokio::spawn(every(SWEEP, app.clone(), async |app| {
            app.rates.forget_idle();
            app.arrivals.forget_lost();
            note_sessions(&app).await;
        })),
    ]
}

async fn every(period: Duration, app: Arc<App>, work: impl AsyncFn(Arc<App>)) {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        work(app.clone()).await;
    }
}

async fn note_sessions(app: &App) {
    let seen = app.seen.take();
    if !seen.is_empty()
        && let Err(error) = app.chat.store.touch_sessions(seen).await
    {
        tracing::warn!(%error, "when sessions were last seen could not be noted");
    }
}
