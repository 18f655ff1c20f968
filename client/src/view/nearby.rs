//! Servers on this network.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A server that announces itself on this network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NearbyServer {
    /// Its name, as it says.
    pub name: String,
    /// Its address, such as `http://192.168.1.7:7300`.
    pub address: String,
    /// Its version, as it says; empty when it says none.
    pub version: String,
}

/// What this computer finds out about why a server is not seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NearbyCheck {
    /// This computer's addresses and the length of their networks, such as `192.168.1.20/24`; empty when it is on none.
    pub networks: Vec<String>,
    /// The name of a network interface that leads through a VPN.
    pub tunnel: Option<String>,
    /// Why the system does not let the app ask the network: it needs a permission.
    pub refused: Option<String>,
    /// How many other devices were heard within three seconds.
    pub heard: u32,
    /// What came of trying the server's address; absent when none was given.
    pub server: Option<Reached>,
}

/// What comes of trying a server's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Reached {
    /// It answers: only its announcement does not arrive.
    Yes,
    /// Nothing answers there, in a network of this computer.
    Silent,
    /// Nothing answers there, and it is in another network than this computer.
    OtherNetwork,
}
