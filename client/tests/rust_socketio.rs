//! What `rust_socketio` 0.6.0 does and should not: the reasons for the killable cell in `client/src/link/socketio.rs`.
//!
//! When one of these fails after an upgrade, a part of the cell may have become unnecessary.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, in its helpers too")]

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use rust_socketio::asynchronous::{Client, ClientBuilder};
use rust_socketio::{Event, Payload, TransportType};
use serde_json::{Value, json};
use support::{Server, soon};
use tokio::sync::mpsc;

fn builder(server: &Server) -> ClientBuilder {
    ClientBuilder::new(server.address())
        .namespace("/general")
        .transport_type(TransportType::Websocket)
        .reconnect(false)
        .auth(json!({"token": "t"}))
}

fn payload(body: Value) -> Payload {
    Payload::Text(vec![body])
}

#[tokio::test]
async fn connect_returns_before_the_connect_is_answered() {
    let server = Server::start().await;
    let (client, peer) = tokio::join!(soon(builder(&server).connect()), server.accept());
    assert!(client.is_ok(), "although the server has not said a word about the namespace");
    assert_eq!(peer.namespace, "/general");
    assert_eq!(peer.auth["token"], "t");
}

#[tokio::test]
async fn a_refusal_is_only_an_error_event_with_a_text() {
    let server = Server::start().await;
    let (errors, mut heard) = mpsc::channel(8);
    let on_error = move |error: Payload, _: Client| {
        let _ = errors.try_send(format!("{error:?}"));
        std::future::ready(()).boxed()
    };
    let (client, mut peer) = tokio::join!(soon(builder(&server).on(Event::Error, on_error).connect()), server.accept());
    peer.refuse("unauthorized").await;
    let text = soon(heard.recv()).await.unwrap();
    assert!(text.contains("ConnectError") && text.contains("unauthorized"), "{text}");
    assert!(client.is_ok());
}

