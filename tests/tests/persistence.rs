//! What was acked is durable, at its place, once; whatever happens to the process.

use anyhow::{Result, ensure};
use confab_tests::{HALL, History, Stage, assert_no_holes, cid, room_id, send_until_it_dies, until, whole_log};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_under_load_loses_nothing_that_was_acked() -> Result<()> {
    let mut stage = Stage::new().await?;
    let epoch = stage.server.api()?.server().await?["epoch"].clone();
    let mut history = History::default();
    for round in 0..3 {
        let mut senders = Vec::new();
        let (acked, mut count) = tokio::sync::mpsc::unbounded_channel();
        let people = [stage.ada.clone(), stage.bob.clone(), stage.cem.clone()];
        for (device, person) in people.iter().chain(&people).enumerate() {
            let (wire, ready) = stage.enter(person).await?;
            let room = room_id(&ready, "general")?;
            let name = format!("round {round} device {device}");
            senders.push((person.clone(), tokio::spawn(send_until_it_dies(wire, room, name, acked.clone()))));
        }
        drop(acked);
        let enough = async {
            for _ in 0..300 {
                count.recv().await;
            }
        };
        confab_tests::within("300 acks", enough).await?;
        stage.server.kill().await?;
        for (person, sender) in senders {
            history.add(&person, sender.await?);
        }
        stage.server.launch().await?;
    }

    let info = stage.server.api()?.server().await?;
    ensure!(info["epoch"] == epoch, "a crash is not another life: the epoch stays");
    history.hold(&stage, 900).await
}

#[tokio::test]
async fn sigterm_drains_and_exits_with_0() -> Result<()> {
    let mut stage = Stage::new().await?;
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let room = room_id(&ready, "general")?;
    let mut asked = Vec::new();
    for n in 0..100 {
        let body = json!({ "room": room, "cid": cid(), "text": format!("before the end {n}") });
        asked.push((bob.ask(HALL, "message:send", body.clone()).await?, body));
    }
    let status = stage.server.terminate().await?;
    ensure!(status.code() == Some(0), "SIGTERM ended it with {status}");
    let mut acked = Vec::new();
    for (id, body) in &asked {
        if let Ok(answer) = bob.reply(HALL, *id).await
            && answer["ok"] == true
        {
            acked.push((body, answer));
        }
    }
    bob.closed().await?;
    stage.server.launch().await?;
    let (mut bob, _) = stage.enter(&stage.bob).await?;
    let log = whole_log(&mut bob, &room).await?;
    assert_no_holes(&log)?;
    for (body, answer) in acked {
        let seq = usize::try_from(answer["seq"].as_u64().unwrap_or_default())?;
        ensure!(log[seq - 1]["cid"] == body["cid"], "acked {answer}, the log has {}", log[seq - 1]);
    }
    Ok(())
}

#[tokio::test]
async fn people_sessions_rooms_and_read_marks_outlive_a_crash() -> Result<()> {
    let mut stage = Stage::new().await?;
    let (mut ada, _) = stage.enter(&stage.ada).await?;
    let made =
        ada.ok(HALL, "room:create", json!({ "name": "vault", "kind": "private", "members": [stage.bob.id] })).await?;
    let vault = made["room"]["id"].clone();
    ada.ok(HALL, "message:send", json!({ "room": vault, "cid": cid(), "text": "kept" })).await?;
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let head = ready["heads"][vault.as_str().unwrap_or_default()].clone();
    bob.ok(HALL, "read:mark", json!({ "room": vault, "seq": head })).await?;
    let before = stage.server.api()?.server().await?;
    stage.server.kill().await?;
    stage.server.launch().await?;
    ensure!(stage.server.api()?.server().await? == before, "the same server: id, epoch, name, set up");
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let room = ready["rooms"]
        .as_array()
        .and_then(|rooms| rooms.iter().find(|room| room["id"] == vault))
        .cloned()
        .unwrap_or_default();
    ensure!(room["read"] == head && room["unread"] == 0 && room["kind"] == "private", "bob's room is now {room}");
    let page = bob.ok(HALL, "room:history", json!({ "room": vault, "limit": 10 })).await?;
    ensure!(page["messages"][0]["text"] == "kept", "{page}");
    let mut cem = stage.enter(&stage.cem).await?.0;
    cem.refused("not_found", HALL, "room:history", json!({ "room": vault, "limit": 10 })).await?;
    stage.server.api()?.sign_in("cem", &stage.cem.password, "after the crash").await?;
    Ok(())
}

#[tokio::test]
async fn a_frozen_server_goes_on_where_it_was() -> Result<()> {
    let stage = Stage::new().await?;
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let room = room_id(&ready, "general")?;
    stage.server.freeze(true)?;
    let id = bob.ask(HALL, "message:send", json!({ "room": room, "cid": cid(), "text": "hello?" })).await?;
    stage.server.freeze(false)?;
    let answer = bob.reply(HALL, id).await?;
    ensure!(answer["ok"] == true, "{answer}");
    until("ready again", async || {
        stage.server.api().ok()?.page("/readyz").await.ok().filter(|(status, _)| *status == 200)
    })
    .await?;
    Ok(())
}
