//! Networks that fail without a word, and readers that only pause: the first are noticed in time, the others are left alone.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use confab_client::entrance;
use confab_client::local::Local;
use confab_client::session::Session;
use confab_client::view::{LinkState, Update};
use confab_protocol::account::{Secret, SignIn};
use confab_tests::{HALL, Packet, Person, Proxy, Stage, Wire, cid, room_id};
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// The server's ping interval and timeout, a second, and what a busy test machine takes to notice that they are over.
const HEARTBEAT: Duration = Duration::from_secs(25 + 20 + 1 + BUSY);
/// The app asks after ten seconds of silence and waits for four; the same on top.
const APP: Duration = Duration::from_secs(10 + 4 + 1 + BUSY);
const BUSY: u64 = 4;
/// How long the reader that only pauses does so.
const PAUSE: Duration = Duration::from_secs(8);

async fn app(address: &str, who: &Person) -> Result<(Session, mpsc::Receiver<Update>)> {
    let request = SignIn { login: who.login.clone(), password: Secret(who.password.clone()), device: None };
    let identity = entrance::sign_in(address, &request).await?;
    let (updates, mut coming) = mpsc::channel(256);
    let session = Session::start(identity, Local::none(), updates);
    session.open_workspace("general".parse()?).await?;
    link(&mut coming, Duration::from_secs(20), |state| *state == LinkState::Live).await?;
    Ok((session, coming))
}

/// Waits until the workspace's link is like this.
async fn link(
    coming: &mut mpsc::Receiver<Update>,
    limit: Duration,
    wanted: impl Fn(&LinkState) -> bool,
) -> Result<Duration> {
    let began = Instant::now();
    let waiting = async {
        while let Some(update) = coming.recv().await {
            if matches!(&update, Update::Link { namespace, state } if namespace == HALL && wanted(state)) {
                return Ok(began.elapsed());
            }
        }
        anyhow::bail!("the session ended")
    };
    tokio::time::timeout(limit, waiting).await.context("the link stays as it is")?
}

/// Reads until all of these people are told to be offline. None when that does not happen within the limit.
async fn offline(wire: &mut Wire, users: &[&str], limit: Duration) -> Result<Option<Duration>> {
    let began = Instant::now();
    let mut there = users.to_vec();
    let reading = async {
        loop {
            // A ping keeps the reading alive for longer than any single answer may take.
            let next = tokio::time::timeout(Duration::from_secs(5), wire.next()).await;
            match next {
                Ok(Ok(Some(Packet::Event { name, body, .. })))
                    if name == "presence:changed" && body["state"] == "offline" =>
                {
                    there.retain(|user| body["user"] != **user);
                    if there.is_empty() {
                        return Ok(began.elapsed());
                    }
                }
                Ok(Ok(Some(_))) | Err(_) => {}
                Ok(Ok(None)) => anyhow::bail!("the watcher itself was cut"),
                Ok(Err(error)) => return Err(error),
            }
        }
    };
    tokio::time::timeout(limit, reading).await.ok().transpose()
}

/// A connection whose kernels, this one's and the server's, keep hardly anything while nobody reads it: buffers grow with
/// the size of segments.
async fn narrow(stage: &Stage, who: &Person) -> Result<Wire> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_recv_buffer_size(4096)?;
    socket.set_tcp_mss(600)?;
    socket.connect(&stage.server.addr().into())?;
    socket.set_nonblocking(true)?;
    let mut wire = Wire::over(TcpStream::from_std(socket.into())?, stage.server.addr(), None).await?;
    wire.connect(HALL, &who.token).await??;
    wire.push(HALL, "workspace:ready").await?;
    Ok(wire)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_black_hole_is_noticed_in_time_at_both_ends() -> Result<()> {
    let stage = Stage::new().await?;
    let proxy = Proxy::start(stage.server.addr()).await?;
    let (mut bob, _) = stage.enter(&stage.bob).await?;
    let (_ada, mut coming) = app(&proxy.url(), &stage.ada).await?;
    // Cem's library answers a ping that nobody sent, as some do: that must not stand for the answer to the next one.
    let mut cem = Wire::open(proxy.addr()).await?;
    cem.connect(HALL, &stage.cem.token).await??;
    cem.ok(HALL, "link:ping", json!({})).await?;
    cem.text("3").await?;
    cem.ok(HALL, "link:ping", json!({})).await?;
    // Nobody writes and nobody reads: connections stay open, and nothing says that they lead nowhere.
    proxy.blackhole(true);
    let lost = async { link(&mut coming, APP, |state| matches!(state, LinkState::Waiting { .. })).await };
    let vanished = [stage.ada.id.as_str(), &stage.cem.id];
    let (app, server) = tokio::join!(lost, offline(&mut bob, &vanished, HEARTBEAT));
    let app = app.context("the app does not notice")?;
    let server = server?.with_context(|| format!("the server still shows them {} s later", HEARTBEAT.as_secs()))?;
    println!("noticed by the app after {app:.1?}, by the server after {server:.1?}");
    Ok(())
}

#[tokio::test]
async fn a_reader_that_pauses_is_not_cut() -> Result<()> {
    let stage = Stage::new().await?;
    let (mut ada, ready) = stage.enter(&stage.ada).await?;
    let (mut bob, _) = stage.enter(&stage.bob).await?;
    let room = room_id(&ready, "general")?;
    let mut cem = narrow(&stage, &stage.cem).await?;

    // Many times what the kernels keep for him, and little to the server (1,024 packets).
    let text = "x".repeat(16_000);
    let mut head = 0;
    for _ in 0..8 {
        let messages: Vec<Value> = (0..7).map(|_| json!({ "room": room, "cid": cid(), "text": text })).collect();
        let sent = bob.ok(HALL, "message:send_batch", json!({ "messages": messages })).await?;
        head = sent["results"][6]["seq"].as_u64().context("all are committed")?;
    }
    ada.push_where(HALL, "room:entry", |entry| entry["seq"] == head).await?;
    let cut = offline(&mut ada, &[&stage.cem.id], PAUSE).await?;
    let told = ada.pushed(HALL, "presence:changed").await?;
    let cut_before = told.iter().any(|told| told["user"] == *stage.cem.id && told["state"] == "offline");
    ensure!(cut.is_none() && !cut_before, "a reader that paused was cut after {cut:?}");
    // He reads on, over the same connection.
    let came = cem.drain(HALL, "room:entry").await?;
    ensure!(came.last().is_some_and(|last| last["seq"] == head), "{} entries came, but not the last", came.len());
    cem.ok(HALL, "link:ping", json!({})).await?;
    Ok(())
}
