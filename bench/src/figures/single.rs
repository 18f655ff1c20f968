//! One message at a time to a thousand members: when the last one has it, and what a delivery costs the server.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{System, message};
use crate::Plan;
use crate::crowd::Crowd;
use crate::disk::{ms, percentile};
use crate::report::{Report, Row};

const MEMBERS: usize = 1_000;
const PEOPLE: usize = 20;

struct Outcome {
    last_delivery: Duration,
    cpu_us: f64,
}

/// Measures it.
///
/// # Errors
/// When a client is refused, or a delivery is lost.
pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let confab = one_at_a_time(plan, System::Confab).await?;
    let node = one_at_a_time(plan, System::Node).await?;
    let bare = one_at_a_time(plan, System::Bare).await?;
    report.add(Row {
        what: "one at a time, 1,000 members, p50 until the last has it".into(),
        target: "≤ Node".into(),
        measured: ms(confab.last_delivery),
        peer: format!("Node {}, bare {}", ms(node.last_delivery), ms(bare.last_delivery)),
        ratio: Some(confab.last_delivery.as_secs_f64() / node.last_delivery.as_secs_f64()),
        reached: Some(confab.last_delivery <= node.last_delivery),
    });
    report.add(Row {
        what: "one at a time, 1,000 members, server CPU per delivery".into(),
        target: "≤ Node".into(),
        measured: format!("{:.2} µs", confab.cpu_us),
        peer: format!("Node {:.2} µs, bare {:.2} µs", node.cpu_us, bare.cpu_us),
        ratio: Some(confab.cpu_us / node.cpu_us),
        reached: Some(confab.cpu_us <= node.cpu_us),
    });
    Ok(())
}

async fn one_at_a_time(plan: &Plan, system: System) -> Result<Outcome> {
    let running = system.start(plan, PEOPLE).await?;
    let crowd = Crowd::gather(running.process().addr, running.tokens(), MEMBERS).await?;
    let sender = &crowd.senders()[0];
    let messages = if plan.quick { 150 } else { 1_000 };
    let mut took = Vec::with_capacity(messages);
    let warm_up = 20;
    let mut cpu = Duration::ZERO;
    for n in 1..=warm_up + messages {
        if n == warm_up + 1 {
            cpu = running.process().cpu()?;
        }
        let packet = message(&crowd.room, (system == System::Confab).then_some(n as u64), "one ");
        let began = Instant::now();
        sender.send(&packet).await?;
        crowd.wait_for((n * MEMBERS) as u64).await?;
        if n > warm_up {
            took.push(began.elapsed());
        }
    }
    let spent = running.process().cpu()? - cpu;
    running.stop().await?;
    Ok(Outcome {
        last_delivery: percentile(&mut took, 0.5),
        cpu_us: spent.as_secs_f64() * 1e6 / (messages * MEMBERS) as f64,
    })
}
