//! Committed and acked messages per second with 64 clients, over what one durable write per message would allow.
//!
//! In one room each message is delivered to all 64 besides, on the same core: 64 times as many deliveries as commits, which is
//! most of the work. With a room for each client it is commits and acks alone. Pings, which are acked at once, say what
//! coming in and being answered costs without any commit: on a quick disk that alone may be less than the target.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::{System, message};
use crate::Plan;
use crate::disk::Disk;
use crate::link::{HALL, Link};
use crate::process::{Cores, Ground};
use crate::report::{Report, Row};

const CLIENTS: usize = 64;
const FACTOR: f64 = 10.0;

/// Where the clients speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rooms {
    /// All in the same room, and all hear everything.
    One,
    /// Each in a room of its own.
    Own,
}

/// What they ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// To commit a message.
    Message,
    /// An answer.
    Ping,
}

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

/// With one message in flight each, then with 16; in one room, and in rooms of their own.
async fn on(plan: &Plan, report: &mut Report) -> Result<()> {
    let mut disk = Disk::at(&plan.scratch, plan.ground).await?;
    let syncs = disk.syncs(if plan.quick { 200 } else { 1_000 }).await?;
    disk.stop().await?;
    let per_second = syncs.len() as f64 / syncs.iter().sum::<Duration>().as_secs_f64();
    let pings =
        [rate(plan, Rooms::Own, 1, Asked::Ping).await?.rate, rate(plan, Rooms::Own, 16, Asked::Ping).await?.rate];
    for (rooms, in_flight) in [(Rooms::One, 1), (Rooms::One, 16), (Rooms::Own, 1), (Rooms::Own, 16)] {
        let Outcome { rate, cpu_us } = rate(plan, rooms, in_flight, Asked::Message).await?;
        let place = if rooms == Rooms::One { "in one room" } else { "each in its own room" };
        let ratio = rate / per_second;
        report.add(Row {
            what: format!(
                "committed + acked per second, {}, 64 clients {place}, {in_flight} in flight each",
                plan.ground
            ),
            target: if in_flight == 1 { "≥ 10 × one fsync per message".into() } else { String::new() },
            measured: format!("{rate:.0}/s, {cpu_us:.0} µs of CPU each"),
            peer: format!("{per_second:.0} fsync/s; pings {:.0}/s", pings[usize::from(in_flight > 1)]),
            ratio: Some(ratio),
            reached: (in_flight == 1).then_some(ratio >= FACTOR),
        });
    }
    Ok(())
}

struct Outcome {
    rate: f64,
    cpu_us: f64,
}

async fn rate(plan: &Plan, rooms: Rooms, in_flight: u64, asked: Asked) -> Result<Outcome> {
    let running = System::Confab.start(plan, CLIENTS).await?;
    let acked = Rc::new(Cell::new(0u64));
    let refused = Rc::new(Cell::new(0u64));
    let mut clients = tokio::task::JoinSet::new();
    for token in running.tokens() {
        let (mut link, mut room) = Link::enter(running.process().addr, token, None).await?;
        if rooms == Rooms::Own {
            room = link.own_room(&format!("room-{}", clients.len())).await?;
        }
        let what = (asked == Asked::Message).then_some(room);
        clients.spawn_local(client(link, what, in_flight, acked.clone(), refused.clone()));
    }
    let seconds = if plan.quick { 3 } else { 10 };
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (before, cpu_before, began) = (acked.get(), running.process().cpu()?, Instant::now());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let committed = (acked.get() - before) as f64;
    let rate = committed / began.elapsed().as_secs_f64();
    let cpu_us = (running.process().cpu()? - cpu_before).as_secs_f64() * 1e6 / committed;
    if let Some(ended) = clients.try_join_next() {
        ended.context("a client panicked")??;
    }
    ensure!(refused.get() == 0, "{} messages were refused", refused.get());
    clients.abort_all();
    running.stop().await?;
    Ok(Outcome { rate, cpu_us })
}

/// Asks for messages in this room to be committed, or, without one, for pings to be answered.
async fn client(
    mut link: Link,
    room: Option<String>,
    in_flight: u64,
    acked: Rc<Cell<u64>>,
    refused: Rc<Cell<u64>>,
) -> Result<()> {
    let sender = link.sender();
    let mut id = 0;
    let mut free = in_flight;
    loop {
        while free > 0 {
            id += 1;
            free -= 1;
            let packet = match &room {
                Some(room) => message(room, Some(id), "many at once "),
                None => format!("42{HALL},{id}[\"link:ping\",{{}}]"),
            };
            sender.send(&packet).await?;
        }
        link.read(|packet| {
            if packet.starts_with(b"43") {
                free += 1;
                let ok = packet.windows(9).any(|part| part == b"\"ok\":true");
                let count = if ok { &acked } else { &refused };
                count.set(count.get() + 1);
            }
        })
        .await?;
    }
}
