//! What a run says in the end.

use std::fmt;
use std::path::PathBuf;

use super::Plan;
use crate::checker::{Report, check};
use crate::history::{History, What};
use crate::nemesis::{Fault, Injected};

/// The outcome of a run.
#[derive(Debug)]
pub struct Summary {
    /// The seed.
    pub seed: u64,
    /// Faults by kind.
    pub injected: Injected,
    /// What this machine did not allow.
    pub left_out: Vec<Fault>,
    /// Operations in the history.
    pub operations: u64,
    /// Messages and changes that were acked.
    pub acked: u64,
    /// The verdicts.
    pub report: Report,
    /// Why the run did not come to its end.
    pub trouble: Option<String>,
    /// Where the history is.
    pub dir: PathBuf,
}

impl Summary {
    pub(super) fn judge(plan: &Plan, history: &History, left_out: Vec<Fault>) -> Self {
        Self { seed: plan.seed, left_out, ..Self::of(history, plan.dir.clone()) }
    }

    /// Judges a history that an earlier run left, without a server.
    #[must_use]
    pub fn of(history: &History, dir: PathBuf) -> Self {
        let count = |wanted: fn(&What) -> bool| history.records.iter().filter(|r| wanted(&r.what)).count() as u64;
        let mut injected = Injected::new();
        for record in &history.records {
            if let What::Fault { fault } = &record.what
                && let Ok(fault) = fault.parse()
            {
                *injected.entry(fault).or_default() += 1;
            }
        }
        let seed = dir.file_name().and_then(|name| name.to_str()?.parse().ok()).unwrap_or(0);
        Self {
            seed,
            injected,
            left_out: Vec::new(),
            operations: count(|what| matches!(what, What::Invoke { .. })),
            acked: count(|what| matches!(what, What::Ok { answer: crate::history::Answer::Written { .. }, .. })),
            report: check(history),
            trouble: None,
            dir,
        }
    }

    pub(super) fn broken(mut self, why: String) -> Self {
        self.trouble = Some(why);
        self
    }

    /// Nothing was violated, and the run came to its end.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.report.violated().is_empty() && self.trouble.is_none()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: Vec<String> = self.injected.iter().map(|(fault, times)| format!("{fault} {times}")).collect();
        writeln!(f, "seed        {}", self.seed)?;
        writeln!(f, "faults      {}", if faults.is_empty() { "none".to_owned() } else { faults.join(", ") })?;
        if !self.left_out.is_empty() {
            let names: Vec<String> = self.left_out.iter().map(ToString::to_string).collect();
            writeln!(f, "left out    {} (not possible on this machine)", names.join(", "))?;
        }
        writeln!(f, "operations  {} ({} writes acked)", self.operations, self.acked)?;
        write!(f, "{}", self.report)?;
        if let Some(trouble) = &self.trouble {
            writeln!(f, "the run did not come to its end: {trouble}")?;
        }
        writeln!(f, "history     {}", self.dir.display())
    }
}
