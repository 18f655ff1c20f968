//! What an inspector sees of the links: a decorator of whatever makes them.
//!
//! What became of the links is always noted, it is little; events only while somebody looks, so that a closed inspector costs
//! one look at a flag. Bodies are made fit to be shown here (`redact`), before they wait for anybody: what is not in this
//! process's records cannot leave it by a mistake further on.

pub mod redact;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use confab_protocol::event::REQUEST_ANSWERED;
use confab_protocol::{ErrorCode, Timestamp};
use serde_json::Value;
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::link::{Down, Factory, Frame, Link, LinkEvent, Opened, Target};
use crate::view::{Answered, Direction, EventRecord, Inspection, LinkChange, LinkNote, Update};
use redact::Redactor;

/// Notes about links that are kept.
const NOTES: usize = 100;
/// Records that wait for the viewer, and the bytes of their bodies. The oldest make room for new ones, and are counted.
const RECORDS: usize = 2_000;
const BYTES: usize = 4 * 1024 * 1024;
/// The viewer is told so often at most, and so much at once: a busy link must not keep the window busy, too.
const PAUSE: Duration = Duration::from_millis(100);
const BATCH: usize = 200;
const BATCH_BYTES: usize = 256 * 1024;
/// Requests of one link whose answers are waited for. A machine has one for each room.
const ASKED: usize = 512;
/// What carries every link of this client (`link/socketio.rs`).
const TRANSPORT: &str = "websocket";
/// Stands for the address of the server.
const SERVER: &str = "‹server›";

/// What is known of the links of one session. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Tap {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    open: AtomicBool,
    texts: AtomicBool,
    redactor: Redactor,
    log: Mutex<Log>,
    /// Something waits for the viewer.
    grown: Notify,
}

#[derive(Debug, Default)]
struct Log {
    notes: VecDeque<LinkNote>,
    /// Those of the notes that the viewer was not told yet.
    untold: usize,
    records: VecDeque<EventRecord>,
    bytes: usize,
    missed: u64,
    last: u64,
    /// Ends the telling of the viewer before.
    telling: Option<CancellationToken>,
}

