//! What is measured when the load is over: resources, what a restore does, and what is left after a loss of power.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::Plan;
use crate::history::{Recorder, What};
use crate::nemesis::Fault;
use crate::outage::Outage;
use crate::workload::{Board, HALL};
use crate::{Server, Wire, cid, until};

/// Connections that come, make noise and are dropped between the two measurements.
const VISITORS: usize = 120;

/// What the server says of its epoch.
pub(super) async fn epoch(server: &Server, recorder: &Recorder, life: u32) -> Result<()> {
    let info = server.api()?.server().await?;
    let epoch = info["epoch"].as_str().context("an epoch")?.to_owned();
    recorder.note(What::Epoch { life, epoch });
    Ok(())
}

/// A fresh process is measured after a first round of visitors, who make it allocate what it keeps, and after a second.
pub(super) async fn resources(server: &mut Server, board: &Arc<Board>, recorder: &Recorder) -> Result<()> {
    server.kill().await?;
    server.launch().await?;
    let listening = sockets(server)?;
    for when in ["before", "after"] {
        visit(server, board).await?;
        // Those who left are noticed one by one. Only sockets are waited for: the files of a fresh process are opened one by one,
        // too. What never comes down is measured as it is, and is I24's concern.
        let _ = until("the connections of those who left are closed", async || {
            sockets(server).ok().filter(|open| *open <= listening + 2)
        })
        .await;
        let (rss_kib, descriptors, tasks) = measure(server)?;
        recorder.note(What::Gauge { when: when.to_owned(), rss_kib, descriptors, tasks });
    }
    Ok(())
}

async fn visit(server: &Server, board: &Arc<Board>) -> Result<()> {
    let mut visitors = Vec::new();
    for at in 0..VISITORS {
        let person = &board.people[at % board.people.len()];
        let mut wire = Wire::open(server.addr()).await?;
        wire.connect(HALL, &person.token).await??;
        visitors.push(wire);
    }
    let owner = &mut visitors[0];
    let ready = owner.push(HALL, "workspace:ready").await?;
    let room = crate::room_id(&ready, "random")?;
    for n in 0..50 {
        let body = json!({ "room": room, "cid": cid(), "text": format!("a visitor's {n}") });
        owner.ok(HALL, "message:send", body).await?;
    }
    Ok(())
}

/// Backs the server up, writes on, goes back to the backup: another life.
pub(super) async fn restore(server: &mut Server, recorder: &Recorder) -> Result<()> {
    let copy = server.data().with_extension("backup");
    let run = async |mut command: tokio::process::Command| {
        let done = command.output().await?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        anyhow::Ok(())
    };
    let mut backup = server.command()?;
    backup.arg("backup").arg(&copy);
    run(backup).await?;
    server.terminate().await?;
    let mut restore = server.command()?;
    restore.arg("restore").arg(&copy);
    run(restore).await?;
    server.launch().await?;
    epoch(server, recorder, 1).await
}

/// A server of its own loses power, and has its files changed: the longer the run, the more often. What this machine
/// does not allow is left out.
pub(super) async fn outages(plan: &Plan, recorder: &Recorder) -> Result<Vec<Fault>> {
    let wanted: Vec<Fault> =
        [Fault::Power, Fault::Damage].into_iter().filter(|fault| plan.faults.contains(fault)).collect();
    if wanted.is_empty() {
        return Ok(wanted);
    }
    let Some(mut outage) = Outage::watch(plan.seed, &plan.env).await? else { return Ok(wanted) };
    let times = (plan.time.as_secs() / 10).clamp(6, 150);
    if wanted.contains(&Fault::Power) {
        outage.lose_power(times, recorder).await?;
    }
    if wanted.contains(&Fault::Damage) {
        outage.damage(times / 4 + 2, recorder).await?;
    }
    Ok(Vec::new())
}

/// Resident memory in KiB, open descriptors and threads of the server's process.
fn measure(server: &Server) -> Result<(u64, u64, u64)> {
    let pid = server.pid().context("it does not run")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let number = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).with_context(|| format!("no {name}"))?;
        line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).with_context(|| line.to_owned())
    };
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64;
    Ok((number("VmRSS:")?, descriptors, number("Threads:")?))
}

/// Connections of the server's process, and what it listens on.
fn sockets(server: &Server) -> Result<usize> {
    let pid = server.pid().context("it does not run")?;
    let open = std::fs::read_dir(format!("/proc/{pid}/fd"))?.flatten();
    // One that was closed meanwhile leads nowhere.
    let targets = open.filter_map(|descriptor| std::fs::read_link(descriptor.path()).ok());
    Ok(targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count())
}
