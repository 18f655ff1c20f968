//! Passwords, tokens, and how often somebody may guess them.

mod argon;
pub mod password;
pub mod setup;
pub mod throttle;
pub mod token;
