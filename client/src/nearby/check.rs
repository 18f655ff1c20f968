//! Why a server is not in the list: what this computer can find out by itself.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use confab_protocol::ErrorCode;
use if_addrs::{IfAddr, Interface};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use crate::address::Address;
use crate::entrance;
use crate::view::{NearbyCheck, Reached};

/// Where multicast DNS is spoken.
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const PORT: u16 = 5353;
/// How long others get to say something. Printers and phones answer within a second.
const LISTEN: Duration = Duration::from_secs(3);
/// Which services are there at all: a question that nearly every device answers (RFC 6763, section 9).
const QUESTION: &[u8] = b"\0\0\0\0\0\x01\0\0\0\0\0\0\x09_services\x07_dns-sd\x04_udp\x05local\0\0\x0c\0\x01";
/// How the names of interfaces begin that lead through a VPN.
const TUNNELS: [&str; 8] = ["tun", "tap", "wg", "ppp", "utun", "tailscale", "zt", "nordlynx"];

/// Looks at this computer's networks, listens whether anybody is heard there, and tries the address of a server that should
/// be there, if one is given. Takes about three seconds.
///
/// # Errors
/// Never for what it finds; `bad_request` for something that is no address.
pub async fn check(address: Option<&str>, interfaces: &[String]) -> Result<NearbyCheck, confab_protocol::Error> {
    let asked = address.map(str::parse::<Address>).transpose()?;
    let all = if_addrs::get_if_addrs().unwrap_or_default();
    let is_ours = |one: &&Interface| interfaces.is_empty() || interfaces.contains(&one.name);
    let up: Vec<Interface> =
        all.iter().filter(|one| !one.is_loopback() && one.is_oper_up()).filter(is_ours).cloned().collect();
    let (heard, server) = tokio::join!(listen(&up, &all), async {
        match &asked {
            Some(address) => Some(reach(address, &up).await),
            None => None,
        }
    });
    let (heard, refused) = match heard {
        Ok(count) => (count, None),
        Err(error) => (0, Some(error.to_string())),
    };
    Ok(NearbyCheck {
        networks: up.iter().filter_map(network).collect(),
        tunnel: up.iter().find(|one| is_tunnel(&one.name)).map(|one| one.name.clone()),
        refused,
        heard,
        server,
    })
}

/// How many other devices say something when asked.
async fn listen(up: &[Interface], all: &[Interface]) -> io::Result<u32> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    // Others on this computer listen there, too.
    socket.set_reuse_address(true)?;
    #[cfg(all(unix, not(target_os = "solaris")))]
    socket.set_reuse_port(true)?;
    socket.bind(&SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), PORT).into())?;
    socket.set_nonblocking(true)?;
    let mut trouble = None;
    for ip in up.iter().filter(|one| !is_tunnel(&one.name)).filter_map(v4) {
        let asked = socket
            .join_multicast_v4(&GROUP, &ip)
            .and_then(|()| socket.set_multicast_if_v4(&ip))
            .and_then(|()| socket.send_to(QUESTION, &SocketAddr::new(GROUP.into(), PORT).into()));
        trouble = trouble.or(asked.err());
    }
    let socket = UdpSocket::from_std(socket.into())?;
    let mut heard: Vec<Ipv4Addr> = Vec::new();
    let mut packet = [0; 1500];
    let end = Instant::now() + LISTEN;
    while let Ok(received) = timeout_at(end, socket.recv_from(&mut packet)).await {
        let IpAddr::V4(from) = received?.1.ip() else { continue };
        // Not what other programs asked of other interfaces: the system hands that to every socket on the port.
        let near = up.iter().any(|one| contains(&one.addr, from));
        if near && !all.iter().any(|one| one.ip() == from) && !heard.contains(&from) {
            heard.push(from);
        }
    }
    match trouble {
        Some(error) if heard.is_empty() => Err(error),
        _ => Ok(u32::try_from(heard.len()).unwrap_or(u32::MAX)),
    }
}

/// What comes of trying the address.
async fn reach(address: &Address, up: &[Interface]) -> Reached {
    match entrance::probe(&address.base).await {
        Ok(_) => Reached::Yes,
        // It answered.
        Err(error) if error.code != ErrorCode::Unavailable => Reached::Yes,
        Err(_) if is_elsewhere(address, up) => Reached::OtherNetwork,
        Err(_) => Reached::Silent,
    }
}

/// It names an address of IPv4 that is in none of this computer's networks.
fn is_elsewhere(address: &Address, up: &[Interface]) -> bool {
    let host = address.base.split_once("://").map_or(address.base.as_str(), |(_, rest)| rest);
    let ip = host.parse::<SocketAddr>().map(|at| at.ip()).or_else(|_| host.parse());
    let Ok(IpAddr::V4(ip)) = ip else { return false };
    !ip.is_loopback() && !up.iter().any(|one| contains(&one.addr, ip))
}

fn contains(network: &IfAddr, ip: Ipv4Addr) -> bool {
    let IfAddr::V4(network) = network else { return false };
    let mask = u32::from(network.netmask);
    u32::from(network.ip) & mask == u32::from(ip) & mask
}

/// An address of IPv4 with the length of its network, as in `192.168.1.7/24`.
fn network(interface: &Interface) -> Option<String> {
    match &interface.addr {
        IfAddr::V4(v4) if !is_tunnel(&interface.name) => Some(format!("{}/{}", v4.ip, v4.prefixlen)),
        _ => None,
    }
}

fn v4(interface: &Interface) -> Option<Ipv4Addr> {
    match interface.ip() {
        IpAddr::V4(ip) => Some(ip),
        IpAddr::V6(_) => None,
    }
}

fn is_tunnel(name: &str) -> bool {
    TUNNELS.iter().any(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use if_addrs::{IfOperStatus, Ifv4Addr};

    use super::*;

    fn interface(name: &str, ip: [u8; 4]) -> Interface {
        let netmask = Ipv4Addr::new(255, 255, 255, 0);
        let addr = IfAddr::V4(Ifv4Addr { ip: ip.into(), netmask, prefixlen: 24, broadcast: None });
        Interface { name: name.into(), addr, index: None, oper_status: IfOperStatus::Up, is_p2p: false }
    }

    #[test]
    fn another_network_is_told_from_this_one() {
        let up = [interface("eth0", [192, 168, 1, 20]), interface("wg0", [10, 8, 0, 2])];
        let elsewhere = |address: &str| is_elsewhere(&address.parse().unwrap(), &up);
        assert!(!elsewhere("192.168.1.7:7300") && !elsewhere("http://10.8.0.1"));
        assert!(elsewhere("192.168.2.7") && elsewhere("http://172.16.0.1:7300"));
        // What a name leads to is not known here.
        assert!(!elsewhere("http://chat.example:7300") && !elsewhere("127.0.0.1"));
        assert_eq!(up.iter().filter_map(network).collect::<Vec<_>>(), ["192.168.1.20/24"]);
        assert_eq!(up.iter().filter(|one| is_tunnel(&one.name)).count(), 1);
    }

    #[test]
    fn the_question_is_one_of_dns() {
        assert_eq!(QUESTION.len(), 46);
        assert_eq!(&QUESTION[4..6], [0, 1], "one question");
        assert_eq!(&QUESTION[QUESTION.len() - 4..], [0, 12, 0, 1], "PTR, IN");
    }
}
