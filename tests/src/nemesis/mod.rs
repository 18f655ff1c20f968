//! Breaks things, as drawn from the seed, and mends them again: one fault at a time of what clients share, and beside it
//! one of a client.
//!
//! Each fault is recorded with its beginning and its end, so that the checker knows when a link may be dead without
//! anybody's fault.

mod clients;
mod clock;
mod disk;
mod fault;
mod network;

pub use clients::Hunter;
pub use clock::FakeClock;
pub use disk::SmallDisk;
pub use fault::Fault;
pub use network::Namespace;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::watch;

use crate::history::{Recorder, What};
use crate::workload::Phase;
use crate::{Postgres, Proxy, Server};

/// Selects a mutant in a server that was built with them: `ack-before-commit`, `dedupe-in-memory`, `drop-push`.
pub const MUTANT_ENV: &str = "CONFAB_MUTANT";

/// What can be broken.
pub struct Nemesis {
    /// The server.
    pub server: Server,
    /// Proxies through which some of the clients come.
    pub proxies: Vec<Proxy>,
    /// The disk under the data, where it can be filled.
    pub disk: Option<SmallDisk>,
    /// The server's clock, where it can be moved.
    pub clock: Option<FakeClock>,
    /// The network of the server, where it is one of its own.
    pub network: Option<Namespace>,
    /// The database, where it is a PostgreSQL.
    pub postgres: Option<Postgres>,
    /// What it may do.
    pub faults: Vec<Fault>,
    /// Where it is recorded.
    pub recorder: Recorder,
    /// What it draws from.
    pub rng: fastrand::Rng,
    /// The longest rest between two faults.
    pub rest: Duration,
}

/// How often each fault was injected.
pub type Injected = BTreeMap<Fault, u64>;

impl Nemesis {
    /// Breaks one thing after the other while there is load; `told` hears of each. Everything is whole in the end.
    ///
    /// # Errors
    /// When the server cannot be started again: a crash that it does not survive.
    pub async fn run(&mut self, mut phase: watch::Receiver<Phase>, told: &watch::Sender<Injected>) -> Result<()> {
        while *phase.borrow() == Phase::Load && !self.faults.is_empty() {
            let rest = self.rest.mul_f64(self.rng.f64());
            let _ = tokio::time::timeout(rest, phase.wait_for(|phase| *phase != Phase::Load)).await;
            if *phase.borrow() != Phase::Load {
                break;
            }
            let fault = self.draw();
            self.inject(fault).await.with_context(|| format!("while injecting `{fault}`"))?;
            told.send_modify(|injected| *injected.entry(fault).or_default() += 1);
        }
        Ok(())
    }

    /// Kills come as often as all others together: they are what the promises are about. So do those of a database, of
    /// what is left.
    fn draw(&mut self) -> Fault {
        if self.faults.contains(&Fault::Kill) && self.rng.bool() {
            return Fault::Kill;
        }
        if self.faults.contains(&Fault::Postgres) && self.rng.bool() {
            return Fault::Postgres;
        }
        self.faults[self.rng.usize(..self.faults.len())]
    }

    /// Breaks one thing and mends it.
    ///
    /// # Errors
    /// When it cannot be mended.
    pub async fn inject(&mut self, fault: Fault) -> Result<()> {
        self.recorder.note(What::Fault { fault: fault.to_string() });
        let injected = self.break_and_mend(fault).await;
        self.recorder.note(What::Mended { fault: fault.to_string() });
        injected
    }

    async fn break_and_mend(&mut self, fault: Fault) -> Result<()> {
        let short = Duration::from_millis(self.rng.u64(50..800));
        let at = if self.proxies.is_empty() { 0 } else { self.rng.usize(..self.proxies.len()) };
        let proxy = self.proxies.get(at);
        match fault {
            Fault::Kill => {
                self.server.kill().await?;
                // Sometimes it is back before anybody noticed.
                tokio::time::sleep(Duration::from_millis(self.rng.u64(..200))).await;
                self.server.launch().await?;
            }
            Fault::Postgres => {
                if let Some(postgres) = &mut self.postgres {
                    postgres.kill().await?;
                    tokio::time::sleep(short).await;
                    postgres.launch().await?;
                }
            }
            Fault::Amnesia => {
                let copy = tempfile::tempdir()?;
                self.server.freeze(true)?;
                copy_files(&self.server.data(), copy.path())?;
                self.server.freeze(false)?;
                tokio::time::sleep(short * 2).await;
                self.server.kill().await?;
                std::fs::remove_dir_all(self.server.data())?;
                copy_files(copy.path(), &self.server.data())?;
                self.server.launch().await?;
            }
            Fault::Pause => {
                self.server.freeze(true)?;
                tokio::time::sleep(short).await;
                self.server.freeze(false)?;
            }
            Fault::Cut => proxy.into_iter().for_each(Proxy::cut),
            Fault::Reset => proxy.into_iter().for_each(Proxy::reset),
            Fault::Torn => {
                let bytes = self.rng.usize(1..4_000);
                proxy.into_iter().for_each(|proxy| proxy.tear(bytes));
                tokio::time::sleep(short).await;
            }
            Fault::Duplicate => {
                proxy.into_iter().for_each(Proxy::duplicate);
                tokio::time::sleep(short).await;
            }
            Fault::HalfClose => proxy.into_iter().for_each(Proxy::half_close),
            Fault::Blackhole => {
                proxy.into_iter().for_each(|proxy| proxy.blackhole(true));
                tokio::time::sleep(short * 6).await;
                proxy.into_iter().for_each(|proxy| proxy.blackhole(false));
                proxy.into_iter().for_each(Proxy::cut);
            }
            Fault::Refuse => {
                proxy.into_iter().for_each(|proxy| proxy.refuse(true));
                proxy.into_iter().for_each(Proxy::cut);
                tokio::time::sleep(short * 2).await;
                proxy.into_iter().for_each(|proxy| proxy.refuse(false));
            }
            Fault::Delay => {
                let delay = Duration::from_millis(self.rng.u64(5..300));
                proxy.into_iter().for_each(|proxy| proxy.delay(delay));
                tokio::time::sleep(short * 4).await;
                proxy.into_iter().for_each(|proxy| proxy.delay(Duration::ZERO));
            }
            Fault::Disk => {
                if let Some(disk) = &self.disk {
                    disk.fill()?;
                    // The `-wal` has room in itself for a while.
                    tokio::time::sleep(short * 8).await;
                    disk.free()?;
                }
            }
            Fault::Clock => {
                if let Some(clock) = &self.clock {
                    clock.jump(self.rng.i64(-86_400..=86_400))?;
                    tokio::time::sleep(short * 2).await;
                }
            }
            // See [`Fault::is_under_load`].
            Fault::ClientKill | Fault::ClientPause | Fault::ClientPoint | Fault::Power | Fault::Damage => {}
            Fault::Network => {
                if let Some(network) = &self.network {
                    network.blackhole(true).await?;
                    tokio::time::sleep(short * 6).await;
                    network.blackhole(false).await?;
                }
            }
        }
        Ok(())
    }
}

/// Copies the files of a data directory; `-shm` is left out, since SQLite makes it anew.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for file in std::fs::read_dir(from)? {
        let file = file?;
        if file.file_type()?.is_file() && !file.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(file.path(), to.join(file.file_name()))?;
        }
    }
    Ok(())
}
