//! Measures the figures that Confab promises, beside Node Socket.IO and a bare WebSocket server in the same run.
//!
//! `make bench`, or `cargo run --release -p confab-bench -- --quick`. The server under test and the peers run on one core, this
//! process on another; where no peer is beside it, the server also has all cores, as it is installed. Each figure starts a fresh server on a fresh data directory. The table goes to stdout, the same
//! numbers as JSON to `target/bench/`.

mod apps;
mod confab;
mod crowd;
mod disk;
mod figures;
mod link;
mod peer;
mod process;
mod report;
mod words;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use crate::process::{Cores, Ground};
use crate::report::Report;

/// Measures Confab's figures.
#[derive(Debug, Parser)]
struct Arguments {
    /// Smaller runs: under a minute in all. Noisier, and the large database has 50,000 messages instead of a million.
    #[arg(long)]
    quick: bool,
    /// Only the figures whose name contains this: start, search, memory, latency, throughput, fanout, single, restart,
    /// outage, desktop, hours, paint.
    #[arg(long)]
    only: Option<String>,
    /// Each flush of the disk takes so many milliseconds longer, for the server and for what it is measured by (needs strace):
    /// what is promised over a flush, on a slower disk than this one.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    flush_ms: u64,
    /// The server's binary; `CONFAB_SERVER`, or the one beside this program.
    #[arg(long, env = "CONFAB_SERVER")]
    server: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the bare WebSocket peer; the benchmarks start it themselves.
    #[command(hide = true)]
    Peer,
    /// Runs the probe of the disk; the benchmarks start it themselves.
    #[command(hide = true)]
    Disk {
        /// Where to write.
        directory: PathBuf,
    },
}

/// What every figure needs to know.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Smaller runs.
    pub quick: bool,
    /// The server's binary.
    pub server: PathBuf,
    /// Where it runs.
    pub ground: Ground,
    /// Where data directories are made: on a real disk, since commits are measured.
    pub scratch: PathBuf,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    match arguments.command {
        Some(Command::Peer) => return local.block_on(&runtime, peer::serve()),
        Some(Command::Disk { directory }) => return local.block_on(&runtime, disk::serve(&directory)),
        None => {}
    }
    process::prepare_this_process()?;
    local.block_on(&runtime, measure(arguments))
}

async fn measure(arguments: Arguments) -> Result<()> {
    let beside = std::env::current_exe()?.with_file_name("confab-server");
    let server = arguments.server.unwrap_or(beside);
    anyhow::ensure!(server.exists(), "{} is missing: cargo build --release -p confab-server", server.display());
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().context("the repository")?.to_owned();
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let scratch = target.join("bench");
    std::fs::create_dir_all(&scratch)?;
    let ground = Ground { cores: Cores::One, flush: Duration::from_millis(arguments.flush_ms) };
    let plan = Plan { quick: arguments.quick, server, ground, scratch: scratch.clone() };

    let mut report = Report::new(&plan);
    let wanted = |name: &str| arguments.only.as_deref().is_none_or(|only| name.contains(only));
    if wanted("start") {
        figures::start::measure(&plan, &mut report).await?;
    }
    if wanted("search") {
        figures::search::measure(&plan, &mut report).await?;
    }
    if wanted("memory") {
        figures::memory::measure(&plan, &mut report).await?;
    }
    if wanted("latency") {
        figures::latency::measure(&plan, &mut report).await?;
    }
    if wanted("throughput") {
        figures::throughput::measure(&plan, &mut report).await?;
    }
    if wanted("fanout") {
        figures::fanout::measure(&plan, &mut report).await?;
    }
    if wanted("single") {
        figures::single::measure(&plan, &mut report).await?;
    }
    if wanted("restart") {
        figures::restart::measure(&plan, &mut report).await?;
    }
    if wanted("outage") {
        figures::outage::measure(&plan, &mut report).await?;
    }
    if wanted("desktop") {
        figures::desktop::measure(&plan, &mut report).await?;
    }
    if wanted("hours") {
        figures::hours::measure(&plan, &mut report).await?;
    }
    if wanted("paint") {
        figures::paint::measure(&plan, &mut report).await?;
    }
    println!("{}", report.table());
    let file = scratch.join(if plan.quick { "quick.json" } else { "full.json" });
    std::fs::write(&file, report.json()?)?;
    println!("JSON: {}", file.display());
    Ok(())
}
