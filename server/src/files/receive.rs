//! A body on its way to the disk: never in memory, never longer than it may be, and never waited for in vain.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::failed;
use confab_protocol::Error;

/// How long a sender may be silent.
const SILENCE: Duration = Duration::from_secs(30);
/// How long, and how much, is read of a body that was refused already: a client that is still sending reads no answer.
const DRAIN_TIME: Duration = Duration::from_secs(30);
const DRAIN_BYTES: u64 = 256 * 1024 * 1024;

/// How a body ended. What came before is in the file in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receive {
    /// As it should.
    Whole,
    /// It has more than it may; the rest was not taken.
    TooLong,
    /// The connection broke, or there was less than was announced.
    Broken,
    /// Nothing came for too long.
    Silent,
}

/// Appends a body to a file, at most `most` bytes of it, and puts that on the disk. How much that was, and how it ended.
///
/// # Errors
/// `unavailable` when the disk does not take it.
pub async fn receive(body: &mut Body, file: &mut File, most: u64) -> Result<(u64, Receive), Error> {
    let mut taken = 0;
    let ended = loop {
        let frame = match tokio::time::timeout(SILENCE, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(_))) => break Receive::Broken,
            Ok(None) => break Receive::Whole,
            Err(_) => break Receive::Silent,
        };
        let Ok(data) = frame.into_data() else { continue };
        if taken + data.len() as u64 > most {
            break Receive::TooLong;
        }
        file.write_all(&data).await.map_err(|error| failed(&error))?;
        taken += data.len() as u64;
    };
    file.flush().await.map_err(|error| failed(&error))?;
    file.sync_data().await.map_err(|error| failed(&error))?;
    Ok((taken, ended))
}

/// Reads on, behind an answer that is a refusal.
pub fn drain(mut body: Body) {
    tokio::spawn(tokio::time::timeout(DRAIN_TIME, async move {
        let mut read = 0;
        while let Some(Ok(frame)) = body.frame().await {
            read += frame.data_ref().map_or(0, |data| data.len() as u64);
            if read > DRAIN_BYTES {
                return;
            }
        }
    }));
}
