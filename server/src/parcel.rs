//! What is long travels beside the engine's buffers.
//!
//! The WebSocket under the engine has a write buffer that grows to the longest frame and never shrinks: a greeting of
//! eight kilobytes would cost as much for as long as the client stays, a page of history a hundred. So a long payload
//! waits here, and a slip of a few bytes goes through the engine in its place, in its turn. [`crate::wire::Wire`],
//! below the WebSocket, puts the payload back where the slip comes by.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde::Serialize;
use serde_json::Value;

use crate::conn::Conn;
use crate::fanout::Sock;

/// A payload of more bytes of JSON than this is long.
const LONG: usize = 512;
/// How a slip begins, inside its quotes. Every payload is one object, so no other packet ends with a string.
const MARK: char = '#';

/// The payloads that wait on one connection, each for its slip. A slip has a place in the socket's buffer, which
/// bounds them.
#[derive(Default)]
pub struct Parcels {
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    carried: bool,
    last: u64,
    waiting: Vec<(u64, String)>,
}

/// A payload that is about to be sent. Dropped before its slip was [`Parcel::sent`], it is taken back.
pub struct Parcel {
    conn: Arc<Conn>,
    number: u64,
    slip: Value,
    sent: bool,
}

impl Parcel {
    /// Wraps what is to be sent to a socket. None when it is short, or when the socket's transport is none that
    /// carries parcels: then it is sent as it is.
    pub fn of<T: Serialize>(sock: &Sock, payload: &T) -> Option<Self> {
        let conn = sock.req_parts().extensions.get::<Weak<Conn>>()?.upgrade()?;
        if !conn.parcels().lock().carried {
            return None;
        }
        let json = serde_json::to_string(payload).ok().filter(|json| json.len() > LONG)?;
        let number = conn.parcels().put(json);
        Some(Self { conn, number, slip: Value::String(format!("{MARK}{number}")), sent: false })
    }

    /// What is sent in its place.
    pub fn slip(&self) -> &Value {
        &self.slip
    }

    /// The slip was sent.
    pub fn sent(mut self) {
        self.sent = true;
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        if !self.sent {
            drop(self.conn.parcels().take(self.number));
        }
    }
}

impl Parcels {
    /// Whoever writes to this connection puts parcels in.
    pub fn carry(&self) {
        self.lock().carried = true;
    }

    /// Keeps a payload: the number of its slip.
    pub fn put(&self, json: String) -> u64 {
        let mut inside = self.lock();
        inside.last += 1;
        let number = inside.last;
        inside.waiting.push((number, json));
        number
    }

    /// The payload of that number.
    pub fn take(&self, number: u64) -> Option<String> {
        let mut inside = self.lock();
        let at = inside.waiting.iter().position(|(waiting, _)| *waiting == number)?;
        let (_, json) = inside.waiting.swap_remove(at);
        if inside.waiting.is_empty() {
            inside.waiting = Vec::new();
        }
        Some(json)
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the slip stands in a packet, quotes included, and its number. None when the packet has none.
pub fn slip_in(packet: &[u8]) -> Option<(usize, u64)> {
    let inner = packet.strip_suffix(b"\"]")?;
    let quote = inner.iter().rposition(|byte| *byte == b'"')?;
    let number = std::str::from_utf8(&inner[quote + 1..]).ok()?.strip_prefix(MARK)?;
    Some((quote, number.parse().ok()?))
}
