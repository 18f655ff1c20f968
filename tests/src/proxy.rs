//! A TCP proxy that fails on demand: it delays, cuts, half-closes, swallows and refuses.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What happens to the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Pass,
    /// Connections stay open and are accepted, and nothing comes through: a half-open link.
    Blackhole,
    /// New connections are closed at once.
    Refuse,
}

#[derive(Debug)]
struct State {
    target: SocketAddr,
    mode: watch::Sender<Mode>,
    /// Counts up: every connection older than the present number ends.
    cut: watch::Sender<u64>,
    /// Counts up: every connection sends FIN to the client, and goes on in the other direction.
    half_close: watch::Sender<u64>,
    delay_ms: AtomicU64,
    accepted: AtomicUsize,
}

/// A proxy in front of one server, on a free port of loopback. It ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts one that passes everything on.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let state = Arc::new(State {
            target,
            mode: watch::channel(Mode::Pass).0,
            cut: watch::channel(0).0,
            half_close: watch::channel(0).0,
            delay_ms: AtomicU64::new(0),
            accepted: AtomicUsize::new(0),
        });
        let accepting = tokio::spawn(accept(listener, state.clone()));
        Ok(Self { addr, state, accepting })
    }

    /// `http://ADDR` of the proxy.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Ends every connection there is. New ones are welcome.
    pub fn cut(&self) {
        self.state.cut.send_modify(|n| *n += 1);
    }

    /// Closes the server's direction of every connection there is; the client's stays open.
    pub fn half_close(&self) {
        self.state.half_close.send_modify(|n| *n += 1);
    }

    /// Swallows all bytes in both directions, or stops doing so. What was swallowed is lost: cut afterwards.
    pub fn blackhole(&self, on: bool) {
        self.state.mode.send_replace(if on { Mode::Blackhole } else { Mode::Pass });
    }

    /// Turns new connections away, or stops doing so.
    pub fn refuse(&self, on: bool) {
        self.state.mode.send_replace(if on { Mode::Refuse } else { Mode::Pass });
    }

    /// Holds every piece back for this long.
    pub fn delay(&self, delay: Duration) {
        self.state.delay_ms.store(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How many connections it has accepted so far.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.state.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        state.accepted.fetch_add(1, Ordering::Relaxed);
        if *state.mode.borrow() == Mode::Refuse {
            continue;
        }
        // Subscribed before anything is awaited: a cut that comes from now on ends this connection.
        let (cut, half_close) = (state.cut.subscribe(), state.half_close.subscribe());
        tokio::spawn(relay(client, state.clone(), cut, half_close));
    }
}

async fn relay(client: TcpStream, state: Arc<State>, mut cut: watch::Receiver<u64>, half_close: watch::Receiver<u64>) {
    let Ok(server) = TcpStream::connect(state.target).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let up = copy(from_client, to_server, &state, None);
    let down = copy(from_server, to_client, &state, Some(half_close));
    tokio::select! {
        _ = cut.changed() => {}
        _ = async { tokio::join!(up, down) } => {}
    }
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: &State,
    mut half_close: Option<watch::Receiver<u64>>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            () = changed(&mut half_close) => break,
        };
        let Ok(n @ 1..) = read else { break };
        let delay = state.delay_ms.load(Ordering::Relaxed);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        if *state.mode.borrow() != Mode::Blackhole && to.write_all(&buffer[..n]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

async fn changed(signal: &mut Option<watch::Receiver<u64>>) {
    if let Some(signal) = signal
        && signal.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}
