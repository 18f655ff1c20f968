//! The promises behind `message:send`.

use std::collections::HashSet;

use confab_server::Config;
use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::{Person, Server, code, room};

fn unlimited(config: &mut Config) {
    config.limits.messages_per_10s = 10_000_000;
    config.limits.messages_burst = 1_000_000;
    config.limits.events_per_10s = 1_000_000;
}

#[tokio::test]
async fn five_thousand_pipelined_sends_keep_their_order() {
    const COUNT: u64 = 5_000;
    let (server, owner) = Server::with(unlimited).await;
    let mut client = server.connect("/general", &owner).await;
    let mut reader = server.connect("/general", &owner).await;
    let general = room(&client.ready, "general");
    let head = client.ready["heads"][&general].as_u64().unwrap();
    for i in 0..COUNT {
        client.send("message:send", json!({ "room": general, "cid": format!("c{i}"), "text": format!("{i}") })).await;
        client.take_in();
        reader.take_in();
    }
    for i in 0..COUNT {
        let reply = client.ack(i).await;
        assert_eq!(reply["seq"], head + 1 + i, "{i}: {reply}");
    }
    // A socket that missed some sees the gap and closes it.
    let mut next = head + 1;
    while next <= head + COUNT {
        let page = reader.request("room:sync", json!({ "room": general, "after": next - 1, "limit": 500 })).await;
        for entry in page["entries"].as_array().unwrap() {
            assert_eq!(entry["seq"], next);
            assert_eq!(entry["text"], format!("{}", next - head - 1));
            next += 1;
        }
    }
}

#[tokio::test]
async fn a_cid_means_the_same_for_ever() {
    let (server, owner) = Server::start().await;
    let mut client = server.connect("/general", &owner).await;
    let general = room(&client.ready, "general");
    let body = json!({ "room": general, "cid": "once", "text": "x" });
    let first = client.request("message:send", body.clone()).await;
    assert_eq!(first["ok"], true, "{first}");
    assert_eq!(client.request("message:send", body.clone()).await, first);
    let server = server.restart().await;
    let mut client = server.connect("/general", &owner).await;
    assert_eq!(client.request("message:send", body).await, first);
    let other = client.request("message:send", json!({ "room": general, "cid": "once", "text": "y" })).await;
    assert_eq!(code(&other), "conflict");
    assert_eq!(
        client.request("room:sync", json!({ "room": general, "after": 0, "limit": 9 })).await["head"],
        first["seq"]
    );
}

#[tokio::test]
async fn an_entry_comes_after_its_ack_and_reaches_the_sender_too() {
    let (server, owner) = Server::start().await;
    let mut client = server.connect("/general", &owner).await;
    let general = room(&client.ready, "general");
    let sent = client.request("message:send", json!({ "room": general, "cid": "c", "text": "x" })).await;
    assert!(client.seen("room:entry").is_empty(), "the entry came before the ack");
    let entry = client.event("room:entry").await;
    assert_eq!((&entry["seq"], &entry["id"], &entry["ts"]), (&sent["seq"], &sent["id"], &sent["ts"]));
    assert_eq!((entry["kind"].as_str(), entry["author"].as_str()), (Some("message"), Some(owner.id.as_str())));
}

#[tokio::test]
async fn a_batch_is_answered_message_by_message() {
    let (server, owner) = Server::start().await;
    let mut client = server.connect("/general", &owner).await;
    let general = room(&client.ready, "general");
    let message = |cid: &str, text: &str| json!({ "room": general, "cid": cid, "text": text });
    let messages = [message("a", "1"), message("b", ""), json!({ "cid": "c" }), json!(7), message("d", "2")];
    let reply = client.request("message:send_batch", json!({ "messages": messages })).await;
    let results = reply["results"].as_array().unwrap();
    let told: Vec<_> = results.iter().map(|r| (r["ok"].as_bool().unwrap(), r["cid"].as_str(), code(r))).collect();
    assert_eq!(
        told,
        [
            (true, Some("a"), ""),
            (false, Some("b"), "bad_request"),
            (false, Some("c"), "bad_request"),
            (false, None, "bad_request"),
            (true, Some("d"), ""),
        ]
    );
    assert_eq!(results[0]["seq"].as_u64().unwrap() + 1, results[4]["seq"].as_u64().unwrap());
    assert_eq!(client.request("message:send_batch", json!({ "messages": [] })).await["results"], json!([]));
    let many: Vec<Value> = (0..101).map(|i| message(&format!("m{i}"), "x")).collect();
    assert_eq!(code(&client.request("message:send_batch", json!({ "messages": many })).await), "bad_request");
}

