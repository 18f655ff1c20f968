//! How soon somebody at the desktop app sees that they did something: from the event to the next frame, as Interaction to
//! Next Paint has it, and to the frame that shows what they did. Rooms of some hundred messages, drawn by the processor.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use confab_tests::{App, Desktop, HALL, ServerOptions, Stage, Wire, cid};
use serde_json::json;

use super::hours::{furnish, say};
use crate::Plan;
use crate::disk::{ms, percentile};
use crate::process;
use crate::report::{Report, Row};
use crate::words::Words;

const LIMIT: Duration = Duration::from_millis(50);
const MESSAGES: usize = 300;
const ROOMS: usize = 4;
const TIMES: usize = 60;
const QUICK: usize = 15;
/// The page is asked this seldom: to ask it is work that it would do instead of painting.
const PAUSE: Duration = Duration::from_millis(250);
const PATIENCE: usize = 80;
/// So long a person holds the button of a mouse.
const HOLD: Duration = Duration::from_millis(80);
/// Between two keys.
const KEY: Duration = Duration::from_millis(60);
const ENTER: &str = "\u{E007}";

/// Notes for each click and key when the next frame was painted, and when the frame was that a test waits for.
const CLOCK: &str = "
    window.felt = [];
    window.seen = [];
    let began, test;
    const painted = (then) => requestAnimationFrame(() => setTimeout(then));
    const noted = (event) => {
        const at = event.timeStamp;
        if (event.type === 'click' || event.key === 'Enter') began = at;
        painted(() => felt.push([event.type === 'click' ? 'click' : event.key.length === 1 ? 'key' : event.key, performance.now() - at]));
    };
    for (const kind of ['keydown', 'click']) addEventListener(kind, noted, true);
    window.arm = (wanted) => { began = undefined; test = wanted; };
    const look = () => {
        if (began === undefined || !test?.()) return;
        const at = began;
        test = undefined;
        painted(() => seen.push(performance.now() - at));
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });";

/// Measures it.
///
/// # Errors
/// When there is no app, no display server, or the app does not do as it is told.
pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let binary = plan.server.with_file_name("confab");
    ensure!(binary.exists(), "{} is missing: cargo build --release --features custom-protocol", binary.display());
    process::unpin_this_process()?;
    let times = if plan.quick { QUICK } else { TIMES };
    let stage = Stage::with(ServerOptions::unhurried()).await?;
    let (mut writer, rooms) = furnish(&stage).await?;
    let mut words = Words::seeded(3);
    for room in rooms.iter().take(ROOMS) {
        for _ in 0..3 {
            say(&mut writer, room, MESSAGES / 3, &mut words).await?;
        }
        like_the_last(&mut writer, room).await?;
    }
    let desktop = Desktop::of(binary).await?;
    let app = desktop.open("ada").await?;
    app.sign_in(&stage.server.url(), &stage.ada).await?;
    app.script(CLOCK).await?;

    for turn in 0..ROOMS {
        go(&desktop, &app, turn).await?;
    }
    forget(&app).await?;
    for turn in 0..times {
        go(&desktop, &app, turn % ROOMS).await?;
    }
    add(report, &app, "switch rooms", "click", times).await?;

    // The room opened where what is new begins; the reaction is at the end.
    app.script("document.querySelector('[data-testid=jump-latest]')?.click()").await?;
    app.wait_for_count("[data-testid=reaction]", 1).await?;
    for _ in 0..times {
        let chip = "document.querySelector('[data-testid=reaction]')";
        arm(&app, &format!("const chip = {chip}, was = chip.textContent; arm(() => {chip}?.textContent !== was)"))
            .await?;
        app.click("reaction").await?;
        waited(&app).await?;
    }
    add(report, &app, "react", "click", times).await?;

    app.click("composer").await?;
    forget(&app).await?;
    for turn in 0..times {
        let text = format!("n {turn}.");
        arm(&app, &format!("arm(() => [...document.querySelectorAll('[data-testid=message-text]')].at(-1)?.textContent.trim() === '{text}')")).await?;
        for key in text.chars().map(String::from).chain([ENTER.to_owned()]) {
            app.press(&key).await?;
            tokio::time::sleep(KEY).await;
        }
        waited(&app).await?;
    }
    let keys = taken(&app, "key").await?;
    add(report, &app, "send", "Enter", times).await?;
    report.add(row("a key in the composer", keys, String::new()));
    app.close().await
}

