//! The server ends or freezes at each point of a write's life; what it promised holds after it is started again.
//!
//! Needs a server with the features `failpoints` and `mutants`, as `make test` builds it.

use anyhow::{Result, ensure};
use confab_tests::{
    HALL, History, ServerOptions, Stage, Wire, assert_no_holes, cid, room_id, send_until_it_dies, server_binary, until,
    whole_log, within,
};
use serde_json::{Value, json};

const FAILPOINTS: &str = "CONFAB_FAILPOINTS";

/// Ends the server and starts it again with this point armed.
async fn arm(stage: &mut Stage, what: &str) -> Result<()> {
    let version = tokio::process::Command::new(server_binary()?).arg("--version").output().await?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    ensure!(
        version.contains("+failpoints +mutants"),
        "{version:?} cannot fail on demand: cargo build -p confab-server --features failpoints,mutants"
    );
    stage.server.kill().await?;
    stage.server.set_env(FAILPOINTS, Some(what));
    stage.server.launch().await
}

/// Starts it again with nothing armed.
async fn recover(stage: &mut Stage) -> Result<()> {
    stage.server.set_env(FAILPOINTS, None);
    stage.server.launch().await
}

/// One message is on its way when the server ends at a point: what its sender knows, and what the log says then.
struct Crash {
    stage: Stage,
    room: String,
    body: Value,
    answer: Option<Value>,
    log: Vec<Value>,
}

async fn crash_at(point: &str) -> Result<Crash> {
    let mut stage = Stage::new().await?;
    arm(&mut stage, &format!("{point}=abort@4")).await?;
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let room = room_id(&ready, "general")?;
    let mut before = Vec::new();
    for n in 0..3 {
        let body = json!({ "room": room, "cid": cid(), "text": format!("before the crash {n}") });
        before.push((body.clone(), bob.ok(HALL, "message:send", body).await?));
    }
    let body = json!({ "room": room, "cid": cid(), "text": "on its way" });
    let id = bob.ask(HALL, "message:send", body.clone()).await?;
    let answer = bob.reply(HALL, id).await.ok();
    let status = stage.server.ended().await?;
    ensure!(!status.success() && stage.server.log().contains("failpoint: "), "it ended by itself, with {status}");

    recover(&mut stage).await?;
    let mut ada = stage.enter(&stage.ada).await?.0;
    let log = whole_log(&mut ada, &room).await?;
    assert_no_holes(&log)?;
    for (body, answer) in before {
        let seq = usize::try_from(answer["seq"].as_u64().unwrap_or_default())?;
        let entry = log.get(seq - 1).unwrap_or(&Value::Null);
        for field in ["id", "ts", "cid"] {
            ensure!(entry[field] == answer[field], "acked {answer}, the log has {entry}");
        }
        ensure!(entry["text"] == body["text"], "{entry}");
    }
    Ok(Crash { stage, room, body, answer, log })
}

impl Crash {
    fn in_log(&self) -> Vec<&Value> {
        self.log.iter().filter(|entry| entry["cid"] == self.body["cid"]).collect()
    }

    /// Sends the same again and again, also after one more crash: always the same answer, and one entry.
    async fn retry(mut self) -> Result<()> {
        let known = self.in_log().first().map(|entry| (*entry).clone());
        let mut bob = self.stage.enter(&self.stage.bob).await?.0;
        let first = bob.ok(HALL, "message:send", self.body.clone()).await?;
        let place = known.map_or(json!(self.log.len() + 1), |entry| entry["seq"].clone());
        ensure!(first["seq"] == place, "the retry got {first}, its place is {place}");
        self.stage.server.kill().await?;
        self.stage.server.launch().await?;
        let mut bob: Wire = self.stage.enter(&self.stage.bob).await?.0;
        let second = bob.ok(HALL, "message:send", self.body.clone()).await?;
        ensure!(first == second, "the same cid got {first}, then {second}");
        let log = whole_log(&mut bob, &self.room).await?;
        assert_no_holes(&log)?;
        let times = log.iter().filter(|entry| entry["cid"] == self.body["cid"]).count();
        ensure!(times == 1, "it is in the log {times} times");
        Ok(())
    }
}

#[tokio::test]
async fn before_the_insert_nothing_was_written() -> Result<()> {
    let crash = crash_at("before-insert").await?;
    ensure!(crash.answer.is_none() && crash.in_log().is_empty(), "{:?} {:?}", crash.answer, crash.in_log());
    crash.retry().await
}

#[tokio::test]
async fn after_the_insert_nothing_is_kept_without_its_commit() -> Result<()> {
    let crash = crash_at("after-insert").await?;
    ensure!(crash.answer.is_none() && crash.in_log().is_empty(), "{:?} {:?}", crash.answer, crash.in_log());
    crash.retry().await
}

#[tokio::test]
async fn after_the_commit_it_is_kept_though_nobody_was_told() -> Result<()> {
    let crash = crash_at("after-commit").await?;
    ensure!(crash.answer.is_none() && crash.in_log().len() == 1, "{:?} {:?}", crash.answer, crash.in_log());
    crash.retry().await
}

