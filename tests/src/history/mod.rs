//! What happened, as clients saw it: each operation from its invocation to its end, all that was pushed, and the faults.
//!
//! A history is the only thing that the [`crate::checker`] looks at. It is written as JSON lines while a run goes on,
//! so that a run that dies leaves what it saw, and can be judged again later by a stricter checker.

mod call;
mod journal;
mod sight;

pub use call::{Answer, Call, RoomState};
pub use journal::{Clock, Journal, Recorder};
pub(crate) use sight::EMPTY;
pub use sight::{Drawn, Folded, Logged, Progress, Sight, print};

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Microseconds since the start of the run, on one monotonic clock for all processes.
pub type Micros = u64;

/// One line of a history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When.
    pub at: Micros,
    /// Which process saw it: a device of a user, or the run itself.
    pub by: String,
    /// What it saw.
    pub what: What,
}

/// What a process saw or did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// This process is a device of this user.
    Process {
        /// The user's id.
        user: String,
        /// May do what only admins may.
        admin: bool,
        /// Runs the product's own client; otherwise raw frames.
        app: bool,
    },
    /// An operation begins. Every attempt is an operation of its own; retries share a `cid`.
    Invoke {
        /// Its number, unique in the history.
        op: u64,
        /// What was asked.
        call: Call,
    },
    /// It succeeded.
    Ok {
        /// Which.
        op: u64,
        /// What was answered.
        answer: Answer,
    },
    /// It was refused: it did not happen.
    Fail {
        /// Which.
        op: u64,
        /// The error code.
        code: String,
    },
    /// Nobody knows whether it happened.
    Info {
        /// Which.
        op: u64,
    },
    /// The link of this process came up: CONNECT was answered.
    Up,
    /// The link of this process is gone, or was given up.
    Down,
    /// `room:entry`.
    Push {
        /// Of which room.
        room: String,
        /// What it said.
        entry: Sight,
    },
    /// `typing:changed`.
    Typing {
        /// Where.
        room: String,
        /// Who.
        user: String,
        /// Begins or ends.
        on: bool,
    },
    /// `mention:received`, in the lobby.
    Notified {
        /// In which room.
        room: String,
        /// By which message.
        seq: u64,
    },
    /// The epoch that the server told, in which life of the database: a restore begins another.
    Epoch {
        /// Counts restores.
        life: u32,
        /// What `GET /server` said.
        epoch: String,
    },
    /// A product client said that it holds nothing of another epoch any more: how many rows it still drew of it.
    Resynced {
        /// Rows of the old epoch still drawn.
        stale: usize,
    },
    /// A product client drew a message or an edit that it was asked to make.
    Drew {
        /// Its `cid`.
        cid: String,
    },
    /// A product client told its user that something went wrong that nobody was waiting for: a change that an earlier
    /// life of it had drawn was refused.
    Warned {
        /// What it said.
        text: String,
    },
    /// All that a product client still shows as waiting or failed in the end, in any room.
    Waiting {
        /// The `cid`s.
        cids: Vec<String>,
    },
    /// All that a product client draws of a room.
    View {
        /// Of which room.
        room: String,
        /// As drawn, from top to bottom.
        rows: Vec<Drawn>,
        /// The last `seq` that it has applied, where that can be told.
        head: Option<u64>,
    },
    /// A fault begins.
    Fault {
        /// What kind.
        fault: String,
    },
    /// That fault is over.
    Mended {
        /// What kind.
        fault: String,
    },
    /// From here on nothing fails any more.
    Healed,
    /// The server's process at a time of rest.
    Gauge {
        /// `before` the load or `after` it.
        when: String,
        /// Resident memory in KiB.
        rss_kib: u64,
        /// Open descriptors.
        descriptors: u64,
        /// Threads.
        tasks: u64,
    },
    /// One state after a loss of power: a legal prefix of what was written, opened again.
    Recovered {
        /// Which state.
        state: u64,
        /// Acked before the cut, by `room/seq`, and not there after it.
        missing: Vec<String>,
    },
    /// The files were changed while the server was down, and it was started on them.
    Damaged {
        /// How.
        what: String,
        /// It started.
        served: bool,
        /// It refused, said why, and set the files aside as they were.
        aside: bool,
        /// Acked, and not there as it was, in what it served.
        missing: Vec<String>,
    },
    /// The whole log of a room at the end of the run.
    Log {
        /// Of which room.
        room: String,
        /// In the order in which they were read.
        entries: Vec<Logged>,
    },
}

/// A whole history, in the order of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Its lines.
    pub records: Vec<Record>,
}

/// The file in a run's directory.
pub const FILE: &str = "history.jsonl";

impl History {
    /// From lines in any order.
    #[must_use]
    pub fn new(mut records: Vec<Record>) -> Self {
        records.sort_by_key(|record| record.at);
        Self { records }
    }

    /// Reads what a run left in its directory. A last line that was cut off by a crash is passed over.
    ///
    /// # Errors
    /// When the file is missing, or a line is not a record.
    pub fn read(dir: &Path) -> Result<Self> {
        let path = dir.join(FILE);
        let file = File::open(&path).with_context(|| path.display().to_string())?;
        let (mut lines, mut line, mut records) = (BufReader::new(file), String::new(), Vec::new());
        // Line by line: a long run writes gigabytes.
        while lines.read_line(&mut line)? > 0 && line.ends_with('\n') {
            let read = serde_json::from_str(&line);
            records.push(read.with_context(|| format!("{}:{}", path.display(), records.len() + 1))?);
            line.clear();
        }
        Ok(Self::new(records))
    }
}
