//! Servers on this network, for the start page.

use std::sync::{Arc, PoisonError};

use confab_client::nearby::{self, Nearby};
use confab_client::view::{NearbyCheck, Update};
use confab_protocol::{Answer, Error, ErrorCode};

use super::Shell;

/// The variable that says on which network interfaces servers are looked for, and a hosted one is announced: `on`, `off`, or
/// names with commas between them.
pub const NEARBY: &str = "CONFAB_NEARBY";

/// What the variable says: all when it is empty, none for `off`.
pub(crate) fn interfaces() -> Option<Vec<String>> {
    confab_server::Config::interfaces(&std::env::var(NEARBY).unwrap_or_default())
}

impl Shell {
    /// Looks for servers from now on, or no longer.
    ///
    /// # Errors
    /// `unavailable` when the system does not allow it, or the user has switched it off.
    pub fn watch_nearby(self: &Arc<Self>, on: bool) -> Answer<()> {
        let mut nearby = self.nearby.lock().unwrap_or_else(PoisonError::into_inner);
        *nearby = None;
        if !on {
            return Ok(());
        }
        let interfaces = interfaces().ok_or_else(switched_off)?;
        let looking = Nearby::look(&interfaces).map_err(|error| Error::new(ErrorCode::Unavailable, error))?;
        let mut servers = looking.servers();
        *nearby = Some(looking);
        let shell = Arc::downgrade(self);
        tokio::spawn(async move {
            // Ends with the search.
            while let Some(shell) = shell.upgrade() {
                let found = servers.borrow_and_update().clone();
                shell.bridge.send(Update::Nearby { servers: found });
                drop(shell);
                if servers.changed().await.is_err() {
                    return;
                }
            }
        });
        Ok(())
    }

    /// Finds out why a server is not seen.
    ///
    /// # Errors
    /// `bad_request` for something that is no address, `unavailable` when the user has switched it off.
    pub async fn check_nearby(&self, address: Option<&str>) -> Answer<NearbyCheck> {
        nearby::check(address, &interfaces().ok_or_else(switched_off)?).await
    }
}

fn switched_off() -> Error {
    Error::new(ErrorCode::Unavailable, format!("{NEARBY} is off: this app does not look around on the network."))
}
