//! Confab's server: axum and socketioxide.

pub mod chat;
pub mod store;
