//! A network of its own for the server: a namespace, and a veth pair that leads to it.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Result, ensure};
use tokio::process::Command;

/// A network namespace with one address. It is deleted when it is dropped.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    here: String,
    host: Ipv4Addr,
}

impl Namespace {
    /// Makes one; None when that is not allowed here (it needs root, and a kernel with veth). It takes the first address
    /// from the one with this number on that no other run on this machine has.
    ///
    /// # Errors
    /// When it can be made, but not set up.
    pub async fn new(number: u8) -> Result<Option<Self>> {
        let taken = Command::new("ip").args(["-4", "-o", "addr"]).output().await;
        let taken = taken.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        let is_free = |number: &u8| !taken.contains(&format!(" {}/30 ", net(*number).0));
        let Some(number) = (number..60).chain(0..number).find(is_free) else { return Ok(None) };
        let process = std::process::id() % 10_000;
        let name = format!("confab-{process}-{number}");
        if !ip(&["netns", "add", &name]).await.is_ok_and(|done| done) {
            return Ok(None);
        }
        let (here, there) = (format!("cf{process}h{number}"), format!("cf{process}n{number}"));
        let (outside, host) = net(number);
        let namespace = Self { name: name.clone(), here: here.clone(), host };
        let (outside, inside) = (format!("{outside}/30"), format!("{host}/30"));
        let steps: [&[&str]; 6] = [
            &["link", "add", &here, "type", "veth", "peer", "name", &there, "netns", &name],
            &["addr", "add", &outside, "dev", &here],
            &["link", "set", &here, "up"],
            &["-n", &name, "addr", "add", &inside, "dev", &there],
            &["-n", &name, "link", "set", &there, "up"],
            &["-n", &name, "link", "set", "lo", "up"],
        ];
        for step in steps {
            if !ip(step).await? {
                return Ok(None);
            }
        }
        Ok(Some(namespace))
    }

    /// The address of the server in it.
    #[must_use]
    pub fn host(&self) -> IpAddr {
        self.host.into()
    }

    /// The name of the interface that leads there.
    #[must_use]
    pub fn interface(&self) -> &str {
        &self.here
    }

    /// The command that runs a server in it.
    #[must_use]
    pub fn wrapper(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.name].map(str::to_owned).into()
    }

    /// Drops every packet to the server, without a word to anybody: both ends think that they are connected.
    ///
    /// # Errors
    /// When the route cannot be changed.
    pub async fn blackhole(&self, on: bool) -> Result<()> {
        let route = format!("{}/32", self.host);
        let what = if on { "add" } else { "del" };
        ensure!(ip(&["route", what, "blackhole", &route]).await?, "ip route {what} blackhole {route} failed");
        Ok(())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let delete = |arguments: &[&str]| drop(std::process::Command::new("ip").args(arguments).output());
        delete(&["route", "del", "blackhole", &format!("{}/32", self.host)]);
        delete(&["link", "del", &self.here]);
        delete(&["netns", "del", &self.name]);
    }
}

/// Our address and the server's: a part of TEST-NET-2, which nobody routes, with one /30 for each namespace.
fn net(number: u8) -> (Ipv4Addr, Ipv4Addr) {
    let base = number.wrapping_mul(4) & 0xfc;
    (Ipv4Addr::new(198, 51, 100, base + 1), Ipv4Addr::new(198, 51, 100, base + 2))
}

async fn ip(arguments: &[&str]) -> Result<bool> {
    Ok(Command::new("ip").args(arguments).output().await?.status.success())
}
