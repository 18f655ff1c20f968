//! Who is there and who types.

use serde_json::{Value, json};

use crate::client::Client;
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
async fn who_asks_for_batches_hears_of_a_crowd_in_few_events() {
    let (server, owner) = Server::start().await;
    let mut ada = Client::open(&server.base).await;
    ada.connect("/general", json!({ "token": owner.token, "batches": true })).await.unwrap();
    let mut plain = server.connect("/general", &owner).await;
    let mut crowd = Vec::new();
    for n in 0..12 {
        let somebody = server.member(&owner, &format!("somebody-{n}")).await;
        crowd.push((server.connect("/general", &somebody).await, somebody));
    }
    for state in ["online", "offline"] {
        for (_, somebody) in &crowd {
            let of_them = |push: &Value| push["user"] == *somebody.id && push["state"] == state;
            plain.event_where("presence:changed", of_them).await;
        }
        let mut heard = Vec::new();
        while heard.len() < crowd.len() {
            let Value::Array(changes) = ada.event("presence:batch").await["changes"].take() else { panic!("a list") };
            heard.extend(changes.into_iter().filter(|change| change["user"] != *owner.id && change["state"] == state));
        }
        for (_, somebody) in &crowd {
            assert_eq!(heard.iter().filter(|change| change["user"] == *somebody.id).count(), 1, "{state}: {heard:?}");
        }
        for (client, _) in &mut crowd {
            client.leave().await;
        }
    }
    ada.fence().await;
    assert!(ada.seen("presence:changed").is_empty(), "each change comes once");
}

#[tokio::test]
async fn who_has_the_members_still_is_told_who_is_there() {
    let (server, owner) = Server::start().await;
    let bob = server.member(&owner, "bob").await;
    server.member(&owner, "carol").await;
    let ada = server.connect("/general", &owner).await;
    assert_eq!(ada.ready["members"].as_array().map(Vec::len), Some(3));
    assert!(ada.ready.get("present").is_none(), "it showed no tag: {}", ada.ready);
    let tag = ada.ready["members_tag"].clone();

    let again = async |tag: &Value| {
        let mut bob_again = Client::open(&server.base).await;
        bob_again.connect("/general", json!({ "token": bob.token, "members": tag })).await.unwrap();
        bob_again.event("workspace:ready").await
    };
    let ready = again(&tag).await;
    assert_eq!((&ready["members"], &ready["members_tag"]), (&json!([]), &tag));
    assert_eq!(ready["present"], json!({ &*owner.id: "online", &*bob.id: "online" }), "carol is not there");
    for other in [json!("another"), json!(7)] {
        assert_eq!(again(&other).await["members"].as_array().map(Vec::len), Some(3), "{other}");
    }

    let mut lobby = server.connect("/", &bob).await;
    let set = lobby.request("personal:set", json!({ "dnd_until": "2100-01-01T00:00:00.000Z" })).await;
    assert_eq!(set["ok"], true, "{set}");
    let ready = again(&tag).await;
    assert_eq!(ready["members"].as_array().map(Vec::len), Some(3), "something about them has changed");
    assert_ne!(ready["members_tag"], tag);
}

#[tokio::test]
async fn whoever_comes_back_at_once_was_never_gone() {
    let (server, owner) = Server::start().await;
    let bob = server.member(&owner, "bob").await;
    let (carol, dave) = (server.member(&owner, "carol").await, server.member(&owner, "dave").await);
    let of = |user: &str, state: &'static str| {
        let user = user.to_owned();
        move |push: &Value| push["user"] == user && push["state"] == state
    };
    let mut ada = server.connect("/general", &owner).await;
    let first = server.connect("/general", &bob).await;
    ada.event_where("presence:changed", of(&bob.id, "online")).await;
    // Without a word, as a network that breaks. The server knows, and tells of somebody else meanwhile.
    drop(first);
    let general = room(&ada.ready, "general");
    let gone = |answer: &Value| {
        let members = answer["members"].as_array().expect("a list");
        members.iter().any(|member| member["id"] == *bob.id && member["presence"] == "offline")
    };
    while !gone(&ada.request("room:members", json!({ "room": general })).await) {}
    let _dave = server.connect("/general", &dave).await;
    ada.event_where("presence:changed", of(&dave.id, "online")).await;
    let mut again = server.connect("/general", &bob).await;
    let _carol = server.connect("/general", &carol).await;
    ada.event_where("presence:changed", of(&carol.id, "online")).await;
    ada.fence().await;
    assert!(!ada.seen("presence:changed").iter().any(|push| of(&bob.id, "offline")(push)), "nobody saw him go");
    // Who says goodbye is gone at once.
    let began = std::time::Instant::now();
    again.leave().await;
    ada.event_where("presence:changed", of(&bob.id, "offline")).await;
    assert!(began.elapsed() < std::time::Duration::from_millis(1_800), "it took {:?}", began.elapsed());
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
