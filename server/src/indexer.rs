//! Brings the index for search up to the logs, behind the commits and behind the start, and leaves half of a core to others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::sleep;

use crate::store::Store;

/// Entries of one batch: some tens of milliseconds, for which the thread that does it is held up and nobody else.
const BATCH: usize = 1_000;
/// While there is more, it pauses for as long as it worked, but no longer than this: on a busy machine it waits for its turn anyway.
const PAUSE_MAX: Duration = Duration::from_millis(40);
/// What is written within this time comes into the index together. Until then searches read it themselves.
const GATHER: Duration = Duration::from_secs(1);
/// After a failure.
const RETRY: Duration = Duration::from_secs(10);

/// Runs for ever; `bell` rings when something was committed.
pub async fn run(store: Arc<dyn Store>, bell: Arc<Notify>) {
    loop {
        let began = Instant::now();
        match store.index(BATCH).await {
            Ok(true) => sleep(began.elapsed().min(PAUSE_MAX)).await,
            Ok(false) => {
                bell.notified().await;
                sleep(GATHER).await;
            }
            Err(error) => {
                tracing::warn!(%error, "the index for search is behind");
                sleep(RETRY).await;
            }
        }
    }
}
