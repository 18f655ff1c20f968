//! What an inspector is told of links, over links whose other end the test holds.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, in its helpers too")]

mod support;

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use confab_client::link::{Down, Events, Factory, Frame, Link, LinkEvent, Opened, Target};
use confab_client::tap::{Tap, Tapped};
use confab_client::view::{Direction, EventRecord, LinkChange, LinkNote, Update};
use confab_protocol::handshake::Handshake;
use confab_protocol::{Error, ErrorCode};
use serde_json::{Value, json};
use support::soon;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const TOKEN: &str = "q2_Zx8-LkP0vVtY7mB3nC5dF1gH9jK4sA6wE2rTuIoM";

/// Its other end: what the test reports, and whether it still takes frames.
struct Wire(Mutex<Option<mpsc::Receiver<LinkEvent>>>, bool);

struct Out(bool);

impl Link for Out {
    fn emit(&self, _: Frame) -> Result<(), Down> {
        if self.0 { Ok(()) } else { Err(Down::Overflow) }
    }
}

impl Factory for Wire {
    fn open(&self, _: Target, _: Duration) -> Opened {
        let events = self.0.lock().unwrap().take().expect("opened once");
        Opened { link: Box::new(Out(self.1)), events: events.into() }
    }
}

struct Held {
    link: Box<dyn Link>,
    events: Events,
    far: mpsc::Sender<LinkEvent>,
}

impl Held {
    fn open(tap: &Tap, takes: bool) -> Self {
        let (far, near) = mpsc::channel(16);
        let wire = Wire(Mutex::new(Some(near)), takes);
        let handshake =
            Handshake { token: TOKEN.into(), protocol: Some(1), client: None, batches: true, members: None };
        let target =
            Target { address: "http://127.0.0.1:1".into(), certificate: None, namespace: "/w".into(), handshake };
        let Opened { link, events } = Tapped::new(Arc::new(wire), tap.clone()).open(target, Duration::from_secs(1));
        Self { link, events, far }
    }

    /// The other end reports this, and the machine takes it.
    async fn hears(&mut self, event: LinkEvent) {
        self.far.send(event.clone()).await.unwrap();
        assert_eq!(soon(self.events.recv()).await, Some(event));
    }

    async fn pushes(&mut self, event: &str, body: Value) {
        self.hears(LinkEvent::Push { event: event.into(), body }).await;
    }

    fn sends(&self, event: &'static str, body: Value) {
        let Value::Object(body) = body else { panic!("an object") };
        self.link.emit(Frame { event, body }).unwrap();
    }
}

async fn told(updates: &mut mpsc::Receiver<Update>) -> (Vec<EventRecord>, Vec<LinkNote>, u64) {
    match soon(updates.recv()).await {
        Some(Update::Inspected { records, links, missed }) => (records, links, missed),
        other => panic!("{other:?}"),
    }
}

/// As many records as that, however they were batched.
async fn records(updates: &mut mpsc::Receiver<Update>, count: usize) -> Vec<EventRecord> {
    let mut all = Vec::new();
    while all.len() < count {
        all.extend(told(updates).await.0);
    }
    all
}

