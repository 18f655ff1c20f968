//! A server on PostgreSQL whose database is killed under load: what was acked is there, once, and the server comes back
//! by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, its helpers too")]

#[path = "../../server/tests/support/postgres.rs"]
mod cluster;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Result, ensure};
use confab_tests::{Api, HALL, History, Sent, ServerOptions, Stage, Wire, cid, room_id, until};
use serde_json::json;

/// Sends eight at once until told to stop. What is refused is sent again by [`History::hold`] only, and the next waits
/// until the server is ready.
async fn send_until(
    stop: Arc<AtomicBool>,
    acked: Arc<AtomicUsize>,
    api: Api,
    mut wire: Wire,
    room: String,
) -> Result<Vec<Sent>> {
    let mut sent = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let mut window = Vec::new();
        for n in 0..8 {
            let body = json!({ "room": room, "cid": cid(), "text": format!("{} {n}", sent.len()) });
            window.push((wire.ask(HALL, "message:send", body.clone()).await?, body));
        }
        let mut refused = false;
        for (id, body) in window {
            let answer = wire.reply(HALL, id).await?;
            ensure!(answer["ok"] == true || answer["error"]["code"] == "unavailable", "refused with {answer}");
            refused |= answer["ok"] != true;
            acked.fetch_add(usize::from(answer["ok"] == true), Ordering::Relaxed);
            sent.push(Sent { body, answer: Some(answer) });
        }
        if refused {
            until("ready again", async || api.page("/readyz").await.ok().filter(|(status, _)| *status == 200)).await?;
        }
    }
    Ok(sent)
}

async fn reach(acked: &AtomicUsize, more: usize) -> Result<()> {
    let goal = acked.load(Ordering::Relaxed) + more;
    until("more acks", async || (acked.load(Ordering::Relaxed) >= goal).then_some(())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_database_loses_nothing_that_was_acked_and_is_found_again() -> Result<()> {
    // The kernel ends the database with the thread that started it: one that lives as long as the test.
    let mut cluster = cluster::Cluster::start();
    let url = cluster.database("confab").await;
    let options = ServerOptions { args: vec!["--database".into(), url], ..ServerOptions::unhurried() };
    let stage = Stage::with(options).await?;
    let (stop, acked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut senders = Vec::new();
    let people = [stage.ada.clone(), stage.bob.clone(), stage.cem.clone()];
    for person in people.iter().chain(&people) {
        let (wire, ready) = stage.enter(person).await?;
        let sending = send_until(stop.clone(), acked.clone(), stage.server.api()?, wire, room_id(&ready, "general")?);
        senders.push((person.clone(), tokio::spawn(sending)));
    }
    for _ in 0..3 {
        reach(&acked, 100).await?;
        cluster.kill();
        cluster.start_again();
        // By itself, on the same connections: nobody starts the server again.
        reach(&acked, 50).await?;
    }
    stop.store(true, Ordering::Relaxed);
    let mut history = History::default();
    for (person, sender) in senders {
        history.add(&person, sender.await??);
    }
    history.hold(&stage, 450).await
}