#[tokio::test]
async fn edits_deletes_and_reactions_reach_everybody_and_the_history() {
    let (server, owner) = Server::start().await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/general", &owner).await;
    let mut client = server.connect("/general", &bob).await;
    let general = room(&client.ready, "general");
    let sent = client.request("message:send", json!({ "room": general, "cid": "m", "text": "x @ada" })).await;
    let id = &sent["id"];
    let edited = client.request("message:edit", json!({ "room": general, "id": id, "cid": "e", "text": "y" })).await;
    assert_eq!((edited["cid"].as_str(), edited.get("id")), (Some("e"), None), "{edited}");
    let foreign = ada.request("message:edit", json!({ "room": general, "id": id, "cid": "f", "text": "z" })).await;
    assert_eq!(code(&foreign), "forbidden");
    let react = json!({ "room": general, "id": id, "cid": "r", "emoji": "🎉", "on": true });
    assert_eq!(ada.request("message:react", react).await["ok"], true);
    let history = ada.request("room:history", json!({ "room": general })).await;
    let message = history["messages"].as_array().unwrap().last().unwrap();
    assert_eq!((message["text"].as_str(), &message["reactions"][0]["users"][0]), (Some("y"), &json!(owner.id)));
    let deleted = ada.request("message:delete", json!({ "room": general, "id": id, "cid": "d" })).await;
    assert_eq!(deleted["ok"], true, "{deleted}");
    for kind in ["message", "edit", "reaction", "delete"] {
        client.event_where("room:entry", |entry| entry["kind"] == kind).await;
    }
}

#[tokio::test]
async fn threads_and_pins_are_answered_and_told() {
    let (server, owner) = Server::start().await;
    let (bob, eve) = (server.member(&owner, "bob").await, server.member(&owner, "eve").await);
    let mut ada = server.connect("/general", &owner).await;
    let mut client = server.connect("/general", &bob).await;
    let general = room(&client.ready, "general");
    let root =
        client.request("message:send", json!({ "room": general, "cid": "q", "text": "who?" })).await["id"].clone();
    let answer = json!({ "room": general, "cid": "a", "text": "me", "thread": root });
    let sent = ada.request("message:send", answer).await;
    assert_eq!(client.event_where("room:entry", |entry| entry["cid"] == "a").await["thread"], root);
    let thread = client.request("message:thread", json!({ "room": general, "id": root })).await;
    let texts: Vec<_> = thread["messages"].as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap()).collect();
    assert_eq!((texts, &thread["start"]), (vec!["who?", "me"], &json!(true)), "{thread}");
    assert_eq!(thread["messages"][0]["replies"]["count"], 1);
    let history = client.request("room:history", json!({ "room": general, "limit": 2 })).await;
    assert_eq!(history["messages"][0]["replies"]["last_seq"], sent["seq"], "{history}");

    let pin = json!({ "room": general, "id": root, "cid": "p", "on": true });
    let pinned = ada.request("message:pin", pin.clone()).await;
    assert_eq!((pinned["ok"].as_bool(), pinned["cid"].as_str()), (Some(true), Some("p")), "{pinned}");
    assert_eq!(ada.request("message:pin", pin).await, pinned, "the same cid, the same answer");
    assert_eq!(client.event_where("room:entry", |entry| entry["kind"] == "pin").await["id"], root);
    let pins = client.request("room:pins", json!({ "room": general })).await;
    assert_eq!((&pins["messages"][0]["id"], &pins["messages"][0]["pinned"]), (&root, &json!(true)), "{pins}");

    let secret = json!({ "name": "secret", "kind": "private" });
    let secret = client.request("room:create", secret).await["room"]["id"].clone();
    let hidden = client.request("message:send", json!({ "room": secret, "cid": "s", "text": "x" })).await["id"].clone();
    let mut eve = server.connect("/general", &eve).await;
    for (event, body) in [
        ("message:thread", json!({ "room": secret, "id": hidden })),
        ("message:thread", json!({ "room": general, "id": hidden })),
        ("message:pin", json!({ "room": secret, "id": hidden, "cid": "x", "on": true })),
        ("room:pins", json!({ "room": secret })),
    ] {
        assert_eq!(code(&eve.request(event, body).await), "not_found", "{event}");
    }
    assert_eq!(code(&eve.request("message:thread", json!({ "room": general })).await), "bad_request");
}

