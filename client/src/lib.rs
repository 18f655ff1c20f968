//! Confab's Socket.IO client core: no Tauri, no UI.
//!
//! A shell finds a server with [`entrance`], holds a [`session::Session`], and draws the [`view::Update`]s. Inside, a
//! session is one [`connection`] per open namespace: a task around a pure state machine ([`machine`]) and a killable
//! [`link`]. What a machine knows is made of [`timeline`]s and an [`outbox`]; what outlives the process is in [`local`].

pub mod address;
pub mod backoff;
pub mod connection;
pub mod entrance;
pub mod fault;
pub mod feed;
pub mod files;
pub mod http;
pub mod link;
pub mod local;
pub mod machine;
pub mod nearby;
pub mod notify;
pub mod outbox;
pub mod session;
pub mod tap;
pub mod timeline;
pub mod trust;
pub mod view;

/// How this client names itself to servers.
pub const CLIENT: &str = concat!("confab-client/", env!("CARGO_PKG_VERSION"));
