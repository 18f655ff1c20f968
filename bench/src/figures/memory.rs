//! Memory per client that is connected, joined and idle.

use anyhow::Result;

use super::System;
use crate::Plan;
use crate::crowd::Crowd;
use crate::report::{Report, Row};

const CLIENTS: usize = 10_000;
const LIMIT_KIB: f64 = 18.0;
/// Accounts that the clients share: with ten thousand accounts, `workspace:ready` itself would be megabytes.
const PEOPLE: usize = 50;

/// Measures it, on Confab and on both peers.
///
/// # Errors
/// When a client is refused.
pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let confab = per_client(plan, System::Confab).await?;
    let node = per_client(plan, System::Node).await?;
    let bare = per_client(plan, System::Bare).await?;
    report.add(Row {
        what: format!("memory per connected, joined, idle client, {CLIENTS} of them"),
        target: "≤ 18 KB".into(),
        measured: format!("{confab:.1} KB"),
        peer: format!("Node {node:.1} KB, bare {bare:.1} KB"),
        ratio: Some(confab / node),
        reached: Some(confab <= LIMIT_KIB),
    });
    Ok(())
}

async fn per_client(plan: &Plan, system: System) -> Result<f64> {
    let running = system.start(plan, PEOPLE).await?;
    // One client first: what the first one costs is not what each one costs.
    let first = Crowd::gather(running.process().addr, running.tokens(), 1).await?;
    let before = running.process().resident_kib()?;
    let crowd = Crowd::gather(running.process().addr, running.tokens(), CLIENTS).await?;
    let after = running.process().resident_kib()?;
    drop((first, crowd));
    running.stop().await?;
    Ok(after.saturating_sub(before) as f64 / CLIENTS as f64)
}
