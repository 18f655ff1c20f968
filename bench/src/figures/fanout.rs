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
        let ratio = confab / node;
        report.add(Row {
            what: format!("fan-out, saturated, room of {size}, deliveries per second"),
            target: format!("≥ {factor:.0} × Node"),
            measured: format!("{:.0} k", confab / 1000.0),
            peer: format!("Node {:.0} k, bare {:.0} k", node / 1000.0, bare / 1000.0),
            ratio: Some(ratio),
            reached: Some(ratio >= factor),
        });
    }
    Ok(())
}

/// Keeps `IN_FLIGHT` messages under way: the next one goes out when the one so many before it has reached everybody.
/// So no reader is ever far behind, on any system, and whatever is missing at the end was lost.
async fn saturate(plan: &Plan, system: System, size: usize) -> Result<f64> {
    let running = system.start(plan, PEOPLE).await?;
    let crowd = Crowd::gather(running.process().addr, running.tokens(), size).await?;
    let members = size as u64;
    let (warm_up, length) = (Duration::from_secs(1), Duration::from_secs(if plan.quick { 2 } else { 8 }));
    let began = Instant::now();
    let mut first = None;
    let mut sent = 0;
    while began.elapsed() < warm_up + length {
        if first.is_none() && began.elapsed() >= warm_up {
            first = Some((Instant::now(), crowd.delivered()));
        }
        let enough = sent as u64 + 1;
        crowd.wait_for(enough.saturating_sub(IN_FLIGHT) * members).await.with_context(|| format!("{system:?}"))?;
        let id = (system == System::Confab).then_some(enough);
        crowd.senders()[sent % SENDERS].send(&message(&crowd.room, id, "saturated ")).await?;
        sent += 1;
    }
    let (since, before) = first.context("it never got past the warm-up")?;
    let rate = (crowd.delivered() - before) as f64 / since.elapsed().as_secs_f64();
    crowd.wait_for(sent as u64 * members).await.with_context(|| format!("{system:?}"))?;
    running.stop().await?;
    Ok(rate)
}
