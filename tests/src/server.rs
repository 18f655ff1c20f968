//! The real `confab-server` as a child process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

use anyhow::{Context, Result, bail, ensure};
use confab_protocol::Fingerprint;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::{Api, until, within};

/// A token that claims a fresh server in a test.
const SETUP_TOKEN: &str = "setup-token-of-a-test";

/// How a server is started. The default is what `confab-server` does out of the box, on a free port of loopback.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// The content of the TOML file; none is written when it is empty.
    pub config: String,
    /// More arguments.
    pub args: Vec<String>,
    /// More environment.
    pub env: Vec<(String, String)>,
    /// Where its data is; none means a directory that is deleted with it.
    pub data: Option<PathBuf>,
    /// A command that runs it, such as `ip netns exec NAME`.
    pub wrapper: Vec<String>,
    /// The address to listen on; none means loopback.
    pub host: Option<std::net::IpAddr>,
    /// Its output is not printed when it is dropped.
    pub quiet: bool,
}

impl ServerOptions {
    /// Rates so high that a scenario does not meet them; sizes as they are by default.
    #[must_use]
    pub fn unhurried() -> Self {
        Self {
            config: "[limits]\nmessages_per_10s = 1000000\nmessages_burst = 1000000\nevents_per_10s = 1000000\n\
                     sockets_per_user = 10000\nconnections_per_address = 10000\n"
                .into(),
            ..Self::default()
        }
    }
}

/// A running server with a data directory of its own. Dropping it kills the process and deletes the directory; all
/// that it printed goes to the test's output, which is shown when the test fails.
#[derive(Debug)]
pub struct Server {
    child: Option<Child>,
    options: ServerOptions,
    dir: TempDir,
    addr: SocketAddr,
    log: Arc<Mutex<String>>,
    pumps: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts one and waits until it listens.
    ///
    /// # Errors
    /// When it ends, or does not say `listening on` in time.
    pub async fn start(options: ServerOptions) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("confab-test-").tempdir()?;
        let addr = SocketAddr::new(options.host.unwrap_or([127, 0, 0, 1].into()), 0);
        let mut server = Self { child: None, options, dir, addr, log: Arc::default(), pumps: Vec::new() };
        server.launch().await?;
        Ok(server)
    }

    /// Starts it again on the same data and the same port.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn launch(&mut self) -> Result<()> {
        ensure!(self.child.is_none(), "it runs already");
        let mut command = self.command()?;
        command.arg("--bind").arg(self.addr.to_string()).args(["--setup-token", SETUP_TOKEN]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
        let (found, listening) = oneshot::channel();
        self.pumps = vec![
            pump(child.stdout.take().context("no stdout")?, self.log.clone(), Some(found)),
            pump(child.stderr.take().context("no stderr")?, self.log.clone(), None),
        ];
        self.child = Some(child);
        let Ok(addr) = within("the server's line `listening on …`", listening).await? else {
            bail!("the server ended before it listened:\n{}", self.log());
        };
        self.addr = addr;
        Ok(())
    }

    /// Starts it where it must refuse: how it ended, and what it printed since.
    ///
    /// # Errors
    /// When it listens.
    pub async fn launch_refused(&mut self) -> Result<(ExitStatus, String)> {
        let before = self.log().len();
        let Err(_) = self.launch().await else { bail!("it must refuse to start, but it listens") };
        let status = self.ended().await?;
        Ok((status, self.log().split_off(before)))
    }

    /// Waits until it ends by itself, and until all that it printed is in the log.
    ///
    /// # Errors
    /// When it does not run, or does not end in time.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let mut child = self.child.take().context("it does not run")?;
        let status = within("the server ends", child.wait()).await??;
        for pump in self.pumps.drain(..) {
            within("the end of its output", pump).await??;
        }
        Ok(status)
    }

    /// Sets a variable for the next launch, or takes it away.
    pub fn set_env(&mut self, name: &str, value: Option<&str>) {
        self.options.env.retain(|(n, _)| n != name);
        self.options.env.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    /// The command that runs it from the next launch on; none runs it directly.
    pub fn set_wrapper(&mut self, wrapper: Vec<String>) {
        self.options.wrapper = wrapper;
    }

    /// A command of the server's binary on this data directory: for `backup`, `user add` and the like.
    ///
    /// # Errors
    /// When the binary cannot be found or built.
    pub fn command(&self) -> Result<Command> {
        let binary = server_binary()?;
        let mut command = match self.options.wrapper.split_first() {
            None => Command::new(&binary),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(&binary);
                command
            }
        };
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CONFAB_")) {
            command.env_remove(name);
        }
        command.arg("--data").arg(self.data());
        if !self.options.config.is_empty() {
            let file = self.dir.path().join("confab.toml");
            std::fs::write(&file, &self.options.config)?;
            command.arg("--config").arg(file);
        }
        command.args(&self.options.args).envs(self.options.env.iter().cloned()).stdin(Stdio::null());
        Ok(command)
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://ADDR`: on loopback that is answered with TLS too.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Its data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.options.data.clone().unwrap_or_else(|| self.dir.path().join("data"))
    }

    /// The token that claims it.
    #[must_use]
    pub fn setup_token(&self) -> &'static str {
        SETUP_TOKEN
    }

    /// The HTTP side, nobody signed in.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn api(&self) -> Result<Api> {
        Api::new(&self.url())
    }

    /// The process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Everything that it printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().map(|log| log.clone()).unwrap_or_default()
    }

    /// The fingerprint of its certificate, as it told its host at this start, counted from one.
    ///
    /// # Errors
    /// When it does not tell it in time.
    pub async fn fingerprint(&self, start: usize) -> Result<Fingerprint> {
        let line = until("the fingerprint is told", async || {
            let log = self.log();
            log.lines().filter(|line| line.contains("SHA-256 fingerprint")).nth(start - 1).map(str::to_owned)
        });
        Ok(line.await?.rsplit(' ').next().unwrap_or_default().parse()?)
    }

    /// SIGKILL: as a crash, or a lost plug as far as this process is concerned.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&mut self) -> Result<()> {
        let mut child = self.child.take().context("it does not run")?;
        child.kill().await?;
        Ok(())
    }

    /// SIGTERM, and how it ended.
    ///
    /// # Errors
    /// When it does not run, or does not end in time.
    pub async fn terminate(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        let mut child = self.child.take().context("it does not run")?;
        Ok(within("the server ends after SIGTERM", child.wait()).await??)
    }

    /// Freezes it, or lets it go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn freeze(&self, on: bool) -> Result<()> {
        self.signal(if on { Signal::STOP } else { Signal::CONT })
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.pid().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)).context("it does not run")?;
        Ok(kill_process(pid, signal)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself; then there is nothing to kill.
            let _ = child.start_kill();
        }
        if self.options.quiet {
            return;
        }
        eprintln!("--- confab-server on {} printed ---\n{}--- end ---", self.addr, self.log());
    }
}

