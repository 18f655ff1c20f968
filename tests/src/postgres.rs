//! A PostgreSQL of a run's own, which can be killed: a new cluster in a temporary directory, on a Unix socket there.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::within;

/// Starts that are tried while the remains of a killed cluster hold its memory.
const ATTEMPTS: usize = 50;

/// A cluster. It ends when it is dropped.
#[derive(Debug)]
pub struct Postgres {
    process: Option<Child>,
    dir: TempDir,
}

impl Postgres {
    /// Makes a cluster and starts it.
    ///
    /// # Errors
    /// Without Debian's package `postgresql`, or when it does not start.
    pub async fn start() -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("confab-pg-").tempdir_in("/tmp")?;
        if is_root() {
            ensure!(Command::new("chown").arg("postgres").arg(dir.path()).status().await?.success(), "chown failed");
        }
        let mut make = command("initdb")?;
        make.arg("-D").arg(dir.path().join("data")).args(["-U", "confab", "-A", "trust", "-E", "UTF8", "--locale=C"]);
        let made = make.output().await?;
        ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let mut cluster = Self { process: None, dir };
        cluster.launch().await?;
        Ok(cluster)
    }

    /// The URL of its database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://confab@/postgres?host={}", self.dir.path().display())
    }

    /// SIGKILL of its first process. The others notice, and end without writing anything more.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&mut self) -> Result<()> {
        Ok(self.process.take().context("PostgreSQL does not run")?.kill().await?)
    }

    /// Starts it again: it recovers from its log.
    ///
    /// # Errors
    /// When it does not accept connections in time.
    pub async fn launch(&mut self) -> Result<()> {
        for _ in 0..ATTEMPTS {
            if self.attempt().await? {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("PostgreSQL does not start again")
    }

    /// False when it ended at once: processes of its former life are still there.
    async fn attempt(&mut self) -> Result<bool> {
        let mut process = command("postgres")?
            .arg("-D")
            .arg(self.dir.path().join("data"))
            .arg("-k")
            .arg(self.dir.path())
            .args(["-c", "listen_addresses="])
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(process.stderr.take().context("no stderr")?).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await? {
                if line.contains("ready to accept connections") {
                    return anyhow::Ok(true);
                }
            }
            Ok(false)
        };
        if !within("PostgreSQL accepts connections", ready).await?? {
            return Ok(false);
        }
        // What it says later is read, so that it never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        self.process = Some(process);
        Ok(true)
    }
}

/// A program of PostgreSQL, run as its own user when we are root, which it refuses; it ends when we do.
fn command(program: &str) -> Result<Command> {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT"]);
    if is_root() {
        command.args(["--reuid", "postgres", "--regid", "postgres", "--init-groups"]);
    }
    command.arg("--").arg(binaries()?.join(program)).current_dir("/tmp").env_remove("PGDATA");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    Ok(command)
}

fn binaries() -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").context("the package postgresql is missing")?;
    let folders = versions.flatten().map(|entry| entry.path().join("bin"));
    let found = folders.filter(|bin| Path::new(&bin.join("initdb")).exists()).max();
    found.context("there is no initdb in /usr/lib/postgresql/*/bin")
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