#[tokio::test]
async fn many_senders_share_commits_and_nobody_misses_anything() {
    const SENDERS: usize = 8;
    const EACH: usize = 100;
    let (server, owner) = Server::with(unlimited).await;
    let general = room(&server.connect("/general", &owner).await.ready, "general");
    let mut sending = Vec::new();
    let mut clients = Vec::new();
    for _ in 0..SENDERS {
        clients.push(server.connect("/general", &owner).await);
    }
    for (s, mut client) in clients.into_iter().enumerate() {
        let room = general.clone();
        sending.push(tokio::spawn(async move {
            let mut seqs = Vec::new();
            for i in 0..EACH {
                let body = json!({ "room": room, "cid": format!("{s}-{i}"), "text": "x" });
                seqs.push(client.request("message:send", body).await["seq"].as_u64().unwrap());
            }
            assert!(seqs.is_sorted(), "a sender's own messages are in order");
            (client, seqs)
        }));
    }
    let mut all = HashSet::new();
    for task in sending {
        let (mut client, seqs) = task.await.unwrap();
        all.extend(seqs);
        let mut got = HashSet::new();
        while got.len() < SENDERS * EACH {
            got.insert(client.event("room:entry").await["seq"].as_u64().unwrap());
        }
    }
    let (min, max) = (all.iter().min().unwrap(), all.iter().max().unwrap());
    assert_eq!((all.len(), max - min + 1), (SENDERS * EACH, (SENDERS * EACH) as u64), "no holes");
}

#[tokio::test]
async fn after_a_kick_is_acked_nothing_reaches_the_one_concerned() {
    let (server, owner) = Server::with(unlimited).await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/general", &owner).await;
    let general = room(&ada.ready, "general");
    for round in 0..20 {
        // One socket is there, one connects while the kick is on its way.
        let mut there = server.connect("/general", &bob).await;
        assert_eq!(there.request("room:join", json!({ "room": general })).await["ok"], true);
        let arriving = tokio::spawn(arrive(server.base.clone(), bob.clone()));
        let kicked = ada.request("room:kick", json!({ "room": general, "user": bob.id })).await;
        assert_eq!(kicked["ok"], true, "{kicked}");
        let cid = format!("secret-{round}");
        let sent = ada.request("message:send", json!({ "room": general, "cid": cid, "text": "secret" })).await;
        assert_eq!(sent["ok"], true);
        let mut arrived = arriving.await.unwrap();
        for client in [&mut there, &mut arrived] {
            client.fence().await;
            let leaked = client.seen("room:entry").into_iter().any(|entry| entry["cid"] == cid);
            assert!(!leaked, "round {round}");
            let read = client.request("room:sync", json!({ "room": general, "after": 0, "limit": 1 })).await;
            assert_eq!(code(&read), "not_found");
        }
        there.event("room:removed").await;
    }
}

async fn arrive(base: String, person: Person) -> Client {
    let mut client = Client::open(&base).await;
    client.join("/general", &person.token).await.unwrap();
    client
}
