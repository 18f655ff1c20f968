//! The way from a session to the webview: one channel, which the page that is loaded now has opened.

use std::sync::{Mutex, PoisonError};

use confab_client::view::Update;
use tauri::ipc::Channel;

/// Updates that wait for the webview before the session drops some and sends the whole picture instead.
pub const QUEUE: usize = 256;

/// The channel of the page that is loaded now, if any.
#[derive(Default)]
pub struct Bridge {
    page: Mutex<Page>,
}

#[derive(Default)]
struct Page {
    channel: Option<Channel<Update>>,
    /// What came before any page was there, and is in no picture.
    early: Vec<Update>,
}

impl Bridge {
    /// The page was loaded (again): from now on updates go to its channel, and to no older one.
    pub fn open(&self, channel: Channel<Update>) {
        let mut page = self.page();
        page.channel = Some(channel);
        for update in std::mem::take(&mut page.early) {
            page.send(update);
        }
    }

    /// Hands an update over. Without a page it is dropped, unless it is in no picture: a page that comes later gets the
    /// whole picture.
    pub fn send(&self, update: Update) {
        let mut page = self.page();
        match update {
            early @ (Update::Warning { .. } | Update::Go { .. } | Update::Join { .. }) if page.channel.is_none() => {
                page.early.push(early)
            }
            update => page.send(update),
        }
    }

    /// Whether a page listens.
    pub fn is_open(&self) -> bool {
        self.page().channel.is_some()
    }

    fn page(&self) -> std::sync::MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Page {
    fn send(&mut self, update: Update) {
        if let Some(error) = self.channel.as_ref().and_then(|channel| channel.send(update).err()) {
            tracing::warn!(%error, "the webview takes no more updates");
            self.channel = None;
        }
    }
}

impl std::fmt::Debug for Bridge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bridge").field("open", &self.is_open()).finish()
    }
}
