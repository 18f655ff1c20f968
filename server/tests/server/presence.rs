//! Who is there and who types.

use serde_json::json;

use crate::harness::{Server, room};

#[tokio::test]
async fn presence_follows_the_sockets() {
    let (server, owner) = Server::start().await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/general", &owner).await;
    let of_bob = |state: &'static str| {
        let id = bob.id.clone();
        move |push: &serde_json::Value| push["user"] == id.as_str() && push["state"] == state
    };
    let mut first = server.connect("/general", &bob).await;
    ada.event_where("presence:changed", of_bob("online")).await;
    let mut second = server.connect("/general", &bob).await;
    assert_eq!(first.request("presence:set", json!({ "state": "away" })).await, json!({ "ok": true }));
    assert_eq!(second.request("presence:set", json!({ "state": "away", "status": " lunch " })).await["ok"], true);
    let away = ada.event_where("presence:changed", of_bob("away")).await;
    assert_eq!(away["status"], "lunch");
    let changed = ada.event("member:changed").await;
    assert_eq!(changed["member"]["status"], "lunch");
    second.request("presence:set", json!({ "state": "online" })).await;
    ada.event_where("presence:changed", of_bob("online")).await;
    drop(second);
    ada.event_where("presence:changed", of_bob("away")).await;
    drop(first);
    ada.event_where("presence:changed", of_bob("offline")).await;
    ada.fence().await;
    let own = ada.seen("presence:changed").into_iter().filter(|push| push["user"] == owner.id.as_str()).count();
    assert_eq!(own, 0, "presence is told to the others");
}

#[tokio::test]
async fn typing_is_told_to_the_others_and_ends_with_a_message_or_a_disconnect() {
    let (server, owner) = Server::start().await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/general", &owner).await;
    let mut other = server.connect("/general", &bob).await;
    let general = room(&ada.ready, "general");
    let typing = |on: bool| move |push: &serde_json::Value| push["on"] == on;
    for cid in ["1", "2"] {
        other.request("typing:set", json!({ "room": general, "on": true })).await;
        let push = ada.event_where("typing:changed", typing(true)).await;
        assert_eq!((push["user"].as_str(), push["room"].as_str()), (Some(bob.id.as_str()), Some(general.as_str())));
        other.request("message:send", json!({ "room": general, "cid": cid, "text": "x" })).await;
        ada.event_where("typing:changed", typing(false)).await;
    }
    other.request("typing:set", json!({ "room": general, "on": true })).await;
    ada.event_where("typing:changed", typing(true)).await;
    other.fence().await;
    assert!(other.seen("typing:changed").is_empty(), "nobody hears of their own typing");
    drop(other);
    ada.event_where("typing:changed", typing(false)).await;
    let mut other = server.connect("/general", &bob).await;
    other.request("typing:set", json!({ "room": general, "on": true })).await;
    ada.event_where("typing:changed", typing(true)).await;
    let started = std::time::Instant::now();
    ada.event_where("typing:changed", typing(false)).await;
    assert!(started.elapsed().as_secs_f32() < 7.0, "it ends by itself within six seconds");
}
