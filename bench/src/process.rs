//! Processes under measurement: started alike, pinned alike, read from `/proc`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The core of the server and of each peer.
const SERVER_CORE: usize = 0;
/// The core of the load generator.
const LOAD_CORE: usize = 1;
/// Nobody takes longer to start, unless something is broken.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Where a process under measurement may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cores {
    /// On one, beside peers that have a single thread.
    One,
    /// On all, as it is installed. The load runs on one of them.
    All,
}

/// Where and on what a process under measurement runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ground {
    /// The cores.
    pub cores: Cores,
    /// By how much longer each flush of the disk takes than it does here. What is promised over a flush was measured on a disk
    /// that took 4 ms for it; on a quicker one, what a message costs besides weighs more.
    pub flush: Duration,
}

impl std::fmt::Display for Ground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.cores)?;
        if self.flush.is_zero() { Ok(()) } else { write!(f, ", each flush {} ms longer", self.flush.as_millis()) }
    }
}

impl std::fmt::Display for Cores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Self::One { "one core" } else { "all cores" })
    }
}

/// Something that prints `listening on http://ADDR` and is being measured.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Where it listens.
    pub addr: SocketAddr,
    /// From just before it was started until it said that it listens.
    pub started_in: Duration,
}

impl Process {
    /// Starts a program there and waits until it listens. What it prints to stderr goes nowhere: a log
    /// on a terminal would be measured too.
    ///
    /// # Errors
    /// When it cannot be started, or ends or hangs before it listens.
    pub async fn start(program: &Path, arguments: &[String], Ground { cores, flush }: Ground) -> Result<Self> {
        let mut words: Vec<OsString> = Vec::new();
        if is_pinned() {
            let list = if cores == Cores::One { SERVER_CORE.to_string() } else { format!("0-{}", CpuSet::MAX_CPU - 1) };
            words.extend(["taskset".into(), "-c".into(), list.into()]);
        }
        if !flush.is_zero() {
            // `-D`: the program keeps its process id. Nothing but these two calls is held up for the tracer.
            let late = format!("inject=fsync,fdatasync:delay_enter={}", flush.as_micros());
            words.extend(["strace", "-D", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null"].map(OsString::from));
            words.extend(["-e".into(), "trace=fsync,fdatasync".into(), "-e".into(), late.into()]);
        }
        words.push(program.into());
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let began = Instant::now();
        let mut child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let mut lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(addr) = line.strip_prefix("listening on http://") {
                    return Ok(addr.trim().parse()?);
                }
            }
            bail!("{} ended before it listened", program.display())
        };
        let addr = tokio::time::timeout(START_LIMIT, listening).await.context("it does not start")??;
        let started_in = began.elapsed();
        // Its stdout is read on, so that a full pipe never stops it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, addr, started_in })
    }

    /// Resident memory, in KiB.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn resident_kib(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse()?)
    }

    /// CPU time so far, user and system, of all its threads. In steps of 10 ms.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn cpu(&self) -> Result<Duration> {
        cpu_of(self.pid()?)
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it has ended by itself, which nobody asked for.
    pub async fn stop(mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("it had ended by itself with {status}");
        }
        self.child.kill().await?;
        Ok(())
    }

    fn pid(&self) -> Result<u32> {
        self.child.id().context("it has ended")
    }
}

/// CPU time of a process so far, user and system, of all its threads. In steps of 10 ms.
///
/// # Errors
/// When the process is gone.
pub fn cpu_of(pid: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may contain spaces; the numbers come after it.
    let numbers = stat.rsplit_once(')').context("an odd stat line")?.1;
    let ticks: Vec<u64> = numbers.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(Duration::from_millis(ticks.iter().sum::<u64>() * 10))
}

/// A process and all that it has started, and so on.
#[must_use]
pub fn tree(root: u32) -> Vec<u32> {
    let (mut all, mut next) = (Vec::new(), vec![root]);
    while let Some(pid) = next.pop() {
        all.push(pid);
        for task in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            next.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
    }
    all
}

/// The memory of a process and of each that it has started, by name and in bytes: each page by its part among those who
/// share it (PSS).
///
/// # Errors
/// When the process is gone.
pub fn proportional_of_tree(root: u32) -> Result<Vec<(String, f64)>> {
    let of = |pid: u32| -> Option<(String, f64)> {
        let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        Some((name.trim().to_owned(), kib * 1024.0))
    };
    of(root).context("it has ended")?;
    // One that has just ended needs nothing more.
    Ok(tree(root).into_iter().filter_map(of).collect())
}

/// Lets this process, and what it starts from now on, run on every core again.
///
/// # Errors
/// When the system refuses.
pub fn unpin_this_process() -> Result<()> {
    let mut cores = CpuSet::new();
    (0..CpuSet::MAX_CPU).for_each(|core| cores.set(core));
    Ok(sched_setaffinity(None, &cores)?)
}

/// Pins this process to its core and raises its limit of open files as far as it may; children inherit the limit.
///
/// # Errors
/// When the system refuses.
pub fn prepare_this_process() -> Result<()> {
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum })?;
    if is_pinned() {
        let mut cores = CpuSet::new();
        cores.set(LOAD_CORE);
        sched_setaffinity(None, &cores)?;
    }
    Ok(())
}

/// With one core there is nothing to choose.
fn is_pinned() -> bool {
    std::fs::read_to_string("/proc/cpuinfo").is_ok_and(|cpu| cpu.matches("processor\t").count() > 1)
}
