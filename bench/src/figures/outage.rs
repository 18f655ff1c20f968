//! What links cost while nothing happens: connected and idle, and in an outage that has lasted for long.
//!
//! Several apps at once, in this process, so that little becomes measurable; the figures are per app, which has two links. The
//! waits of an outage that lasts come after thirty failures in a row; nudges make those fail at once.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};

use crate::Plan;
use crate::apps::{self, App, Seen};
use crate::confab::Confab;
use crate::report::{Report, Row};

const APPS: usize = 16;
/// More than the failures after which a link waits longest.
const FAILURES: u64 = 32;
const LIMIT_PERCENT: f64 = 1.0;
const LIMIT_ATTEMPTS: f64 = 2.0;
/// One failure of all: a silent server is given up after five seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures them.
///
/// # Errors
/// When the server fails or links do not.
pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let window = Duration::from_secs(if plan.quick { 30 } else { 180 });
    let server = Confab::start(plan).await?;
    let (apps, _) = apps::gather(server.process.addr, APPS).await?;
    // Greetings and what follows them are over.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (percent, _) = watch(&apps, window).await;
    add(report, "an app that is connected and idle", percent, None);

    let ended = server.kill().await?;
    fail(&apps, FAILURES).await.context("while nothing listens")?;
    let (percent, attempts) = watch(&apps, window).await;
    add(report, "an app in a lasting outage, connections refused", percent, Some(attempts));

    let hole = TcpListener::bind(ended.addr)?;
    hole.set_nonblocking(true)?;
    let hole = tokio::net::TcpListener::from_std(hole)?;
    let swallowing = tokio::task::spawn_local(async move {
        let mut swallowed = Vec::new();
        while let Ok((stream, _)) = hole.accept().await {
            swallowed.push(stream);
        }
    });
    fail(&apps, 1).await.context("while nothing answers")?;
    let (percent, attempts) = watch(&apps, window).await;
    add(report, "an app in a lasting outage, connections never answered", percent, Some(attempts));
    swallowing.abort();
    Ok(())
}

/// Lets both links of all fail so many times more.
async fn fail(apps: &[App], times: u64) -> Result<()> {
    for _ in 0..times {
        for app in apps {
            let before = app.seen.attempts.get();
            app.session.nudge();
            let tried = app.seen.until(|seen| seen.attempts.get() >= before + 2 || !seen.is_waiting());
            let _ = tokio::time::timeout(Duration::from_millis(200), tried).await;
        }
        for app in apps {
            let failed = app.seen.until(Seen::is_waiting);
            tokio::time::timeout(PATIENCE, failed).await.context("a link does not fail")?;
        }
    }
    Ok(())
}

/// CPU in percent of a core, and attempts a minute, per app.
async fn watch(apps: &[App], window: Duration) -> (f64, f64) {
    let attempts = || apps.iter().map(|app| app.seen.attempts.get()).sum::<u64>();
    let (before, began, tried) = (cpu(), Instant::now(), attempts());
    tokio::time::sleep(window).await;
    let (used, time) = (cpu() - before, began.elapsed().as_secs_f64());
    let per_app = |all: f64| all / apps.len() as f64;
    (per_app(used / time * 100.0), per_app((attempts() - tried) as f64 / time * 60.0))
}

fn add(report: &mut Report, what: &str, percent: f64, attempts: Option<f64>) {
    let (target, measured) = match attempts {
        Some(attempts) => {
            ("≤ 2 attempts a minute, ≤ 1 % CPU".into(), format!("{attempts:.2} a minute, {percent:.3} %"))
        }
        None => ("≤ 1 % CPU".into(), format!("{percent:.3} %")),
    };
    report.add(Row {
        what: what.into(),
        target,
        measured,
        peer: String::new(),
        ratio: None,
        reached: Some(percent <= LIMIT_PERCENT && attempts.is_none_or(|attempts| attempts <= LIMIT_ATTEMPTS)),
    });
}

/// CPU time of this process so far, in seconds.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
