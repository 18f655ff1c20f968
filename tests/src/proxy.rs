//! A TCP proxy that fails on demand: it delays, cuts, resets, tears, doubles, half-closes, swallows and refuses.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
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
    /// Counts up: as `cut`, but the client's side ends with RST.
    reset: watch::Sender<u64>,
    /// So many more bytes pass, then the direction that they were on ends; `usize::MAX` lets all pass.
    tear_after: AtomicUsize,
    /// The next piece comes twice.
    duplicate: AtomicBool,
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
            reset: watch::channel(0).0,
            tear_after: AtomicUsize::new(usize::MAX),
            duplicate: AtomicBool::new(false),
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

    /// Ends every connection there is with RST: what is on its way is lost on both sides.
    pub fn reset(&self) {
        self.state.reset.send_modify(|n| *n += 1);
    }

    /// Passes so many more bytes, then ends the direction that they were on: in the middle of a frame.
    pub fn tear(&self, bytes: usize) {
        self.state.tear_after.store(bytes, Ordering::Relaxed);
    }

    /// Passes the next piece twice. TCP itself never does. Where the piece is whole frames, a request is made twice or an
    /// event comes twice; else the stream is broken, and must be ended rather than believed.
    pub fn duplicate(&self) {
        self.state.duplicate.store(true, Ordering::Relaxed);
    }

    /// Closes the server's direction of every connection there is; the client's stays open.
    pub fn half_close(&self) {
        self.state.half_close.send_modify(|n| *n += 1);
    }

    /// Swallows all bytes in both directions, and the ends of connections, or stops doing so. What was swallowed is lost: cut
    /// afterwards.
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
        tokio::spawn(relay(client, state.clone()));
    }
}

// Not `async fn`: it subscribes before anything is awaited, so that a cut that comes from now on ends this connection.
fn relay(mut client: TcpStream, state: Arc<State>) -> impl Future<Output = ()> {
    let (mut cut, mut reset) = (state.cut.subscribe(), state.reset.subscribe());
    let half_close = state.half_close.subscribe();
    async move {
        let Ok(mut server) = TcpStream::connect(state.target).await else { return };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let ended_by_reset = {
            let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
            let up = copy(from_client, to_server, &state, None);
            let down = copy(from_server, to_client, &state, Some(half_close));
            tokio::select! {
                _ = cut.changed() => false,
                _ = reset.changed() => true,
                _ = async { tokio::join!(up, down) } => false,
            }
        };
        if ended_by_reset {
            for end in [&client, &server] {
                let _ = SockRef::from(end).set_linger(Some(Duration::ZERO));
            }
        }
    }
}

async fn copy(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
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
        if *state.mode.borrow() == Mode::Blackhole {
            continue;
        }
        let passes = state.tear_after.load(Ordering::Relaxed);
        if n > passes {
            state.tear_after.store(usize::MAX, Ordering::Relaxed);
            let _ = to.write_all(&buffer[..passes]).await;
            break;
        }
        if passes < usize::MAX {
            state.tear_after.store(passes - n, Ordering::Relaxed);
        }
        let times = if state.duplicate.swap(false, Ordering::Relaxed) { 2 } else { 1 };
        for _ in 0..times {
            if to.write_all(&buffer[..n]).await.is_err() {
                return;
            }
        }
    }
    // A black hole swallows the end of a connection as well.
    let _ = state.mode.subscribe().wait_for(|mode| *mode != Mode::Blackhole).await;
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
