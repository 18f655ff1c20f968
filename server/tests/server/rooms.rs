//! Rooms: made, joined, changed, left.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::{Person, Server, code, room};

#[tokio::test]
async fn a_public_room_is_found_joined_and_left() {
    let (server, owner) = Server::start().await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/general", &owner).await;
    let mut other = server.connect("/general", &bob).await;
    let made = ada.request("room:create", json!({ "name": "plans", "kind": "public", "topic": "t" })).await;
    let id = made["room"]["id"].as_str().unwrap().to_owned();
    assert_eq!((made["room"]["members"].as_u64(), made["room"]["topic"].as_str()), (Some(1), Some("t")));
    let added = other.event_where("room:added", |push| push["room"]["id"] == id.as_str()).await;
    assert_eq!(added["room"]["name"], "plans");
    assert_eq!(code(&ada.request("room:create", json!({ "name": "plans", "kind": "public" })).await), "conflict");
    let names = |reply: &Value| -> Vec<String> {
        reply["rooms"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&other.request("room:list", json!({})).await), ["general", "plans", "random"]);
    assert_eq!(code(&other.request("room:history", json!({ "room": id })).await), "not_found");
    let joined = other.request("room:join", json!({ "room": id, "after": 0 })).await;
    assert_eq!((joined["members"].as_u64(), joined["online"].as_u64()), (Some(2), Some(2)), "{joined}");
    assert_eq!(joined["entries"].as_array().unwrap().len() as u64, joined["head"].as_u64().unwrap());
    let count = |members: u64| {
        let id = id.clone();
        move |push: &Value| push["room"]["id"] == id.as_str() && push["room"]["members"] == members
    };
    ada.event_where("room:changed", count(2)).await;
    assert_eq!(other.request("room:leave", json!({ "room": id })).await, json!({ "ok": true }));
    assert_eq!(other.event("room:removed").await["room"], id.as_str());
    assert_eq!(code(&other.request("room:leave", json!({ "room": id })).await), "not_found");
    ada.event_where("room:changed", count(1)).await;
}

#[tokio::test]
async fn a_private_room_does_not_exist_for_others() {
    let (server, owner) = Server::start().await;
    let (bob, eve) = (server.member(&owner, "bob").await, server.member(&owner, "eve").await);
    let mut ada = server.connect("/general", &owner).await;
    let mut other = server.connect("/general", &bob).await;
    let mut stranger = server.connect("/general", &eve).await;
    let body = json!({ "name": "secret", "kind": "private", "members": [bob.id] });
    let made = ada.request("room:create", body).await;
    let id = made["room"]["id"].as_str().unwrap().to_owned();
    other.event_where("room:added", |push| push["room"]["id"] == id.as_str()).await;
    for event in ["room:join", "room:leave", "room:members", "room:history"] {
        let hidden = stranger.request(event, json!({ "room": id })).await;
        let missing = stranger.request(event, json!({ "room": "no-such-room" })).await;
        assert_eq!(hidden, missing, "{event}");
        assert_eq!(code(&hidden), "not_found", "{event}");
    }
    let send = stranger.request("message:send", json!({ "room": id, "cid": "c", "text": "x" })).await;
    assert_eq!(code(&send), "not_found");
    assert!(stranger.seen("room:added").into_iter().all(|push| push["room"]["id"] != id.as_str()));
    let invited = other.request("room:invite", json!({ "room": id, "users": [eve.id] })).await;
    assert_eq!(invited["room"]["members"], 3, "{invited}");
    stranger.event_where("room:added", |push| push["room"]["id"] == id.as_str()).await;
    assert_eq!(stranger.request("message:send", json!({ "room": id, "cid": "c2", "text": "x" })).await["ok"], true);
    let members = stranger.request("room:members", json!({ "room": id })).await;
    let online = members["members"].as_array().unwrap().iter().filter(|m| m["presence"] == "online").count();
    assert_eq!(online, 3, "{members}");
}

#[tokio::test]
async fn the_same_people_always_get_the_same_direct_room() {
    let (server, owner) = Server::start().await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/general", &owner).await;
    let mut other = server.connect("/general", &bob).await;
    let first = ada.request("direct:open", json!({ "users": [bob.id] })).await;
    let id = first["room"]["id"].as_str().unwrap().to_owned();
    assert_eq!(first["room"]["kind"], "direct");
    other.event_where("room:added", |push| push["room"]["id"] == id.as_str()).await;
    let again = other.request("direct:open", json!({ "users": [owner.id, bob.id] })).await;
    assert_eq!(again["room"]["id"], id.as_str());
    assert_eq!(code(&ada.request("direct:open", json!({ "users": [owner.id] })).await), "bad_request");
    assert_eq!(code(&ada.request("direct:open", json!({ "users": ["nobody"] })).await), "not_found");
    ada.request("message:send", json!({ "room": id, "cid": "c", "text": "psst" })).await;
    other.event_where("room:entry", |entry| entry["text"] == "psst").await;
}

