//! The killable cell around `rust_socketio`: the only file that names it.
//!
//! The library is dormant and cannot be trusted with a lost network: it keeps zombies, hangs in a full send buffer,
//! mixes up acks and reports no close. So each connection attempt gets a thread and a `current_thread` runtime of its
//! own, every step has a limit in time, all that the library reports as odd ends the cell, and ending it means
//! dropping the runtime with everything in it. `client/tests/rust_socketio.rs` holds the defects that this relies on.

use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use confab_protocol::{Error, ErrorCode};
use futures_util::FutureExt as _;
use rust_socketio::asynchronous::{Client, ClientBuilder};
use rust_socketio::{Event, Payload, TransportType};
use serde_json::Value;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::trust;

use super::{Down, Factory, Frame, Link, LinkEvent, Opened, Target};

/// TCP, WebSocket upgrade and the Engine.IO handshake. Always as short: on a network that swallows packets, only a new attempt
/// notices soon that they pass again.
const NETWORK_LIMIT: Duration = Duration::from_secs(5);
/// One emit. It hangs for ever on a half-open connection with a full send buffer.
const EMIT_LIMIT: Duration = Duration::from_secs(3);
/// Events that wait for the machine. A page of 500 entries is one event.
const EVENTS: usize = 1_024;
/// Frames that wait for the network.
const FRAMES: usize = 256;

/// Links over Socket.IO.
#[derive(Debug, Clone, Copy, Default)]
pub struct SocketIo;

impl Factory for SocketIo {
    fn open(&self, target: Target, limit: Duration) -> Opened {
        let (events_in, events) = mpsc::channel(EVENTS);
        let (frames, frames_out) = mpsc::channel(FRAMES);
        let kill = CancellationToken::new();
        let cell = Cell { target, limit, events: events_in, frames: frames_out, kill: kill.clone() };
        // A thread that cannot be had shows as a closed channel: the same as a dead link.
        if let Err(error) = thread::Builder::new().name("confab-link".into()).spawn(move || cell.live()) {
            tracing::warn!(%error, "no thread for a link");
        }
        Opened { link: Box::new(Handles { frames, _kill: kill.drop_guard() }), events: events.into() }
    }
}

struct Handles {
    frames: mpsc::Sender<Frame>,
    _kill: DropGuard,
}

impl Link for Handles {
    fn emit(&self, frame: Frame) -> Result<(), Down> {
        self.frames.try_send(frame).map_err(|_| Down::Overflow)
    }
}

struct Cell {
    target: Target,
    limit: Duration,
    events: mpsc::Sender<LinkEvent>,
    frames: mpsc::Receiver<Frame>,
    kill: CancellationToken,
}

impl Cell {
    /// Lives through the connection on the current thread. Returns when it is dead, and leaves nothing behind.
    fn live(self) {
        let watch = Arc::new(ReaderWatch::default());
        let on_park = Arc::clone(&watch);
        let runtime = Builder::new_current_thread().enable_all().on_thread_park(move || on_park.look()).build();
        let Ok(runtime) = runtime else { return };
        let Self { target, limit, events, frames, kill } = self;
        let namespace = target.namespace.clone();
        let ended = runtime.block_on(async {
            tokio::select! {
                biased;
                () = kill.cancelled() => None,
                ended = run(target, limit, events.clone(), frames, &watch) => Some(ended),
            }
        });
        // Does not wait for tasks: a hanging write goes with its socket.
        runtime.shutdown_background();
        if let Some(ended) = ended {
            tracing::debug!(namespace, ?ended, "link ended");
            // When the queue is full, its end says the same.
            let _ = events.try_send(ended);
        }
    }
}

/// What the library's callbacks tell the cell, beside the events that go straight to the machine.
enum Signal {
    Accepted,
    Ended(LinkEvent),
}

