//! Whatever a client sends is answered: never silence.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Server, code, room};

#[tokio::test]
async fn a_payload_that_is_not_one_object_is_a_bad_request() {
    let (server, owner) = Server::start().await;
    let mut client = server.connect("/general", &owner).await;
    for payload in [
        r#"["message:send"]"#,
        r#"["message:send",null]"#,
        r#"["message:send",7]"#,
        r#"["message:send","x"]"#,
        r#"["message:send",[]]"#,
        r#"["message:send",{},{}]"#,
        r#"["message:send",{"room":1,"cid":"c","text":"x"}]"#,
        r#"["message:send",{"room":"r","cid":"","text":"x"}]"#,
        r#"["message:send",{"room":"r","cid":"c"}]"#,
        r#"["message:send",{"room":"r","cid":"c","text":"\ud800"}]"#,
        r#"["room:join",{"room":"a b"}]"#,
        r#"["link:ping"]"#,
    ] {
        let id = client.send_raw_payload(payload).await;
        let reply = client.ack(id).await;
        assert_eq!((reply["ok"].as_bool(), code(&reply)), (Some(false), "bad_request"), "{payload}: {reply}");
    }
    client.raw(r#"451-/general,77["message:send",{"_placeholder":true,"num":0}]"#).await;
    assert!(client.frame(Message::binary(vec![1, 2, 3])).await);
    assert_eq!(code(&client.ack(77).await), "bad_request");
}

#[tokio::test]
async fn unknown_events_say_so_and_unknown_fields_do_not_matter() {
    let (server, owner) = Server::start().await;
    let mut client = server.connect("/general", &owner).await;
    for event in ["no:such", "command:register", "message:pins", "workspace:create", "constructor"] {
        assert_eq!(code(&client.request(event, json!({})).await), "unknown_event", "{event}");
    }
    let id = client.send_raw_payload(r#"["no:such",7]"#).await;
    assert_eq!(code(&client.ack(id).await), "unknown_event");
    let general = room(&client.ready, "general");
    let body = json!({ "room": general, "cid": "c", "text": "x", "author": "me", "seq": 99, "ts": "never" });
    let sent = client.request("message:send", body).await;
    assert_eq!(sent["ok"], true, "{sent}");
    assert_ne!(sent["seq"], 99);
}

#[tokio::test]
async fn a_rid_is_answered_by_event_with_the_same_object() {
    let (server, owner) = Server::start().await;
    let mut client = server.connect("/general", &owner).await;
    let general = room(&client.ready, "general");
    let body = json!({ "room": general, "cid": "c", "text": "x", "rid": "r-1" });
    client.raw(&format!("42/general,{}", json!(["message:send", body]))).await;
    let answered = client.event("request:answered").await;
    assert_eq!((answered["rid"].as_str(), answered["ok"].as_bool()), (Some("r-1"), Some(true)), "{answered}");
    for (event, expected) in [("no:such", "unknown_event"), ("room:join", "bad_request")] {
        client.raw(&format!("42/general,{}", json!([event, { "rid": event }]))).await;
        let answered = client.event("request:answered").await;
        assert_eq!((answered["rid"].as_str(), code(&answered)), (Some(event), expected));
    }
    let acked = client.request("link:ping", json!({ "rid": "both" })).await;
    assert_eq!(acked, json!({ "ok": true }));
    assert_eq!(client.event("request:answered").await, json!({ "ok": true, "rid": "both" }));
}

#[tokio::test]
async fn text_is_canonical_and_within_its_limit() {
    let (server, owner) = Server::start().await;
    let mut client = server.connect("/general", &owner).await;
    let general = room(&client.ready, "general");
    let send = |cid: &str, text: &str| json!({ "room": general, "cid": cid, "text": text });
    assert_eq!(code(&client.request("message:send", send("a", "\u{0}")).await), "bad_request");
    assert_eq!(code(&client.request("message:send", send("b", "  \n ")).await), "bad_request");
    assert_eq!(code(&client.request("message:send", send("c", &"x".repeat(16 * 1024 + 1))).await), "too_large");
    assert_eq!(client.request("message:send", send("d", &"x".repeat(16 * 1024))).await["ok"], true);
    assert_eq!(client.request("message:send", send("e", " e\u{301}\r\n! ")).await["ok"], true);
    let entry = client.event_where("room:entry", |entry| entry["cid"] == "e").await;
    assert_eq!(entry["text"], "é\n!");
}

#[tokio::test]
async fn a_frame_over_the_limit_closes_the_connection_and_nothing_else() {
    let (server, owner) = Server::start().await;
    let mut other = server.connect("/general", &owner).await;
    let mut client = server.connect("/general", &owner).await;
    client.frame(Message::text(format!("42/general,[\"message:send\",\"{}\"]", "x".repeat(200 * 1024)))).await;
    client.closed().await;
    other.fence().await;
}