#[tokio::test]
async fn changes_are_told_and_deleted_rooms_are_gone() {
    let (server, owner) = Server::start().await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/general", &owner).await;
    let mut other = server.connect("/general", &bob).await;
    let random = room(&ada.ready, "random");
    let update = json!({ "room": random, "name": "chatter", "topic": "anything" });
    assert_eq!(ada.request("room:update", update).await["room"]["name"], "chatter");
    let changed = other.event_where("room:changed", |push| push["room"]["name"] == "chatter").await;
    assert_eq!(changed["room"]["topic"], "anything");
    let entry = other.event_where("room:entry", |entry| entry["kind"] == "room").await;
    assert_eq!((entry["name"].as_str(), entry["author"].as_str()), (Some("chatter"), Some(owner.id.as_str())));
    assert_eq!(code(&other.request("room:delete", json!({ "room": random })).await), "forbidden");
    assert_eq!(ada.request("room:delete", json!({ "room": random })).await, json!({ "ok": true }));
    assert_eq!(other.event("room:removed").await["room"], random.as_str());
    assert_eq!(code(&other.request("room:join", json!({ "room": random })).await), "not_found");
}

#[tokio::test]
async fn a_guest_sees_only_the_rooms_of_the_invitation() {
    let (server, owner) = Server::start().await;
    let mut ada = server.connect("/general", &owner).await;
    let general = room(&ada.ready, "general");
    let invite = json!({ "workspace": "general", "rooms": [general], "role": "guest" });
    let code_of = server.invite(&owner, invite).await;
    let (status, answer) =
        server.call(Method::POST, "/guests", None, Some(json!({ "display_name": "Gast", "invite": code_of }))).await;
    assert_eq!(status, 201, "{answer}");
    let guest = crate::harness::Person::of(&answer);
    let joined = ada.event("member:joined").await;
    assert_eq!(joined["member"]["id"], guest.id.as_str());
    let mut client = server.connect("/general", &guest).await;
    assert_eq!(client.ready["rooms"].as_array().unwrap().len(), 1);
    assert_eq!(client.request("room:list", json!({})).await["rooms"].as_array().unwrap().len(), 1);
    let random = room(&ada.ready, "random");
    assert_eq!(code(&client.request("room:join", json!({ "room": random })).await), "not_found");
    ada.request("room:create", json!({ "name": "open", "kind": "public" })).await;
    client.fence().await;
    assert!(client.seen("room:added").into_iter().all(|push| push["room"]["name"] != "open"));
}

/// The owner, and `general` with five messages of theirs.
async fn five_said(server: &Server, owner: &Person) -> (Client, String) {
    let mut ada = server.connect("/general", owner).await;
    let general = room(&ada.ready, "general");
    for i in 0..5 {
        ada.request("message:send", json!({ "room": general, "cid": format!("c{i}"), "text": "x" })).await;
    }
    (ada, general)
}

#[tokio::test]
async fn a_join_brings_the_newest_page_where_there_is_nothing_to_go_on_from() {
    let (server, owner) = Server::start().await;
    let (mut ada, general) = five_said(&server, &owner).await;
    let history = async |client: &mut Client, limit: usize| {
        let mut page = client.request("room:history", json!({ "room": general, "limit": limit })).await;
        page.as_object_mut().unwrap().remove("ok");
        page
    };
    let (three, all) = (history(&mut ada, 3).await, history(&mut ada, 200).await);
    assert_eq!((three["messages"].as_array().unwrap().len(), three["start"].as_bool()), (3, Some(false)));
    let head = all["head"].as_u64().unwrap();
    for (asked, answered) in [
        (json!({}), Value::Null),
        (json!({ "page": 3 }), three.clone()),
        (json!({ "page": 1_000_000 }), all),
        (json!({ "page": 3, "after": head - 2 }), Value::Null),
        // Of another log.
        (json!({ "page": 3, "after": head + 10 }), three),
        (json!({ "after": head + 10 }), Value::Null),
    ] {
        let mut request = asked.clone();
        request["room"] = json!(general);
        let joined = ada.request("room:join", request).await;
        assert_eq!(joined["ok"], true, "{joined}");
        assert_eq!(joined["page"], answered, "{asked}");
        assert_eq!(joined["head"], head, "{asked}");
    }
    for page in [json!("all"), json!(-1), json!(1.5)] {
        assert_eq!(code(&ada.request("room:join", json!({ "room": general, "page": page })).await), "bad_request");
    }
    let one = ada.request("room:join", json!({ "room": general, "page": 0 })).await;
    assert_eq!(one["page"]["messages"].as_array().unwrap().len(), 1, "as `limit` of a page of history: at least one");
}

#[tokio::test]
async fn coming_back_brings_what_was_missed() {
    let (server, owner) = Server::start().await;
    let (mut ada, general) = five_said(&server, &owner).await;
    let head =
        ada.request("room:sync", json!({ "room": general, "after": 0, "limit": 1 })).await["head"].as_u64().unwrap();
    let mut again = server.connect("/general", &owner).await;
    assert_eq!(again.ready["heads"][&general], head);
    let joined = again.request("room:join", json!({ "room": general, "after": head - 2 })).await;
    let seqs: Vec<_> = joined["entries"].as_array().unwrap().iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, [head - 1, head]);
    let ahead = again.request("room:sync", json!({ "room": general, "after": head + 10, "limit": 10 })).await;
    assert_eq!(ahead["ok"], true, "{ahead}");
}
