//! One TCP connection: read and written by whoever serves it, and closed from anywhere.
//!
//! Socket.IO offers no way to close the connection under a socket, and a peer that has stopped reading would keep it
//! for ever. So the stream is shared, and a shutdown ends it whatever the two halves are waiting for.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::parcel::Parcels;

/// A connection that was accepted.
pub struct Conn {
    stream: TcpStream,
    peer: SocketAddr,
    /// The Socket.IO session that was upgraded to this connection.
    upgraded: OnceLock<(String, Weak<Upgrades>)>,
    seat: Mutex<Option<Seat>>,
    watched: AtomicBool,
    /// How often [`Conn::silent_step`] was called since something was read.
    silent: AtomicU32,
    parcels: Parcels,
    _alive: TaskTrackerToken,
}

/// The stream of a connection, for hyper and the WebSocket behind it.
pub struct Stream(pub Arc<Conn>);

/// How many connections each address has over which nobody has signed in.
#[derive(Default)]
pub struct Seats {
    taken: Mutex<HashMap<IpAddr, u32>>,
}

/// A connection's place in [`Seats`]; dropping it gives it back.
pub struct Seat {
    seats: Arc<Seats>,
    address: IpAddr,
}

/// Which connection a long-polling session was upgraded to: socketioxide keeps only its first request.
#[derive(Default)]
pub struct Upgrades {
    by_sid: Mutex<HashMap<String, Weak<Conn>>>,
}

impl Conn {
    /// Takes over an accepted stream.
    #[must_use]
    pub fn new(stream: TcpStream, peer: SocketAddr, seat: Seat, alive: TaskTrackerToken) -> Arc<Self> {
        Arc::new(Self {
            stream,
            peer,
            upgraded: OnceLock::new(),
            seat: Mutex::new(Some(seat)),
            watched: AtomicBool::new(false),
            silent: AtomicU32::new(0),
            parcels: Parcels::default(),
            _alive: alive,
        })
    }

    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Gives its seat to the next one: somebody has signed in over it, and from now on it counts among theirs.
    pub fn give_up_seat(&self) {
        drop(self.seat.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Whether nobody has signed in over it.
    pub fn is_strange(&self) -> bool {
        self.seat.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether nobody watches it yet; from now on somebody does.
    pub fn begin_watch(&self) -> bool {
        !self.watched.swap(true, Ordering::Relaxed)
    }

    /// A step of time has passed: how many in a row in which nothing was read.
    pub fn silent_step(&self) -> u32 {
        self.silent.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// What waits to be sent over it beside the engine's buffers.
    #[must_use]
    pub fn parcels(&self) -> &Parcels {
        &self.parcels
    }

    /// Ends the connection now: both halves wake up with an error or the end of the stream.
    pub fn shutdown(&self) {
        // An error means that it is closed already.
        drop(SockRef::from(&self.stream).shutdown(Shutdown::Both));
    }

    /// Waits for the first byte.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn readable(&self) -> io::Result<()> {
        self.stream.readable().await
    }

    /// The first byte that waits to be read; it stays there.
    ///
    /// # Errors
    /// When the connection broke, or ended before there was one.
    pub async fn peek(&self) -> io::Result<u8> {
        let mut first = [0];
        match self.stream.peek(&mut first).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(first[0]),
        }
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        if let Some((sid, upgrades)) = self.upgraded.get()
            && let Some(upgrades) = upgrades.upgrade()
        {
            upgrades.by_sid.lock().unwrap_or_else(PoisonError::into_inner).remove(sid);
        }
    }
}

impl Upgrades {
    /// Notes that this session moves to this connection. An entry lives as long as its connection.
    pub fn note(self: &Arc<Self>, sid: &str, conn: &Arc<Conn>) {
        if conn.upgraded.set((sid.to_owned(), Arc::downgrade(self))).is_ok() {
            let mut by_sid = self.by_sid.lock().unwrap_or_else(PoisonError::into_inner);
            by_sid.insert(sid.to_owned(), Arc::downgrade(conn));
        }
    }

    /// The connection that a session was upgraded to.
    #[must_use]
    pub fn get(&self, sid: &str) -> Option<Arc<Conn>> {
        self.by_sid.lock().unwrap_or_else(PoisonError::into_inner).get(sid)?.upgrade()
    }
}

impl Seats {
    /// A place for one more connection from this address; None when it has too many.
    pub fn take(self: &Arc<Self>, address: IpAddr, max: u32) -> Option<Seat> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(address).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(Seat { seats: self.clone(), address })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

impl AsRef<Parcels> for Stream {
    fn as_ref(&self) -> &Parcels {
        &self.0.parcels
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let stream = &self.0.stream;
        loop {
            ready!(stream.poll_read_ready(cx))?;
            match stream.try_read(buf.initialize_unfilled()) {
                Ok(n) => {
                    self.0.silent.store(0, Ordering::Relaxed);
                    buf.advance(n);
                    return Poll::Ready(Ok(()));
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Poll::Ready(Err(e)),
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.write(cx, |stream| stream.try_write(data))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |stream| stream.try_write_vectored(data))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match SockRef::from(&self.0.stream).shutdown(Shutdown::Write) {
            Err(e) if e.kind() != io::ErrorKind::NotConnected => Poll::Ready(Err(e)),
            Ok(()) | Err(_) => Poll::Ready(Ok(())),
        }
    }
}

impl Stream {
    fn write(&self, cx: &mut Context<'_>, write: impl Fn(&TcpStream) -> io::Result<usize>) -> Poll<io::Result<usize>> {
        let stream = &self.0.stream;
        loop {
            ready!(stream.poll_write_ready(cx))?;
            match write(stream) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}
