//! Verdicts, and how they are printed.

use std::collections::BTreeMap;
use std::fmt;

/// Witnesses that are kept of each invariant.
const WITNESSES: usize = 5;

/// The invariants of delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// Every acked write is in the final log at its place, as it was sent.
    I1,
    /// No entry without a send; none from a final failure.
    I2,
    /// An unanswered send appears at most once.
    I3,
    /// One entry per author and `cid`; every retry gets the same answer.
    I4,
    /// The same `cid` with another body is refused, and the log unchanged.
    I5,
    /// The `seq`s of a log are exactly 1..N.
    I6,
    /// All pushes and pages agree with the log.
    I7,
    /// What was seen once is seen by every later read.
    I8,
    /// What was acked before another was sent stands before it.
    I9,
    /// The order of each device's outbox is kept.
    I10,
    /// What a client draws is the fold of the log.
    I11,
    /// After healing every client is at the head within ten seconds.
    I12,
    /// Each message is drawn once, in order.
    I13,
    /// Unread counts equal their formula; one notification per message and device.
    I14,
    /// Read markers never go back, and never beyond the head.
    I15,
    /// Who may edits and deletes; deletion beats edits.
    I16,
    /// Nothing after a kick or a revoke.
    I17,
    /// After a client's crash each message that it drew is sent once, pending, or visibly failed.
    I18,
    /// What was acked is recovered after a loss of power.
    I19,
    /// A crash keeps the epoch, a restore changes it, and clients resync in full.
    I20,
    /// Who is there is shown, who is not is not.
    I21,
    /// Typing is never logged, and ends by itself.
    I22,
    /// Jumps of the clock change none of this.
    I23,
    /// Memory, descriptors and tasks return to their baseline.
    I24,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Self; 24] = {
        use Invariant::*;
        [I1, I2, I3, I4, I5, I6, I7, I8, I9, I10, I11, I12, I13, I14, I15, I16, I17, I18, I19, I20, I21, I22, I23, I24]
    };

    /// One line on what it says.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::I1 => "acked writes are in the log, in place",
            Self::I2 => "no phantom entries",
            Self::I3 => "unanswered sends appear at most once",
            Self::I4 => "retries get the same answer",
            Self::I5 => "another body under a cid is refused",
            Self::I6 => "no holes in a log",
            Self::I7 => "all views agree with the log",
            Self::I8 => "no stale reads",
            Self::I9 => "real-time order is kept",
            Self::I10 => "each device's order is kept",
            Self::I11 => "a client draws the fold of the log",
            Self::I12 => "clients are at the head 10 s after healing",
            Self::I13 => "each message is drawn once, in order",
            Self::I14 => "unread counts are right",
            Self::I15 => "read markers are monotone",
            Self::I16 => "only who may edits and deletes",
            Self::I17 => "nothing after a kick or revoke",
            Self::I18 => "a client's crash loses nothing drawn",
            Self::I19 => "a loss of power loses nothing acked",
            Self::I20 => "the epoch tells restores",
            Self::I21 => "presence is true",
            Self::I22 => "typing ends and leaves no trace",
            Self::I23 => "clock jumps change nothing",
            Self::I24 => "resources return to their baseline",
        }
    }
}

/// The outcome for one invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was put to the test this many times, and held.
    Held(u64),
    /// It does not hold.
    Violated {
        /// How often.
        times: u64,
        /// The first of them, in words.
        witnesses: Vec<String>,
    },
    /// Nothing in the history could have violated it.
    NotExercised,
}

/// Counts for one invariant while it is checked.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    checked: u64,
    violated: u64,
    witnesses: Vec<String>,
}

impl Tally {
    /// One check; `witness` says what was seen when it does not hold.
    pub fn holds(&mut self, holds: bool, witness: impl FnOnce() -> String) {
        self.checked += 1;
        if !holds {
            self.violated += 1;
            if self.witnesses.len() < WITNESSES {
                self.witnesses.push(witness());
            }
        }
    }

    fn verdict(&self) -> Verdict {
        match (self.checked, self.violated) {
            (0, _) => Verdict::NotExercised,
            (checked, 0) => Verdict::Held(checked),
            (_, times) => Verdict::Violated { times, witnesses: self.witnesses.clone() },
        }
    }
}

/// The verdicts of one history. Its `Display` is what a run prints in the end.
#[derive(Debug, Clone, Default)]
pub struct Report {
    tallies: BTreeMap<Invariant, Tally>,
}

impl Report {
    /// Where the checks of an invariant are counted.
    pub fn of(&mut self, invariant: Invariant) -> &mut Tally {
        self.tallies.entry(invariant).or_default()
    }

    /// The verdict on one.
    #[must_use]
    pub fn verdict(&self, invariant: Invariant) -> Verdict {
        self.tallies.get(&invariant).map_or(Verdict::NotExercised, Tally::verdict)
    }

    /// Those that do not hold.
    #[must_use]
    pub fn violated(&self) -> Vec<Invariant> {
        Invariant::ALL.into_iter().filter(|i| matches!(self.verdict(*i), Verdict::Violated { .. })).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for invariant in Invariant::ALL {
            let (name, says) = (format!("{invariant:?}"), invariant.says());
            match self.verdict(invariant) {
                Verdict::Held(checked) => writeln!(f, "{name:>4}  held           {says} ({checked} checked)")?,
                Verdict::NotExercised => writeln!(f, "{name:>4}  not exercised  {says}")?,
                Verdict::Violated { times, witnesses } => {
                    writeln!(f, "{name:>4}  VIOLATED       {says} ({times} times)")?;
                    for witness in witnesses {
                        writeln!(f, "        - {witness}")?;
                    }
                }
            }
        }
        Ok(())
    }
}
