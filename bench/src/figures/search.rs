//! Searches in a large database: the round trip of a client that asks one after the other.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::Plan;
use crate::confab::Confab;
use crate::disk::{ms, percentile};
use crate::link::Link;
use crate::report::{Report, Row};
use crate::words::Words;

const LIMIT_MS: f64 = 50.0;
const WRITERS: usize = 8;
/// Rooms that each writer has for themselves, beside the one that all are in.
const ROOMS: usize = 5;
const ROUNDS: usize = 40;
/// One message of so many mentions somebody.
const MENTIONS: usize = 20;
/// How long the index may take to come up to the logs.
const INDEXED_WITHIN: Duration = Duration::from_secs(900);

/// Measures it.
///
/// # Errors
/// When the server fails.
pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let messages = if plan.quick { 50_000 } else { 1_000_000 };
    let server = Confab::start(plan).await?;
    let tokens = server.people(WRITERS).await?;
    let began = Instant::now();
    let rooms = fill(&server, &tokens, messages).await?;
    let wrote = began.elapsed();
    let (link, room) = Link::enter(server.process.addr, &tokens[0], None).await?;
    let mut client = Client { link, last: 0 };
    while client.search(json!({ "query": "qqzzqq" })).await?.get("incomplete").is_some() {
        ensure!(began.elapsed() < INDEXED_WITHIN, "the index does not come up to the logs");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    // The last entries that it has not seen are read by each search.
    tokio::time::sleep(Duration::from_secs(5)).await;
    eprintln!("search: {messages} messages written in {wrote:.1?}, indexed after {:.1?}", began.elapsed());

    let words = Words::new();
    let author = client.search(json!({ "query": "the" })).await?["hits"][0]["message"]["author"].clone();
    ensure!(author.is_string(), "no hit for the commonest word");
    let named = client.search(json!({ "query": "@user-1" })).await?["hits"][0]["message"]["mentions"][0].clone();
    ensure!(named.is_string(), "nobody is mentioned");
    let mut all = Vec::new();
    let mut slowest = (Duration::ZERO, "");
    for kind in [
        "common word",
        "rare word",
        "part of a word",
        "two words",
        "phrase",
        "from and word",
        "in and word",
        "mentions",
        "mentions and word",
        "CJK, two characters",
        "no hit",
    ] {
        let mut took = Vec::new();
        for n in 0..ROUNDS {
            let request = match kind {
                "common word" => json!({ "query": words.common(n) }),
                "rare word" => json!({ "query": words.rare(n) }),
                "part of a word" => json!({ "query": words.part(n) }),
                "two words" => json!({ "query": format!("{} {}", words.common(n), words.middling(n)) }),
                "phrase" => json!({ "query": format!("\"{} {}\"", words.common(n), words.middling(n)) }),
                "from and word" => json!({ "query": words.middling(n), "from": author }),
                "in and word" => {
                    json!({ "query": words.middling(n), "room": if n % 2 == 0 { &room } else { &rooms[n % ROOMS] } })
                }
                "mentions" => json!({ "query": "", "mentions": named }),
                "mentions and word" => json!({ "query": words.middling(n), "mentions": named }),
                "CJK, two characters" => json!({ "query": words.cjk(n) }),
                _ => json!({ "query": format!("{}q", words.part(n)) }),
            };
            let began = Instant::now();
            client.search(request).await?;
            took.push(began.elapsed());
        }
        let p95 = percentile(&mut took, 0.95);
        eprintln!("search: {kind}: p50 {}, p95 {}", ms(percentile(&mut took, 0.5)), ms(p95));
        slowest = slowest.max((p95, kind));
        all.extend(took);
    }
    let (p50, p95) = (percentile(&mut all, 0.5), percentile(&mut all, 0.95));
    report.add(Row {
        what: format!(
            "search in {messages} messages, round trip, p50 / p95 (slowest: {}, p95 {})",
            slowest.1,
            ms(slowest.0)
        ),
        target: "p95 ≤ 50 ms".into(),
        measured: format!("{} / {}", ms(p50), ms(p95)),
        peer: String::new(),
        ratio: None,
        reached: Some(p95.as_secs_f64() * 1000.0 <= LIMIT_MS),
    });
    server.process.stop().await
}

struct Client {
    link: Link,
    last: u64,
}

impl Client {
    async fn search(&mut self, request: Value) -> Result<Value> {
        self.last += 1;
        self.link.sender().send(&format!("42/general,{}{}", self.last, json!(["message:search", request]))).await?;
        let head = format!("43/general,{}", self.last);
        let answer = self.link.expect(&format!("{head}[")).await?;
        let mut answer: Value = serde_json::from_str(answer.trim_start_matches(&head))?;
        let answer = answer[0].take();
        ensure!(answer["ok"] == json!(true), "a search was refused: {answer}");
        Ok(answer)
    }
}

/// Texts of many lengths in the room of all and in rooms of one's own, in batches of a hundred. The rooms of the first writer.
async fn fill(server: &Confab, tokens: &[String], messages: usize) -> Result<Vec<String>> {
    let addr = server.process.addr;
    let each = messages / tokens.len() / 100;
    let mut writers = tokio::task::JoinSet::new();
    for (writer, token) in tokens.iter().enumerate() {
        let token = token.clone();
        writers.spawn_local(async move {
            let (mut link, general) = Link::enter(addr, &token, None).await?;
            let mut rooms = Vec::new();
            for n in 0..ROOMS {
                rooms.push(link.own_room(&format!("own-{writer}-{n}")).await?);
            }
            let mut words = Words::seeded(writer as u64);
            let sender = link.sender();
            for id in 1..=each {
                let room = if id % 2 == 0 { &general } else { &rooms[id / 2 % ROOMS] };
                let batch: Vec<_> = (0..100)
                    .map(|n| {
                        let name = if n % MENTIONS == 0 {
                            format!("@user-{} ", 1 + (id + n) % (WRITERS - 1))
                        } else {
                            String::new()
                        };
                        let text = name + &words.message();
                        json!({ "room": room, "cid": uuid::Uuid::now_v7().simple().to_string(), "text": text })
                    })
                    .collect();
                sender
                    .send(&format!("42/general,{id}{}", json!(["message:send_batch", { "messages": batch }])))
                    .await?;
                let answer = link.expect(&format!("43/general,{id}[")).await?;
                ensure!(!answer.contains("\"ok\":false"), "a batch was refused: {answer:.200}");
            }
            Ok((writer, rooms))
        });
    }
    let mut own = Vec::new();
    while let Some(done) = writers.join_next().await {
        let (writer, rooms) = done.context("a writer panicked")??;
        if writer == 0 {
            own = rooms;
        }
    }
    Ok(own)
}
