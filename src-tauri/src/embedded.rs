//! The server inside the app: the same library as `confab-server`, on a runtime of its own, so that neither side can
//! starve the other.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

use confab_client::view::Hosting;
use confab_protocol::account::{Secret, User};
use confab_protocol::{Error, UserId};
use confab_server::config::Tls;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

use crate::shell::nearby;

/// The port to try first: the one that addresses without a port mean.
pub const PORT: u16 = 7300;

/// The variable that says on which address to host: `IP` or `IP:PORT`, whatever the user chose in the app. Without it
/// and without the user's consent it is loopback.
pub const BIND: &str = "CONFAB_HOST_BIND";

/// The variable that says how others on the network reach the server: `self-signed`, as without it, `off` for clear text, or
/// `CERTIFICATE:KEY`. On this computer itself nothing needs to be encrypted.
pub const TLS: &str = "CONFAB_HOST_TLS";

/// How long open connections may take to end when the app quits.
const DRAIN: Duration = Duration::from_secs(5);

/// How many of those who are connected are named.
const MOST: usize = 500;

/// Enough for fan-out beside a window; the machine is somebody's desktop.
const THREADS: usize = 2;

/// The server did not start, or does not let its owner in.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// `CONFAB_HOST_BIND` is not an address.
    #[error("{BIND} must be an IP address, such as 0.0.0.0 or 0.0.0.0:7300, and is {0:?}")]
    Bind(String),
    /// `CONFAB_HOST_TLS` is none of what it may be.
    #[error("{TLS}: {0}")]
    Tls(String),
    /// No port, or no thread.
    #[error("the server cannot listen: {0}")]
    Listen(#[from] io::Error),
    /// Its data cannot be opened.
    #[error("the server did not start: {0}")]
    Start(#[from] confab_server::ServeError),
    /// It runs, but refused.
    #[error(transparent)]
    Refused(#[from] Error),
}

/// The server of this app, running or not.
pub struct Embedded {
    data: PathBuf,
    running: Mutex<Option<Running>>,
}

struct Running {
    handle: confab_server::Handle,
    runtime: Runtime,
}

impl Embedded {
    /// A server that keeps its data in that directory. It does not run yet.
    #[must_use]
    pub fn new(data: PathBuf) -> Self {
        Self { data, running: Mutex::new(None) }
    }

    /// Its addresses, when it runs.
    pub async fn hosting(&self) -> Option<Hosting> {
        self.running.lock().await.as_ref().map(|running| {
            let (addr, fingerprint) = (running.handle.addr(), running.handle.fingerprint());
            Hosting { fingerprint, ..addresses(addr, running.handle.url().starts_with("https:")) }
        })
    }

    /// Starts it on the port that it had before, if any, or on any free one when that is taken; for others on the network
    /// too when the user chose to `share` it. Does nothing when it runs already.
    ///
    /// # Errors
    /// [`HostError`] when it cannot listen, or its data cannot be opened.
    pub async fn start(&self, before: Option<u16>, share: bool) -> Result<SocketAddr, HostError> {
        let mut running = self.running.lock().await;
        if let Some(running) = &*running {
            return Ok(running.handle.addr());
        }
        let wanted = bind_address(std::env::var(BIND).ok(), share)?;
        let (ip, port) = (wanted.ip(), before.unwrap_or_else(|| wanted.port()));
        let mut config = confab_server::Config::new(&self.data);
        config.announce = nearby::interfaces();
        config.tls = tls(std::env::var(TLS).ok(), ip)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("server")
            .enable_all()
            .build()?;
        let started = runtime.spawn(async move {
            let listener = listen(ip, port).await?;
            // Invite links lead others here, so they name the address that others can reach.
            config.public_url = addresses(listener.local_addr()?, config.tls != Tls::Off).network.into_iter().next();
            Ok::<_, HostError>(confab_server::serve(config, listener, confab_server::Shutdown::new()).await?)
        });
        let handle = match started.await {
            Ok(Ok(started)) => started,
            Ok(Err(error)) => {
                runtime.shutdown_background();
                return Err(error);
            }
            Err(panic) => {
                runtime.shutdown_background();
                return Err(io::Error::other(panic).into());
            }
        };
        let address = handle.addr();
        tracing::info!(%address, "hosting");
        *running = Some(Running { handle, runtime });
        Ok(address)
    }

    /// What opens the first setup of the running server; None once it has an owner.
    pub async fn setup_token(&self) -> Option<Secret> {
        self.running.lock().await.as_ref().and_then(|running| running.handle.setup_token()).map(Secret)
    }

    /// Gives an account of the running server another password; all its sessions end.
    ///
    /// # Errors
    /// `not_found` for an unknown login, `unavailable` when no server runs.
    pub async fn reset_password(&self, login: &str, password: Secret) -> Result<(), Error> {
        let running = self.running.lock().await;
        let stopped = || Error::new(confab_protocol::ErrorCode::Unavailable, "This app hosts no server.");
        running.as_ref().ok_or_else(stopped)?.handle.chat().reset_password(login, password).await
    }

    /// How many people besides this one are connected to it.
    pub async fn others(&self, me: Option<&UserId>) -> usize {
        let running = self.running.lock().await;
        let connected = running.as_ref().map(|running| running.handle.connected()).unwrap_or_default();
        connected.iter().filter(|user| Some(*user) != me).count()
    }

    /// Who is connected to it now, by name; nobody when it does not run.
    pub async fn connected(&self) -> Vec<User> {
        let running = self.running.lock().await;
        let Some(Running { handle, .. }) = &*running else { return Vec::new() };
        let mut people = Vec::new();
        for user in handle.connected().iter().take(MOST) {
            // Whoever cannot be looked up just now is in the next answer.
            people.extend(handle.chat().store.user(user).await.ok().flatten());
        }
        people.sort_by(|a, b| (&a.display_name, &a.id).cmp(&(&b.display_name, &b.id)));
        people
    }

    /// Stops it: open connections get a moment to end, and the data is closed.
    pub async fn stop(&self) {
        if let Some(running) = self.running.lock().await.take() {
            let Running { handle, runtime } = running;
            handle.stop();
            if tokio::time::timeout(DRAIN, handle.finished()).await.is_err() {
                tracing::warn!("the hosted server did not end in time");
            }
            runtime.shutdown_background();
        }
    }
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").field("data", &self.data).finish_non_exhaustive()
    }
}

/// A random secret of 244 bits: a password that nobody ever types.
#[must_use]
pub fn secret() -> Secret {
    Secret(format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple()))
}

