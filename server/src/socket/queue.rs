//! One queue per socket: events are handled in the order in which they came.
//!
//! socketioxide spawns async handlers one by one, out of order. Here the handler is not async: it handles at once
//! what needs no waiting, such as a send that only has to be queued for commit, and puts everything else behind a task
//! that lives as long as there is something to do. An idle socket has no task and no buffer.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError};

use confab_protocol::Error;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::dispatch::Caller;
use super::peer::Peer;
use super::reply::Reply;

/// Events of one socket that wait at most. The rates of [`super::rate`] are far below; this holds where they are raised.
const EVENTS: usize = 8192;
/// Bytes of payload that wait at most.
const BYTES: usize = 4 << 20;

/// An event that waits for its turn.
pub struct Event {
    /// Who asks.
    pub caller: Caller,
    /// Its name.
    pub name: String,
    /// Its payload.
    pub body: serde_json::Value,
    /// Its size on the wire.
    pub bytes: usize,
    /// Its answer.
    pub reply: Reply,
}

/// What remains to be done of an event that could not be done at once.
pub type Rest = BoxFuture<'static, ()>;

/// The events that wait, and whether a task is at work on them.
#[derive(Default)]
pub struct Queue {
    waiting: VecDeque<Event>,
    bytes: usize,
    busy: bool,
}

/// Handles an event now, or puts it behind those that wait. `handle` does what it can at once and answers with the rest.
pub fn push(event: Event, handle: fn(Event) -> Option<Rest>) {
    let peer = event.caller.peer.clone();
    {
        let mut queue = peer.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.busy {
            if queue.waiting.len() >= EVENTS || queue.bytes + event.bytes > BYTES {
                drop(queue);
                event.reply.refuse(Error::rate_limited(500));
                return;
            }
            queue.bytes += event.bytes;
            queue.waiting.push_back(event);
            return;
        }
        queue.busy = true;
    }
    let rest = handle(event);
    if rest.is_some() || !is_done(&peer) {
        tokio::spawn(work(peer, rest, handle));
    }
}

async fn work(peer: Arc<Peer>, first: Option<Rest>, handle: fn(Event) -> Option<Rest>) {
    let mut rest = first;
    loop {
        if let Some(rest) = rest {
            // A panic in one handler must not leave the socket mute. Its reply has answered `internal` by then.
            if AssertUnwindSafe(rest).catch_unwind().await.is_err() {
                tracing::error!(user = %peer.user, "a handler panicked");
            }
        }
        let Some(event) = next(&peer) else { return };
        rest = handle(event);
    }
}

/// The next event; None ends the turn.
fn next(peer: &Peer) -> Option<Event> {
    let mut queue = peer.queue.lock().unwrap_or_else(PoisonError::into_inner);
    let event = queue.waiting.pop_front();
    match &event {
        Some(event) => queue.bytes -= event.bytes,
        None => {
            queue.busy = false;
            queue.waiting = VecDeque::new();
        }
    }
    event
}

/// Ends the turn if nothing came in the meantime.
fn is_done(peer: &Peer) -> bool {
    let mut queue = peer.queue.lock().unwrap_or_else(PoisonError::into_inner);
    if queue.waiting.is_empty() {
        queue.busy = false;
        true
    } else {
        false
    }
}
