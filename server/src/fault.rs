//! Faults on demand, for the tests: points at which the process ends or freezes, and mutants, which break a promise on
//! purpose so that the checker can show that it would notice.
//!
//! They exist in builds with the features `failpoints` and `mutants` only, and such a build cannot be a release: see the
//! check below. Everywhere else each function here is empty and costs nothing. The binary arms them from its
//! environment ([`arm`]); a server that is embedded elsewhere has none.

#[cfg(feature = "mutants")]
mod mutants;
#[cfg(feature = "failpoints")]
mod points;

#[cfg(all(any(feature = "failpoints", feature = "mutants"), not(debug_assertions)))]
compile_error!("`failpoints` and `mutants` are for tests: a release must not carry them");

/// A place in the life of a write. Crashing at one must lose nothing that was acked, and double nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// In the transaction, before a write has changed anything.
    BeforeInsert,
    /// In the transaction, after a write has made its entries, before the commit.
    AfterInsert,
    /// After the commit, before anybody is answered.
    AfterCommit,
    /// After the answers of a group were handed to the sockets, before anybody else is told.
    AfterAck,
}

/// A promise that is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// Senders are answered before the commit (SQLite).
    AckBeforeCommit,
    /// What a `cid` stands for is forgotten when the server starts (SQLite).
    DedupeInMemory,
    /// Some `room:entry` are never emitted, and no `room:heads` tells of them.
    DropPush,
}

/// A variable that cannot be read. A fault that silently is not there would make its test pass for nothing.
#[derive(Debug, thiserror::Error)]
#[error("{variable}={value} cannot be read: {expected}")]
pub struct Unreadable {
    variable: &'static str,
    value: String,
    expected: &'static str,
}

/// Takes the faults of `CONFAB_FAILPOINTS` and `CONFAB_MUTANT`.
///
/// # Errors
/// When one of them says something else than it can.
pub fn arm() -> Result<(), Unreadable> {
    #[cfg(feature = "failpoints")]
    points::arm()?;
    #[cfg(feature = "mutants")]
    mutants::arm()?;
    Ok(())
}

/// The write has come to this point: ends or freezes the process if that is armed.
#[cfg_attr(not(feature = "failpoints"), inline(always))]
pub fn reach(point: Point) {
    #[cfg(feature = "failpoints")]
    points::reach(point);
    #[cfg(not(feature = "failpoints"))]
    let _ = point;
}

/// Whether this promise is broken.
#[cfg_attr(not(feature = "mutants"), inline(always))]
#[must_use]
pub fn is_mutant(mutant: Mutant) -> bool {
    #[cfg(feature = "mutants")]
    return mutants::is(mutant);
    #[cfg(not(feature = "mutants"))]
    {
        let _ = mutant;
        false
    }
}

/// [`Mutant::DedupeInMemory`]: whether something that was written at this time is forgotten.
#[cfg_attr(not(feature = "mutants"), inline(always))]
#[must_use]
pub fn forgets(written: confab_protocol::Timestamp) -> bool {
    #[cfg(feature = "mutants")]
    return mutants::forgets(written);
    #[cfg(not(feature = "mutants"))]
    {
        let _ = written;
        false
    }
}

/// [`Mutant::DropPush`]: whether the next push is one of those that are dropped.
#[cfg_attr(not(feature = "mutants"), inline(always))]
#[must_use]
pub fn drops_push() -> bool {
    #[cfg(feature = "mutants")]
    return mutants::drops_push();
    #[cfg(not(feature = "mutants"))]
    false
}
