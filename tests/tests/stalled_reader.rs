//! A client that stops reading hurts nobody but itself, and repairs itself by `seq`.

use anyhow::{Result, ensure};
use confab_tests::{Stage, Wire, cid, room_id};
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use tokio::net::TcpStream;

const HALL: &str = "/general";
const BATCHES: usize = 300;
/// As many of the longest messages as one frame takes.
const BATCH: usize = 7;

/// A connection that takes hardly anything from the network while nobody reads it.
async fn narrow(stage: &Stage) -> Result<Wire> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_recv_buffer_size(4096)?;
    socket.connect(&stage.server.addr().into())?;
    socket.set_nonblocking(true)?;
    Wire::over(TcpStream::from_std(socket.into())?, stage.server.addr(), None).await
}

fn seqs(entries: &[Value]) -> Vec<u64> {
    entries.iter().filter_map(|entry| entry["seq"].as_u64()).collect()
}

#[tokio::test]
async fn a_stalled_reader_slows_nobody_and_heals_by_seq() -> Result<()> {
    let stage = Stage::new().await?;
    let (mut ada, ready) = stage.enter(&stage.ada).await?;
    let (mut bob, _) = stage.enter(&stage.bob).await?;
    let room = room_id(&ready, "general")?;
    let start = ready["heads"][&room].as_u64().unwrap_or_default();
    let mut cem = narrow(&stage).await?;
    cem.connect(HALL, &stage.cem.token).await??;
    cem.push(HALL, "workspace:ready").await?;

    // From here on nobody reads Cem's socket. 32 MB are more than the kernel (4) and the server (1,024 packets) keep for him.
    let text = "x".repeat(16_000);
    let mut head = start;
    for _ in 0..BATCHES {
        let messages: Vec<Value> = (0..BATCH).map(|_| json!({ "room": room, "cid": cid(), "text": text })).collect();
        let sent = bob.ok(HALL, "message:send_batch", json!({ "messages": messages })).await?;
        head = sent["results"][BATCH - 1]["seq"].as_u64().unwrap_or_default();
        // Ada reads all the while, and has everything at once.
        let mut last = 0;
        while last < head {
            last = ada.push(HALL, "room:entry").await?["seq"].as_u64().unwrap_or_default();
        }
    }
    let all = BATCHES * BATCH;
    ensure!(head == start + all as u64, "all were committed");
    // The server lets go of him: what it kept for him is free again.
    let gone = |told: &Value| told["user"] == *stage.cem.id && told["state"] == "offline";
    let told = ada.push_where(HALL, "presence:changed", gone).await;
    if told.is_err() {
        // He has as long as for the answer to a ping: about the time that is waited for anything here.
        ada.push_where(HALL, "presence:changed", gone).await?;
    }

    let came = seqs(&cem.drain(HALL, "room:entry").await?);
    ensure!(came.len() < all, "the reader was never stalled: nothing was proved");
    let mut contiguous = start;
    while came.contains(&(contiguous + 1)) {
        contiguous += 1;
    }
    let (mut cem, ready) = stage.enter(&stage.cem).await?;
    ensure!(ready["heads"][&room] == head, "the head tells that something is missing");
    let mut healed: Vec<u64> = (start + 1..=contiguous).collect();
    loop {
        let page = cem.ok(HALL, "room:sync", json!({ "room": room, "after": contiguous, "limit": 500 })).await?;
        healed.extend(seqs(page["entries"].as_array().map_or(&[][..], |entries| entries)));
        contiguous = *healed.last().unwrap_or(&contiguous);
        if page["more"] != true {
            break;
        }
    }
    ensure!(healed == (start + 1..=head).collect::<Vec<_>>(), "every entry once, without holes");
    Ok(())
}
