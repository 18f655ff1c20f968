//! Connections over which nothing was heard for as long as a ping and its answer may take are ended.
//!
//! The engine asks every socket itself, but takes any pong for the answer. A client that sends one unasked (the desktop app's
//! library does, when it connects) is one answer ahead from then on, and would be missed a whole interval later than it
//! should be. What was read from the network cannot be ahead.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::conn::Conn;
use crate::socket::{PING_INTERVAL, PING_TIMEOUT};

/// How often [`Silence::pass`] is to be called.
pub const STEP: Duration = Duration::from_secs(1);
/// Every live client is heard more often than that: it answers pings.
const LONGEST: Duration = PING_INTERVAL.saturating_add(PING_TIMEOUT);

/// The connections that carry a socket.
#[derive(Default)]
pub struct Silence {
    conns: Mutex<Vec<Weak<Conn>>>,
}

impl Silence {
    /// From now on this connection must be heard.
    pub fn watch(&self, conn: &Arc<Conn>) {
        if conn.begin_watch() {
            self.conns.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(conn));
        }
    }

    /// Ends those over which nobody has signed in: the server stops, and whatever they are told would be wrong.
    pub fn end_strangers(&self) {
        let conns = self.conns.lock().unwrap_or_else(PoisonError::into_inner);
        conns.iter().filter_map(Weak::upgrade).filter(|conn| conn.is_strange()).for_each(|conn| conn.shutdown());
    }

    /// One [`STEP`] more has passed. Steps are counted and not the clock read: after a time in which this process stood
    /// still itself, everybody is heard before anybody is judged.
    pub fn pass(&self) {
        let steps = LONGEST.as_secs() / STEP.as_secs();
        self.conns.lock().unwrap_or_else(PoisonError::into_inner).retain(|conn| {
            let Some(conn) = conn.upgrade() else { return false };
            let silent = u64::from(conn.silent_step()) >= steps;
            if silent {
                tracing::debug!(peer = %conn.peer(), "nothing was heard");
                conn.shutdown();
            }
            !silent
        });
    }
}
