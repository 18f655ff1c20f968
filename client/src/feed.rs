//! The way of updates to the shell: bounded, and never waiting for it.
//!
//! Each connection has a feed of its own into the shell's one channel. When the shell does not drain it, a short queue
//! fills; then single updates are given up, and the whole picture is sent once there is room again.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use crate::view::Update;

/// Updates that wait for room in the shell's channel.
const QUEUE: usize = 512;

/// One connection's updates.
#[derive(Debug)]
pub struct Feed {
    shell: mpsc::Sender<Update>,
    queue: VecDeque<Update>,
    behind: bool,
    shown: bool,
}

impl Feed {
    /// A feed into the shell's channel. Hidden ones let nothing through.
    #[must_use]
    pub const fn new(shell: mpsc::Sender<Update>, shown: bool) -> Self {
        Self { shell, queue: VecDeque::new(), behind: false, shown }
    }

    /// Sends an update, now or as soon as there is room.
    pub fn push(&mut self, update: Update) {
        if self.shown && !self.behind {
            self.queue_up(update);
        }
    }

    /// Sends an update even when this feed is hidden.
    pub fn push_always(&mut self, update: Update) {
        if !self.behind {
            self.queue_up(update);
        }
    }

    /// The shell needs the whole picture next.
    pub fn start_over(&mut self) {
        self.queue.clear();
        self.behind = self.shown;
    }

    /// Lets updates through, beginning with the whole picture.
    pub fn show(&mut self) {
        self.shown = true;
        self.start_over();
    }

    /// Lets nothing through.
    pub fn hide(&mut self) {
        self.shown = false;
        self.start_over();
    }

    /// Whether anything waits for room.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.behind || !self.queue.is_empty()
    }

    /// Waits for room. False: the shell is gone, and nobody will ever look.
    pub async fn room(&self) -> bool {
        self.shell.reserve().await.is_ok()
    }

    /// There is room: sends what waits, as much as fits. `picture` is asked for when the shell has missed something.
    pub fn catch_up(&mut self, picture: impl FnOnce() -> Vec<Update>) {
        if self.behind && self.queue.is_empty() {
            self.behind = false;
            self.queue = picture().into();
        }
        while let Some(update) = self.queue.pop_front() {
            if let Err(mpsc::error::TrySendError::Full(update)) = self.shell.try_send(update) {
                return self.queue.push_front(update);
            }
        }
    }

    fn queue_up(&mut self, update: Update) {
        if !self.queue.is_empty() {
            // A picture may be longer than the queue; what comes after it may not make it longer still.
            if self.queue.len() >= QUEUE {
                return self.start_over();
            }
            return self.queue.push_back(update);
        }
        if let Err(mpsc::error::TrySendError::Full(update)) = self.shell.try_send(update) {
            self.queue.push_back(update);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(pending: usize) -> Update {
        Update::Outbox { pending }
    }

    #[tokio::test]
    async fn a_shell_that_does_not_drain_gets_the_picture_later() {
        let (shell, mut drawn) = mpsc::channel(2);
        let mut feed = Feed::new(shell, true);
        for n in 0..10_000 {
            feed.push(update(n));
            assert!(feed.queue.len() <= QUEUE);
        }
        assert!(feed.behind, "too much was given up");
        assert_eq!((drawn.recv().await, drawn.recv().await), (Some(update(0)), Some(update(1))));
        feed.catch_up(|| vec![update(7), update(8), update(9)]);
        assert_eq!((drawn.recv().await, drawn.recv().await), (Some(update(7)), Some(update(8))));
        feed.push(update(10));
        feed.catch_up(|| panic!("nothing was missed"));
        assert_eq!((drawn.recv().await, drawn.recv().await), (Some(update(9)), Some(update(10))));
        assert!(!feed.is_waiting());
    }

    #[tokio::test]
    async fn a_hidden_feed_is_silent_until_it_is_shown() {
        let (shell, mut drawn) = mpsc::channel(8);
        let mut feed = Feed::new(shell, false);
        feed.push(update(1));
        feed.push_always(update(2));
        assert_eq!(drawn.try_recv().ok(), Some(update(2)));
        feed.show();
        assert!(feed.is_waiting());
        feed.catch_up(|| vec![update(3)]);
        assert_eq!(drawn.try_recv().ok(), Some(update(3)));
        feed.hide();
        feed.push(update(4));
        assert!(drawn.try_recv().is_err() && !feed.is_waiting());
    }
}
