//! What is long goes past the engine's buffers, and nobody may notice; nor that a WebSocket never was a request of the
//! engine's.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{DEADLINE, Server, room};
use crate::polling::Poller;

#[tokio::test]
async fn a_long_answer_is_the_same_over_every_transport() {
    let (server, owner) = Server::start().await;
    let mut client = server.connect("/general", &owner).await;
    let general = room(&client.ready, "general");
    // As many as one may send at once.
    let message = |i: usize| json!({ "room": general, "cid": format!("c-{i}"), "text": "é\"]#1".repeat(200) });
    let messages: Vec<Value> = (0..60).map(message).collect();
    let sent = client.request("message:send_batch", json!({ "messages": messages })).await;
    assert_eq!(sent["results"][59]["ok"], true, "{sent}");

    let body = json!({ "room": general, "limit": 200 });
    let history = client.request("room:history", body.clone()).await;
    assert_eq!(history["messages"].as_array().unwrap().len(), 60);
    assert!(history.to_string().len() > 65_536, "it needs the longest header of a frame");

    let mut with_rid = body.clone();
    with_rid["rid"] = json!("r");
    client.raw(&format!("42/general,{}", json!(["room:history", with_rid]))).await;
    let mut answered = client.event("request:answered").await;
    assert_eq!(answered.as_object_mut().unwrap().remove("rid"), Some(json!("r")));
    assert_eq!(answered, history);

    let poller = Poller::open(&server).await;
    poller.join("/general", &owner).await;
    poller.post(format!("42/general,7{}", json!(["room:history", body]))).await;
    let polled: Value = serde_json::from_str(&poller.until("43/general,7").await).unwrap();
    assert_eq!(polled[0], history);
    client.fence().await;
}

#[tokio::test]
async fn what_a_client_sends_with_its_handshake_is_not_lost() {
    let (server, owner) = Server::start().await;
    let connect = format!("40/general,{}", json!({ "token": owner.token, "protocol": 1 }));
    let mut early = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
        Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        .to_vec();
    // One text frame, masked with zeros.
    early.extend_from_slice(&[0x81, 0x80 | u8::try_from(connect.len()).unwrap(), 0, 0, 0, 0]);
    early.extend_from_slice(connect.as_bytes());
    let mut stream = TcpStream::connect(server.handle.addr()).await.unwrap();
    stream.write_all(&early).await.unwrap();
    let mut read = Vec::new();
    let greeted = async {
        while !String::from_utf8_lossy(&read).contains("workspace:ready") {
            assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "{}", String::from_utf8_lossy(&read));
        }
    };
    tokio::time::timeout(DEADLINE, greeted).await.expect("it is let in");
    let answer = String::from_utf8_lossy(&read);
    assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "the key is answered as RFC 6455 says: {answer}");
}
