//! A PostgreSQL of the test's own: a new cluster in a temporary directory, on a Unix socket there, that ends with the
//! test. It needs the binaries of Debian's `postgresql` package, and **fails** without them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio_postgres::NoTls;

pub struct Cluster {
    process: Child,
    directory: TempDir,
}

impl Cluster {
    /// Makes a cluster and starts it; returns when it accepts connections. To be called on a thread that lives as
    /// long as the cluster: the kernel ends the process with it, even when the test is killed.
    pub fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("confab-pg-").tempdir_in("/tmp").unwrap();
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(directory.path()));
        }
        let data = directory.path().join("data");
        run(command("initdb").arg("-D").arg(&data).args(["-U", "confab", "-A", "trust", "-E", "UTF8"]).args([
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]));
        let process = launch(directory.path()).unwrap_or_else(|said| panic!("PostgreSQL ended at its start:\n{said}"));
        Self { process, directory }
    }

    /// Kills it as a crash does, in the middle of whatever it does.
    #[allow(dead_code, reason = "not every suite that uses a cluster kills it")]
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again after [`Cluster::kill`]. The processes of its connections end by themselves when they miss it,
    /// and it refuses to start before.
    #[allow(dead_code, reason = "not every suite that uses a cluster kills it")]
    pub fn start_again(&mut self) {
        let end = Instant::now() + Duration::from_secs(30);
        self.process = loop {
            match launch(self.directory.path()) {
                Ok(process) => break process,
                Err(said) => assert!(Instant::now() < end, "PostgreSQL does not come back:\n{said}"),
            }
        };
    }

    /// A new, empty database; its URL.
    pub async fn database(&self, name: &str) -> String {
        let (client, connection) = tokio_postgres::connect(&self.url("postgres"), NoTls).await.unwrap();
        let running = tokio::spawn(connection);
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        drop(client);
        running.await.unwrap().unwrap();
        self.url(name)
    }

    /// The URL of a database of this cluster, whether it exists or not.
    pub fn url(&self, name: &str) -> String {
        format!("postgres://confab@/{name}?host={}", self.directory.path().display())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGQUIT: at once, without waiting for clients. Nothing of it is kept.
        let _ = Command::new("kill").arg("-QUIT").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

/// Starts the server; what it said when it ends instead of being ready.
fn launch(directory: &Path) -> Result<Child, String> {
    let mut process = command("postgres")
        .arg("-D")
        .arg(directory.join("data"))
        .arg("-k")
        .arg(directory)
        // No disk to wait for, no network to be reached from. Without a flush a crash of the process loses nothing.
        .args(["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "listen_addresses="])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("PostgreSQL can be started");
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let mut said = Vec::new();
    loop {
        match lines.next() {
            Some(Ok(line)) if line.contains("ready to accept connections") => break,
            Some(Ok(line)) => said.push(line),
            _ => {
                process.wait().unwrap();
                return Err(said.join("\n"));
            }
        }
    }
    // What it says later is read so that it never waits for us.
    std::thread::spawn(move || lines.for_each(drop));
    Ok(process)
}

/// A program of PostgreSQL, run as its own user when we are root, which it refuses; it is ended when we are.
fn command(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT"]);
    if is_root() {
        command.args(["--reuid", "postgres", "--regid", "postgres", "--init-groups"]);
    }
    command.arg("--").arg(binaries().join(program)).current_dir("/tmp").env_remove("PGDATA");
    command
}

fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).filter(|bin| has_both(bin)).collect();
    found.sort();
    found.pop().expect("PostgreSQL's initdb and postgres are in /usr/lib/postgresql/*/bin (package postgresql)")
}

fn has_both(bin: &Path) -> bool {
    bin.join("initdb").exists() && bin.join("postgres").exists()
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id can be run");
    id.stdout == b"0\n"
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
