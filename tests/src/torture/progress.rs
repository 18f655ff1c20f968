//! How far a run is, for whoever watches it.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::history::Journal;
use crate::nemesis::Injected;
use crate::workload::Phase;

/// What is shown while a run goes on.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Since the load began.
    pub elapsed: Duration,
    /// Writes that were acked.
    pub acked: u64,
    /// Faults so far.
    pub injected: Injected,
}

/// Tells the time and the acks four times a second; ends the load when the time is over or somebody says stop.
pub(super) async fn tick(
    journal: Journal,
    time: Duration,
    phase: watch::Sender<Phase>,
    mut stop: watch::Receiver<bool>,
    progress: watch::Sender<Progress>,
) {
    let began = Instant::now();
    while began.elapsed() < time && *phase.borrow() == Phase::Load {
        let rest = Duration::from_millis(250).min(time.saturating_sub(began.elapsed()));
        // Nobody who could say stop: the time alone counts.
        let stopped = tokio::time::timeout(rest, async { stop.wait_for(|stop| *stop).await.is_ok() }).await;
        match stopped {
            Ok(true) => break,
            Ok(false) => tokio::time::sleep(rest).await,
            Err(_) => {}
        }
        progress.send_modify(|progress| {
            progress.elapsed = began.elapsed();
            progress.acked = journal.acked();
        });
    }
    phase.send_if_modified(|phase| {
        let load = *phase == Phase::Load;
        if load {
            *phase = Phase::Drain;
        }
        load
    });
}