impl Tap {
    /// Of a session with this token, which is never shown.
    #[must_use]
    pub fn new(token: String) -> Self {
        let shared = Shared {
            open: AtomicBool::new(false),
            texts: AtomicBool::new(false),
            redactor: Redactor::knowing([token]),
            log: Mutex::default(),
            grown: Notify::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Records events from now on, `texts` with what people wrote, and tells of them into the channel until `stop` or
    /// [`Tap::close`]. Opened again, only what is recorded changes.
    ///
    /// Must be called in a tokio runtime.
    pub fn open(&self, texts: bool, updates: mpsc::Sender<Update>, stop: &CancellationToken) -> Inspection {
        self.shared.texts.store(texts, Ordering::Relaxed);
        let mut log = self.log();
        log.untold = 0;
        if !self.shared.open.swap(true, Ordering::Relaxed) {
            // Of somebody who was just looking when the one before closed.
            log.forget();
            let telling = stop.child_token();
            log.telling = Some(telling.clone());
            tokio::spawn(self.clone().tell(updates, telling));
        }
        Inspection {
            client: crate::CLIENT.to_owned(),
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            links: log.notes.iter().cloned().collect(),
        }
    }

    /// Records nothing any more, and forgets what it had.
    pub fn close(&self) {
        self.shared.open.store(false, Ordering::Relaxed);
        let mut log = self.log();
        log.forget();
        if let Some(telling) = log.telling.take() {
            telling.cancel();
        }
    }

    /// Until nobody looks any more. What finds no room in the channel waits in the log, which is bounded.
    async fn tell(self, updates: mpsc::Sender<Update>, stop: CancellationToken) {
        let told = async {
            loop {
                self.shared.grown.notified().await;
                while self.waits() {
                    let Ok(room) = updates.reserve().await else { return };
                    room.send(self.take());
                    sleep(PAUSE).await;
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = told => {}
        }
    }

    fn waits(&self) -> bool {
        let log = self.log();
        !log.records.is_empty() || log.untold > 0
    }

    /// The next part of what the viewer was not told.
    fn take(&self) -> Update {
        let mut log = self.log();
        let skip = log.notes.len().saturating_sub(log.untold);
        let links = log.notes.iter().skip(skip).cloned().collect();
        log.untold = 0;
        let (mut records, mut bytes) = (Vec::new(), 0);
        while records.len() < BATCH
            && let Some(record) = log.records.pop_front_if(|next| bytes == 0 || bytes + weight(next) <= BATCH_BYTES)
        {
            bytes += weight(&record);
            records.push(record);
        }
        log.bytes = log.bytes.saturating_sub(bytes);
        Update::Inspected { records, links, missed: std::mem::take(&mut log.missed) }
    }

    fn is_open(&self) -> bool {
        self.shared.open.load(Ordering::Relaxed)
    }

    fn note(&self, namespace: &str, change: LinkChange) {
        let mut log = self.log();
        if log.notes.len() == NOTES {
            log.notes.pop_front();
        }
        log.notes.push_back(LinkNote { namespace: namespace.to_owned(), at: now(), change });
        log.untold = (log.untold + 1).min(NOTES);
        drop(log);
        self.shared.grown.notify_one();
    }

    /// Keeps a record of an event, and answers with its id.
    fn record(&self, namespace: &str, direction: Direction, event: &str, seen: Seen<'_>) -> u64 {
        let Shared { redactor, texts, .. } = &*self.shared;
        let full = texts.load(Ordering::Relaxed).then(|| redactor.shown(seen.body, true).to_string());
        let mut record = EventRecord {
            id: 0,
            at: now(),
            direction,
            namespace: namespace.to_owned(),
            // The server's, too: what it calls something is its own.
            event: redactor.scrubbed(event),
            room: seen.room.map(|room| redactor.scrubbed(&room)),
            bytes: size_of(seen.body),
            answer: seen.answer,
            body: redactor.shown(seen.body, false).to_string(),
            full,
        };
        let mut log = self.log();
        log.last += 1;
        record.id = log.last;
        log.bytes += weight(&record);
        log.records.push_back(record);
        while log.records.len() > RECORDS || log.bytes > BYTES {
            let Some(oldest) = log.records.pop_front() else { break };
            log.bytes -= weight(&oldest);
            log.missed += 1;
        }
        let id = log.last;
        drop(log);
        self.shared.grown.notify_one();
        id
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        // Nothing panics while holding it.
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn forget(&mut self) {
        self.records = VecDeque::new();
        (self.bytes, self.missed) = (0, 0);
    }
}

struct Seen<'a> {
    body: &'a Value,
    room: Option<String>,
    answer: Option<Answered>,
}

/// Makes links as another factory does, and shows them to a tap.
pub struct Tapped {
    factory: Arc<dyn Factory>,
    tap: Tap,
}

impl Tapped {
    /// The links of that factory, shown to that tap.
    #[must_use]
    pub fn new(factory: Arc<dyn Factory>, tap: Tap) -> Self {
        Self { factory, tap }
    }
}

impl Factory for Tapped {
    fn open(&self, target: Target, limit: Duration) -> Opened {
        let probe = Arc::new(Probe {
            tap: self.tap.clone(),
            namespace: target.namespace.clone(),
            server: authority(&target.address).to_owned(),
            asked: Mutex::default(),
            over: AtomicBool::new(false),
        });
        self.tap.note(&probe.namespace, LinkChange::Opening);
        let Opened { link, events } = self.factory.open(target, limit);
        Opened { link: Box::new(Shown { link, probe: Arc::clone(&probe) }), events: events.seen_by(probe) }
    }
}

/// One link, as its two halves see it.
#[derive(Debug)]
pub struct Probe {
    tap: Tap,
    namespace: String,
    /// Host and port of the server.
    server: String,
    /// Requests under way, by `rid`.
    asked: Mutex<BTreeMap<String, Asked>>,
    over: AtomicBool,
}

#[derive(Debug)]
struct Asked {
    record: u64,
    event: &'static str,
    room: Option<String>,
    at: Instant,
}

impl Probe {
    /// What the link reports; none is its end.
    pub(crate) fn heard(&self, event: Option<&LinkEvent>) {
        match event {
            Some(LinkEvent::Up) => self.change(LinkChange::Up { transport: TRANSPORT.to_owned() }),
            Some(LinkEvent::Push { event, body }) if self.tap.is_open() => self.pushed(event, body),
            Some(LinkEvent::Push { .. }) => {}
            Some(LinkEvent::Refused(error)) => self.end(LinkChange::Refused { code: error.code }),
            Some(LinkEvent::Down(down)) => self.down(&down.to_string()),
            None => self.down("the link ended"),
        }
    }

    fn sent(&self, Frame { event, body }: &Frame) {
        // Its fields only: the whole of it goes to the link.
        let body = Value::Object(body.clone());
        let room = room_of(&body);
        let rid = body.get("rid").and_then(Value::as_str).map(str::to_owned);
        let seen = Seen { body: &body, room: room.clone(), answer: None };
        let record = self.tap.record(&self.namespace, Direction::Out, event, seen);
        let mut asked = self.asked();
        if let Some(rid) = rid
            && asked.len() < ASKED
        {
            asked.insert(rid, Asked { record, event, room, at: Instant::now() });
        }
    }

    fn pushed(&self, event: &str, body: &Value) {
        let rid = body.get("rid").and_then(Value::as_str).filter(|_| event == REQUEST_ANSWERED);
        let asked = rid.and_then(|rid| self.asked().remove(rid));
        let (room, answer) = match asked {
            Some(Asked { record, event, room, at }) => {
                let took_us = u64::try_from(at.elapsed().as_micros()).unwrap_or(u64::MAX);
                let refused = body.get("error").and_then(|error| error["code"].as_str()).and_then(ErrorCode::from_wire);
                (room, Some(Answered { request: record, event: event.to_owned(), took_us, refused }))
            }
            None => (room_of(body), None),
        };
        self.tap.record(&self.namespace, Direction::In, event, Seen { body, room, answer });
    }

    fn down(&self, why: &str) {
        // Libraries name where they could not connect to; whoever reads a report needs not know.
        let host = self.server.rsplit_once(':').map_or(&*self.server, |(host, _)| host);
        let names = [&self.server, host].into_iter().filter(|name| !name.is_empty());
        let why = names.fold(why.to_owned(), |why, name| why.replace(name, SERVER));
        self.end(LinkChange::Down { why: self.tap.shared.redactor.scrubbed(&why) });
    }

    /// The first end counts: what is dropped after it was lost already.
    fn end(&self, change: LinkChange) {
        if !self.over.swap(true, Ordering::Relaxed) {
            self.change(change);
        }
    }

    fn change(&self, change: LinkChange) {
        self.tap.note(&self.namespace, change);
    }

    fn asked(&self) -> MutexGuard<'_, BTreeMap<String, Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Shown {
    link: Box<dyn Link>,
    probe: Arc<Probe>,
}

impl Link for Shown {
    fn emit(&self, frame: Frame) -> Result<(), Down> {
        if self.probe.tap.is_open() {
            self.probe.sent(&frame);
        }
        let sent = self.link.emit(frame);
        if let Err(down) = &sent {
            self.probe.down(&down.to_string());
        }
        sent
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.probe.end(LinkChange::Dropped);
    }
}

/// Host and port of an address.
fn authority(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// The room that a body is about.
fn room_of(body: &Value) -> Option<String> {
    let of = |value: &Value| match value {
        Value::String(id) => Some(id.clone()),
        Value::Object(room) => room.get("id").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    let first = |body: &Value| body.get("messages")?.get(0)?.get("room").and_then(of);
    body.get("room").and_then(of).or_else(|| first(body))
}

fn weight(record: &EventRecord) -> usize {
    record.body.len() + record.full.as_ref().map_or(0, String::len) + 128
}

/// The length as JSON, without making it.
fn size_of(body: &Value) -> u64 {
    struct Count(u64);
    impl io::Write for Count {
        fn write(&mut self, part: &[u8]) -> io::Result<usize> {
            self.0 += part.len() as u64;
            Ok(part.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting never fails.
    let _ = serde_json::to_writer(&mut count, body);
    count.0
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
