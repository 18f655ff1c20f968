//! What one durable write costs on this disk: as many bytes as one commit appends, in the same directory, and an `fsync`. The server
//! itself asks for `fdatasync`, which does not wait for the time of the file's last change; "one fsync" is what the target says.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::process::{Ground, Process};

/// What one committed message appends to the server's write-ahead log, as strace counts it: three pages, four on average
/// since pages fill up, each after its frame header in a write of its own.
const PAGES: usize = 4;
const HEADER: [u8; 24] = [0x5a; 24];
const PAGE: [u8; 4096] = [0xa5; 4096];
/// The log is begun anew after a checkpoint, at about two thousand pages.
const WRAP_BYTES: u64 = 8 * 1024 * 1024;

/// A process where the server runs that writes as SQLite does in WAL mode with `synchronous = FULL`, whenever it is asked to:
/// append, sync, and over the same blocks again after a while.
///
/// It is asked over a socket and syncs on a thread of its own, as a server does. A loop of syncs would measure something
/// else: how long a flush takes depends on how awake the cores are, by a factor of ten on some virtual machines.
#[derive(Debug)]
pub struct Disk {
    process: Process,
    stream: TcpStream,
}

impl Disk {
    /// On the file system of this directory.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn at(directory: &Path, ground: Ground) -> Result<Self> {
        let arguments = ["disk".to_owned(), directory.to_string_lossy().into_owned()];
        let process = Process::start(&std::env::current_exe()?, &arguments, ground).await?;
        let stream = TcpStream::connect(process.addr).await?;
        stream.set_nodelay(true)?;
        Ok(Self { process, stream })
    }

    /// How long each of `n` writes took.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn syncs(&mut self, n: usize) -> Result<Vec<Duration>> {
        let mut took = Vec::with_capacity(n);
        for _ in 0..n {
            self.stream.write_u8(0).await?;
            took.push(Duration::from_nanos(self.stream.read_u64().await?));
        }
        Ok(took)
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it had ended by itself.
    pub async fn stop(self) -> Result<()> {
        self.process.stop().await
    }
}

/// The same writes in a plain loop of this process: what a simple probe would call the time of a flush.
///
/// # Errors
/// When the disk refuses.
pub fn plain_loop(directory: &Path, n: usize) -> Result<Vec<Duration>> {
    let mut file = File::create(directory.join("fsync.probe"))?;
    Ok((0..n).map(|_| write(&mut file)).collect::<std::io::Result<_>>()?)
}

/// The process behind [`Disk`]: one client, one write for each byte that it sends, answered with nanoseconds.
///
/// # Errors
/// When the disk refuses.
pub async fn serve(directory: &Path) -> Result<()> {
    let path = directory.join("fsync.probe");
    let mut file = File::create(&path)?;
    std::fs::remove_file(&path)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let (mut stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    while stream.read_u8().await.is_ok() {
        let written = tokio::task::spawn_blocking(move || write(&mut file).map(|took| (file, took)));
        let (same, took) = written.await??;
        file = same;
        stream.write_u64(u64::try_from(took.as_nanos())?).await?;
    }
    Ok(())
}

fn write(file: &mut File) -> std::io::Result<Duration> {
    let began = Instant::now();
    if file.stream_position()? > WRAP_BYTES {
        file.seek(SeekFrom::Start(0))?;
    }
    for _ in 0..PAGES {
        file.write_all(&HEADER)?;
        file.write_all(&PAGE)?;
    }
    file.sync_all()?;
    Ok(began.elapsed())
}

/// The value that this share of all values does not exceed.
#[must_use]
pub fn percentile(values: &mut [Duration], share: f64) -> Duration {
    values.sort_unstable();
    let at = ((values.len() as f64 * share).ceil() as usize).clamp(1, values.len().max(1)) - 1;
    values.get(at).copied().unwrap_or_default()
}

/// In milliseconds, for people.
#[must_use]
pub fn ms(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}
