//! The lobby: workspaces, and signals across them.

use serde_json::json;

use crate::harness::{Server, code, room};

#[tokio::test]
async fn a_workspace_can_be_used_as_soon_as_it_is_heard_of() {
    let (server, owner) = Server::start().await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/", &owner).await;
    let mut other = server.connect("/", &bob).await;
    let body = json!({ "slug": "team-7", "name": "Team Seven", "open": true });
    let made = ada.request("workspace:create", body.clone()).await;
    assert_eq!((made["workspace"]["role"].as_str(), made["ok"].as_bool()), (Some("owner"), Some(true)), "{made}");
    server.connect("/team-7", &owner).await;
    assert_eq!(code(&ada.request("workspace:create", body).await), "conflict");
    let added = other.event_where("workspace:added", |push| push["workspace"]["slug"] == "team-7").await;
    assert_eq!(added["workspace"]["role"], json!(null));
    let auth = json!({ "token": bob.token });
    assert_eq!(server.refusal("/team-7", auth).await, "not_found");
    let joined = other.request("workspace:join", json!({ "slug": "team-7" })).await;
    assert_eq!(joined["workspace"]["role"], "member", "{joined}");
    let inside = server.connect("/team-7", &bob).await;
    assert!(!inside.ready["rooms"].as_array().unwrap().is_empty());
    let listed = other.request("workspace:list", json!({})).await;
    assert_eq!(listed["workspaces"].as_array().unwrap().len(), 2);
    for slug in ["admin", "api", "socket", "A", "-x", ""] {
        let refused = ada.request("workspace:create", json!({ "slug": slug, "name": "N" })).await;
        assert_eq!(code(&refused), "bad_request", "{slug}");
    }
}

#[tokio::test]
async fn leaving_and_archiving_end_the_sockets_inside() {
    let (server, owner) = Server::start().await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/", &owner).await;
    let mut other = server.connect("/", &bob).await;
    ada.request("workspace:create", json!({ "slug": "club", "name": "Club", "open": true })).await;
    other.request("workspace:join", json!({ "slug": "club" })).await;
    let mut inside = server.connect("/club", &bob).await;
    let mut owner_inside = server.connect("/club", &owner).await;
    assert_eq!(other.request("workspace:leave", json!({ "slug": "club" })).await, json!({ "ok": true }));
    inside.dismissed().await;
    assert_eq!(owner_inside.event("member:left").await["user"], bob.id.as_str());
    assert_eq!(other.event("workspace:removed").await["workspace"]["slug"], "club");
    let auth = json!({ "token": bob.token });
    assert_eq!(server.refusal("/club", auth.clone()).await, "not_found");
    other.request("workspace:join", json!({ "slug": "club" })).await;
    assert_eq!(code(&other.request("workspace:archive", json!({ "slug": "club" })).await), "forbidden");
    assert_eq!(ada.request("workspace:archive", json!({ "slug": "club" })).await, json!({ "ok": true }));
    owner_inside.dismissed().await;
    assert_eq!(other.event("workspace:removed").await["workspace"]["role"], json!(null));
    assert_eq!(server.refusal("/club", json!({ "token": owner.token })).await, "not_found");
    assert_eq!(code(&ada.request("workspace:create", json!({ "slug": "club", "name": "C" })).await), "conflict");
    let server = server.restart().await;
    assert_eq!(server.refusal("/club", auth).await, "not_found");
}

