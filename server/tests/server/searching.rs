//! `message:search` over the wire.

use serde_json::{Value, json};

use crate::harness::{Server, code, room};

#[tokio::test]
async fn messages_are_found_by_those_who_are_in_the_room() {
    let (server, owner) = Server::start().await;
    let mut ada = server.connect("/general", &owner).await;
    let general = room(&ada.ready, "general");
    let text = "Das Café \u{1F600} öffnet um drei";
    let sent = ada.request("message:send", json!({ "room": general, "cid": "c1", "text": text })).await;
    let found = ada.request("message:search", json!({ "query": "cafe off", "limit": 5 })).await;
    let [hit] = found["hits"].as_array().unwrap().as_slice() else { panic!("{found}") };
    assert_eq!((&hit["room"], &hit["message"]["id"]), (&json!(general), &sent["id"]));
    assert_eq!(hit["message"]["text"], text);
    assert_eq!(hit["highlights"], json!([[4, 8], [12, 15]]), "ranges in UTF-16");
    assert!(found["ok"] == true && found.get("cursor").is_none() && found.get("incomplete").is_none(), "{found}");

    let secret = ada.request("room:create", json!({ "name": "secret", "kind": "private" })).await;
    let secret = secret["room"]["id"].clone();
    ada.request("message:send", json!({ "room": secret, "cid": "c2", "text": "a secret cafe" })).await;
    let token = server.member(&owner, "bob").await;
    let mut bob = server.connect("/general", &token).await;
    let found = bob.request("message:search", json!({ "query": "cafe" })).await;
    assert_eq!(found["hits"].as_array().map(Vec::len), Some(1), "{found}");
    let refused = bob.request("message:search", json!({ "query": "cafe", "room": secret })).await;
    assert_eq!(code(&refused), "not_found");
}

#[tokio::test]
async fn a_search_must_look_for_something_and_not_too_much() {
    let (server, owner) = Server::start().await;
    let mut ada = server.connect("/general", &owner).await;
    let refused = [
        json!({}),
        json!({ "query": " \"\" " }),
        json!({ "query": "x".repeat(513) }),
        json!({ "query": (0..13).map(|n| format!("w{n} ")).collect::<String>() }),
        json!({ "query": "x", "has": "wings" }),
        json!({ "query": "x", "before": "tomorrow" }),
        json!({ "query": "x", "cursor": "c" }),
        json!({ "query": "x", "from": 7 }),
    ];
    for body in refused {
        assert_eq!(code(&ada.request("message:search", body.clone()).await), "bad_request", "{body}");
    }
    let allowed =
        [json!({ "query": "x", "limit": 9999 }), json!({ "has": "link" }), json!({ "query": "\u{1}'\"*%_()" })];
    for body in allowed {
        assert_eq!(ada.request("message:search", body.clone()).await["ok"], true, "{body}");
    }
}

#[tokio::test]
async fn searches_have_a_rate_of_their_own() {
    let (server, owner) = Server::with(|config| config.limits.searches_per_10s = 3).await;
    let mut ada = server.connect("/general", &owner).await;
    let mut codes = Vec::new();
    for _ in 0..5 {
        let answer: Value = ada.request("message:search", json!({ "query": "x" })).await;
        codes.push(code(&answer).to_owned());
    }
    assert!(codes[3] == "rate_limited" || codes[4] == "rate_limited", "{codes:?}");
    assert_eq!(ada.request("room:list", json!({})).await["ok"], true);
}
