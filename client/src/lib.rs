//! Confab's Socket.IO client core: no Tauri, no UI.

pub mod view;