/// The address of a server on this computer, as a person's own app uses it.
#[must_use]
pub fn local_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn bind_address(asked: Option<String>, share: bool) -> Result<SocketAddr, HostError> {
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        let ip = if share { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
        return Ok((ip, PORT).into());
    };
    let with_port = asked.parse().or_else(|_| asked.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT)));
    with_port.map_err(|_| HostError::Bind(asked))
}

fn tls(asked: Option<String>, ip: IpAddr) -> Result<Tls, HostError> {
    match asked.filter(|asked| !asked.is_empty()) {
        Some(asked) => asked.parse().map_err(HostError::Tls),
        None if ip.is_loopback() => Ok(Tls::Off),
        None => Ok(Tls::SelfSigned),
    }
}

async fn listen(ip: IpAddr, port: u16) -> io::Result<TcpListener> {
    match TcpListener::bind((ip, port)).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            tracing::warn!(port, "the port is taken; hosting on another one");
            TcpListener::bind((ip, 0)).await
        }
        bound => bound,
    }
}

/// The addresses of a server that is bound there; on this computer without TLS in any case, where it can be had so.
fn addresses(bound: SocketAddr, tls: bool) -> Hosting {
    let port = bound.port();
    let url = |ip: IpAddr| format!("http{}://{}", if tls { "s" } else { "" }, SocketAddr::new(ip, port));
    let (address, network) = match bound.ip() {
        ip if ip.is_loopback() => (format!("http://{bound}"), Vec::new()),
        ip if ip.is_unspecified() => (local_url(port), outward_address().map(url).into_iter().collect()),
        ip => (url(ip), vec![url(ip)]),
    };
    Hosting { address, network, fingerprint: None }
}

