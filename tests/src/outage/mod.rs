//! Loss of power, and damage to the files: a server of its own is watched while it writes, killed, and started again on
//! what a disk may have kept, and on files that were changed behind its back.
//!
//! Not the process but strace says what was flushed, so that a flush that is missing is found too.

mod disk;
mod trace;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::history::{Recorder, What};
use crate::nemesis::Fault;
use crate::{HALL, ServerOptions, Stage, Wire, cid, room_id, until, whole_log};
use disk::{Disk, Files, files_of, put};
use trace::Step;

/// The database, and what lies beside it. Other files of a data directory never change.
const FILES: [&str; 3] = ["confab.db", "confab.db-wal", "confab.db-seal"];
/// Long enough that the log is moved into the main file while it is watched.
const ACKS: usize = 700;
/// The longest that this may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that was watched, and has been killed.
pub struct Outage {
    stage: Stage,
    room: String,
    /// Before it was watched, all of it durable.
    before: Files,
    /// After it was killed.
    after: Files,
    steps: Vec<Step>,
    acked: Vec<Acked>,
    rng: fastrand::Rng,
    _dirs: [TempDir; 2],
}

/// A message that was acked, and when that was heard.
struct Acked {
    at: u64,
    seq: u64,
    cid: String,
    text: String,
}