/// The root of the repository.
#[must_use]
pub fn workspace_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The server's binary: `CONFAB_SERVER`, or the one beside this test in the target directory, built if it is missing.
/// Scenarios run a build with failpoints and mutants, which do nothing unless a scenario arms them.
///
/// # Errors
/// When it is missing and cannot be built.
pub fn server_binary() -> Result<PathBuf> {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    BINARY.get_or_init(|| find_or_build().map_err(|e| format!("{e:#}"))).clone().map_err(anyhow::Error::msg)
}

fn find_or_build() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("CONFAB_SERVER") {
        return Ok(given.into());
    }
    let test = std::env::current_exe()?;
    let folder = test.parent().context("a program lies in a folder")?;
    // Tests lie in target/PROFILE/deps, programs one above.
    let profile = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let binary = profile.join("confab-server");
    if !binary.exists() {
        let mut build = std::process::Command::new(option_env!("CARGO").unwrap_or("cargo"));
        build.args(["build", "-p", "confab-server", "--features", "failpoints,mutants"]).current_dir(workspace_root());
        if profile.ends_with("release") {
            build.arg("--release");
        }
        ensure!(build.status()?.success(), "cargo build -p confab-server failed");
    }
    Ok(binary)
}

fn pump(
    from: impl AsyncRead + Unpin + Send + 'static,
    log: Arc<Mutex<String>>,
    found: Option<oneshot::Sender<SocketAddr>>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut found = found;
        let mut lines = BufReader::new(from).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let url = line.strip_prefix("listening on http").map(|rest| rest.trim_start_matches('s'));
            if let Some(addr) = url.and_then(|url| url.trim().strip_prefix("://")?.parse().ok())
                && let Some(found) = found.take()
            {
                let _ = found.send(addr);
            }
            if let Ok(mut log) = log.lock() {
                log.push_str(&line);
                log.push('\n');
            }
        }
    })
}