/// This computer's address on the network that leads outwards. Connecting a UDP socket sends nothing: the system only
/// chooses the route, here to an address that is reserved for documentation.
fn outward_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_unspecified() && !ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosting_is_for_this_computer_unless_asked() {
        let bind = |asked: &str| bind_address(Some(asked.into()), false).unwrap().to_string();
        assert_eq!(bind_address(None, false).unwrap().to_string(), "127.0.0.1:7300");
        assert_eq!(bind_address(None, true).unwrap().to_string(), "0.0.0.0:7300");
        assert_eq!(bind_address(Some("127.0.0.1".into()), true).unwrap().to_string(), "127.0.0.1:7300");
        assert_eq!((bind("").as_str(), bind("0.0.0.0").as_str()), ("127.0.0.1:7300", "0.0.0.0:7300"));
        assert_eq!((bind("127.0.0.1:0").as_str(), bind("::1").as_str()), ("127.0.0.1:0", "[::1]:7300"));
        let error = bind_address(Some("everywhere".into()), true).unwrap_err();
        assert!(error.to_string().contains("everywhere"), "{error}");
    }

    #[test]
    fn others_are_let_in_with_tls_unless_somebody_says_otherwise() {
        let lan: IpAddr = "192.168.1.7".parse().unwrap();
        let of = |asked: Option<&str>, ip: IpAddr| tls(asked.map(str::to_owned), ip);
        assert_eq!(of(None, Ipv4Addr::LOCALHOST.into()).unwrap(), Tls::Off);
        assert_eq!(of(None, Ipv4Addr::UNSPECIFIED.into()).unwrap(), Tls::SelfSigned);
        assert_eq!(of(Some(""), lan).unwrap(), Tls::SelfSigned);
        assert_eq!(of(Some("off"), lan).unwrap(), Tls::Off);
        assert!(of(Some("yes"), lan).unwrap_err().to_string().contains("self-signed"));
    }

    #[test]
    fn addresses_can_be_opened() {
        let loopback = addresses("127.0.0.1:7300".parse().unwrap(), false);
        assert_eq!((loopback.address.as_str(), loopback.network.len()), ("http://127.0.0.1:7300", 0));
        let all = addresses("0.0.0.0:7301".parse().unwrap(), true);
        assert_eq!(all.address, "http://127.0.0.1:7301", "nobody can open 0.0.0.0, and nobody listens on loopback");
        assert!(all.network.iter().all(|url| url.starts_with("https://") && url.ends_with(":7301")), "{all:?}");
        assert!(all.network.iter().all(|url| !url.contains("0.0.0.0")), "{all:?}");
        assert_eq!(addresses("192.168.1.7:7300".parse().unwrap(), false).network, ["http://192.168.1.7:7300"]);
        assert_eq!(addresses("192.168.1.7:7300".parse().unwrap(), true).network, ["https://192.168.1.7:7300"]);
    }

    #[tokio::test]
    async fn a_taken_port_is_not_the_end() {
        let first = listen(Ipv4Addr::LOCALHOST.into(), 0).await.unwrap();
        let taken = first.local_addr().unwrap().port();
        let second = listen(Ipv4Addr::LOCALHOST.into(), taken).await.unwrap();
        assert_ne!(second.local_addr().unwrap().port(), taken);
    }

    #[test]
    fn secrets_differ_and_are_long_enough_for_a_password() {
        assert_ne!(secret().0, secret().0);
        assert!(secret().0.len() >= confab_protocol::limits::PASSWORD_MIN);
        assert!(!format!("{:?}", secret()).contains(&secret().0[..4]));
    }
}