async fn run(
    target: Target,
    limit: Duration,
    events: mpsc::Sender<LinkEvent>,
    mut frames: mpsc::Receiver<Frame>,
    watch: &ReaderWatch,
) -> LinkEvent {
    let (signals, mut heard) = mpsc::channel(4);
    let builder = match builder(&target, events, signals) {
        Ok(builder) => builder,
        Err(error) => return LinkEvent::Refused(error),
    };
    let client = match timeout(NETWORK_LIMIT, builder.connect()).await {
        Ok(Ok(client)) => client,
        Ok(Err(error)) => {
            if trust::broke_in(&error)
                && let Some(distrust) = trust::distrust(&target.address, target.certificate.as_ref()).await
            {
                return LinkEvent::Refused(distrust);
            }
            return LinkEvent::Down(Down::Connect(error.to_string()));
        }
        Err(_) => return LinkEvent::Down(Down::Timeout("connection")),
    };
    watch.arm();
    // `connect` returns before the CONNECT is answered, and emitting before that kills the link.
    match timeout(limit, next_signal(&mut heard, watch)).await {
        Ok(Signal::Accepted) => {}
        Ok(Signal::Ended(end)) => return end,
        Err(_) => return LinkEvent::Down(Down::Timeout("answer to CONNECT")),
    }
    loop {
        tokio::select! {
            signal = next_signal(&mut heard, watch) => match signal {
                Signal::Accepted => {}
                Signal::Ended(end) => return end,
            },
            frame = frames.recv() => {
                // No sender left: the link was dropped, and the kill is on its way.
                let Some(frame) = frame else { return closed("dropped") };
                if let Err(down) = emit(&client, frame).await {
                    return LinkEvent::Down(down);
                }
            }
        }
    }
}

async fn next_signal(heard: &mut mpsc::Receiver<Signal>, watch: &ReaderWatch) -> Signal {
    tokio::select! {
        biased;
        signal = heard.recv() => signal.unwrap_or_else(|| Signal::Ended(closed("callbacks gone"))),
        () = watch.ended.notified() => Signal::Ended(closed("the connection ended")),
    }
}

async fn emit(client: &Client, Frame { event, body }: Frame) -> Result<(), Down> {
    // Always one `Value::Object`: strings are parsed again by the library, and bytes are garbled.
    let payload = Payload::Text(vec![Value::Object(body)]);
    match timeout(EMIT_LIMIT, client.emit(event, payload)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Down::Closed(error.to_string())),
        Err(_) => Err(Down::Timeout("room in the send buffer")),
    }
}

/// A client that never reconnects by itself: `max_reconnect_attempts` is ignored by the library. Callbacks only
/// `try_send`: a slow one would hold back the pongs.
fn builder(
    target: &Target,
    events: mpsc::Sender<LinkEvent>,
    signals: mpsc::Sender<Signal>,
) -> Result<ClientBuilder, Error> {
    let auth = serde_json::to_value(&target.handshake).unwrap_or(Value::Null);
    let (on_connect, connected) = (signals.clone(), events.clone());
    let (on_error, on_close) = (signals.clone(), signals.clone());
    let mut builder = ClientBuilder::new(target.address.clone());
    if target.address.starts_with("https:") {
        builder = builder.tls_config(trust::connector(target.certificate.as_ref())?);
    }
    let builder = builder
        .namespace(target.namespace.clone())
        .transport_type(TransportType::Websocket)
        .reconnect(false)
        .reconnect_on_disconnect(false)
        .auth(auth)
        .on(Event::Connect, move |_, _| {
            deliver(&connected, &on_connect, LinkEvent::Up);
            let _ = on_connect.try_send(Signal::Accepted);
            std::future::ready(()).boxed()
        })
        .on(Event::Error, move |payload, _| {
            let _ = on_error.try_send(Signal::Ended(fault(&text_of(payload))));
            std::future::ready(()).boxed()
        })
        .on(Event::Close, move |_, _| {
            let _ = on_close.try_send(Signal::Ended(closed("by the server")));
            std::future::ready(()).boxed()
        })
        .on_any(move |event, payload, _| {
            if let (Event::Custom(event), Payload::Text(values)) = (event, payload) {
                let body = values.into_iter().next().unwrap_or(Value::Null);
                deliver(&events, &signals, LinkEvent::Push { event, body });
            }
            std::future::ready(()).boxed()
        });
    Ok(builder)
}

