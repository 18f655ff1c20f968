//! How much a saturated room carries: deliveries per second, Confab committing and acking, the peers doing neither.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{System, message};
use crate::Plan;
use crate::crowd::Crowd;
use crate::report::{Report, Row};

/// So many members speak in turn.
const SENDERS: usize = 8;
/// Less than any server's buffer per socket.
const IN_FLIGHT: u64 = 128;
const PEOPLE: usize = 20;

/// Measures rooms of 100, 1,000 and 5,000.
///
/// # Errors
/// When a client is refused, or a delivery is lost.
pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    for (size, factor) in [(100, 10.0), (1_000, 8.0), (5_000, 6.0)] {
        let confab = saturate(plan, System::Confab, size).await?;
        let node = saturate(plan, System::Node, size).await?;
        let bare = saturate(plan, System::Bare, size).await?;
        let ratio = confab.rate / node.rate;
        report.add(Row {
            what: format!("fan-out, saturated, room of {size}, deliveries per second"),
            target: format!("≥ {factor:.0} × Node"),
            measured: format!("{:.0} k, {:.2} µs of CPU each", confab.rate / 1000.0, confab.cpu_us),
            peer: format!(
                "Node {:.0} k, {:.2} µs; bare {:.0} k, {:.2} µs",
                node.rate / 1000.0,
                node.cpu_us,
                bare.rate / 1000.0,
                bare.cpu_us
            ),
            ratio: Some(ratio),
            reached: Some(ratio >= factor),
        });
    }
    Ok(())
}

struct Outcome {
    /// Deliveries per second.
    rate: f64,
    /// What one of them costs the server: the figure that a busy machine distorts least.
    cpu_us: f64,
}

/// Keeps `IN_FLIGHT` messages under way: the next one goes out when the one so many before it has reached everybody.
/// So no reader is ever far behind, on any system, and whatever is missing at the end was lost.
async fn saturate(plan: &Plan, system: System, size: usize) -> Result<Outcome> {
    let running = system.start(plan, PEOPLE).await?;
    let crowd = Crowd::gather(running.process().addr, running.tokens(), size).await?;
    let members = size as u64;
    let (warm_up, length) = (Duration::from_secs(1), Duration::from_secs(if plan.quick { 2 } else { 8 }));
    let began = Instant::now();
    let mut first = None;
    let mut sent = 0;
    while began.elapsed() < warm_up + length {
        if first.is_none() && began.elapsed() >= warm_up {
            first = Some((Instant::now(), crowd.delivered(), running.process().cpu()?));
        }
        let enough = sent as u64 + 1;
        crowd.wait_for(enough.saturating_sub(IN_FLIGHT) * members).await.with_context(|| format!("{system:?}"))?;
        let id = (system == System::Confab).then_some(enough);
        crowd.senders()[sent % SENDERS].send(&message(&crowd.room, id, "saturated ")).await?;
        sent += 1;
    }
    let (since, before, cpu_before) = first.context("it never got past the warm-up")?;
    let delivered = (crowd.delivered() - before) as f64;
    let rate = delivered / since.elapsed().as_secs_f64();
    let cpu_us = (running.process().cpu()? - cpu_before).as_secs_f64() * 1e6 / delivered;
    crowd.wait_for(sent as u64 * members).await.with_context(|| format!("{system:?}"))?;
    running.stop().await?;
    Ok(Outcome { rate, cpu_us })
}
