//! Tells others on the same network that this server is there: DNS-SD over multicast DNS (RFC 6763, RFC 6762), so that
//! whoever joins sees it in a list instead of typing an address.
//!
//! What is told is what anybody who connects is told: the server's name and version, beside its address, and whether it speaks
//! TLS. A server that listens on loopback only tells nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use confab_protocol::SERVICE;
use mdns_sd::{IfKind, ServiceDaemon, ServiceInfo};

use crate::app::App;
use crate::store::StoreError;

/// A label of DNS, in bytes; some are left for the number that tells two of one name apart.
const LABEL: usize = 56;
/// How long others are told that the server goes. They find out by themselves, but later.
const FAREWELL: Duration = Duration::from_millis(500);

/// Announces the server from its setup on until it stops.
pub async fn run(app: Arc<App>, addr: SocketAddr) {
    let Some(interfaces) = app.config.announce.clone().filter(|_| !addr.ip().is_loopback()) else { return };
    let name = loop {
        let named = app.name_bell.notified();
        match name(&app).await {
            Ok(Some(name)) => break name,
            Ok(None) => tokio::select! {
                () = named => {}
                () = app.stopping.cancelled() => return,
            },
            Err(error) => return tracing::warn!(%error, "the server is not announced"),
        }
    };
    match announce(&name, &app, addr, interfaces) {
        Ok(announced) => {
            tracing::info!(name, "announced on the network");
            app.stopping.cancelled().await;
            announced.end().await;
        }
        Err(error) => tracing::warn!(%error, "the server cannot be announced on the network; its address leads there"),
    }
}

async fn name(app: &App) -> Result<Option<String>, StoreError> {
    let server = app.chat.store.server().await?;
    Ok(server.set_up.then_some(server.name))
}

/// An announcement that stands.
struct Announced {
    daemon: ServiceDaemon,
    service: String,
}

fn announce(name: &str, app: &App, addr: SocketAddr, interfaces: Vec<String>) -> mdns_sd::Result<Announced> {
    let mut properties = vec![("name", name.to_owned()), ("version", crate::VERSION.to_owned())];
    if app.tls.is_some() {
        // Not with which certificate: that comes by the invite link, as anybody may announce anything.
        properties.push(("tls", "1".to_owned()));
    }
    // Servers of one computer share its addresses, so each has a name of a host for itself.
    let host = format!("confab-{}.local.", uuid::Uuid::new_v4().simple());
    let label = &name[..name.floor_char_boundary(LABEL)];
    let service = if addr.ip().is_unspecified() {
        ServiceInfo::new(SERVICE, label, &host, (), addr.port(), &properties[..])?.enable_addr_auto()
    } else {
        ServiceInfo::new(SERVICE, label, &host, addr.ip(), addr.port(), &properties[..])?
    };
    let daemon = ServiceDaemon::new()?;
    daemon.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
    if !interfaces.is_empty() {
        daemon.disable_interface(IfKind::All)?;
        daemon.enable_interface(interfaces.into_iter().map(IfKind::Name).collect::<Vec<_>>())?;
    }
    let fullname = service.get_fullname().to_owned();
    daemon.register(service)?;
    Ok(Announced { daemon, service: fullname })
}

impl Announced {
    /// Says goodbye, and ends the thread.
    async fn end(self) {
        let farewell = async {
            if let Ok(said) = self.daemon.unregister(&self.service) {
                // Whether it was heard nobody knows.
                let _ = said.recv_async().await;
            }
        };
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
        if let Err(error) = self.daemon.shutdown() {
            tracing::debug!(%error, "the announcements end with the process");
        }
    }
}
