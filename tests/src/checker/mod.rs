//! Judges a history: pure functions over what clients saw and what the log says in the end.
//!
//! Modelled on Jepsen's set-full and Kafka checkers: what was acked must be there (lost), once (duplicated), in place
//! (reordered), for everybody from then on (stale), and nothing else may be (phantom). It knows the promises of
//! `PROTOCOL.md` and shares no code with server or client; even folding is done anew.
//!
//! A verdict is *held* only when something was checked. An invariant that the run never put to the test is *not
//! exercised*, which is neither good nor bad, but must be seen.

mod apps;
mod delivery;
mod facts;
mod fold;
mod order;
mod people;
mod process;
mod report;
mod views;

pub use report::{Invariant, Report, Tally, Verdict};

use crate::history::History;
use facts::Facts;

/// Judges all invariants.
#[must_use]
pub fn check(history: &History) -> Report {
    let facts = Facts::of(history);
    let mut report = Report::default();
    delivery::check(&facts, &mut report);
    order::check(&facts, &mut report);
    views::check(&facts, &mut report);
    people::check(&facts, &mut report);
    apps::check(&facts, &mut report);
    process::check(&facts, &mut report);
    report
}
