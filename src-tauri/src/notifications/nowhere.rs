//! Systems whose notifications cannot be clicked yet: the page tells of messages instead.

use std::convert::Infallible;

use confab_client::notify::Notification;

use super::Told;

/// There is none.
pub(super) struct Daemon(Infallible);

/// Why.
#[derive(Debug, thiserror::Error)]
#[error("not on this system yet")]
pub(super) struct NotShown;

impl Daemon {
    pub(super) async fn connect() -> Result<Self, NotShown> {
        Err(NotShown)
    }

    pub(super) async fn show(&self, _: u32, _: &Notification, _: &str) -> Result<u32, NotShown> {
        match self.0 {}
    }

    pub(super) async fn withdraw(&self, _: u32) -> Result<(), NotShown> {
        match self.0 {}
    }

    pub(super) async fn told(&mut self) -> Option<Told> {
        match self.0 {}
    }
}