/// Hands an event to the machine, in the order of arrival. A full queue ends the link: catching up by `seq` on a new
/// one costs less than memory without bounds.
fn deliver(events: &mpsc::Sender<LinkEvent>, signals: &mpsc::Sender<Signal>, event: LinkEvent) {
    if events.try_send(event).is_err() {
        let _ = signals.try_send(Signal::Ended(LinkEvent::Down(Down::Overflow)));
    }
}

#[expect(deprecated, reason = "the library still reports its own errors with the deprecated variant")]
fn text_of(payload: Payload) -> String {
    match payload {
        Payload::String(text) => text,
        Payload::Text(values) => match values.first() {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        },
        Payload::Binary(_) => String::new(),
    }
}

/// The library reports a refused CONNECT and a broken network through the same event, as a text.
fn fault(text: &str) -> LinkEvent {
    match text.split_once("ConnectError frame: ") {
        Some((_, packet)) => LinkEvent::Refused(refusal(packet)),
        None => closed(text),
    }
}

/// Reads the data of a CONNECT_ERROR: `{"message":"code"}`, where `data` may carry the whole error object.
fn refusal(packet: &str) -> Error {
    let packet: Value = serde_json::from_str(packet).unwrap_or(Value::Null);
    if let Some(Ok(error)) = packet.get("data").map(|data| serde_json::from_value(data.clone())) {
        return error;
    }
    let name = packet.get("message").and_then(Value::as_str).or_else(|| packet.as_str()).unwrap_or_default();
    let code = match ErrorCode::from_wire(name) {
        Some(code) => code,
        // What the engine says by itself. Confab has an answer of its own for what does not exist: it is stopping.
        None if name == "Invalid namespace" => ErrorCode::Unavailable,
        None => ErrorCode::Internal,
    };
    let message = match code {
        ErrorCode::Unauthorized => "You are not signed in on this server any more.",
        ErrorCode::NotFound => "There is no such workspace, or you are not in it.",
        ErrorCode::Forbidden => "You may not open this workspace.",
        ErrorCode::RateLimited => "Too many connections. It will be tried again.",
        ErrorCode::BadRequest => "The server does not understand this app. One of the two needs an update.",
        _ => "The server cannot take the connection now.",
    };
    Error::new(code, message)
}

fn closed(why: &str) -> LinkEvent {
    LinkEvent::Down(Down::Closed(why.to_owned()))
}

/// Notices that the library's reader task has ended: it reports neither a clean close nor a lost connection.
///
/// The reader is the only task on the cell's runtime, and a runtime with one thread parks it whenever there is nothing
/// to run. So looking at the number of tasks just then misses nothing and costs no timer.
#[derive(Default)]
struct ReaderWatch {
    runtime: OnceLock<Handle>,
    ended: Notify,
}

impl ReaderWatch {
    /// Begins to look; to be called on the runtime once the reader has been started.
    fn arm(&self) {
        let _ = self.runtime.set(Handle::current());
    }

    fn look(&self) {
        if self.runtime.get().is_some_and(|runtime| runtime.metrics().num_alive_tasks() == 0) {
            self.ended.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read_from_the_librarys_text() {
        let code = |text: &str| match fault(text) {
            LinkEvent::Refused(error) => Some(error.code),
            _ => None,
        };
        let frame = |packet: &str| format!("Received an ConnectError frame: {packet}");
        assert_eq!(code(&frame(r#"{"message":"unauthorized"}"#)), Some(ErrorCode::Unauthorized));
        assert_eq!(code(&frame(r#"{"message":"Invalid namespace"}"#)), Some(ErrorCode::Unavailable));
        assert_eq!(code(&frame(r#""rate_limited""#)), Some(ErrorCode::RateLimited));
        assert_eq!(code(&frame("\"No error message provided\"")), Some(ErrorCode::Internal));
        assert_eq!(code("EngineIO Error"), None);
        let full =
            frame(r#"{"message":"rate_limited","data":{"code":"rate_limited","message":"Wait.","retry_after_ms":70}}"#);
        let LinkEvent::Refused(error) = fault(&full) else { panic!("a refusal") };
        assert_eq!(error.retry_after_ms, Some(70));
    }
}
