//! The bare WebSocket peer, and how both peers are started. A peer speaks just enough Socket.IO for the same load generator:
//! it greets, lets everybody into the one room, and sends every message to all. It keeps nothing and acks no message.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::process::{Cores, Ground, Process};

/// Peers have a single thread, and keep nothing on a disk.
const ALONE: Ground = Ground { cores: Cores::One, flush: Duration::ZERO };

/// Node Socket.IO 4.8, from `bench/peers/node`.
///
/// # Errors
/// When its modules are not installed, or it does not start.
pub async fn node() -> Result<Process> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("peers/node");
    ensure!(
        dir.join("node_modules/socket.io").exists(),
        "the Node peer is not installed: npm ci --prefix bench/peers/node"
    );
    let node = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|dir| dir.join("node"))
        .find(|node| node.exists())
        .context("node is not installed")?;
    Process::start(&node, &[dir.join("server.mjs").to_string_lossy().into_owned()], ALONE).await
}

/// This program as a bare WebSocket server.
///
/// # Errors
/// When it does not start.
pub async fn bare() -> Result<Process> {
    Process::start(&std::env::current_exe()?, &["peer".to_owned()], ALONE).await
}

type Room = Rc<RefCell<Vec<mpsc::Sender<Utf8Bytes>>>>;

/// Serves until it is killed.
///
/// # Errors
/// When no port can be had.
pub async fn serve() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let room = Room::default();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        // A client that leaves takes nothing with it; its error is of no interest.
        let room = room.clone();
        tokio::task::spawn_local(async move {
            let _ = client(stream, room).await;
        });
    }
}

async fn client(stream: TcpStream, room: Room) -> Result<()> {
    let addr: SocketAddr = stream.peer_addr()?;
    // The default read buffer of 128 KiB would be all that the memory figure shows; the server tunes its own alike.
    let config = WebSocketConfig::default().read_buffer_size(1024);
    let (mut out, mut input) = tokio_tungstenite::accept_async_with_config(stream, Some(config)).await?.split();
    out.send(Message::text(format!(
        "0{{\"sid\":\"{addr}\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":131072}}"
    )))
    .await?;
    let (queue, mut queued) = mpsc::channel::<Utf8Bytes>(512);
    tokio::task::spawn_local(async move {
        while let Some(packet) = queued.recv().await {
            if out.feed(Message::Text(packet)).await.is_err() {
                return;
            }
            while let Ok(packet) = queued.try_recv() {
                if out.feed(Message::Text(packet)).await.is_err() {
                    return;
                }
            }
            if out.flush().await.is_err() {
                return;
            }
        }
    });
    while let Some(Ok(message)) = input.next().await {
        let Message::Text(packet) = message else { continue };
        if packet.starts_with("40") {
            queue.send(format!("40/general,{{\"sid\":\"{addr}\"}}").into()).await?;
            queue
                .send("42/general,[\"workspace:ready\",{\"rooms\":[{\"id\":\"general\",\"name\":\"general\"}]}]".into())
                .await?;
        } else if let Some(id) = packet.strip_prefix("42/general,0[\"room:join\"").map(|_| 0) {
            room.borrow_mut().push(queue.clone());
            queue.send(format!("43/general,{id}[{{\"ok\":true}}]").into()).await?;
        } else if let Some(json) = packet.find('{').map(|at| &packet[at..]) {
            let entry = Utf8Bytes::from(format!(
                "42/general,[\"room:entry\",{{\"seq\":1,\"ts\":\"2026-11-21T09:30:00.000Z\",\"kind\":\"message\",\"author\":\"0123456789abcdef0123456789abcdef\",\
                 \"id\":\"0123456789abcdef0123456789abcdef\",\"mentions\":[],{}",
                &json[1..]
            ));
            for member in room.borrow().iter() {
                // A full queue drops, as socketioxide does; the crowd would notice.
                let _ = member.try_send(entry.clone());
            }
        }
    }
    Ok(())
}
