//! The killable cell against a server that misbehaves: whatever happens, the link ends and says so.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, in its helpers too")]

mod support;

use std::time::Duration;

use confab_client::link::socketio::SocketIo;
use confab_client::link::{Down, Factory, Frame, LinkEvent, Opened, Target};
use confab_protocol::ErrorCode;
use confab_protocol::handshake::Handshake;
use serde_json::{Map, Value, json};
use support::{Peer, Server, soon};

const LIMIT: Duration = Duration::from_secs(2);

fn open(server: &Server, namespace: &str) -> Opened {
    let handshake = Handshake {
        token: "secret".into(),
        protocol: Some(1),
        client: Some("test/1".into()),
        batches: false,
        members: None,
    };
    SocketIo
        .open(Target { address: server.address(), certificate: None, namespace: namespace.into(), handshake }, LIMIT)
}

async fn live(server: &Server) -> (Opened, Peer) {
    let mut opened = open(server, "/general");
    let mut peer = server.accept().await;
    peer.answer_connect().await;
    assert_eq!(soon(opened.events.recv()).await, Some(LinkEvent::Up));
    (opened, peer)
}

fn frame(body: Value) -> Frame {
    let Value::Object(body) = body else { panic!("an object") };
    Frame { event: "message:send", body }
}

/// The end of a link, after whatever came before it.
async fn end(opened: &mut Opened) -> Option<Down> {
    loop {
        match soon(opened.events.recv()).await {
            Some(LinkEvent::Down(down)) => return Some(down),
            None => return None,
            Some(_) => {}
        }
    }
}

#[tokio::test]
async fn events_come_in_order_from_the_first_one_on() {
    let server = Server::start().await;
    let mut opened = open(&server, "/general");
    let mut peer = server.accept().await;
    assert_eq!(peer.auth, json!({"token": "secret", "protocol": 1, "client": "test/1"}));
    peer.answer_connect().await;
    for n in 0..500 {
        peer.push("room:entry", json!({"n": n})).await;
    }
    assert_eq!(soon(opened.events.recv()).await, Some(LinkEvent::Up));
    for n in 0..500 {
        let push = LinkEvent::Push { event: "room:entry".into(), body: json!({"n": n}) };
        assert_eq!(soon(opened.events.recv()).await, Some(push));
    }
}

#[tokio::test]
async fn frames_leave_in_order_as_one_object_each() {
    let server = Server::start().await;
    let (opened, mut peer) = live(&server).await;
    for n in 0..200 {
        opened.link.emit(frame(json!({"n": n, "text": "[\"not parsed again\"]"}))).unwrap();
    }
    for n in 0..200 {
        let (event, body) = peer.event().await;
        assert_eq!((event.as_str(), body), ("message:send", json!({"n": n, "text": "[\"not parsed again\"]"})));
    }
}

#[tokio::test]
async fn a_refusal_is_a_code() {
    for (wire, code) in [
        ("unauthorized", ErrorCode::Unauthorized),
        ("not_found", ErrorCode::NotFound),
        ("rate_limited", ErrorCode::RateLimited),
        ("Invalid namespace", ErrorCode::Unavailable),
    ] {
        let server = Server::start().await;
        let mut opened = open(&server, "/general");
        server.accept().await.refuse(wire).await;
        let refused = soon(opened.events.recv()).await;
        let Some(LinkEvent::Refused(error)) = refused else { panic!("{wire}: {refused:?}") };
        assert_eq!(error.code, code, "{wire}");
    }
}

#[tokio::test]
async fn every_way_to_close_ends_the_link_at_once() {
    for how in ["close frame", "reset", "disconnect packet", "engine close", "garbage"] {
        let server = Server::start().await;
        let (mut opened, mut peer) = live(&server).await;
        match how {
            "close frame" => {
                peer.socket.close(None).await.unwrap();
                drop(peer);
            }
            "reset" => {
                let stream = peer.socket.get_ref();
                stream.set_zero_linger().unwrap();
                drop(peer);
            }
            "disconnect packet" => peer.send("41/general,".into()).await,
            "engine close" => {
                // Without the end of the TCP connection this is not noticed, except by the heartbeat.
                peer.send("1".into()).await;
                drop(peer);
            }
            _ => peer.send("4?".into()).await,
        }
        let began = tokio::time::Instant::now();
        assert!(end(&mut opened).await.is_some(), "{how}");
        // Far below any limit in time: it was noticed, not waited for.
        assert!(began.elapsed().as_secs() < 3, "{how}");
    }
}

#[tokio::test]
async fn nobody_there_is_an_end_too() {
    let server = Server::start().await;
    let address = server.address();
    drop(server);
    let handshake = Handshake { token: String::new(), protocol: None, client: None, batches: false, members: None };
    let mut opened = SocketIo.open(Target { address, certificate: None, namespace: "/".into(), handshake }, LIMIT);
    assert!(matches!(end(&mut opened).await, Some(Down::Connect(_))));
}

#[tokio::test]
async fn a_connect_without_an_answer_ends_in_time() {
    let server = Server::start().await;
    let mut opened = open(&server, "/");
    let _silent = server.accept().await;
    assert_eq!(end(&mut opened).await, Some(Down::Timeout("answer to CONNECT")));
}

#[tokio::test]
async fn a_network_that_swallows_everything_is_given_up_soon_however_patient_one_is_with_the_server() {
    let nobody_answers = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", nobody_answers.local_addr().unwrap());
    let handshake = Handshake { token: String::new(), protocol: None, client: None, batches: false, members: None };
    let target = Target { address, certificate: None, namespace: "/".into(), handshake };
    let mut opened = SocketIo.open(target, Duration::from_secs(3_600));
    assert_eq!(end(&mut opened).await, Some(Down::Timeout("connection")));
}

#[tokio::test]
async fn a_peer_that_does_not_read_ends_in_time() {
    let server = Server::start().await;
    let (mut opened, _frozen) = live(&server).await;
    let big = "x".repeat(1 << 20);
    let mut body = Map::new();
    body.insert("text".into(), big.into());
    // Until the send buffers are full; the queue overflows or the emit takes too long.
    let mut overflow = false;
    for _ in 0..64 {
        overflow |= opened.link.emit(Frame { event: "message:send", body: body.clone() }).is_err();
    }
    assert!(!overflow);
    assert_eq!(end(&mut opened).await, Some(Down::Timeout("room in the send buffer")));
}

#[tokio::test]
async fn a_machine_that_does_not_read_ends_the_link_with_bounded_memory() {
    let server = Server::start().await;
    let (mut opened, mut peer) = live(&server).await;
    // The peer may be cut off in the middle of it.
    for n in 0..5_000 {
        use futures_util::SinkExt as _;
        let packet = format!("42/general,[\"room:entry\",{{\"n\":{n}}}]");
        if peer.socket.send(packet.into()).await.is_err() {
            break;
        }
    }
    assert_eq!(soon(peer.receive()).await, None, "the cell is gone");
    let mut events = 0;
    while soon(opened.events.recv()).await.is_some() {
        events += 1;
    }
    // The queue, and the end of the link, for which the first one that is taken out makes room.
    assert!((1..=1_025).contains(&events), "{events}");
}

#[tokio::test]
async fn dropping_the_link_ends_the_connection_at_once() {
    let server = Server::start().await;
    let (opened, mut peer) = live(&server).await;
    drop(opened);
    assert_eq!(soon(peer.receive()).await, None);
}