#[tokio::test]
async fn an_event_is_shown_with_its_room_its_size_and_the_time_of_its_answer() {
    let (tap, stop) = (Tap::new(TOKEN.into()), CancellationToken::new());
    let (updates_in, mut updates) = mpsc::channel(8);
    let mut link = Held::open(&tap, true);
    tap.open(false, updates_in, &stop);
    link.sends("message:send", json!({ "room": "r1", "cid": "c1", "text": "between us", "rid": "r7" }));
    link.pushes("room:entry", json!({ "room": "r1", "seq": 4, "kind": "message", "author": "bo", "text": "psst" }))
        .await;
    link.pushes("request:answered", json!({ "rid": "r7", "ok": true, "seq": 5 })).await;
    link.sends("room:join", json!({ "room": "r2", "rid": "r8" }));
    let error = Error::new(ErrorCode::NotFound, "There is nothing here.");
    link.pushes("request:answered", json!({ "rid": "r8", "ok": false, "error": error })).await;
    let seen = records(&mut updates, 5).await;
    let names: Vec<_> = seen.iter().map(|record| (record.direction, record.event.as_str())).collect();
    use Direction::{In, Out};
    let answer = (In, "request:answered");
    assert_eq!(names, [(Out, "message:send"), (In, "room:entry"), answer, (Out, "room:join"), answer]);
    assert!(seen.iter().all(|record| record.namespace == "/w" && record.full.is_none()));
    let rooms: Vec<_> = seen.iter().map(|record| record.room.as_deref().unwrap_or_default()).collect();
    assert_eq!(rooms, ["r1", "r1", "r1", "r2", "r2"]);
    let body = |at: usize| serde_json::from_str::<Value>(&seen[at].body).unwrap();
    assert_eq!((&body(0)["text"], &body(1)["text"]), (&json!("‹10 characters›"), &json!("‹4 characters›")));
    assert_eq!(seen[0].bytes, r#"{"cid":"c1","rid":"r7","room":"r1","text":"between us"}"#.len() as u64);
    let answers: Vec<_> = seen.iter().filter_map(|record| record.answer.as_ref()).collect();
    assert_eq!((answers[0].request, answers[0].event.as_str(), answers[0].refused), (seen[0].id, "message:send", None));
    assert!(answers[0].took_us > 0);
    assert_eq!((answers[1].request, answers[1].refused), (seen[3].id, Some(ErrorCode::NotFound)));
}

#[tokio::test]
async fn texts_are_shown_when_asked_for_and_the_token_is_not() {
    let (tap, stop) = (Tap::new(TOKEN.into()), CancellationToken::new());
    let (updates_in, mut updates) = mpsc::channel(8);
    let mut link = Held::open(&tap, true);
    tap.open(true, updates_in.clone(), &stop);
    link.pushes(TOKEN, json!({ "room": TOKEN, "text": format!("mine is {TOKEN}"), "token": TOKEN })).await;
    let seen = records(&mut updates, 1).await;
    assert!(seen[0].full.as_ref().unwrap().contains("mine is ‹secret›"), "{seen:?}");
    assert!(!format!("{seen:?}").contains(TOKEN) && !seen[0].body.contains("mine is"), "{seen:?}");
    tap.open(false, updates_in, &stop);
    link.pushes("room:entry", json!({ "room": "r1", "text": "psst" })).await;
    assert_eq!(records(&mut updates, 1).await[0].full, None);
    link.hears(LinkEvent::Down(Down::Closed(format!("GET http://127.0.0.1:1/?token={TOKEN} (127.0.0.1)")))).await;
    let (_, notes, _) = told(&mut updates).await;
    assert_eq!(
        notes[0].change,
        LinkChange::Down { why: "closed: GET http://‹server›/?token=‹secret› (‹server›)".into() }
    );
}

#[tokio::test]
async fn what_became_of_the_links_is_known_though_nobody_looked() {
    let (tap, stop) = (Tap::new(TOKEN.into()), CancellationToken::new());
    let mut lost = Held::open(&tap, true);
    lost.hears(LinkEvent::Up).await;
    lost.pushes("room:entry", json!({ "text": "nobody looks" })).await;
    lost.hears(LinkEvent::Down(Down::Timeout("pong"))).await;
    drop(lost);
    let mut refused = Held::open(&tap, true);
    refused.hears(LinkEvent::Refused(Error::not_found())).await;
    drop(refused);
    drop(Held::open(&tap, true));
    let full = Held::open(&tap, false);
    assert!(full.link.emit(Frame { event: "link:ping", body: serde_json::Map::new() }).is_err());
    let (updates_in, mut updates) = mpsc::channel(8);
    let seen = tap.open(false, updates_in, &stop);
    let changes: Vec<_> = seen.links.into_iter().map(|note| note.change).collect();
    let up = LinkChange::Up { transport: "websocket".into() };
    let down = |why: &str| LinkChange::Down { why: why.into() };
    let refused = LinkChange::Refused { code: ErrorCode::NotFound };
    use LinkChange::{Dropped, Opening};
    assert_eq!(
        changes,
        [Opening, up, down("no pong in time"), Opening, refused, Opening, Dropped, Opening, down("a queue overflowed")]
    );
    // And what happens while one looks is told; nothing of before comes with it.
    drop(Held::open(&tap, true));
    let (events, notes, missed) = told(&mut updates).await;
    assert_eq!((events, notes.len(), missed), (vec![], 2, 0));
}

#[tokio::test]
async fn a_viewer_that_does_not_read_costs_a_bounded_log() {
    let (tap, stop) = (Tap::new(TOKEN.into()), CancellationToken::new());
    let (updates_in, mut updates) = mpsc::channel(1);
    let link = Held::open(&tap, true);
    tap.open(false, updates_in, &stop);
    for n in 0..5_000 {
        link.sends("typing:set", json!({ "room": "r1", "n": n }));
    }
    let (mut seen, mut lost) = (0, 0);
    while seen + lost < 5_000 {
        let (records, _, missed) = told(&mut updates).await;
        assert!(records.len() <= 200, "a batch is small: {}", records.len());
        (seen, lost) = (seen + records.len() as u64, lost + missed);
    }
    assert_eq!((seen, lost), (2_000, 3_000));
}

#[tokio::test]
async fn long_bodies_are_bounded_by_their_bytes() {
    let (tap, stop) = (Tap::new(TOKEN.into()), CancellationToken::new());
    let (updates_in, mut updates) = mpsc::channel(1);
    let link = Held::open(&tap, true);
    tap.open(true, updates_in, &stop);
    let long = "x ".repeat(900);
    for _ in 0..2_000 {
        link.sends("message:send", json!({ "room": "r1", "text": long, "quotes": [long, long, long] }));
    }
    let (mut seen, mut bytes, mut lost) = (0, 0, 0);
    while seen + lost < 2_000 {
        let (records, _, missed) = told(&mut updates).await;
        let batch: usize = records.iter().map(|record| record.body.len() + record.full.as_ref().unwrap().len()).sum();
        assert!(batch <= 256 * 1024, "a batch is small: {batch}");
        (seen, lost, bytes) = (seen + records.len() as u64, lost + missed, bytes + batch);
    }
    assert!(bytes <= 4 * 1024 * 1024 && seen > 300, "{seen} records of {bytes} bytes");
}

#[tokio::test]
async fn once_closed_nothing_is_recorded_and_nobody_is_told() {
    let (tap, stop) = (Tap::new(TOKEN.into()), CancellationToken::new());
    let (updates_in, mut updates) = mpsc::channel(8);
    let mut link = Held::open(&tap, true);
    tap.open(false, updates_in.clone(), &stop);
    link.sends("typing:set", json!({ "room": "r1" }));
    records(&mut updates, 1).await;
    tap.close();
    link.pushes("room:entry", json!({ "room": "r1", "text": "psst" })).await;
    tap.open(false, updates_in, &stop);
    link.pushes("room:heads", json!({ "heads": { "r1": 4 } })).await;
    assert_eq!(records(&mut updates, 1).await[0].event, "room:heads");
    stop.cancel();
    // The teller lets go of the channel: nobody is left who could tell.
    assert!(soon(updates.recv()).await.is_none());
}