#[tokio::test]
async fn roles_change_and_people_are_removed() {
    let (server, owner) = Server::start().await;
    let (bob, cem) = (server.member(&owner, "bob").await, server.member(&owner, "cem").await);
    let mut ada = server.connect("/general", &owner).await;
    let mut lobby = server.connect("/", &bob).await;
    let mut inside = server.connect("/general", &bob).await;
    let role = |user: &str, role: &str| json!({ "user": user, "role": role });

    assert_eq!(code(&inside.request("member:update", role(&cem.id, "admin")).await), "forbidden");
    assert_eq!(code(&inside.request("member:remove", json!({ "user": cem.id })).await), "forbidden");
    assert_eq!(code(&ada.request("member:update", role(&owner.id, "member")).await), "forbidden", "the last owner");
    assert_eq!(code(&ada.request("member:update", role("01ARZ3NDEKTSV4RRFFQ69G5FAV", "member")).await), "not_found");
    assert_eq!(code(&ada.request("member:update", role(&bob.id, "king")).await), "bad_request");

    let changed = ada.request("member:update", role(&bob.id, "admin")).await;
    assert_eq!(changed["member"]["role"], "admin", "{changed}");
    assert_eq!(changed["member"]["presence"], "online");
    assert_eq!(inside.event("member:changed").await["member"]["role"], "admin");
    assert_eq!(lobby.event("workspace:changed").await["workspace"]["role"], "admin");
    assert_eq!(code(&inside.request("member:update", role(&cem.id, "owner")).await), "forbidden");
    assert_eq!(code(&inside.request("member:remove", json!({ "user": owner.id })).await), "forbidden");

    let mut third = server.connect("/general", &cem).await;
    let mut third_lobby = server.connect("/", &cem).await;
    assert_eq!(inside.request("member:remove", json!({ "user": cem.id })).await, json!({ "ok": true }));
    third.dismissed().await;
    assert_eq!(third_lobby.event("workspace:removed").await["workspace"]["role"], json!(null));
    assert_eq!(ada.event("member:left").await["user"], cem.id.as_str());
    assert_eq!(code(&inside.request("member:remove", json!({ "user": cem.id })).await), "not_found");
    let members = ada.request("room:members", json!({ "room": room(&ada.ready, "general") })).await;
    let logins: Vec<_> = members["members"].as_array().unwrap().iter().map(|m| m["login"].clone()).collect();
    assert_eq!(logins, ["ada", "bob"]);
}

#[tokio::test]
async fn unread_and_mentions_are_told_in_the_lobby() {
    let (server, owner) = Server::start().await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/general", &owner).await;
    let mut lobby = server.connect("/", &bob).await;
    let mut inside = server.connect("/general", &bob).await;
    let mut second = server.connect("/general", &bob).await;
    let general = room(&ada.ready, "general");
    ada.request("message:send", json!({ "room": general, "cid": "1", "text": "hello" })).await;
    let sent = ada.request("message:send", json!({ "room": general, "cid": "2", "text": "@bob look" })).await;
    let mention = lobby.event("mention:received").await;
    assert_eq!((&mention["seq"], mention["excerpt"].as_str()), (&sent["seq"], Some("@bob look")));
    let unread = lobby.event_where("unread:changed", |push| push["unread"] == 2).await;
    assert_eq!((unread["workspace"].as_str(), unread["mentions"].as_u64()), (Some("general"), Some(1)), "{unread}");
    let read = inside.request("read:mark", json!({ "room": general, "seq": sent["seq"] })).await;
    assert_eq!(read["read"], sent["seq"]);
    assert_eq!(second.event("read:changed").await["unread"], 0);
    inside.fence().await;
    assert!(inside.seen("read:changed").is_empty(), "only the other devices are told");
    lobby.event_where("unread:changed", |push| push["unread"] == 0).await;
    let back = inside.request("read:mark", json!({ "room": general, "seq": 1 })).await;
    assert_eq!(back["read"], sent["seq"], "only ever forward");
    let beyond = inside.request("read:mark", json!({ "room": general, "seq": 999_999 })).await;
    assert_eq!(beyond["read"], sent["seq"], "at most the head");
    assert_eq!(inside.request("room:update", json!({ "room": general, "muted": true })).await["room"]["muted"], true);
    ada.request("message:send", json!({ "room": general, "cid": "3", "text": "@bob again" })).await;
    inside.event_where("room:entry", |entry| entry["cid"] == "3").await;
    ada.request("message:send", json!({ "room": room(&ada.ready, "random"), "cid": "4", "text": "@bob here" })).await;
    let next = lobby.event("mention:received").await;
    assert_eq!(next["excerpt"], "@bob here", "a muted room gives no signal");
}

#[tokio::test]
async fn the_total_follows_what_counts_for_somebody() {
    let (server, owner) = Server::start().await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/general", &owner).await;
    let mut lobby = server.connect("/", &bob).await;
    let mut inside = server.connect("/general", &bob).await;
    let (general, random) = (room(&ada.ready, "general"), room(&ada.ready, "random"));
    for (cid, room) in [("1", &general), ("2", &random), ("3", &random)] {
        ada.request("message:send", json!({ "room": room, "cid": cid, "text": "hello" })).await;
    }
    lobby.event_where("unread:changed", |push| push["room"] == random && push["unread"] == 2).await;
    for (muted, total) in [(true, 1), (false, 3)] {
        inside.request("room:update", json!({ "room": random, "muted": muted })).await;
        lobby.event_where("workspace:changed", |push| push["workspace"]["unread"] == total).await;
    }
    inside.request("room:leave", json!({ "room": random })).await;
    lobby.event_where("workspace:changed", |push| push["workspace"]["unread"] == 1).await;
}
