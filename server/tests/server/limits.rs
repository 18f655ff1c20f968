//! Rates and sizes.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{DEADLINE, Server, code, room};

#[tokio::test]
async fn messages_are_limited_per_user_and_batches_count_each() {
    let (server, owner) = Server::with(|config| config.limits.messages_burst = 5).await;
    let mut first = server.connect("/general", &owner).await;
    let mut second = server.connect("/general", &owner).await;
    let general = room(&first.ready, "general");
    let message = |cid: usize| json!({ "room": general, "cid": format!("c{cid}"), "text": "x" });
    for cid in 0..3 {
        assert_eq!(first.request("message:send", message(cid)).await["ok"], true);
    }
    let messages: Vec<_> = (3..10).map(message).collect();
    let reply = second.request("message:send_batch", json!({ "messages": messages })).await;
    let results = reply["results"].as_array().unwrap();
    assert!(results[0]["ok"] == true && results[1]["ok"] == true, "{reply}");
    assert!(results[2..].iter().all(|result| code(result) == "rate_limited"), "{reply}");
    let wait = results[2]["error"]["retry_after_ms"].as_u64().unwrap();
    assert!((1..=400).contains(&wait), "{wait}");
    second.fence().await;
}

#[tokio::test]
async fn events_are_limited_per_socket() {
    let (server, owner) = Server::with(|config| config.limits.events_per_10s = 10).await;
    let mut client = server.connect("/general", &owner).await;
    let mut refused = 0;
    for _ in 0..30 {
        let reply = client.request("room:list", json!({})).await;
        if code(&reply) == "rate_limited" {
            assert!(reply["error"]["retry_after_ms"].as_u64().unwrap() > 0);
            refused += 1;
        }
    }
    assert!((15..=20).contains(&refused), "{refused}");
    let mut other = server.connect("/general", &owner).await;
    assert_eq!(other.request("room:list", json!({})).await["ok"], true);
}

#[tokio::test]
async fn a_half_open_connection_is_closed_in_time() {
    let (server, _) = Server::with(|config| config.limits.handshake_seconds = 1).await;
    for head in ["", "GET / HTTP/1.1\r\nHost: x\r\n"] {
        let mut stream = TcpStream::connect(server.handle.addr()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        // An answer that says so, or none: the connection ends.
        let ended = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{head:?}");
    }
}

#[tokio::test]
async fn an_address_has_only_so_many_connections() {
    let (server, _) = Server::with(|config| config.limits.connections_per_address = 4).await;
    let addr: SocketAddr = server.handle.addr();
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(TcpStream::connect(addr).await.unwrap());
    }
    let mut closed = 0;
    for stream in &mut open {
        let mut byte = [0];
        if let Ok(Ok(0) | Err(_)) = tokio::time::timeout(Duration::from_millis(300), stream.read(&mut byte)).await {
            closed += 1;
        }
    }
    assert!((4..=8).contains(&closed), "{closed}");
}

#[tokio::test]
async fn who_has_signed_in_does_not_count_against_the_address() {
    let (server, owner) = Server::with(|config| {
        config.limits.connections_per_address = 4;
        config.limits.sockets_per_user = 100;
    })
    .await;
    let mut clients = Vec::new();
    for _ in 0..12 {
        let mut client = server.connect("/general", &owner).await;
        client.fence().await;
        clients.push(client);
    }
}

#[tokio::test]
async fn a_reader_that_has_stopped_hurts_nobody_else() {
    let (server, owner) = Server::with(|config| {
        config.limits.messages_per_10s = 10_000_000;
        config.limits.messages_burst = 1_000_000;
    })
    .await;
    let mut stalled = server.connect("/general", &owner).await;
    stalled.fence().await;
    let mut client = server.connect("/general", &owner).await;
    let general = room(&client.ready, "general");
    // Far more than the buffers of the stalled one hold.
    let text = "x".repeat(16 * 1024);
    for i in 0..1500 {
        let reply =
            client.request("message:send", json!({ "room": general, "cid": format!("c{i}"), "text": text })).await;
        assert_eq!(reply["ok"], true);
    }
    client.fence().await;
}
