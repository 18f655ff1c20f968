//! Start to listening, with an empty and with a large database; and memory at rest.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::Plan;
use crate::confab::Confab;
use crate::disk::{ms, percentile};
use crate::link::Link;
use crate::report::{Report, Row};

const LIMIT_MS: f64 = 150.0;
const IDLE_LIMIT_MIB: f64 = 25.0;
const RUNS: usize = 5;

/// Measures them.
///
/// # Errors
/// When the server fails.
pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let mut empty = Vec::new();
    for _ in 0..RUNS {
        let server = Confab::start(plan).await?;
        empty.push(server.process.started_in);
        server.process.stop().await?;
    }
    add(report, "start to listening, empty database", percentile(&mut empty, 0.5));

    let messages = if plan.quick { 50_000 } else { 1_000_000 };
    let mut server = Confab::start(plan).await?;
    let tokens = server.people(8).await?;
    fill(&server, &tokens, messages).await?;
    let mut full = Vec::new();
    for _ in 0..RUNS {
        server = server.restart(plan).await?;
        full.push(server.process.started_in);
    }
    add(report, &format!("start to listening, {messages} messages"), percentile(&mut full, 0.5));

    let (link, _) = Link::enter(server.process.addr, &tokens[0], None).await?;
    let mib = server.process.resident_kib()? as f64 / 1024.0;
    report.add(Row {
        what: format!("idle memory (RSS), {messages} messages, one client"),
        target: "≤ 25 MB".into(),
        measured: format!("{mib:.1} MB"),
        peer: String::new(),
        ratio: None,
        reached: Some(mib <= IDLE_LIMIT_MIB),
    });
    drop(link);
    server.process.stop().await
}

fn add(report: &mut Report, what: &str, median: std::time::Duration) {
    report.add(Row {
        what: what.into(),
        target: "≤ 150 ms".into(),
        measured: ms(median),
        peer: String::new(),
        ratio: None,
        reached: Some(median.as_secs_f64() * 1000.0 <= LIMIT_MS),
    });
}

/// Sends messages in batches of a hundred, one client per token, until there are enough.
async fn fill(server: &Confab, tokens: &[String], messages: usize) -> Result<()> {
    let addr = server.process.addr;
    let each = messages / tokens.len() / 100;
    let mut writers = tokio::task::JoinSet::new();
    for token in tokens {
        let token = token.clone();
        writers.spawn_local(async move {
            let (mut link, room) = Link::enter(addr, &token, None).await?;
            let sender = link.sender();
            for id in 1..=each {
                let batch: Vec<_> = (0..100)
                    .map(|n| json!({ "room": room, "cid": uuid::Uuid::now_v7().simple().to_string(), "text": format!("{:.<100}", format!("{id} {n} ")) }))
                    .collect();
                sender.send(&format!("42/general,{id}{}", json!(["message:send_batch", { "messages": batch }]))).await?;
                let answer = link.expect(&format!("43/general,{id}[")).await?;
                ensure!(!answer.contains("\"ok\":false"), "a batch was refused: {answer:.200}");
            }
            Ok(())
        });
    }
    while let Some(done) = writers.join_next().await {
        done.context("a writer panicked")??;
    }
    Ok(())
}
