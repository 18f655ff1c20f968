//! What a desktop has on its D-Bus beside the app: who shows its notifications, and who its icon. The bus is real; these
//! are the ends that a person sees and presses, so tests can look at them and press.

mod notifications;
mod tray;

pub use notifications::{Notice, NotificationDaemon};
pub use tray::TrayHost;
