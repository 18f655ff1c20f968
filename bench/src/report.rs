//! The table that a run ends with, and the same as JSON.

use std::fmt::Write;

use serde::Serialize;

use crate::Plan;

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// What was promised, in words; empty for a row that only informs.
    pub target: String,
    /// What it was.
    pub measured: String,
    /// What the peer did in the same run.
    pub peer: String,
    /// Measured over peer, or what the target is a multiple of.
    pub ratio: Option<f64>,
    /// Whether the target is reached; none for a row that only informs.
    pub reached: Option<bool>,
}

/// All figures of a run, and what they were measured on.
#[derive(Debug, Serialize)]
pub struct Report {
    quick: bool,
    machine: String,
    rows: Vec<Row>,
}

impl Report {
    /// An empty one, with what can be told of this machine.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
        let cores = cpu.matches("processor\t").count();
        let machine = format!("{}, {cores} cores", model.trim_start_matches([' ', '\t', ':']));
        Self { quick: plan.quick, machine, rows: Vec::new() }
    }

    /// Adds a figure and prints it at once, since a run takes minutes.
    pub fn add(&mut self, row: Row) {
        eprintln!("  {:<58} {:>14} (target {})", row.what, row.measured, row.target);
        self.rows.push(row);
    }

    /// The table, as Markdown.
    #[must_use]
    pub fn table(&self) -> String {
        let mode = if self.quick { "quick run" } else { "full run" };
        let mut table = format!(
            "\n{mode} on {}\n\n| what | target | measured | peer | ratio | |\n|---|---|---|---|---|---|\n",
            self.machine
        );
        for row in &self.rows {
            let ratio = row.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
            let verdict = match row.reached {
                Some(true) => "reached",
                Some(false) => "MISSED",
                None => "",
            };
            // Writing to a string cannot fail.
            let _ = writeln!(
                table,
                "| {} | {} | {} | {} | {ratio} | {verdict} |",
                row.what, row.target, row.measured, row.peer
            );
        }
        table
    }

    /// The same as JSON.
    ///
    /// # Errors
    /// Never in practice: the rows are plain data.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }
}
