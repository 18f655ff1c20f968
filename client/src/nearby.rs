//! Servers on this network: those that announce themselves by DNS-SD over multicast DNS, and why one may not be seen.
//!
//! What comes from a network is not to be believed: names are cut to what may be shown, and the list is bounded.

mod check;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use confab_protocol::{SERVICE, text};
use mdns_sd::{IfKind, Receiver, ResolvedService, ServiceDaemon, ServiceEvent};
use tokio::sync::watch;

use crate::view::NearbyServer;

pub use check::check;

/// Servers in the list at most.
const MOST: usize = 100;

/// Looks for servers until it is dropped.
pub struct Nearby {
    daemon: ServiceDaemon,
    servers: watch::Receiver<Vec<NearbyServer>>,
}

impl Nearby {
    /// Looks on these network interfaces, or on all when none is named. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// What the system says, when it gives no thread or no socket for that.
    pub fn look(interfaces: &[String]) -> Result<Self, String> {
        let begin = || {
            let daemon = ServiceDaemon::new()?;
            daemon.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
            if !interfaces.is_empty() {
                daemon.disable_interface(IfKind::All)?;
                daemon.enable_interface(interfaces.iter().map(IfKind::from).collect::<Vec<_>>())?;
            }
            let events = daemon.browse(SERVICE)?;
            Ok::<_, mdns_sd::Error>((daemon, events))
        };
        let (daemon, events) = begin().map_err(|error| error.to_string())?;
        let (told, servers) = watch::channel(Vec::new());
        tokio::spawn(gather(events, told));
        Ok(Self { daemon, servers })
    }

    /// The list as of now, in the order of names, and each that follows.
    #[must_use]
    pub fn servers(&self) -> watch::Receiver<Vec<NearbyServer>> {
        self.servers.clone()
    }
}

impl Drop for Nearby {
    fn drop(&mut self) {
        if let Err(error) = self.daemon.shutdown() {
            tracing::debug!(%error, "the search for servers ends with the process");
        }
    }
}

impl std::fmt::Debug for Nearby {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nearby").field("servers", &*self.servers.borrow()).finish_non_exhaustive()
    }
}

/// Ends when the search does.
async fn gather(events: Receiver<ServiceEvent>, told: watch::Sender<Vec<NearbyServer>>) {
    let mut known = BTreeMap::new();
    while let Ok(event) = events.recv_async().await {
        match event {
            ServiceEvent::ServiceResolved(service) if known.len() < MOST || known.contains_key(&service.fullname) => {
                match server(&service) {
                    Some(server) => known.insert(service.fullname, server),
                    None => known.remove(&service.fullname),
                };
            }
            ServiceEvent::ServiceRemoved(_, name) => drop(known.remove(&name)),
            _ => continue,
        }
        let mut servers: Vec<NearbyServer> = known.values().cloned().collect();
        servers.sort_by(|a, b| (&a.name, &a.address).cmp(&(&b.name, &b.address)));
        told.send_if_modified(|now| {
            let differs = *now != servers;
            *now = servers;
            differs
        });
    }
}

fn server(service: &ResolvedService) -> Option<NearbyServer> {
    let ip = best(service.addresses.iter().map(mdns_sd::ScopedIp::to_ip_addr))?;
    // What anybody on the network may say is no reason to trust a certificate: only that there is one.
    let scheme = if service.txt_properties.get("tls").is_some() { "https" } else { "http" };
    let address = format!("{scheme}://{}", SocketAddr::new(ip, service.port));
    let said = |key| service.txt_properties.get_property_val_str(key).and_then(|text| text::display_name(text).ok());
    let name = said("name").unwrap_or_else(|| ip.to_string());
    Some(NearbyServer { name, address, version: said("version").unwrap_or_default() })
}

/// The address that most people can open. One of IPv6 that holds on a single link has no place in a URL.
fn best(addresses: impl Iterator<Item = IpAddr>) -> Option<IpAddr> {
    let rank = |ip: &IpAddr| match ip {
        IpAddr::V4(ip) if !ip.is_link_local() => Some(0),
        IpAddr::V6(ip) if !ip.is_unicast_link_local() => Some(1),
        IpAddr::V4(_) => Some(2),
        IpAddr::V6(_) => None,
    };
    addresses.filter(|ip| !ip.is_loopback()).filter_map(|ip| Some((rank(&ip)?, ip))).min().map(|(_, ip)| ip)
}

#[cfg(test)]
mod tests {
    use mdns_sd::ServiceInfo;

    use super::*;

    fn announced(name: &str, addresses: &str) -> Option<NearbyServer> {
        let properties = [("name", name), ("version", "0.1.0")];
        let service = ServiceInfo::new(SERVICE, "some", "host.local.", addresses, 7300, &properties[..]).unwrap();
        server(&service.as_resolved_service())
    }

    #[test]
    fn a_server_has_a_name_that_can_be_shown_and_an_address_that_can_be_opened() {
        let one = announced("  Ada\u{202e}'s\n Confab", "fe80::1,2001:db8::1,169.254.3.4,192.168.1.7").unwrap();
        assert_eq!((one.name.as_str(), one.address.as_str()), ("Ada's Confab", "http://192.168.1.7:7300"));
        assert_eq!(announced("", "2001:db8::1").unwrap().address, "http://[2001:db8::1]:7300");
        assert_eq!(announced(&"x".repeat(200), "10.0.0.1").unwrap().name, "10.0.0.1");
        assert_eq!(announced("only here", "fe80::1,127.0.0.1"), None);
    }
}