#[tokio::test]
async fn the_end_of_the_connection_is_no_event() {
    let server = Server::start().await;
    let closed = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&closed);
    let on_close = move |_: Payload, _: Client| {
        seen.store(true, Ordering::SeqCst);
        std::future::ready(()).boxed()
    };
    let (client, mut peer) = tokio::join!(soon(builder(&server).on(Event::Close, on_close).connect()), server.accept());
    let client = client.unwrap();
    peer.answer_connect().await;
    peer.socket.close(None).await.unwrap();
    drop(peer);
    soon(async {
        while client.emit("a:b", payload(json!({}))).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(!closed.load(Ordering::SeqCst), "emits fail by now, and still nothing was reported");
}

#[tokio::test]
async fn a_dropped_client_stays_connected() {
    let server = Server::start().await;
    let (events, mut heard) = mpsc::channel(8);
    let on_any = move |event: Event, _: Payload, _: Client| {
        let _ = events.try_send(event);
        std::future::ready(()).boxed()
    };
    let (client, mut peer) = tokio::join!(soon(builder(&server).on_any(on_any).connect()), server.accept());
    peer.answer_connect().await;
    drop(client);
    peer.push("room:entry", json!({})).await;
    assert_eq!(soon(heard.recv()).await, Some(Event::Custom("room:entry".into())), "nobody holds it any more");
}

#[tokio::test]
async fn ack_ids_collide() {
    let server = Server::start().await;
    let (client, mut peer) = tokio::join!(soon(builder(&server).connect()), server.accept());
    let client = client.unwrap();
    peer.answer_connect().await;
    let mut ids = HashSet::new();
    let mut sent = 0;
    // 300 ids out of 999 are all different with a probability of 10^-22.
    for _ in 0..300 {
        let nothing = |_: Payload, _: Client| std::future::ready(()).boxed();
        client.emit_with_ack("a:b", payload(json!({})), Duration::from_secs(9), nothing).await.unwrap();
        let packet = soon(peer.receive()).await.unwrap();
        let Some(id) = packet.strip_prefix("42/general,").and_then(|rest| rest.split('[').next()) else { continue };
        assert!(id.parse::<u32>().unwrap() < 999);
        ids.insert(id.to_owned());
        sent += 1;
    }
    assert!(sent > 250 && ids.len() < sent, "{} ids for {sent} requests", ids.len());
}

#[tokio::test]
async fn a_packet_that_cannot_be_parsed_leaves_a_zombie() {
    let server = Server::start().await;
    let (events, mut heard) = mpsc::channel(8);
    let on_any = move |event: Event, _: Payload, _: Client| {
        let _ = events.try_send(event.to_string());
        std::future::ready(()).boxed()
    };
    let (errors, mut failed) = mpsc::channel(8);
    let on_error = move |_: Payload, _: Client| {
        let _ = errors.try_send(());
        std::future::ready(()).boxed()
    };
    let connecting = builder(&server).on_any(on_any).on(Event::Error, on_error).connect();
    let (client, mut peer) = tokio::join!(soon(connecting), server.accept());
    let client = client.unwrap();
    peer.answer_connect().await;
    peer.send("4?".into()).await;
    soon(failed.recv()).await;
    assert!(client.emit("a:b", payload(json!({}))).await.is_ok(), "although nothing is read any more");
    assert_eq!(peer.event().await.0, "a:b");
    // No callback holds the sender any more once the reader is gone, or it is silent: either way nothing comes.
    peer.push("room:entry", json!({})).await;
    drop(client);
    assert_eq!(soon(heard.recv()).await, None);
}

#[tokio::test]
async fn a_binary_event_loses_its_name_its_object_and_a_part_of_its_bytes() {
    let server = Server::start().await;
    let (events, mut heard) = mpsc::channel(8);
    let (errors, mut failed) = mpsc::channel(8);
    let on_any = move |event: Event, payload: Payload, _: Client| {
        let _ = events.try_send((event, payload));
        std::future::ready(()).boxed()
    };
    let on_error = move |_: Payload, _: Client| {
        let _ = errors.try_send(());
        std::future::ready(()).boxed()
    };
    let connecting = builder(&server).on_any(on_any).on(Event::Error, on_error).connect();
    let (_client, mut peer) = tokio::join!(soon(connecting), server.accept());
    peer.answer_connect().await;
    // 0x1E separates packets of long-polling; a WebSocket's frame is one packet whatever is in it.
    peer.push_binary("file:sent", json!({"name": "a"}), &[1, 0x1E, 3]).await;
    let (event, payload) = soon(heard.recv()).await.unwrap();
    assert_eq!(event, Event::Custom("file:sent,{name:a}".into()), "the name has taken in the object");
    let Payload::Binary(bytes) = payload else { panic!("{payload:?}") };
    assert_eq!(*bytes, [1], "what came before the 0x1E");
    assert_eq!(soon(failed.recv()).await, Some(()), "and the rest is taken for a packet that is none");
}

#[tokio::test]
async fn the_most_reconnect_attempts_are_no_limit() {
    const MOST: u8 = 2;
    let server = Server::start().await;
    let stubborn = builder(&server).reconnect(true).max_reconnect_attempts(MOST).reconnect_delay(1, 1);
    let (client, peer) = tokio::join!(soon(stubborn.connect()), server.accept());
    assert!(client.is_ok());
    drop(peer);
    for _ in 0..10 * MOST {
        server.turn_away().await;
    }
}

/// How the operating system has the client's socket: there is no way to ask the library, and none to change it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn nagle_is_on() {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    use socket2::SockRef;
    let server = Server::start().await;
    let (_client, _peer) = tokio::join!(soon(builder(&server).connect()), server.accept());
    // Sockets cannot be opened anew by their path, but a process may ask for a copy of any descriptor of its own.
    let own = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
    let numbers = std::fs::read_dir("/proc/self/fd").unwrap().map(|fd| fd.unwrap().file_name());
    let copies = numbers
        .filter_map(|fd| pidfd_getfd(&own, fd.to_str().unwrap().parse().unwrap(), PidfdGetfdFlags::empty()).ok());
    let to_server = |fd: &std::os::fd::OwnedFd| {
        SockRef::from(fd).peer_addr().ok().and_then(|peer| peer.as_socket()) == Some(server.local_addr())
    };
    let found: Vec<_> = copies.filter(to_server).collect();
    assert_eq!(found.len(), 1, "the client has one connection");
    assert!(!SockRef::from(&found[0]).tcp_nodelay().unwrap());
}

#[tokio::test]
async fn a_request_in_the_callback_of_an_answer_never_returns() {
    /// Far more than it takes where nothing is in the way.
    const LONG: Duration = Duration::from_secs(1);
    let server = Server::start().await;
    let (client, mut peer) = tokio::join!(soon(builder(&server).connect()), server.accept());
    let client = client.unwrap();
    peer.answer_connect().await;
    let (results, mut result) = mpsc::channel(1);
    let ask_again = move |_: Payload, client: Client| {
        let results = results.clone();
        async move {
            let nothing = |_: Payload, _: Client| std::future::ready(()).boxed();
            let asked = client.emit_with_ack("c:d", payload(json!({})), Duration::from_secs(9), nothing);
            let _ = results.try_send(tokio::time::timeout(LONG, asked).await.is_ok());
        }
        .boxed()
    };
    client.emit_with_ack("a:b", payload(json!({})), Duration::from_secs(9), ask_again).await.unwrap();
    peer.answer_any().await;
    assert_eq!(soon(result.recv()).await, Some(false), "it waits for a lock that its own reader holds");
}
