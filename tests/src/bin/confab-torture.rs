//! `confab-torture`: tries to break a Confab server, and says whether it did.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use confab_tests::history::History;
use confab_tests::nemesis::Fault;
use confab_tests::torture::{Plan, Progress, Summary, run};
use confab_tests::workspace_root;
use tokio::sync::watch;

/// Load, faults, and a verdict for each invariant of delivery. Exits with 1 when one is violated.
#[derive(Parser)]
#[command(name = "confab-torture", about)]
struct Arguments {
    /// What is drawn follows from it [default: a fresh one]
    #[arg(long)]
    seed: Option<u64>,
    /// How long load and faults go on
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// Only these faults, such as kill,cut [default: all that this machine allows]
    #[arg(long, value_delimiter = ',', value_name = "FAULT,…")]
    only: Vec<Fault>,
    /// Messages a second over all clients
    #[arg(long, default_value_t = 120)]
    rate: u32,
    /// The longest rest between two faults, in milliseconds
    #[arg(long, default_value_t = 4_000)]
    rest: u64,
    /// What the server keeps its data in: `postgres` is one of the run's own
    #[arg(long, value_enum, default_value_t = Store::Sqlite)]
    store: Store,
    /// More environment for the server, such as CONFAB_MUTANT=drop-push
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// Judges the history that a run left here once more, and runs nothing
    #[arg(long, value_name = "DIR")]
    replay: Option<PathBuf>,
}

/// A database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Store {
    Sqlite,
    Postgres,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let summary = match arguments.replay {
        Some(dir) => Summary::of(&History::read(&dir)?, dir),
        None => torture(arguments).await?,
    };
    print!("{summary}");
    Ok(if summary.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn torture(arguments: Arguments) -> Result<Summary> {
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..1_000_000_000));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace_root().join("target"), PathBuf::from);
    let split = |pair: &String| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    let plan = Plan {
        seed,
        time: Duration::from_secs_f64(arguments.minutes * 60.0),
        faults: if arguments.only.is_empty() { Fault::ALL.to_vec() } else { arguments.only },
        rest: Duration::from_millis(arguments.rest),
        per_second: arguments.rate,
        postgres: arguments.store == Store::Postgres,
        forgetful: false,
        dir: target.join("torture").join(seed.to_string()),
        env: arguments.env.iter().filter_map(split).collect(),
    };
    println!("seed {seed}, {:.1} min; Ctrl-C ends the load early, and what was seen is judged", arguments.minutes);
    let (say_stop, stop) = watch::channel(false);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            say_stop.send_replace(true);
        }
        // Held to the end: a sender that is gone would be no stop at all.
        std::future::pending::<()>().await;
    });
    let (progress, seen) = watch::channel(Progress::default());
    let showing = tokio::spawn(show(seen));
    let summary = run(&plan, stop, &progress).await;
    drop(progress);
    showing.await?;
    summary
}

/// One line that is written over, or one every ten seconds where nobody looks at a terminal.
async fn show(mut seen: watch::Receiver<Progress>) {
    let terminal = std::io::stdout().is_terminal();
    let mut shown = 0;
    while seen.changed().await.is_ok() {
        let Progress { elapsed, acked, injected } = seen.borrow().clone();
        let faults: u64 = injected.values().sum();
        let line = format!("{:>5} s  {acked} writes acked  {faults} faults injected", elapsed.as_secs());
        if terminal {
            print!("\r{line}  ");
            // Whoever closed the terminal does not miss it.
            let _ = std::io::stdout().flush();
        } else if elapsed.as_secs() / 10 > shown {
            shown = elapsed.as_secs() / 10;
            println!("{line}");
        }
    }
    if terminal {
        println!();
    }
}
