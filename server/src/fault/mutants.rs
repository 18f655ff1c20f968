//! `CONFAB_MUTANT=ack-before-commit|dedupe-in-memory|drop-push`: a server that breaks one promise.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use confab_protocol::Timestamp;

use super::{Mutant, Unreadable};

const VARIABLE: &str = "CONFAB_MUTANT";
/// One push in so many is dropped.
const DROPPED: u64 = 7;

static ARMED: OnceLock<(Mutant, Timestamp)> = OnceLock::new();
static PUSHES: AtomicU64 = AtomicU64::new(0);

pub(super) fn arm() -> Result<(), Unreadable> {
    let Ok(value) = std::env::var(VARIABLE) else { return Ok(()) };
    let mutant = match value.as_str() {
        "ack-before-commit" => Mutant::AckBeforeCommit,
        "dedupe-in-memory" => Mutant::DedupeInMemory,
        "drop-push" => Mutant::DropPush,
        _ => {
            let expected = "ack-before-commit, dedupe-in-memory or drop-push";
            return Err(Unreadable { variable: VARIABLE, value, expected });
        }
    };
    // Only the binary arms, once.
    let _ = ARMED.set((mutant, crate::chat::now()));
    Ok(())
}

pub(super) fn is(mutant: Mutant) -> bool {
    ARMED.get().is_some_and(|(armed, _)| *armed == mutant)
}

pub(super) fn forgets(written: Timestamp) -> bool {
    ARMED.get().is_some_and(|(armed, start)| *armed == Mutant::DedupeInMemory && written < *start)
}

pub(super) fn drops_push() -> bool {
    is(Mutant::DropPush) && PUSHES.fetch_add(1, Ordering::Relaxed) % DROPPED == DROPPED - 1
}
