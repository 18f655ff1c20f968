//! The way from a session to the webview: one channel, which the page that is loaded now has opened.

use std::sync::{Mutex, PoisonError};

use confab_client::view::Update;
use tauri::ipc::Channel;

/// Updates that wait for the webview before the session drops some and sends the whole picture instead.
pub const QUEUE: usize = 256;

/// The channel of the page that is loaded now, if any.
#[derive(Default)]
pub struct Bridge {
    channel: Mutex<Option<Channel<Update>>>,
}

impl Bridge {
    /// The page was loaded (again): from now on updates go to its channel, and to no older one.
    pub fn open(&self, channel: Channel<Update>) {
        *self.channel() = Some(channel);
    }

    /// Hands an update over. Without a page it is dropped: one that comes later gets the whole picture.
    pub fn send(&self, update: Update) {
        let mut channel = self.channel();
        if let Some(error) = channel.as_ref().and_then(|channel| channel.send(update).err()) {
            tracing::warn!(%error, "the webview takes no more updates");
            *channel = None;
        }
    }

    fn channel(&self) -> std::sync::MutexGuard<'_, Option<Channel<Update>>> {
        self.channel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Bridge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bridge").field("open", &self.channel().is_some()).finish()
    }
}
