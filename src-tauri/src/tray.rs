//! The icon in the tray: how much is unread, and what can be done without the window.

mod badge;
#[cfg(target_os = "linux")]
mod notifier_item;
#[cfg(not(target_os = "linux"))]
mod nowhere;

pub use badge::Badge;
#[cfg(target_os = "linux")]
pub use notifier_item::Tray;
#[cfg(not(target_os = "linux"))]
pub use nowhere::Tray;
