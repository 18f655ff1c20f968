//! The server is killed under a thousand apps and started again: how long until all are back and have read on to the head.
//!
//! The apps are real sessions of the client crate, each of a person of its own: two links, two threads. They run in this
//! process, on the load's core. While the server dies some of them write, and go on writing.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use crate::Plan;
use crate::apps::{self, App, MARK};
use crate::confab::Confab;
use crate::disk::percentile;
use crate::link::{HALL, Link};
use crate::report::{Report, Row};

const CLIENTS: usize = 1_000;
const QUICK_CLIENTS: usize = 200;
const LIMIT: Duration = Duration::from_secs(30);
/// When the figure is given up.
const PATIENCE: Duration = Duration::from_secs(180);
/// So many write, each a message a second.
const WRITERS: usize = 4;

/// Measures it.
///
/// # Errors
/// When somebody does not come in at first, or the server fails.
pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let clients = if plan.quick { QUICK_CLIENTS } else { CLIENTS };
    let server = Confab::start(plan).await?;
    let began = Instant::now();
    let (apps, token) = apps::gather(server.process.addr, clients).await?;
    eprintln!("  {clients} apps came in after {:.1} s", began.elapsed().as_secs_f64());

    let before = attempts(&apps);
    let ended = {
        let writing = async {
            loop {
                write(&apps).await?;
            }
        };
        tokio::select! {
            stopped = writing => return stopped,
            () = tokio::time::sleep(Duration::from_secs(5)) => {}
        }
        write_once(&apps).await?;
        server.kill().await?
    };
    let killed = Instant::now();
    let server = Confab::resume(ended, plan).await?;
    let listening = killed.elapsed();
    // Somebody who was not there before writes at once: whoever shows this has the whole log.
    let (mut link, room) = Link::enter(server.process.addr, &token, None).await?;
    let mark = json!({ "room": room, "cid": uuid::Uuid::now_v7().to_string(), "text": MARK });
    link.sender().send(&format!("42{HALL},7{}", json!(["message:send", mark]))).await?;
    ensure!(link.expect("43/general,7[").await?.contains("\"ok\":true"), "the mark was refused");

    let all = async {
        for app in &apps {
            app.seen.until(|seen| seen.live.get().is_some() && seen.marked.get().is_some()).await;
        }
    };
    let writing = async {
        loop {
            write(&apps).await?;
        }
    };
    tokio::select! {
        stopped = writing => return stopped,
        _ = tokio::time::timeout(PATIENCE, all) => {}
    }
    let since = |app: &App| Some(app.seen.live.get()?.max(app.seen.marked.get()?).duration_since(killed));
    let mut back: Vec<Duration> = apps.iter().filter_map(since).collect();
    let last = percentile(&mut back, 1.0);
    let seconds = |duration: Duration| format!("{:.1} s", duration.as_secs_f64());
    report.add(Row {
        what: format!("SIGKILL to the last of {clients} apps back and in sync"),
        target: "≤ 30 s".into(),
        measured: if back.len() == clients { seconds(last) } else { format!("{} of {clients}", back.len()) },
        peer: format!(
            "p50 {}, p99 {}; {:.1} attempts each; server listened after {:.2} s, used {:.1} s of CPU",
            seconds(percentile(&mut back, 0.5)),
            seconds(percentile(&mut back, 0.99)),
            (attempts(&apps) - before) as f64 / clients as f64,
            listening.as_secs_f64(),
            server.process.cpu()?.as_secs_f64(),
        ),
        ratio: None,
        reached: Some(back.len() == clients && last <= LIMIT),
    });
    drop(link);
    drop(apps);
    server.process.stop().await
}

/// To connect, over both links of all.
fn attempts(apps: &[App]) -> u64 {
    apps.iter().map(|app| app.seen.attempts.get()).sum()
}

/// A second of writing.
async fn write(apps: &[App]) -> Result<()> {
    write_once(apps).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    Ok(())
}

async fn write_once(apps: &[App]) -> Result<()> {
    for (n, app) in apps.iter().take(WRITERS).enumerate() {
        app.say(format!("{n} writes")).await?;
    }
    Ok(())
}
