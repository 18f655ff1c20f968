//! Answering a request: by ack, and by `request:answered` where it carried a `rid`. Never silence.

use std::collections::VecDeque;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use confab_protocol::answer::{Empty, to_wire};
use confab_protocol::event::REQUEST_ANSWERED;
use confab_protocol::{Answer, Error, ErrorCode};
use serde::Serialize;
use serde_json::Value;
use socketioxide::extract::AckSender;
use socketioxide::handler::FromMessageParts;
use socketioxide::{SendError, SocketError};

use super::peer::Peer;
use crate::fanout::Sock;
use crate::parcel::Parcel;

/// How often a full buffer is looked at again.
const AGAIN: Duration = Duration::from_millis(20);
/// How long a buffer may stay full. Then the connection is closed: the client repeats what was not answered, under the
/// same `cid`.
const PATIENCE: Duration = Duration::from_secs(10);
/// Answers of one socket that wait at most; one more closes the connection.
const WAITING: usize = 8192;

/// Answers that found the socket's buffer full, in order. Lost, they would be waited for in vain.
#[derive(Default)]
pub struct Overflow(VecDeque<(Open, Value)>);

/// The answer that somebody waits for. Dropped without one, it answers `internal`: no path leads to silence.
pub struct Reply {
    open: Option<Open>,
}

struct Open {
    sock: Sock,
    peer: Arc<Peer>,
    ack: Option<i64>,
    rid: Option<String>,
}

impl Reply {
    /// For a request on this socket with this ack id.
    #[must_use]
    pub fn new(sock: Sock, peer: Arc<Peer>, ack: Option<i64>) -> Self {
        Self { open: Some(Open { sock, peer, ack, rid: None }) }
    }

    /// The request carried a `rid`.
    pub fn set_rid(&mut self, rid: String) {
        if let Some(open) = &mut self.open {
            open.rid = Some(rid);
        }
    }

    /// Answers.
    pub fn answer<T: Serialize>(mut self, answer: &Answer<T>) {
        if let Some(open) = self.open.take() {
            open.deliver(to_wire(answer));
        }
    }

    /// Refuses.
    pub fn refuse(self, error: Error) {
        self.answer::<Empty>(&Err(error));
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            let error = Error::new(ErrorCode::Internal, "The server made a mistake. It is in its log.");
            open.deliver(to_wire::<Empty>(&Err(error)));
        }
    }
}

impl Open {
    fn deliver(mut self, wire: Value) {
        let peer = self.peer.clone();
        let mut overflow = lock(&peer);
        if overflow.0.is_empty() && self.attempt(&wire) {
            return;
        }
        if overflow.0.len() >= WAITING {
            drop(overflow);
            return peer.app.hang_up(&self.sock);
        }
        let first = overflow.0.is_empty();
        overflow.0.push_back((self, wire));
        drop(overflow);
        if first {
            tokio::spawn(drain(peer));
        }
    }

    /// Sends what is not sent yet; false when the buffer was full.
    fn attempt(&mut self, wire: &Value) -> bool {
        if self.ack.is_some() {
            let mut none = socketioxide::handler::Value::Str("".into(), None);
            let Ok(ack) = AckSender::from_message_parts(&self.sock, &mut none, &self.ack);
            match send_at_length(&self.sock, wire, |wire| ack.send(wire)) {
                Err(SendError::Socket(SocketError::InternalChannelFull)) => return false,
                Ok(()) | Err(_) => self.ack = None,
            }
        }
        if let Some(rid) = &self.rid {
            let mut wire = wire.clone();
            if let Value::Object(fields) = &mut wire {
                fields.insert("rid".into(), Value::String(rid.clone()));
            }
            match send_at_length(&self.sock, &wire, |wire| self.sock.emit(REQUEST_ANSWERED, wire)) {
                Err(SendError::Socket(SocketError::InternalChannelFull)) => return false,
                Ok(()) | Err(_) => self.rid = None,
            }
        }
        true
    }
}

/// Sends an answer, as a parcel where it is long. Only lists make one long.
fn send_at_length(
    sock: &Sock,
    wire: &Value,
    send: impl FnOnce(&Value) -> Result<(), SendError>,
) -> Result<(), SendError> {
    let lists = wire.as_object().is_some_and(|fields| fields.values().any(Value::is_array));
    match lists.then(|| Parcel::of(sock, wire)).flatten() {
        Some(parcel) => {
            send(parcel.slip())?;
            parcel.sent();
            Ok(())
        }
        None => send(wire),
    }
}

/// Delivers what overflowed as the reader makes room.
async fn drain(peer: Arc<Peer>) {
    let mut since = Instant::now();
    loop {
        {
            let mut overflow = lock(&peer);
            while let Some((open, wire)) = overflow.0.front_mut() {
                if !open.attempt(wire) {
                    break;
                }
                overflow.0.pop_front();
                since = Instant::now();
            }
            let Some((open, _)) = overflow.0.front() else { return };
            if since.elapsed() > PATIENCE {
                let sock = open.sock.clone();
                overflow.0.clear();
                drop(overflow);
                return peer.app.hang_up(&sock);
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

fn lock(peer: &Peer) -> MutexGuard<'_, Overflow> {
    peer.overflow.lock().unwrap_or_else(PoisonError::into_inner)
}
