//! `message:send`, committed and acked, one client, over what one durable write costs on this disk.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::{System, message};
use crate::Plan;
use crate::disk::{self, Disk, ms, percentile};
use crate::link::Link;
use crate::report::{Report, Row};

const LIMIT: f64 = 1.5;
const BLOCK: u64 = 50;

/// Measures it. Writes and messages alternate in blocks, so that a disk that changes its mind changes it for both.
///
/// # Errors
/// When a message is refused.
pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let running = System::Confab.start(plan, 1).await?;
    let (mut link, room) = Link::enter(running.process().addr, &running.tokens()[0], None).await?;
    let mut probe = Disk::at(&plan.scratch).await?;
    let rounds = if plan.quick { 6 } else { 40 };
    let (mut syncs, mut sends) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let block = probe.syncs(BLOCK as usize).await?;
        let mut sent = Vec::new();
        for n in 1..=BLOCK {
            sent.push(send(&mut link, &room, round * BLOCK + n).await?);
        }
        // The first round warms both up.
        if round > 0 {
            syncs.extend(block);
            sends.extend(sent);
        }
    }
    probe.stop().await?;
    let mut plain = disk::plain_loop(&plan.scratch, BLOCK as usize)?;
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let (sync, sent) = (percentile(&mut syncs, share), percentile(&mut sends, share));
        let ratio = sent.as_secs_f64() / sync.as_secs_f64();
        report.add(Row {
            what: format!("message:send committed + acked, one client, {name}"),
            target: "≤ 1.5 × one fsync".into(),
            measured: ms(sent),
            peer: format!("fsync {}; in a plain loop {}", ms(sync), ms(percentile(&mut plain, share))),
            ratio: Some(ratio),
            reached: Some(ratio <= LIMIT),
        });
    }
    running.stop().await
}

async fn send(link: &mut Link, room: &str, id: u64) -> Result<Duration> {
    let packet = message(room, Some(id), "one at a time ");
    let began = Instant::now();
    link.sender().send(&packet).await?;
    let answer = link.expect(&format!("43/general,{id}[")).await?;
    let took = began.elapsed();
    ensure!(answer.contains("\"ok\":true"), "refused: {answer}");
    Ok(took)
}
