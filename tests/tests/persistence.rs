//! What was acked is durable, at its place, once; whatever happens to the process.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use confab_tests::{Person, Stage, Wire, cid, room_id, until};
use serde_json::{Value, json};

const HALL: &str = "/general";

/// What a sender knows about one message: the body, and the answer if one came.
struct Sent {
    body: Value,
    answer: Option<Value>,
}

/// Sends until the connection dies, always a few at once. Each entry of the result is one message.
async fn send_until_it_dies(
    mut wire: Wire,
    room: String,
    name: String,
    acked: tokio::sync::mpsc::UnboundedSender<()>,
) -> Vec<Sent> {
    let mut sent = Vec::new();
    loop {
        let mut window = Vec::new();
        for n in 0..8 {
            let body = json!({ "room": room, "cid": cid(), "text": format!("{name} {} {n}", sent.len()) });
            let Ok(id) = wire.ask(HALL, "message:send", body.clone()).await else { return sent };
            window.push((sent.len(), id));
            sent.push(Sent { body, answer: None });
        }
        for (at, id) in window {
            let Ok(answer) = wire.reply(HALL, id).await else { return sent };
            sent[at].answer = Some(answer);
            let _ = acked.send(());
        }
    }
}

/// The whole log of a room, read in pages.
async fn whole_log(wire: &mut Wire, room: &str) -> Result<Vec<Value>> {
    let mut log = Vec::new();
    loop {
        let after = log.last().map_or(0, |entry: &Value| entry["seq"].as_u64().unwrap_or(0));
        let page = wire.ok(HALL, "room:sync", json!({ "room": room, "after": after, "limit": 500 })).await?;
        ensure!(page["reset"] == false, "the log is short enough to be read from anywhere");
        log.extend(page["entries"].as_array().cloned().unwrap_or_default());
        if page["more"] != true {
            ensure!(
                log.last().map_or(0, |e| e["seq"].as_u64().unwrap_or(0)) == page["head"].as_u64().unwrap_or(0),
                "up to the head"
            );
            return Ok(log);
        }
    }
}

fn assert_no_holes(log: &[Value]) -> Result<()> {
    for (at, entry) in log.iter().enumerate() {
        ensure!(entry["seq"] == json!(at + 1), "place {} has seq {}", at + 1, entry["seq"]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_under_load_loses_nothing_that_was_acked() -> Result<()> {
    let mut stage = Stage::new().await?;
    let epoch = stage.server.api()?.server().await?["epoch"].clone();
    let mut history: Vec<(Person, Sent)> = Vec::new();
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
            history.extend(sender.await?.into_iter().map(|sent| (person.clone(), sent)));
        }
        stage.server.launch().await?;
    }

    let info = stage.server.api()?.server().await?;
    ensure!(info["epoch"] == epoch, "a crash is not another life: the epoch stays");
    let (mut ada, ready) = stage.enter(&stage.ada).await?;
    let room = room_id(&ready, "general")?;
    let log = whole_log(&mut ada, &room).await?;
    assert_no_holes(&log)?;
    let mut by_cid: HashMap<(String, String), Vec<&Value>> = HashMap::new();
    for entry in log.iter().filter(|entry| entry["kind"] == "message") {
        let key = (
            entry["author"].as_str().unwrap_or_default().to_owned(),
            entry["cid"].as_str().unwrap_or_default().to_owned(),
        );
        by_cid.entry(key).or_default().push(entry);
    }
    let mut unanswered = 0;
    for (person, sent) in &history {
        let key = (person.id.clone(), sent.body["cid"].as_str().unwrap_or_default().to_owned());
        let found = by_cid.get(&key).map_or(&[][..], |found| found);
        ensure!(found.len() <= 1, "{} is in the log {} times", sent.body, found.len());
        match &sent.answer {
            Some(answer) => {
                ensure!(answer["ok"] == true, "{} was refused: {answer}", sent.body);
                let entry = found.first().copied().unwrap_or(&Value::Null);
                for field in ["id", "seq", "ts", "cid"] {
                    ensure!(entry[field] == answer[field], "acked {answer}, but the log has {entry}");
                }
                ensure!(entry["text"] == sent.body["text"], "another text: {entry}");
            }
            None => unanswered += 1,
        }
    }
    ensure!(
        history.len() > 900 && unanswered > 0,
        "{} sent, {unanswered} unanswered: the kill hit nothing",
        history.len()
    );

    // Everybody tries again what was not answered, and a few that were: once each, at the same place as before.
    let mut devices: HashMap<String, Wire> = HashMap::new();
    for person in [&stage.ada, &stage.bob, &stage.cem] {
        devices.insert(person.id.clone(), stage.enter(person).await?.0);
    }
    for (person, sent) in history.iter().filter(|(_, sent)| sent.answer.is_none()).chain(history.iter().step_by(17)) {
        let Some(wire) = devices.get_mut(&person.id) else { continue };
        let again = wire.ok(HALL, "message:send", sent.body.clone()).await?;
        let key = (person.id.clone(), sent.body["cid"].as_str().unwrap_or_default().to_owned());
        if let Some(entry) = by_cid.get(&key).and_then(|found| found.first()) {
            for field in ["id", "seq", "ts"] {
                ensure!(again[field] == entry[field], "a retry got {again}, the log has {entry}");
            }
        }
        let mut other = sent.body.clone();
        other["text"] = json!("another body");
        wire.refused("conflict", HALL, "message:send", other).await?;
    }
    let healed = whole_log(&mut ada, &room).await?;
    assert_no_holes(&healed)?;
    let messages = healed.iter().filter(|entry| entry["kind"] == "message").count();
    ensure!(messages == history.len(), "{messages} messages in the log, {} were sent", history.len());
    Ok(())
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