impl Outage {
    /// Has a server with this environment take messages from three people while it is watched. None where nothing can be
    /// watched.
    ///
    /// # Errors
    /// When it does not run, or does something that cannot be replayed.
    pub async fn watch(seed: u64, env: &[(String, String)]) -> Result<Option<Self>> {
        // In memory where that can be had: only what is asked of the disk counts, not what it does.
        let memory = std::path::Path::new("/dev/shm");
        let dir = || {
            let mut name = tempfile::Builder::new();
            let name = name.prefix("confab-outage-");
            if memory.is_dir() { name.tempdir_in(memory) } else { name.tempdir() }
        };
        let (dir, traces) = (dir()?, dir()?);
        let (data, out) = (dir.path().join("data"), traces.path().join("trace"));
        let files = FILES.map(|name| data.join(name));
        let Some(wrapper) = trace::wrapper(&files, &out).await else { return Ok(None) };
        let options = ServerOptions { data: Some(data.clone()), quiet: true, ..ServerOptions::unhurried() };
        let mut stage = Stage::with(options).await?;
        let room = room_id(&stage.enter(&stage.ada).await?.1, "general")?;
        stage.server.kill().await?;
        let before = files_of(&data)?;

        env.iter().for_each(|(name, value)| stage.server.set_env(name, Some(value)));
        stage.server.set_wrapper(wrapper);
        stage.server.launch().await?;
        let (heard, mut acks) = mpsc::unbounded_channel();
        let mut senders = Vec::new();
        for (person, seed) in [&stage.ada, &stage.bob, &stage.cem].into_iter().zip(seed..) {
            let wire = stage.enter(person).await?.0;
            senders.push(tokio::spawn(send(wire, room.clone(), fastrand::Rng::with_seed(seed), heard.clone())));
        }
        drop(heard);
        let mut acked = Vec::new();
        let enough = async {
            while acked.len() < ACKS {
                acked.push(acks.recv().await.context("the senders ended")?);
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(PATIENCE, enough).await.context("too few acks while it was watched")??;
        stage.server.kill().await?;
        for sender in senders {
            let _ = sender.await;
        }
        until("strace ends", async || trace::is_over(&out).is_ok_and(|over| over).then_some(())).await?;
        let (after, steps) = (files_of(&data)?, trace::read(&out)?);
        stage.server.set_wrapper(Vec::new());
        let outage = Self {
            stage,
            room,
            before,
            after,
            steps,
            acked,
            rng: fastrand::Rng::with_seed(seed),
            _dirs: [dir, traces],
        };
        outage.steps_are_all()?;
        Ok(Some(outage))
    }

    /// Loses power so many times, each time at another moment, and starts the server on what was left.
    ///
    /// # Errors
    /// When the stage breaks. What the server does is recorded, not an error.
    pub async fn lose_power(&mut self, times: u64, recorder: &Recorder) -> Result<()> {
        for state in 1..=times {
            // Most of the moments at which nothing is under way are alike.
            let wanted = self.rng.usize(..self.steps.len());
            let wants_pending = self.rng.u8(..8) > 0;
            let mut disk = Disk::new(self.before.clone());
            let mut cut = self.steps.len() - 1;
            for (at, step) in self.steps.iter().enumerate() {
                if at >= wanted && !(wants_pending && disk.is_settled()) {
                    cut = at;
                    break;
                }
                disk.take(step);
            }
            let files = disk.after_outage(&mut self.rng);
            let (fault, moment) = (Fault::Power.to_string(), self.steps[cut].at);
            recorder.note(What::Fault { fault: fault.clone() });
            let missing = self.missing(&files, moment).await?.unwrap_or_else(|why| vec![why]);
            recorder.note(What::Recovered { state, missing });
            recorder.note(What::Mended { fault });
        }
        Ok(())
    }

    /// Changes the files so many times while the server is down. It must set them aside, or have lost nothing. In the end
    /// it runs again on a copy that was taken at the kill.
    ///
    /// # Errors
    /// When the stage breaks.
    pub async fn damage(&mut self, times: u64, recorder: &Recorder) -> Result<()> {
        let fault = Fault::Damage.to_string();
        for _ in 0..times {
            let mut files = self.after.clone();
            let what = self.spoil(&mut files)?;
            recorder.note(What::Fault { fault: fault.clone() });
            let (aside, missing) = match self.missing(&files, u64::MAX).await? {
                Ok(missing) => (false, missing),
                Err(said) => (self.is_set_aside(&files, &said).await?, Vec::new()),
            };
            let served = self.stage.server.pid().is_some();
            recorder.note(What::Damaged { what, served, aside, missing });
            recorder.note(What::Mended { fault: fault.clone() });
        }
        let whole = self.after.clone();
        let missing = self.missing(&whole, u64::MAX).await?.unwrap_or_else(|why| vec![why]);
        recorder.note(What::Recovered { state: 0, missing });
        Ok(())
    }

    /// Starts the server on these files: what was acked before this moment and is not there; or, where it does not start,
    /// what it says. It runs on in the first case, until the next start.
    async fn missing(&mut self, files: &Files, moment: u64) -> Result<Result<Vec<String>, String>> {
        let server = &mut self.stage.server;
        if server.pid().is_some() {
            server.kill().await?;
        }
        put(files, &server.data())?;
        let before = server.log().len();
        if server.launch().await.is_err() {
            let status = server.ended().await?;
            return Ok(Err(format!("it ended with {status}: {}", server.log().split_off(before))));
        }
        let mut reader = self.stage.enter(&self.stage.ada).await?.0;
        let log = whole_log(&mut reader, &self.room).await?;
        let is_there = |acked: &Acked| {
            let entry = usize::try_from(acked.seq).ok().and_then(|seq| log.get(seq.checked_sub(1)?));
            entry.is_some_and(|entry| entry["cid"] == acked.cid.as_str() && entry["text"] == acked.text.as_str())
        };
        let missing = self.acked.iter().filter(|acked| acked.at <= moment && !is_there(acked));
        Ok(Ok(missing.map(|acked| format!("{}/{}", self.room, acked.seq)).collect()))
    }

    /// It said so, kept what it found, and does not start on nothing the next time.
    async fn is_set_aside(&mut self, files: &Files, said: &str) -> Result<bool> {
        let kept = std::fs::read(self.stage.server.data().join("confab.db.damaged-1")).ok();
        let again = self.stage.server.launch().await;
        if again.is_err() {
            self.stage.server.ended().await?;
        }
        Ok(said.contains("damaged") && kept.as_ref() == files.get("confab.db") && again.is_err())
    }

    /// Changes something of the database or its log; says what.
    fn spoil(&mut self, files: &mut Files) -> Result<String> {
        let name = if self.rng.bool() { "confab.db" } else { "confab.db-wal" };
        let file = files.get_mut(name).filter(|file| !file.is_empty()).with_context(|| format!("no {name}"))?;
        // The log is written from its start again and again: what counts of it is often near there.
        let reach = if self.rng.bool() { file.len().min(64 * 1024) } else { file.len() };
        let at = self.rng.usize(..reach);
        Ok(match self.rng.u8(..4) {
            0 => {
                file.truncate(at);
                format!("{name} cut off at {at}")
            }
            1 => {
                let end = (at + 512).min(file.len());
                file[at..end].fill(0);
                format!("{name} zeroed from {at} to {end}")
            }
            _ => {
                let bit = self.rng.u8(..8);
                file[at] ^= 1 << bit;
                format!("{name} with bit {bit} of byte {at} flipped")
            }
        })
    }

    /// Replayed as a whole, the steps give the files that the kill left. Otherwise something was not seen.
    fn steps_are_all(&self) -> Result<()> {
        let mut disk = Disk::new(self.before.clone());
        self.steps.iter().for_each(|step| disk.take(step));
        FILES.iter().for_each(|file| {
            disk.take(&Step { at: u64::MAX, file: (*file).to_owned(), does: trace::Does::Flush });
        });
        let replayed = disk.after_outage(&mut fastrand::Rng::with_seed(0));
        for name in FILES {
            // The call in which it was killed may have come to the file.
            let (seen, found) = (replayed.get(name), self.after.get(name));
            let differ = seen
                .zip(found)
                .map(|(a, b)| a.len().abs_diff(b.len()) + a.iter().zip(b).filter(|(a, b)| a != b).count());
            ensure!(
                differ.is_some_and(|bytes| bytes <= 3 * 4096 + 24),
                "strace did not see all of {name}: {differ:?} bytes differ"
            );
        }
        ensure!(self.steps.iter().any(|step| matches!(step.does, trace::Does::Flush)), "nothing was flushed");
        Ok(())
    }
}

/// Sends eight at once until the server is gone; texts of all lengths, so that pages fill.
async fn send(mut wire: Wire, room: String, mut rng: fastrand::Rng, heard: mpsc::UnboundedSender<Acked>) {
    loop {
        let mut window = Vec::new();
        for _ in 0..rng.usize(1..=8) {
            let (cid, text) = (cid(), format!("{:016x}", rng.u64(..)).repeat(rng.usize(1..120)));
            let body = json!({ "room": room, "cid": cid, "text": text });
            let Ok(id) = wire.ask(HALL, "message:send", body).await else { return };
            window.push((id, cid, text));
        }
        for (id, cid, text) in window {
            let Ok(answer) = wire.reply(HALL, id).await else { return };
            let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
            if let (Some(seq), Ok(at)) = (answer["seq"].as_u64(), u64::try_from(at))
                && answer["ok"] == Value::Bool(true)
            {
                // Who counted may have seen enough.
                let _ = heard.send(Acked { at, seq, cid, text });
            }
        }
    }
}
