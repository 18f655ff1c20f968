//! The product's client as a process: started on its file, spoken to through pipes, and killed by others.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::pipe::{Order, Said};
use crate::history::{Recorder, What};
use crate::nemesis::Fault;
use crate::until;

/// A client as the nemesis sees it. The same one through all lives of its process.
#[derive(Debug)]
pub struct Victim {
    recorder: Recorder,
    life: Mutex<Life>,
}

#[derive(Debug, Default)]
struct Life {
    child: Option<Child>,
    /// The crash that it was asked for, or sent.
    ends_by: Option<Fault>,
}

impl Victim {
    /// One that is not alive yet.
    #[must_use]
    pub fn new(recorder: Recorder) -> Self {
        Self { recorder, life: Mutex::default() }
    }

    /// SIGKILL. False when it was dead already.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&self) -> Result<bool> {
        let mut life = self.life();
        let Some(child) = life.child.as_mut().filter(|child| child.id().is_some()) else { return Ok(false) };
        child.start_kill()?;
        life.ends_by = Some(Fault::ClientKill);
        drop(life);
        self.note(Fault::ClientKill, true);
        Ok(true)
    }

    /// SIGSTOP, or SIGCONT. One that is dead does not mind.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn freeze(&self, on: bool) -> Result<()> {
        let pid = self.life().child.as_ref().and_then(Child::id);
        let Some(pid) = pid.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) else { return Ok(()) };
        self.note(Fault::ClientPause, on);
        Ok(kill_process(pid, if on { Signal::STOP } else { Signal::CONT })?)
    }

    fn note(&self, fault: Fault, begins: bool) {
        let fault = fault.to_string();
        self.recorder.note(if begins { What::Fault { fault } } else { What::Mended { fault } });
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One life of a client.
pub(super) struct Process {
    victim: Arc<Victim>,
    orders: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    log: PathBuf,
}

impl Process {
    /// Starts the client on what it left in `dir`, or with no memory at all. `crash`: the point at which it ends itself.
    ///
    /// # Errors
    /// When there is no such program.
    pub(super) fn start(victim: &Arc<Victim>, dir: &Path, forgetful: bool, crash: Option<String>) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let log = dir.join("client.log");
        let mut command = Command::new(client_binary()?);
        if !forgetful {
            command.arg("--local").arg(dir.join("account.db"));
        }
        if let Some(crash) = &crash {
            command.arg("--crash").arg(crash);
        }
        command.stderr(File::options().create(true).append(true).open(&log)?);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let orders = child.stdin.take().context("no stdin")?;
        let lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        let mut life = victim.life();
        // A crash of the life before this one is over.
        if let Some(fault) = life.ends_by.take() {
            victim.note(fault, false);
        }
        *life = Life { child: Some(child), ends_by: crash.map(|_| Fault::ClientPoint) };
        drop(life);
        Ok(Self { victim: victim.clone(), orders, lines, log })
    }

    /// Gives an order. To one that is dead it is lost, and its end is heard next.
    pub(super) async fn tell(&mut self, order: &Order) {
        let Ok(mut line) = serde_json::to_vec(order) else { return };
        line.push(b'\n');
        let _ = self.orders.write_all(&line).await;
    }

    /// What it says next; none when it has ended.
    ///
    /// # Errors
    /// When that cannot be read.
    pub(super) async fn hear(&mut self) -> Result<Option<Said>> {
        match self.lines.next_line().await? {
            // Cut off by its death.
            Some(line) if !line.ends_with('}') => Ok(None),
            Some(line) => Ok(Some(serde_json::from_str(&line).with_context(|| line.clone())?)),
            None => Ok(None),
        }
    }

    /// Waits until it is dead, by what it was sent or asked for.
    ///
    /// # Errors
    /// When it died of something else.
    pub(super) async fn dead(self) -> Result<()> {
        let status = ended(&self.victim).await?;
        let ends_by = self.victim.life().ends_by;
        match ends_by {
            Some(Fault::ClientPoint) if !status.success() => self.victim.note(Fault::ClientPoint, true),
            Some(Fault::ClientKill) => {}
            _ => bail!("it ended by itself with {status}: {}", std::fs::read_to_string(&self.log)?),
        }
        Ok(())
    }

    /// Lets it end in peace.
    ///
    /// # Errors
    /// When it does not.
    pub(super) async fn quit(self) -> Result<()> {
        let Self { victim, orders, lines, .. } = self;
        drop(orders);
        // A crash that it was asked for, and that never came, is none.
        victim.life().ends_by = None;
        drop(lines);
        ended(&victim).await.map(drop)
    }
}

async fn ended(victim: &Victim) -> Result<ExitStatus> {
    until("a client ends", async || {
        let mut life = victim.life();
        life.child.as_mut().and_then(|child| child.try_wait().ok().flatten())
    })
    .await
}

/// `CONFAB_TORTURE_CLIENT`, or the one beside this program; tests lie one folder below.
fn client_binary() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("CONFAB_TORTURE_CLIENT") {
        return Ok(given.into());
    }
    let program = std::env::current_exe()?;
    let folder = program.parent().context("a program lies in a folder")?;
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let binary = folder.join("confab-torture-client");
    anyhow::ensure!(binary.exists(), "{} is missing: cargo build -p confab-tests", binary.display());
    Ok(binary)
}
