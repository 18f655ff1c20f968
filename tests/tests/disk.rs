//! The disk is full, or takes no more writes: senders hear `unavailable`, readers read on, and writes come back by
//! themselves. On real file systems, which need root; where they cannot be had, `make test` says so.

use anyhow::{Result, ensure};
use confab_tests::{HALL, History, Mount, Sent, ServerOptions, Stage, Wire, cid, room_id, until, whole_log};
use reqwest::Method;
use serde_json::json;

async fn stage_on(mount: &Mount) -> Result<Stage> {
    let options = ServerOptions { data: Some(mount.path().join("data")), ..ServerOptions::unhurried() };
    Stage::with(options).await
}

/// Sends a few at once until several windows in a row are refused: what became of each.
async fn send_until_refused(wire: &mut Wire, room: &str) -> Result<Vec<Sent>> {
    let mut sent: Vec<Sent> = Vec::new();
    let mut refused = 0;
    while refused < 5 {
        ensure!(sent.len() < 5_000, "the disk never becomes full");
        let mut window = Vec::new();
        for _ in 0..8 {
            let body = json!({ "room": room, "cid": cid(), "text": "a".repeat(4_000) });
            window.push((wire.ask(HALL, "message:send", body.clone()).await?, body));
        }
        let mut acked = 0;
        for (id, body) in window {
            let answer = wire.reply(HALL, id).await?;
            if answer["ok"] == true {
                acked += 1;
            } else {
                let error = &answer["error"];
                ensure!(error["code"] == "unavailable" && error["retry_after_ms"].is_u64(), "refused with {answer}");
            }
            sent.push(Sent { body, answer: Some(answer) });
        }
        refused = if acked == 0 { refused + 1 } else { 0 };
    }
    Ok(sent)
}

async fn still_reads(stage: &Stage, room: &str) -> Result<()> {
    let (mut cem, ready) = stage.enter(&stage.cem).await?;
    ensure!(ready["heads"][room].is_u64(), "{ready}");
    let page = cem.ok(HALL, "room:history", json!({ "room": room, "limit": 20 })).await?;
    ensure!(page["messages"].as_array().is_some_and(|messages| messages.len() == 20), "{page}");
    whole_log(&mut cem, room).await?;
    let api = stage.server.api()?;
    ensure!(api.page("/healthz").await?.0 == 200 && api.page("/readyz").await?.0 == 503, "alive, but not ready");
    api.server().await?;
    // What is not a message is refused the same way.
    api.refused(
        503,
        "unavailable",
        Method::POST,
        "/sessions",
        Some(json!({ "login": "cem", "password": stage.cem.password, "device": "new" })),
    )
    .await
}

async fn writes_come_back(stage: &Stage) -> Result<()> {
    until("ready again", async || {
        stage.server.api().ok()?.page("/readyz").await.ok().filter(|(status, _)| *status == 200)
    })
    .await?;
    stage.server.api()?.sign_in("cem", &stage.cem.password, "after it").await?;
    Ok(())
}

#[tokio::test]
async fn a_full_disk_refuses_writes_reads_on_and_heals_by_itself() -> Result<()> {
    let Some(mount) = Mount::tmpfs(2_048)? else { return Ok(()) };
    let mut stage = stage_on(&mount).await?;
    let mut history = History::default();
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let room = room_id(&ready, "general")?;
    for round in 0..3 {
        for n in 0..20 {
            let body = json!({ "room": room, "cid": cid(), "text": format!("while there is room {round} {n}") });
            let answer = bob.ok(HALL, "message:send", body.clone()).await?;
            history.add(&stage.bob, vec![Sent { body, answer: Some(answer) }]);
        }
        mount.fill()?;
        let sent = send_until_refused(&mut bob, &room).await?;
        history.add(&stage.bob, sent);
        still_reads(&stage, &room).await?;
        if round == 2 {
            // The plug is pulled while it is full.
            stage.server.kill().await?;
            mount.make_room()?;
            stage.server.launch().await?;
            bob = stage.enter(&stage.bob).await?.0;
        } else {
            mount.make_room()?;
        }
        writes_come_back(&stage).await?;
        let body = json!({ "room": room, "cid": cid(), "text": "there is room again" });
        let answer = bob.ok(HALL, "message:send", body.clone()).await?;
        history.add(&stage.bob, vec![Sent { body, answer: Some(answer) }]);
    }
    drop(bob);
    // Room for all that was refused.
    mount.grow(64 << 10)?;
    history.hold(&stage, 40).await?;
    drop(stage);
    Ok(())
}

#[tokio::test]
async fn a_disk_that_fails_under_the_server_refuses_writes_and_reads_on() -> Result<()> {
    let Some(mount) = Mount::ext4()? else { return Ok(()) };
    let mut stage = stage_on(&mount).await?;
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let room = room_id(&ready, "general")?;
    let mut history = History::default();
    for n in 0..20 {
        let body = json!({ "room": room, "cid": cid(), "text": format!("while all is well {n}") });
        let answer = bob.ok(HALL, "message:send", body.clone()).await?;
        history.add(&stage.bob, vec![Sent { body, answer: Some(answer) }]);
    }
    mount.abort()?;
    history.add(&stage.bob, send_until_refused(&mut bob, &room).await?);
    still_reads(&stage, &room).await?;

    stage.server.kill().await?;
    let (status, said) = stage.server.launch_refused().await?;
    ensure!(status.code() == Some(1) && said.contains("writable"), "{status}: {said}");
    mount.again()?;
    stage.server.launch().await?;
    writes_come_back(&stage).await?;
    history.hold(&stage, 40).await?;
    drop(stage);
    Ok(())
}

#[tokio::test]
async fn a_read_only_data_directory_is_refused_at_start_with_what_to_do() -> Result<()> {
    let Some(mount) = Mount::tmpfs(8_192)? else { return Ok(()) };
    let mut stage = stage_on(&mount).await?;
    stage.server.kill().await?;
    mount.read_only(true)?;
    let (status, said) = stage.server.launch_refused().await?;
    ensure!(status.code() == Some(1), "{status}");
    for part in ["data directory", "Read-only", "writable", "--data"] {
        ensure!(said.contains(part), "nothing of `{part}` in: {said}");
    }
    mount.read_only(false)?;
    stage.server.launch().await?;
    writes_come_back(&stage).await
}
