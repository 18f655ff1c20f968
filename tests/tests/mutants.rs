//! A server that breaks a promise on purpose is caught: so the scenarios can fail, and so can what judges them.

use anyhow::{Result, ensure};
use confab_tests::{HALL, History, Stage, cid, room_id, send_until_it_dies, within};
use serde_json::json;

async fn mutate(stage: &mut Stage, mutant: Option<&str>) -> Result<()> {
    stage.server.kill().await?;
    stage.server.set_env("CONFAB_MUTANT", mutant);
    stage.server.launch().await
}

/// Sends from two devices until the server is killed after so many acks.
async fn send_and_kill(stage: &mut Stage, acks: usize) -> Result<History> {
    let (acked, mut count) = tokio::sync::mpsc::unbounded_channel();
    let mut senders = Vec::new();
    for person in [stage.bob.clone(), stage.cem.clone()] {
        let (wire, ready) = stage.enter(&person).await?;
        let sending = send_until_it_dies(wire, room_id(&ready, "general")?, person.login.clone(), acked.clone());
        senders.push((person, tokio::spawn(sending)));
    }
    within("enough acks", async {
        for _ in 0..acks {
            count.recv().await;
        }
    })
    .await?;
    stage.server.kill().await?;
    let mut history = History::default();
    for (person, sender) in senders {
        history.add(&person, sender.await?);
    }
    Ok(history)
}

#[tokio::test]
async fn acks_before_the_commit_are_caught() -> Result<()> {
    let mut stage = Stage::new().await?;
    mutate(&mut stage, Some("ack-before-commit")).await?;
    let history = send_and_kill(&mut stage, 40).await?;
    stage.server.set_env("CONFAB_MUTANT", None);
    stage.server.launch().await?;
    let verdict = history.hold(&stage, 40).await.err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(verdict.starts_with("acked "), "an acked message is gone, but the verdict is {verdict:?}");
    Ok(())
}

#[tokio::test]
async fn cids_that_a_restart_forgets_are_caught() -> Result<()> {
    let mut stage = Stage::new().await?;
    mutate(&mut stage, Some("dedupe-in-memory")).await?;
    let history = send_and_kill(&mut stage, 40).await?;
    stage.server.launch().await?;
    let verdict = history.hold(&stage, 40).await.err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(verdict.starts_with("a retry got "), "a retry got a second place, but the verdict is {verdict:?}");
    Ok(())
}

#[tokio::test]
async fn pushes_that_are_dropped_are_caught() -> Result<()> {
    let mut stage = Stage::new().await?;
    for (mutant, complete) in [(None, true), (Some("drop-push"), false)] {
        mutate(&mut stage, mutant).await?;
        let (mut ada, ready) = stage.enter(&stage.ada).await?;
        let room = room_id(&ready, "general")?;
        let mut bob = stage.enter(&stage.bob).await?.0;
        for n in 0..20 {
            bob.ok(HALL, "message:send", json!({ "room": room, "cid": cid(), "text": format!("{n}") })).await?;
        }
        // The ack comes before the push: the last one's may still be on its way without a look at bob's own.
        bob.ok(HALL, "room:sync", json!({ "room": room, "after": 0, "limit": 1 })).await?;
        let told = ada.pushed(HALL, "room:entry").await?.len();
        ensure!((told == 20) == complete, "{mutant:?}: ada was told {told} of 20");
    }
    Ok(())
}
