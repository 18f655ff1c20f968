//! A room full of messages of the longest kind is read in answers that any client can take.

use anyhow::{Context, Result, ensure};
use confab_tests::{HALL, ServerOptions, Stage, Wire, cid, room_id};
use serde_json::{Value, json};

/// What a page's texts may be, and one message more.
const PAGE_BYTES: usize = 256 * 1024;
const MESSAGE_BYTES: usize = 16 * 1024;
const MESSAGES: usize = 500;
/// As many of the longest messages as one frame takes.
const BATCH: usize = 7;

/// An answer's entries or messages, which must be few enough.
fn checked(page: &Value, list: &str) -> Result<Vec<u64>> {
    let bytes = page[list].to_string().len();
    ensure!(bytes <= PAGE_BYTES + MESSAGE_BYTES, "{bytes} bytes in one answer");
    let rows = page[list].as_array().context("a list")?;
    Ok(rows.iter().filter_map(|row| row["seq"].as_u64()).collect())
}

async fn fill(wire: &mut Wire, room: &str) -> Result<u64> {
    let text = "x".repeat(MESSAGE_BYTES);
    let (mut left, mut head) = (MESSAGES, 0);
    while left > 0 {
        let n = left.min(BATCH);
        let messages: Vec<Value> = (0..n).map(|_| json!({ "room": room, "cid": cid(), "text": text })).collect();
        let sent = wire.ok(HALL, "message:send_batch", json!({ "messages": messages })).await?;
        head = sent["results"][n - 1]["seq"].as_u64().context("all are committed")?;
        left -= n;
    }
    Ok(head)
}

#[tokio::test]
async fn five_hundred_of_the_longest_messages_come_in_short_answers() -> Result<()> {
    let stage = Stage::with(ServerOptions::unhurried()).await?;
    let (mut ada, ready) = stage.enter(&stage.ada).await?;
    let room = room_id(&ready, "general")?;
    let before = ready["heads"][&room].as_u64().context("a head")?;
    let head = fill(&mut ada, &room).await?;
    ensure!(head == before + MESSAGES as u64);

    let (mut bob, _) = stage.enter(&stage.bob).await?;
    let joined = bob.ok(HALL, "room:join", json!({ "room": room, "after": before })).await?;
    let mut seqs = checked(&joined, "entries")?;
    ensure!(joined["head"] == head && !seqs.is_empty(), "the head says that there is more");
    loop {
        let after = *seqs.last().context("some came")?;
        let page = bob.ok(HALL, "room:sync", json!({ "room": room, "after": after, "limit": 500 })).await?;
        let came = checked(&page, "entries")?;
        ensure!((page["more"] == true) == (came.last() < Some(&head)), "`more` until the head is reached");
        seqs.extend(came);
        if page["more"] == false {
            break;
        }
    }
    ensure!(seqs == (before + 1..=head).collect::<Vec<_>>(), "every entry once");

    let (mut messages, mut edge) = (Vec::new(), None);
    loop {
        let page = bob.ok(HALL, "room:history", json!({ "room": room, "before": edge, "limit": 200 })).await?;
        let came = checked(&page, "messages")?;
        edge = came.first().copied();
        messages.splice(0..0, came);
        if page["start"] == true {
            break;
        }
    }
    ensure!(messages == seqs, "and every message once");
    Ok(())
}
