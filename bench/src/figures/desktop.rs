//! The desktop app of somebody who hosts: from the start of the process to the first room on the screen, on the second day.
//!
//! On a display, a bus and a keyring of its own. The app is started as a person starts it; it says itself when the room is
//! drawn, and what is measured is the time until that is heard here.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use confab_tests::Desktop;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use crate::Plan;
use crate::disk::{ms, percentile};
use crate::process;
use crate::report::{Report, Row};

const LIMIT: Duration = Duration::from_millis(1_500);
const RUNS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(60);
const INSTALLATION: &str = "ada";
const ENTER: &str = "\u{E007}";

/// Measures it, and what the app needs while nobody does anything.
///
/// # Errors
/// When there is no app, no display server, or the app does not draw.
pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let binary = plan.server.with_file_name("confab");
    ensure!(binary.exists(), "{} is missing: cargo build --release --features custom-protocol", binary.display());
    process::unpin_this_process()?;
    let desktop = Desktop::of(binary).await?;
    yesterday(&desktop).await?;

    let mut drawn = Vec::new();
    let mut idle = 0.0;
    for run in 1..=RUNS {
        let began = Instant::now();
        let mut app = start(&desktop).await?;
        drawn.push(began.elapsed());
        if run == RUNS {
            let window = Duration::from_secs(if plan.quick { 10 } else { 60 });
            tokio::time::sleep(Duration::from_secs(5)).await;
            let before = cpu_of_tree(&app)?;
            tokio::time::sleep(window).await;
            idle = (cpu_of_tree(&app)? - before).as_secs_f64() / window.as_secs_f64() * 100.0;
        }
        let pid = app.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).context("the app ended")?;
        kill_process(pid, Signal::TERM)?;
        tokio::time::timeout(PATIENCE, app.wait()).await.context("the app does not end")??;
    }
    let median = percentile(&mut drawn, 0.5);
    report.add(Row {
        what: "desktop: process start to first room drawn (warm, hosting)".into(),
        target: "≤ 1.5 s".into(),
        measured: ms(median),
        peer: format!("slowest of {RUNS}: {}", ms(percentile(&mut drawn, 1.0))),
        ratio: None,
        reached: Some(median <= LIMIT),
    });
    report.add(Row {
        what: "desktop: CPU of the app, its server and its webview, idle".into(),
        target: String::new(),
        measured: format!("{idle:.2} %"),
        peer: String::new(),
        ratio: None,
        reached: None,
    });
    Ok(())
}

/// The day before: somebody hosts, and writes.
async fn yesterday(desktop: &Desktop) -> Result<()> {
    let app = desktop.open(INSTALLATION).await?;
    app.click("host-button").await?;
    app.type_into("host-name", "Ada Lovelace").await?;
    app.click("host-submit").await?;
    app.wait_for_text("room-title", "general").await?;
    app.wait_for_focus("composer").await?;
    for n in 0..20 {
        app.type_into("composer", &format!("message {n}{ENTER}")).await?;
    }
    app.wait_for_count("[data-testid='message'][data-state='sent']", 20).await?;
    app.close().await
}

/// Starts the app, and waits until it says that it shows a room.
async fn start(desktop: &Desktop) -> Result<Child> {
    let mut command = desktop.command(INSTALLATION);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut app = command.spawn()?;
    let mut lines = BufReader::new(app.stderr.take().context("no stderr")?).lines();
    let shown = async {
        while let Some(line) = lines.next_line().await? {
            if line.contains("first room drawn") {
                return Ok(());
            }
        }
        anyhow::bail!("the app ended before it showed a room")
    };
    tokio::time::timeout(PATIENCE, shown).await.context("no room is drawn")??;
    // Read on, so that a full pipe never stops it.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok(app)
}

/// CPU time of a process and all that it has started.
fn cpu_of_tree(app: &Child) -> Result<Duration> {
    let root = app.id().context("the app ended")?;
    // One that has just ended needs nothing more.
    Ok(process::tree(root).into_iter().map(|pid| process::cpu_of(pid).unwrap_or_default()).sum())
}
