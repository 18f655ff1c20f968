//! What the scenarios stand on: real processes, real sockets, deadlines everywhere.
//!
//! A scenario starts a [`Stage`]: a `confab-server` with a port, a data directory and three people of its own. It
//! speaks to it through [`Api`] (HTTP), through [`Wire`] (raw Engine.IO frames, so that it can be rude), or lets
//! a [`Script`] speak in somebody else's client library. [`Proxy`] stands in between where the network must fail.
//!
//! Nothing here knows the server's code: `PROTOCOL.md` is the only source, so that these tests can find where the two differ.

mod api;
pub mod checker;
mod damage;
mod desktop;
mod device;
pub mod history;
mod mount;
pub mod nemesis;
pub mod outage;
mod peers;
mod postgres;
mod proxy;
mod script;
mod senders;
mod server;
mod stage;
pub mod torture;
mod wire;
pub mod workload;

pub use api::Api;
pub use damage::Damage;
pub use desktop::{App, Desktop, app_binary, selector};
pub use device::{Device, View};
pub use mount::{Mount, skipped};
pub use peers::{Notice, NotificationDaemon, TrayHost};
pub use postgres::Postgres;
pub use proxy::Proxy;
pub use script::{Script, python};
pub use senders::{HALL, History, Sent, assert_no_holes, send_until_it_dies, whole_log};
pub use server::{Server, ServerOptions, server_binary, workspace_root};
pub use stage::{Person, Stage, room_id};
pub use wire::{Packet, Refused, Wire};

use std::future::Future;
use std::time::{Duration, Instant};

/// How long a scenario waits for anything that should come at once. Long, because test machines are slow and busy;
/// nothing waits for its end unless something is broken.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A fresh client id, as clients make them.
#[must_use]
pub fn cid() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Waits for `future`, at most for [`DEADLINE`].
///
/// # Errors
/// When the time is over; `what` says what did not happen.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> anyhow::Result<T> {
    tokio::time::timeout(DEADLINE, future)
        .await
        .map_err(|_| anyhow::anyhow!("waited {} s in vain: {what}", DEADLINE.as_secs()))
}

/// Asks `probe` again and again until it answers `Some`, at most for [`DEADLINE`]. For states that cannot be awaited.
///
/// # Errors
/// When the time is over; `what` says what did not happen.
pub async fn until<T, F>(what: &str, mut probe: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = Option<T>>,
{
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = probe().await {
            return Ok(found);
        }
        anyhow::ensure!(Instant::now() < end, "waited {} s in vain: {what}", DEADLINE.as_secs());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
