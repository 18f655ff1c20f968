//! The outbox on its own: one request per room at a time, batches, and what refusals do.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, in its helpers too")]

use confab_client::machine::Now;
use confab_client::outbox::{OUTBOX_MAX, Outbox, Outgoing, Stage, Write};
use confab_protocol::event::{MessageDelete, MessageSend};
use confab_protocol::{Cid, Error, ErrorCode, RoomId, Timestamp};
use serde_json::{Value, json};

fn at(ms: u64) -> Now {
    Now { ms, wall: Timestamp::from_millis(0) }
}

fn room(name: &str) -> RoomId {
    name.parse().unwrap()
}

fn message(to: &str, text: &str) -> Write {
    let (room, cid, text) = (room(to), Cid::generate(), text.to_owned());
    Write::Send(MessageSend { room, cid, text, reply_to: None, thread: None, files: Vec::new() })
}

fn put(outbox: &mut Outbox, write: Write) {
    let admitted = outbox.admit(write, None, at(0)).unwrap();
    outbox.push(admitted.write.cid()).unwrap();
}

fn fill(outbox: &mut Outbox, to: &str, count: usize, text: &str) {
    for _ in 0..count {
        put(outbox, message(to, text));
    }
}

fn size(outgoing: &Outgoing) -> usize {
    outgoing.body["messages"].as_array().map_or(1, Vec::len)
}

fn all_good(count: usize) -> Value {
    let results: Vec<_> = (0..count).map(|n| json!({"ok": true, "seq": n + 1})).collect();
    json!({ "results": results })
}

#[test]
fn rooms_do_not_wait_for_each_other_but_each_for_itself() {
    let mut outbox = Outbox::new(1);
    fill(&mut outbox, "a", 1, "x");
    fill(&mut outbox, "b", 1, "x");
    let first = outbox.next(at(0)).unwrap();
    assert_eq!((first.event, first.room), ("message:send", room("a")));
    fill(&mut outbox, "a", 2, "x");
    assert_eq!(outbox.next(at(0)).unwrap().room, room("b"));
    assert_eq!(outbox.next(at(0)), None, "one outstanding request for each room");
    outbox.answered(&room("a"), Ok(json!({"seq": 1})), at(0));
    let batch = outbox.next(at(0)).unwrap();
    assert_eq!((batch.event, size(&batch)), ("message:send_batch", 2));
}

#[test]
fn batches_are_limited_in_number_and_bytes_even_when_escapes_swell_them() {
    let mut outbox = Outbox::new(1);
    fill(&mut outbox, "a", 250, "x");
    assert_eq!(size(&outbox.next(at(0)).unwrap()), 100);
    let mut outbox = Outbox::new(1);
    fill(&mut outbox, "a", 50, &"\u{1}".repeat(10_000));
    while let Some(batch) = outbox.next(at(0)) {
        assert!(batch.body.to_string().len() < 120 * 1024, "one frame takes it");
        let count = size(&batch);
        let answer = if count == 1 { json!({"seq": 1}) } else { all_good(count) };
        outbox.answered(&room("a"), Ok(answer), at(0));
    }
    assert_eq!(outbox.pending(), 0);
}

#[test]
fn another_kind_of_write_ends_a_batch() {
    let mut outbox = Outbox::new(1);
    fill(&mut outbox, "a", 2, "x");
    let delete = MessageDelete { room: room("a"), id: "m".parse().unwrap(), cid: Cid::generate() };
    put(&mut outbox, Write::Delete(delete));
    fill(&mut outbox, "a", 2, "x");
    let mut events = Vec::new();
    while let Some(outgoing) = outbox.next(at(0)) {
        let count = size(&outgoing);
        events.push((outgoing.event, count));
        let answer = if count == 1 { json!({"seq": 1}) } else { all_good(count) };
        outbox.answered(&room("a"), Ok(answer), at(0));
    }
    assert_eq!(events, [("message:send_batch", 2), ("message:delete", 1), ("message:send_batch", 2)]);
}

#[test]
fn each_of_a_batch_has_an_end_of_its_own() {
    let mut outbox = Outbox::new(1);
    fill(&mut outbox, "a", 4, "x");
    outbox.next(at(0)).unwrap();
    let error = |code: &str| json!({"ok": false, "error": {"code": code, "message": "", "retry_after_ms": 700}});
    let results = json!({"results": [{"ok": true, "seq": 5}, error("forbidden"), error("rate_limited")]});
    outbox.answered(&room("a"), Ok(results), at(100));
    let stages: Vec<_> = outbox.room(&room("a")).map(|item| item.stage.clone()).collect();
    assert_eq!(stages[0], Stage::Committed(5));
    assert!(matches!(&stages[1], Stage::Failed(error) if error.code == ErrorCode::Forbidden));
    assert_eq!(stages[2..], [Stage::Queued, Stage::Queued], "the last result was missing");
    assert_eq!(outbox.pending(), 2);
    let again = outbox.deadline().unwrap();
    assert!(again >= 800, "the server asked for 700 ms: {again}");
    assert_eq!(outbox.next(at(again - 1)), None);
    assert_eq!(size(&outbox.next(at(again)).unwrap()), 2);
}

#[test]
fn passing_refusals_are_retried_for_ever() {
    let mut outbox = Outbox::new(1);
    fill(&mut outbox, "a", 1, "x");
    let mut now = 0;
    for _ in 0..500 {
        now = outbox.deadline().unwrap().max(now);
        outbox.next(at(now)).expect("tried again");
        outbox.answered(&room("a"), Err(Error::new(ErrorCode::Internal, "")), at(now));
        assert!(outbox.deadline().unwrap() <= now + 30_000);
    }
    assert_eq!(outbox.pending(), 1);
}

#[test]
fn a_full_outbox_says_so() {
    let mut outbox = Outbox::new(1);
    fill(&mut outbox, "a", OUTBOX_MAX, "x");
    let refused = outbox.admit(message("b", "x"), None, at(0)).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unavailable);
}
