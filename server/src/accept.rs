//! The accept loop. `axum::serve` leaves Nagle on and knows no timeouts; before sign-in nothing is free here.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::App;
use crate::conn::{Conn, Seats, Stream};
use crate::http::Front;
use crate::tls::{Channel, Identity};

/// How long a peer may leave what was sent to it unacknowledged, or keep its window shut. Without it, a frozen one with a
/// full send buffer would never be noticed: heartbeats wait behind the buffer. It counts for readers that merely pause as
/// well, since the kernel's probes of a shut window do not reset it; so they get the time that they have to answer a ping,
/// and a phone that changes its network is not cut for it.
#[cfg(target_os = "linux")]
const USER_TIMEOUT: Duration = crate::socket::PING_TIMEOUT;
/// The largest request head, and the most that is read ahead of a body.
const HEAD_BYTES: usize = 16 * 1024;

/// Accepts until `stopping`. Connections are counted in `alive`, upgraded ones too.
pub async fn run(listener: TcpListener, app: Arc<App>, stopping: CancellationToken, alive: TaskTracker) {
    let front = Front::new(app.clone());
    let seats = Arc::new(Seats::default());
    loop {
        let accepted = tokio::select! {
            biased;
            () = stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely: the connections that end make room again.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(seat) = seats.take(peer.ip().to_canonical(), app.chat.limits.connections_per_address) else {
            tracing::debug!(%peer, "too many connections from that address");
            continue;
        };
        tune(&stream);
        let conn = Conn::new(stream, peer, seat, alive.token());
        tokio::spawn(serve(conn, front.clone(), app.clone(), stopping.clone()));
    }
}

async fn serve(conn: Arc<Conn>, front: Front, app: Arc<App>, stopping: CancellationToken) {
    // hyper's own timer begins with the first byte.
    let patience = Duration::from_secs(app.chat.limits.handshake_seconds);
    let channel = tokio::select! {
        opened = tokio::time::timeout(patience, open(&conn, app.tls.as_ref())) => match opened {
            Ok(Ok(channel)) => channel,
            Ok(Err(error)) => return tracing::debug!(peer = %conn.peer(), %error, "a connection was not opened"),
            Err(_) => return,
        },
        () = stopping.cancelled() => return,
    };
    drop(app);
    let service = front.for_connection(&conn, matches!(channel, Channel::Tls(_)));
    // The channel holds it from now on, and lets go of it as soon as it ends.
    drop(conn);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(channel), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

/// Waits for the first byte, which says whether the peer speaks TLS; where it may, for the handshake too.
async fn open(conn: &Arc<Conn>, tls: Option<&Identity>) -> std::io::Result<Channel> {
    conn.readable().await?;
    match tls {
        Some(tls) if Identity::begins_with(conn.peek().await?) => {
            Ok(Channel::Tls(Box::new(tls.accept(Stream(conn.clone())).await?)))
        }
        _ => Ok(Channel::Clear(Stream(conn.clone()))),
    }
}

fn tune(stream: &TcpStream) {
    // Without it an ack and the event after it are 40 ms apart.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = SockRef::from(stream).set_tcp_user_timeout(Some(USER_TIMEOUT)) {
        tracing::debug!(%error, "TCP_USER_TIMEOUT");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = SockRef::from(stream);
}
