//! `message:send`, committed and acked, one client, over what one durable write costs on this disk.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::{System, message};
use crate::Plan;
use crate::disk::{self, Disk, ms, percentile};
use crate::link::{HALL, Link};
use crate::process::{Cores, Ground};
use crate::report::{Report, Row};

const LIMIT: f64 = 1.5;
const BLOCK: u64 = 50;

/// Measures it on one core and on all.
///
/// # Errors
/// When a message is refused.
pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    for cores in [Cores::One, Cores::All] {
        on(&Plan { ground: Ground { cores, ..plan.ground }, ..plan.clone() }, report).await?;
    }
    Ok(())
}

/// Writes and messages alternate in blocks, so that a disk that changes its mind changes it for both.
async fn on(plan: &Plan, report: &mut Report) -> Result<()> {
    let running = System::Confab.start(plan, 1).await?;
    let (mut link, room) = Link::enter(running.process().addr, &running.tokens()[0], None).await?;
    let mut probe = Disk::at(&plan.scratch, plan.ground).await?;
    let rounds = if plan.quick { 6 } else { 40 };
    let (mut syncs, mut pings, mut sends) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=rounds {
        let block = probe.syncs(BLOCK as usize).await?;
        let (mut pinged, mut sent) = (Vec::new(), Vec::new());
        for n in 1..=BLOCK {
            let id = 2 * (round * BLOCK + n);
            pinged.push(ask(&mut link, &format!("42{HALL},{id}[\"link:ping\",{{}}]"), id).await?);
        }
        for n in 1..=BLOCK {
            let id = 2 * (round * BLOCK + n) + 1;
            sent.push(ask(&mut link, &message(&room, Some(id), "one at a time "), id).await?);
        }
        // The first round warms both up.
        if round > 0 {
            syncs.extend(block);
            pings.extend(pinged);
            sends.extend(sent);
        }
    }
    probe.stop().await?;
    // On this disk as it is: a loop in this process is not held up.
    let mut plain = disk::plain_loop(&plan.scratch, BLOCK as usize)?;
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let (sync, sent) = (percentile(&mut syncs, share), percentile(&mut sends, share));
        let ping = percentile(&mut pings, share);
        let ratio = sent.as_secs_f64() / sync.as_secs_f64();
        report.add(Row {
            what: format!("message:send committed + acked, one client, {}, {name}", plan.ground),
            target: "≤ 1.5 × one fsync".into(),
            measured: ms(sent),
            peer: format!(
                "fsync {}, in a plain loop here {}; a ping that is acked at once {}",
                ms(sync),
                ms(percentile(&mut plain, share)),
                ms(ping)
            ),
            ratio: Some(ratio),
            reached: Some(ratio <= LIMIT),
        });
    }
    running.stop().await
}

/// Sends a packet that asks for this ack, and waits for it.
async fn ask(link: &mut Link, packet: &str, id: u64) -> Result<Duration> {
    let began = Instant::now();
    link.sender().send(packet).await?;
    let answer = link.expect(&format!("43/general,{id}[")).await?;
    let took = began.elapsed();
    ensure!(answer.contains("\"ok\":true"), "refused: {answer}");
    Ok(took)
}
