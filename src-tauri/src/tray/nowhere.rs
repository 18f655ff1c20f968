//! Systems on which the app has no icon yet: closing its window ends it.

use std::sync::Weak;

use confab_protocol::Timestamp;

use super::Badge;
use crate::shell::Shell;

/// There is none.
#[derive(Debug, Default)]
pub struct Tray;

impl Tray {
    /// Does nothing.
    pub async fn start(&self, _: Weak<Shell>) {}

    /// Never.
    #[must_use]
    pub fn is_visible(&self) -> bool {
        false
    }

    /// Does nothing.
    pub async fn set_badge(&self, _: Badge, _: String) {}

    /// Does nothing.
    pub async fn set_quiet(&self, _: Option<Timestamp>) {}

    /// Does nothing.
    pub async fn draw(&self) {}
}
