//! Passwords, tokens, and how often somebody may guess them.

pub mod password;
pub mod setup;
pub mod throttle;
pub mod token;