/// Puts a reaction on the newest message of a room.
async fn like_the_last(writer: &mut Wire, room: &str) -> Result<()> {
    let page = writer.ok(HALL, "room:history", json!({ "room": room, "limit": 1 })).await?;
    let id = page["messages"][0]["id"].as_str().context("a message")?;
    let liking = json!({ "room": room, "id": id, "cid": cid(), "emoji": "👍", "on": true });
    writer.ok(HALL, "message:react", liking).await.map(drop)
}

/// Opens a room, and waits until its messages are painted.
async fn go(desktop: &Desktop, app: &App, turn: usize) -> Result<()> {
    let name = format!("hall-{turn}");
    arm(app, &format!("arm(() => document.querySelector('[data-testid=room-title]').textContent.trim() === '{name}' && document.querySelector('[data-testid=timeline] [data-testid=message]'))")).await?;
    press(desktop, app, &format!("room-{name}")).await?;
    waited(app).await
}

/// Presses the button of the mouse on this, and lets it go when a person would: a driver's click does both at once, and
/// what it measures has the press in it.
async fn press(desktop: &Desktop, app: &App, testid: &str) -> Result<()> {
    let place = app
        .script(&format!(
            "const {{ x, y, width, height }} = document.querySelector('[data-testid=\"{testid}\"]').getBoundingClientRect();
            return [Math.round(x + width / 2), Math.round(y + height / 2)]"
        ))
        .await?;
    desktop.point("Confab", serde_json::from_value(place).context("a place")?).await?;
    desktop.button("Confab", true).await?;
    tokio::time::sleep(HOLD).await;
    desktop.button("Confab", false).await
}

/// Says what is to be seen next.
async fn arm(app: &App, script: &str) -> Result<()> {
    app.script(&format!("window.before = seen.length; {script}")).await.map(drop)
}

/// Waits until it was.
async fn waited(app: &App) -> Result<()> {
    for _ in 0..PATIENCE {
        tokio::time::sleep(PAUSE).await;
        if app.script("return seen.length > before").await? == true {
            return Ok(());
        }
    }
    anyhow::bail!("it is not seen")
}

async fn forget(app: &App) -> Result<()> {
    app.script("felt = []; seen = []").await.map(drop)
}

/// The times from one kind of event to the next frame.
async fn taken(app: &App, kind: &str) -> Result<Vec<Duration>> {
    let times =
        app.script(&format!("return felt.filter(([what]) => what === '{kind}').map(([, time]) => time)")).await?;
    durations(&times)
}

fn durations(times: &serde_json::Value) -> Result<Vec<Duration>> {
    let times = times.as_array().context("times")?.iter();
    times.map(|time| Ok(Duration::from_secs_f64(time.as_f64().context("a time")? / 1_000.0))).collect()
}

async fn add(report: &mut Report, app: &App, what: &str, kind: &str, times: usize) -> Result<()> {
    let felt = taken(app, kind).await?;
    let mut seen = durations(&app.script("return seen").await?)?;
    ensure!(felt.len() >= times && seen.len() == times, "{what}: {} and {} of {times}", felt.len(), seen.len());
    let seen = format!("until it is seen: {} / {}", ms(percentile(&mut seen, 0.5)), ms(percentile(&mut seen, 0.95)));
    report.add(row(what, felt, seen));
    forget(app).await
}

fn row(what: &str, mut felt: Vec<Duration>, peer: String) -> Row {
    let (half, most) = (percentile(&mut felt, 0.5), percentile(&mut felt, 0.95));
    Row {
        what: format!("desktop: {what}, to the next frame, p50 / p95 of {}", felt.len()),
        target: "≤ 50 ms".into(),
        measured: format!("{} / {}", ms(half), ms(most)),
        peer,
        ratio: None,
        reached: Some(most <= LIMIT),
    }
}
