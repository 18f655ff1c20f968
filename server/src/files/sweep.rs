//! What is not needed any more: uploads that nobody finished, files that nothing names, contents that no row names.

use std::time::Duration;

use confab_protocol::Timestamp;
use tokio::fs;

use super::Files;
use crate::chat::now;
use crate::store::Store;

/// How often it is looked for.
pub const PERIOD: Duration = Duration::from_secs(60 * 60);
/// How long something may lie about, in milliseconds.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

impl Files {
    /// Removes what a server that was killed left half done. Before anything is served.
    pub async fn clean(&self) {
        let _ = fs::remove_dir_all(self.root.join("tmp")).await;
    }
}

/// Forgets what is a day old and needed by nothing.
pub async fn sweep(files: &Files, store: &dyn Store) {
    let before = Timestamp::from_millis(now().as_millis() - KEPT_MS);
    let swept = match store.sweep_files(before).await {
        Ok(swept) => swept,
        Err(error) => return tracing::warn!(%error, "files that nothing names stay"),
    };
    for upload in &swept.uploads {
        files.forget(upload).await;
    }
    for content in &swept.contents {
        let _naming = files.naming.lock().await;
        files.unname(store, content).await;
    }
    let (uploads, contents) = (swept.uploads.len(), swept.contents.len());
    if uploads + contents > 0 {
        tracing::info!(uploads, files = contents, "swept");
    }
}
