//! Who reads too slowly costs the server a bounded buffer, and is told: by `room:heads` of entries that it missed, by the
//! end of its connection of anything that it would not hear again. And `room:heads` itself.
//!
//! The slow readers here are long-polling ones that do not poll: between them and the server's buffer is no kernel that
//! would hold more.

use std::time::Duration;

use confab_server::Config;
use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::{Server, room};
use crate::polling::Poller;

/// How often the server tells heads.
const HEADS: Duration = Duration::from_secs(25);
/// Packets that the server keeps for one socket.
const BUFFER: usize = 1024;
/// Messages of one batch, and batches that are more than that.
const BATCH: usize = 100;
const BATCHES: usize = 13;

fn unlimited(config: &mut Config) {
    config.limits.messages_per_10s = 10_000_000;
    config.limits.messages_burst = 1_000_000;
}

/// Lets this much time pass for the server and all its timers, without waiting. The connections of these survive it:
/// twice around, so that a ping that is on its way is answered before.
async fn pass(time: Duration, clients: &mut [&mut Client]) {
    for client in clients.iter_mut() {
        client.fence().await;
        client.fence().await;
    }
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Writes more than the server keeps for one socket. Answers with the head.
async fn flood(writer: &mut Client, general: &str) -> u64 {
    let mut head = 0;
    for batch in 0..BATCHES {
        let message = |i: usize| json!({ "room": general, "cid": format!("{batch}-{i}"), "text": "x" });
        let messages: Vec<Value> = (0..BATCH).map(message).collect();
        let reply = writer.request("message:send_batch", json!({ "messages": messages })).await;
        head = reply["results"][BATCH - 1]["seq"].as_u64().expect("all are committed");
        writer.event_where("room:entry", |entry| entry["seq"] == head).await;
    }
    head
}

/// That somebody joined is told a moment later, to all in the room. In the middle of a flood nobody who is slow could hear it,
/// and would be cut. What is told after it was told after all that waited.
async fn all_is_told(client: &mut Client) {
    for name in ["general", "random"] {
        let id = room(&client.ready, name);
        assert_eq!(client.request("room:update", json!({ "room": id, "topic": "told" })).await["ok"], true);
        client.event_where("room:changed", |told| told["room"]["id"] == *id && told["room"]["topic"] == "told").await;
    }
}

/// An event of `/general` with this name.
fn event(packet: &str, name: &str) -> Option<Value> {
    let event: Value = serde_json::from_str(packet.strip_prefix("42/general,")?).unwrap();
    (event[0] == name).then(|| event[1].clone())
}

#[tokio::test]
async fn heads_tell_members_what_moved_and_nobody_else() {
    let (server, owner) = Server::start().await;
    let (bob, cem) = (server.member(&owner, "bob").await, server.member(&owner, "cem").await);
    let mut ada = server.connect("/general", &owner).await;
    let mut bob = server.connect("/general", &bob).await;
    let mut cem = server.connect("/general", &cem).await;
    let (general, random) = (room(&ada.ready, "general"), room(&ada.ready, "random"));
    pass(HEADS, &mut [&mut ada, &mut bob, &mut cem]).await;
    for client in [&mut ada, &mut bob, &mut cem] {
        client.fence().await;
        client.events.clear();
    }
    assert_eq!(cem.request("room:leave", json!({ "room": general })).await["ok"], true);
    let sent = ada.request("message:send", json!({ "room": general, "cid": "c", "text": "x" })).await;
    // From here on Bob's copy of the entry is as good as lost: he looks at the heads only.
    for client in [&mut ada, &mut bob, &mut cem] {
        client.fence().await;
        assert!(client.seen("room:heads").is_empty(), "before its time");
    }
    pass(HEADS, &mut [&mut ada, &mut bob, &mut cem]).await;
    for client in [&mut ada, &mut bob] {
        let told = client.event("room:heads").await;
        assert_eq!(told["heads"], json!({ general.clone(): sent["seq"] }), "only what moved");
    }
    cem.fence().await;
    assert!(cem.seen("room:heads").is_empty(), "who has left hears nothing of it");

    pass(HEADS, &mut [&mut ada, &mut bob, &mut cem]).await;
    bob.fence().await;
    assert!(bob.seen("room:heads").is_empty(), "nothing has moved since");
    let sent = ada.request("message:send", json!({ "room": random, "cid": "d", "text": "x" })).await;
    pass(HEADS, &mut [&mut ada, &mut bob, &mut cem]).await;
    assert_eq!(cem.event("room:heads").await["heads"], json!({ random: sent["seq"] }), "where he still is");
}

#[tokio::test]
async fn a_slow_reader_costs_a_bounded_buffer_and_learns_the_head() {
    let (server, owner) = Server::with(unlimited).await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/general", &owner).await;
    let general = room(&ada.ready, "general");
    let slow = Poller::open(&server).await;
    slow.join("/general", &bob).await;
    all_is_told(&mut ada).await;
    let head = flood(&mut ada, &general).await;
    // Now it reads again: all that was kept for it comes before the answer.
    slow.post(format!("42/general,1{}", json!(["link:ping", {}]))).await;
    let mut came = Vec::new();
    let mut answered = false;
    while !answered {
        for packet in slow.poll().await.expect("the session lives") {
            came.extend(event(&packet, "room:entry").and_then(|entry| entry["seq"].as_u64()));
            answered |= packet.starts_with("43/general,1");
        }
    }
    assert!(came.len() > BUFFER / 2 && came.len() <= BUFFER, "{} of {} were kept", came.len(), BATCH * BATCHES);
    let last = *came.last().unwrap();
    assert!(came.is_sorted() && last < head, "the end of the log is what it missed");
    pass(HEADS, &mut [&mut ada]).await;
    let told = loop {
        let packets = slow.poll().await.expect("the session lives");
        if let Some(told) = packets.iter().find_map(|packet| event(packet, "room:heads")) {
            break told;
        }
    };
    assert_eq!(told["heads"][&general], head);
}

#[tokio::test]
async fn a_slow_reader_that_misses_what_nothing_repairs_is_cut() {
    let (server, owner) = Server::with(unlimited).await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/general", &owner).await;
    let general = room(&ada.ready, "general");
    let slow = Poller::open(&server).await;
    slow.join("/general", &bob).await;
    flood(&mut ada, &general).await;
    let kicked = ada.request("room:kick", json!({ "room": general, "user": bob.id })).await;
    assert_eq!(kicked["ok"], true, "{kicked}");
    ada.event_where("presence:changed", |told| told["user"] == *bob.id && told["state"] == "offline").await;
    while let Some(packets) = slow.poll().await {
        assert!(
            packets.iter().all(|packet| event(packet, "room:removed").is_none()),
            "there was room: nothing is proved"
        );
        if packets.iter().any(|packet| packet == "1") {
            break;
        }
    }
    // It comes back and sees how things are.
    let back = server.connect("/general", &bob).await;
    assert!(!back.ready["heads"].as_object().unwrap().contains_key(&general));
}
