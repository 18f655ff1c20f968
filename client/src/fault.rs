//! Points at which a test ends this process as SIGKILL would, to see that nothing of what was drawn is lost.
//!
//! They exist with the feature `failpoints` only, which nothing but the scenarios asks for (`tests/tests/dependencies.rs`
//! holds that), and do nothing until [`arm`] is called. Everywhere else each point is empty and costs nothing.

#[cfg(feature = "failpoints")]
use std::sync::OnceLock;
#[cfg(feature = "failpoints")]
use std::sync::atomic::{AtomicU64, Ordering};

/// A place in the life of a write or of a page. A process that ends at one must lose nothing that it drew, and send
/// nothing twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// A write was taken; it is not on the disk yet.
    BeforePersist,
    /// It is on the disk; nothing of it is drawn.
    AfterPersist,
    /// Something was drawn.
    AfterDraw,
    /// A request with writes is about to be handed to the link.
    BeforeSend,
    /// The server has answered; the outbox on the disk still has the write.
    AfterAck,
    /// A page of the log was applied; the disk does not have it.
    InPage,
}

impl Point {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::BeforePersist, Self::AfterPersist, Self::AfterDraw, Self::BeforeSend, Self::AfterAck, Self::InPage];
}

#[cfg(feature = "failpoints")]
static ARMED: OnceLock<(Point, AtomicU64)> = OnceLock::new();

/// The process ends when it comes to this point for the `nth` time. Once in the life of a process.
#[cfg(feature = "failpoints")]
pub fn arm(point: Point, nth: u64) {
    // A second time would make two crashes of one.
    let _ = ARMED.set((point, AtomicU64::new(nth.max(1))));
}

/// The process has come to this point.
#[cfg_attr(not(feature = "failpoints"), inline(always))]
pub(crate) fn reach(point: Point) {
    #[cfg(feature = "failpoints")]
    if let Some((armed, left)) = ARMED.get()
        && *armed == point
        && left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        eprintln!("failpoint: {point:?}");
        std::process::abort();
    }
    #[cfg(not(feature = "failpoints"))]
    let _ = point;
}