#[tokio::test]
async fn after_the_ack_it_is_kept_whether_or_not_the_ack_arrived() -> Result<()> {
    let crash = crash_at("after-ack").await?;
    ensure!(crash.in_log().len() == 1, "{:?} {:?}", crash.answer, crash.in_log());
    if let Some(answer) = &crash.answer {
        ensure!(answer["seq"] == crash.in_log()[0]["seq"], "{answer}");
    }
    crash.retry().await
}

/// The ack arrives, the broadcast never leaves: whoever missed the push finds the entry by reading on.
#[tokio::test]
async fn an_acked_message_that_nobody_was_told_of_is_found_by_reading_on() -> Result<()> {
    let mut stage = Stage::new().await?;
    arm(&mut stage, "after-ack=freeze").await?;
    let (mut ada, ready) = stage.enter(&stage.ada).await?;
    let room = room_id(&ready, "general")?;
    let head = ready["heads"][&room].clone();
    let mut bob = stage.enter(&stage.bob).await?.0;
    let body = json!({ "room": room, "cid": cid(), "text": "acked, and then the light went out" });
    let answer = bob.ok(HALL, "message:send", body.clone()).await?;
    until("the point is reached", async || stage.server.log().contains("failpoint: AfterAck").then_some(())).await?;
    let told = ada.pushed(HALL, "room:entry").await?;
    ensure!(told.is_empty(), "the broadcast comes after the ack, but there was {told:?}");
    stage.server.kill().await?;

    recover(&mut stage).await?;
    let mut ada = stage.enter(&stage.ada).await?.0;
    let page = ada.ok(HALL, "room:join", json!({ "room": room, "after": head })).await?;
    ensure!(
        page["entries"][0]["seq"] == answer["seq"] && page["entries"][0]["text"] == body["text"],
        "acked {answer}, the page has {page}"
    );
    Ok(())
}

/// While the writer stands still in the middle of a transaction, nobody is told anything, and reading goes on.
#[tokio::test]
async fn a_writer_that_stands_still_acks_nothing_and_stops_no_reader() -> Result<()> {
    let mut stage = Stage::new().await?;
    arm(&mut stage, "after-insert=freeze@2").await?;
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let room = room_id(&ready, "general")?;
    let first = json!({ "room": room, "cid": cid(), "text": "in" });
    bob.ok(HALL, "message:send", first).await?;
    let stuck = json!({ "room": room, "cid": cid(), "text": "stuck" });
    let id = bob.ask(HALL, "message:send", stuck.clone()).await?;
    until("the point is reached", async || stage.server.log().contains("failpoint: AfterInsert").then_some(())).await?;
    let mut ada = stage.enter(&stage.ada).await?.0;
    let log = whole_log(&mut ada, &room).await?;
    ensure!(log.iter().all(|entry| entry["cid"] != stuck["cid"]), "what is not committed is not read");
    stage.server.kill().await?;
    ensure!(bob.reply(HALL, id).await.is_err(), "nothing is acked before its commit");
    recover(&mut stage).await?;
    let mut bob = stage.enter(&stage.bob).await?.0;
    let answer = bob.ok(HALL, "message:send", stuck).await?;
    ensure!(answer["seq"] == json!(log.len() + 1), "{answer}");
    Ok(())
}

/// Each point under the load of six devices, at another moment each time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_every_point_under_load_nothing_is_lost_or_doubled() -> Result<()> {
    let mut stage = Stage::new().await?;
    let mut history = History::default();
    for armed in ["before-insert=abort@331", "after-insert=abort@277", "after-commit=abort@41", "after-ack=abort@53"] {
        arm(&mut stage, armed).await?;
        let mut senders = Vec::new();
        // Nobody counts here: the server ends by itself.
        let (acked, _) = tokio::sync::mpsc::unbounded_channel();
        let people = [stage.ada.clone(), stage.bob.clone(), stage.cem.clone()];
        for (device, person) in people.iter().chain(&people).enumerate() {
            let (wire, ready) = stage.enter(person).await?;
            let sending =
                send_until_it_dies(wire, room_id(&ready, "general")?, format!("{armed} {device}"), acked.clone());
            senders.push((person.clone(), tokio::spawn(sending)));
        }
        let status = stage.server.ended().await?;
        ensure!(!status.success() && stage.server.log().contains("failpoint: "), "it ended with {status}");
        for (person, sender) in senders {
            history.add(&person, within("a sender sees the end", sender).await??);
        }
        // `arm` ends what runs.
        recover(&mut stage).await?;
    }
    history.hold(&stage, 800).await
}

#[tokio::test]
async fn a_fault_that_is_misspelt_is_no_fault_that_is_silently_absent() -> Result<()> {
    let mut stage = Stage::with(ServerOptions::unhurried()).await?;
    stage.server.kill().await?;
    for (variable, value) in [(FAILPOINTS, "after-lunch=abort"), ("CONFAB_MUTANT", "kind")] {
        stage.server.set_env(variable, Some(value));
        let (status, said) = stage.server.launch_refused().await?;
        ensure!(status.code() == Some(1) && said.contains(variable) && said.contains(value), "{status}: {said}");
        stage.server.set_env(variable, None);
    }
    Ok(())
}
