//! `CONFAB_FAILPOINTS=POINT=ACTION[@N],…`: at the N-th time that a write comes to the point (the first by default).
//!
//! Points: `before-insert`, `after-insert`, `after-commit`, `after-ack`. Actions: `abort` ends the process as SIGKILL
//! would, `freeze` stops there for ever, so that the test can look around before it kills the process itself.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Point, Unreadable};

const VARIABLE: &str = "CONFAB_FAILPOINTS";
const EXPECTED: &str =
    "before-insert|after-insert|after-commit|after-ack, =abort|freeze, @N or nothing, with commas between";

static ARMED: OnceLock<Vec<Armed>> = OnceLock::new();

struct Armed {
    point: Point,
    action: Action,
    /// Times that the point is still passed by.
    left: AtomicU64,
}

#[derive(Clone, Copy)]
enum Action {
    Abort,
    Freeze,
}

pub(super) fn arm() -> Result<(), Unreadable> {
    let Ok(value) = std::env::var(VARIABLE) else { return Ok(()) };
    let armed = value.split(',').map(parse).collect::<Option<Vec<_>>>();
    let armed = armed.ok_or(Unreadable { variable: VARIABLE, value, expected: EXPECTED })?;
    // Only the binary arms, once.
    let _ = ARMED.set(armed);
    Ok(())
}

pub(super) fn reach(point: Point) {
    for armed in ARMED.get().into_iter().flatten().filter(|armed| armed.point == point) {
        if armed.left.fetch_sub(1, Ordering::SeqCst) != 1 {
            continue;
        }
        eprintln!("failpoint: {point:?}");
        match armed.action {
            Action::Abort => std::process::abort(),
            // What other tasks have in hand goes on: their acks must leave while this one stands still.
            Action::Freeze => tokio::task::block_in_place(|| {
                loop {
                    std::thread::park();
                }
            }),
        }
    }
}

fn parse(text: &str) -> Option<Armed> {
    let (point, rest) = text.trim().split_once('=')?;
    let (action, nth) = rest.split_once('@').unwrap_or((rest, "1"));
    let point = match point {
        "before-insert" => Point::BeforeInsert,
        "after-insert" => Point::AfterInsert,
        "after-commit" => Point::AfterCommit,
        "after-ack" => Point::AfterAck,
        _ => return None,
    };
    let action = match action {
        "abort" => Action::Abort,
        "freeze" => Action::Freeze,
        _ => return None,
    };
    let left = nth.parse().ok().filter(|n| *n > 0)?;
    Some(Armed { point, action, left: AtomicU64::new(left) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_spelt_right_is_armed() {
        for good in ["before-insert=abort", "after-insert=freeze@7", " after-commit=abort@1", "after-ack=freeze"] {
            assert!(parse(good).is_some(), "{good}");
        }
        for bad in ["", "after-ack", "after-ack=explode", "after-lunch=abort", "after-ack=abort@0", "after-ack=abort@x"]
        {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
