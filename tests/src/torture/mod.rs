//! One run: a server, clients, faults; then rest, a last reading, and the verdict.

mod cast;
mod endings;
mod progress;
mod summary;

pub use progress::Progress;
pub use summary::Summary;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::watch;

use crate::history::{Journal, What};
use crate::nemesis::{FakeClock, Fault, Injected, Namespace, Nemesis, SmallDisk};
use crate::workload::{Board, Phase};
use crate::{Postgres, Proxy, Server, ServerOptions};

/// Time for outboxes to become empty after the last fault.
const DRAIN: Duration = Duration::from_secs(60);

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// All that is drawn follows from it.
    pub seed: u64,
    /// How long faults and load go on.
    pub time: Duration,
    /// What may be broken; what this machine does not allow is left out, and said.
    pub faults: Vec<Fault>,
    /// The longest rest between two faults.
    pub rest: Duration,
    /// Messages a second, over all clients.
    pub per_second: u32,
    /// On a PostgreSQL of its own; otherwise on SQLite.
    pub postgres: bool,
    /// The product's clients keep nothing on a disk: breaks what is promised, to show that a run notices.
    pub forgetful: bool,
    /// Where the history is kept.
    pub dir: PathBuf,
    /// More environment for the server: crash points, mutants.
    pub env: Vec<(String, String)>,
}

/// Runs a plan. `stop` ends the load early; what was recorded by then is judged all the same.
///
/// # Errors
/// When the stage cannot be set up, the server does not survive, or the last reading fails. The history is kept.
pub async fn run(plan: &Plan, stop: watch::Receiver<bool>, progress: &watch::Sender<Progress>) -> Result<Summary> {
    match std::fs::remove_dir_all(&plan.dir) {
        // What an earlier run left there would be taken for this one's.
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let journal = Journal::begin(&plan.dir)?;
    let mut set = Set::build(plan, &journal).await?;
    let ended = play(plan, &journal, &mut set, stop, progress).await;
    let history = journal.finish()?;
    let summary = Summary::judge(plan, &history, std::mem::take(&mut set.left_out));
    match ended {
        Ok(()) => Ok(summary),
        // What was seen until then may say why.
        Err(error) => Ok(summary.broken(format!("{error:#}\n{}", tail(&set.nemesis.server.log())))),
    }
}

/// Everything that a run needs, set up.
struct Set {
    nemesis: Nemesis,
    board: Arc<Board>,
    left_out: Vec<Fault>,
    /// Holds the clock's file and the disk's mount point.
    _dir: tempfile::TempDir,
}

impl Set {
    async fn build(plan: &Plan, journal: &Journal) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("confab-torture-").tempdir()?;
        let wants = |fault| plan.faults.contains(&fault);
        let mut options = ServerOptions { quiet: true, ..ServerOptions::unhurried() };
        let mut left_out = Vec::new();
        let mut disk = None;
        if wants(Fault::Disk) {
            disk = SmallDisk::mount(&dir.path().join("disk"))?;
            options.data = disk.as_ref().map(|disk| disk.path().join("data"));
            left_out.extend(disk.is_none().then_some(Fault::Disk));
        }
        let mut clock = None;
        if wants(Fault::Clock) {
            clock = FakeClock::new(dir.path())?;
            options.env.extend(clock.as_ref().map(FakeClock::env).unwrap_or_default());
            left_out.extend(clock.is_none().then_some(Fault::Clock));
        }
        let mut network = None;
        if wants(Fault::Network) {
            network = Namespace::new(u8::try_from(plan.seed % 60).unwrap_or(0)).await?;
            options.host = network.as_ref().map(Namespace::host);
            options.wrapper = network.as_ref().map(Namespace::wrapper).unwrap_or_default();
            left_out.extend(network.is_none().then_some(Fault::Network));
        }
        let postgres = if plan.postgres { Some(Postgres::start().await?) } else { None };
        if let Some(postgres) = &postgres {
            options.args.extend(["--database".to_owned(), postgres.url()]);
        }
        let mut server = Server::start(options).await?;
        let people = cast::people(&server).await?;
        if !plan.env.is_empty() {
            // Not before: a mutant may break the making of accounts, too.
            server.kill().await?;
            plan.env.iter().for_each(|(name, value)| server.set_env(name, Some(value)));
            server.launch().await?;
        }
        let mut proxies = Vec::new();
        for _ in 0..cast::PROXIES {
            proxies.push(Proxy::start(server.addr()).await?);
        }
        // The disk that is filled is the server's own; with PostgreSQL there is little on it.
        let other = if plan.postgres { Fault::Disk } else { Fault::Postgres };
        let fits = |fault: &Fault| *fault != other && fault.is_under_load() && !left_out.contains(fault);
        let faults = plan.faults.iter().copied().filter(fits).collect();
        let rng = fastrand::Rng::with_seed(plan.seed ^ 0x6e65_6d65_7369_7300);
        let recorder = journal.recorder("run");
        let nemesis =
            Nemesis { server, proxies, disk, clock, network, postgres, faults, recorder, rng, rest: plan.rest };
        Ok(Self { nemesis, board: Arc::new(Board::new(people, plan.per_second)), left_out, _dir: dir })
    }
}

async fn play(
    plan: &Plan,
    journal: &Journal,
    set: &mut Set,
    stop: watch::Receiver<bool>,
    progress: &watch::Sender<Progress>,
) -> Result<()> {
    let recorder = journal.recorder("run");
    let addr = set.nemesis.server.addr();
    endings::epoch(&set.nemesis.server, &recorder, 0).await?;
    let (phase, heard) = watch::channel(Phase::Load);
    let clients = cast::enter(plan, journal, set, &heard);
    let (apps, hunter) = cast::open_apps(plan, journal, set, &heard);
    let ticking = tokio::spawn(progress::tick(journal.clone(), plan.time, phase.clone(), stop, progress.clone()));

    let (told, mut hears) = watch::channel(Injected::new());
    let hunting = tokio::spawn(hunter.run(heard.clone(), told.clone()));
    let counting = progress.clone();
    let counted = tokio::spawn(async move {
        while hears.changed().await.is_ok() {
            let injected = hears.borrow().clone();
            counting.send_modify(|progress| progress.injected = injected);
        }
    });
    let broken = set.nemesis.run(heard.clone(), &told).await;
    drop(told);
    if broken.is_err() {
        phase.send_replace(Phase::Stop);
    }
    let _ = ticking.await;
    hunting.await.context("the hunter panicked")??;
    let _ = counted.await;
    recorder.note(What::Healed);

    let all = cast::leave(clients);
    let drained = tokio::time::timeout(DRAIN, all).await;
    phase.send_replace(Phase::Stop);
    broken?;
    let mut stuck = drained.context("some clients never became idle after the last fault")??;
    stuck.extend(cast::close_apps(apps).await?);

    crate::workload::close(addr, &set.board, journal).await.context("the last reading")?;
    // Only now: what became of the rest is judged all the same.
    anyhow::ensure!(stuck.is_empty(), "the outboxes of {stuck:?} never became empty");
    endings::epoch(&set.nemesis.server, &recorder, 0).await?;
    endings::resources(&mut set.nemesis.server, &set.board, &recorder).await.context("measuring resources")?;
    if plan.postgres {
        // Its backups are PostgreSQL's own business.
        return Ok(());
    }
    endings::restore(&mut set.nemesis.server, &recorder).await.context("backup and restore")?;
    set.left_out.extend(endings::outages(plan, &recorder).await.context("loss of power and damage")?);
    Ok(())
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
