//! A damaged database: found at start, set aside, reported with what to do, never served, and never lost.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Result, ensure};
use confab_tests::{HALL, Stage, cid, room_id, whole_log, within};
use serde_json::json;

/// A server with 60 messages, not running: stopped as it should be, or killed.
async fn stopped(killed: bool) -> Result<(Stage, String)> {
    let mut stage = Stage::new().await?;
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let room = room_id(&ready, "general")?;
    for n in 0..60 {
        bob.ok(HALL, "message:send", json!({ "room": room, "cid": cid(), "text": format!("kept message {n}") }))
            .await?;
    }
    if killed {
        stage.server.kill().await?;
    } else {
        ensure!(stage.server.terminate().await?.success(), "it ends well");
    }
    Ok((stage, room))
}

/// Flips one bit of the last place at which this text stands.
fn flip(file: &Path, text: &str) -> Result<()> {
    let mut file = std::fs::File::options().read(true).write(true).open(file)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let at = bytes.windows(text.len()).rposition(|window| window == text.as_bytes());
    let at = at.ok_or_else(|| anyhow::anyhow!("`{text}` is not in the file"))?;
    file.seek(SeekFrom::Start(at as u64))?;
    Ok(file.write_all(&[bytes[at] ^ 1])?)
}

async fn restore(stage: &Stage, from: &Path) -> Result<String> {
    let mut command = stage.server.command()?;
    let output = within("restore ends", command.arg("restore").arg(from).stdout(Stdio::piped()).output()).await??;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{said}");
    Ok(said)
}

/// It refuses twice, with what to do, and touches nothing; then a restore brings it back.
async fn is_refused_and_restored(mut stage: Stage, room: &str, finding: &str) -> Result<usize> {
    let kept = stage.server.data().join("confab.db.damaged-1");
    let before = std::fs::read(stage.server.data().join("confab.db"))?;
    let (status, said) = stage.server.launch_refused().await?;
    ensure!(status.code() == Some(1), "{status}");
    for part in ["damaged", finding, "confab.db.damaged-1", "confab-server restore"] {
        ensure!(said.contains(part), "nothing of `{part}` in: {said}");
    }
    ensure!(std::fs::read(&kept)? == before, "it is set aside as it was");
    let (status, said) = stage.server.launch_refused().await?;
    ensure!(
        status.code() == Some(1) && said.contains("set aside"),
        "no empty server takes its place: {status}: {said}"
    );

    restore(&stage, &kept).await?;
    ensure!(kept.is_file(), "a restore from it deletes nothing");
    stage.server.launch().await?;
    let mut ada = stage.enter(&stage.ada).await?.0;
    Ok(whole_log(&mut ada, room).await?.iter().filter(|entry| entry["kind"] == "message").count())
}

#[tokio::test]
async fn a_changed_message_in_the_file_is_not_served() -> Result<()> {
    let (stage, room) = stopped(false).await?;
    flip(&stage.server.data().join("confab.db"), "kept message 30")?;
    ensure!(is_refused_and_restored(stage, &room, "is not what was written").await? == 60, "the rest is all there");
    Ok(())
}

#[tokio::test]
async fn a_changed_log_does_not_silently_lose_what_came_after() -> Result<()> {
    let (stage, room) = stopped(true).await?;
    flip(&stage.server.data().join("confab.db-wal"), "kept message 55")?;
    let left = is_refused_and_restored(stage, &room, "write-ahead log").await?;
    ensure!((50..60).contains(&left), "what is before the damage can be had: {left}");
    Ok(())
}

/// To SQLite a shorter log is a sound one; the seal knows that more was acknowledged.
#[tokio::test]
async fn a_log_that_was_cut_off_is_found() -> Result<()> {
    let (stage, room) = stopped(true).await?;
    let log = std::fs::File::options().write(true).open(stage.server.data().join("confab.db-wal"))?;
    log.set_len(log.metadata()?.len() - 20_000)?;
    let left = is_refused_and_restored(stage, &room, "acknowledged are missing").await?;
    ensure!(left < 60, "{left}");
    Ok(())
}
