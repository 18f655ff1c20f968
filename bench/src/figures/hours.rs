//! The desktop app after a working day: 50,000 messages received and 500 changes of the room, without the pauses between
//! them. What all of its processes need then, beside a window of Tauri's with nothing in it, in the same run.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use confab_tests::{App, Desktop, HALL, ServerOptions, Stage, Wire, cid};
use serde_json::{Value, json};

use crate::Plan;
use crate::process;
use crate::report::{Report, Row};
use crate::words::Words;

const ROOMS: usize = 12;
const MESSAGES: usize = 50_000;
const SWITCHES: usize = 500;
const QUICK: usize = 10;
/// At most so many empty windows.
const LIMIT: f64 = 1.4;
/// Flat: the last half may add so much, which is the noise of a garbage collector.
const FLAT: f64 = 1.05;
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a window is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(10);

/// Measures it.
///
/// # Errors
/// When there is no app, no empty window, no display server, or the app does not do as it is told.
pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let binary = plan.server.with_file_name("confab");
    let empty = plan.server.with_file_name("examples").join("empty-window");
    for program in [&binary, &empty] {
        ensure!(
            program.exists(),
            "{} is missing: cargo build --release --features custom-protocol -p confab --bins --example empty-window",
            program.display()
        );
    }
    process::unpin_this_process()?;
    let nothing = empty_window(Desktop::of(empty).await?).await?;

    let (messages, switches) = if plan.quick { (MESSAGES / QUICK, SWITCHES / QUICK) } else { (MESSAGES, SWITCHES) };
    let stage = Stage::with(ServerOptions::unhurried()).await?;
    let (mut writer, rooms) = furnish(&stage).await?;
    let desktop = Desktop::of(binary).await?;
    let app = enter(&desktop, &stage).await?;
    tokio::time::sleep(SETTLE).await;
    let fresh = sum("the app at first", app.pid()?)?;

    let mut words = Words::seeded(8);
    let mut half = fresh;
    for turn in 0..switches {
        for part in 0..2 {
            // Half of it where somebody looks, half anywhere.
            let room = &rooms[(turn + part * (1 + turn % (ROOMS - 1))) % ROOMS];
            say(&mut writer, room, messages / switches / 2, &mut words).await?;
        }
        let next = format!("room-hall-{}", turn % ROOMS);
        app.script(&format!("document.querySelector(\"[data-testid='{next}']\").click()")).await?;
        app.wait_for_text("room-title", &format!("hall-{}", turn % ROOMS)).await?;
        if (turn + 1) % (switches / 10) == 0 {
            let now = sum(&format!("after {} switches", turn + 1), app.pid()?)?;
            if turn < switches / 2 {
                half = now;
            }
        }
    }
    tokio::time::sleep(SETTLE).await;
    let after = sum("at rest after all of them", app.pid()?)?;
    app.close().await?;

    let ratio = after / nothing;
    report.add(Row {
        what: format!("desktop: memory (PSS) of all processes after {messages} messages, {switches} switches"),
        target: format!("≤ {LIMIT} × an empty window"),
        measured: mib(after),
        peer: format!("empty window: {}, the app at first: {}", mib(nothing), mib(fresh)),
        ratio: Some(ratio),
        reached: Some(ratio <= LIMIT),
    });
    report.add(Row {
        what: "desktop: the same, over the last half".into(),
        target: format!("flat (≤ {FLAT} ×)"),
        measured: mib(after),
        peer: format!("after half: {}", mib(half)),
        ratio: Some(after / half),
        reached: Some(after / half <= FLAT),
    });
    Ok(())
}

/// What a window with nothing in it needs, in bytes.
async fn empty_window(desktop: Desktop) -> Result<f64> {
    let mut command = desktop.command("nothing");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let mut window = command.spawn()?;
    tokio::time::sleep(SETTLE).await;
    ensure!(window.try_wait()?.is_none(), "the empty window is gone");
    let needs = sum("an empty window", window.id().context("it has ended")?)?;
    window.kill().await?;
    Ok(needs)
}

/// Rooms that two are in: the one who writes, who comes back, and the one who reads.
pub(super) async fn furnish(stage: &Stage) -> Result<(Wire, Vec<String>)> {
    let (mut ada, _) = stage.enter(&stage.ada).await?;
    let (mut bob, _) = stage.enter(&stage.bob).await?;
    let mut rooms = Vec::new();
    for n in 0..ROOMS {
        let made = ada.ok(HALL, "room:create", json!({ "name": format!("hall-{n}"), "kind": "public" })).await?;
        let room = made["room"]["id"].as_str().context("an id")?.to_owned();
        bob.ok(HALL, "room:join", json!({ "room": room })).await?;
        rooms.push(room);
    }
    Ok((bob, rooms))
}

async fn enter(desktop: &Desktop, stage: &Stage) -> Result<App> {
    let app = desktop.open("ada").await?;
    app.sign_in(&stage.server.url(), &stage.ada).await?;
    Ok(app)
}

pub(super) async fn say(writer: &mut Wire, room: &str, count: usize, words: &mut Words) -> Result<()> {
    let messages: Vec<Value> =
        (0..count).map(|_| json!({ "room": room, "cid": cid(), "text": words.message() })).collect();
    let sending = writer.ok(HALL, "message:send_batch", json!({ "messages": messages }));
    tokio::time::timeout(PATIENCE, sending).await.context("the server does not answer")??;
    writer.pushed(HALL, "room:entry").await?;
    Ok(())
}

/// What a tree of processes needs, in bytes. Says what each does.
fn sum(when: &str, root: u32) -> Result<f64> {
    let each = process::proportional_of_tree(root)?;
    let all = each.iter().map(|(_, bytes)| bytes).sum();
    let parts: Vec<String> = each.iter().map(|(name, bytes)| format!("{name} {}", mib(*bytes))).collect();
    eprintln!("  {when}: {} ({})", mib(all), parts.join(", "));
    Ok(all)
}

fn mib(bytes: f64) -> String {
    format!("{:.0} MiB", bytes / 1_048_576.0)
}
