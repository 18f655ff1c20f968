//! What a server is told at start. The binary builds it from flags, environment and TOML.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use confab_protocol::Limits;
use confab_protocol::account::{Secret, SignUp};

use crate::store::Location;

/// How connections are protected on their way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Tls {
    /// Not at all: for loopback, for networks that one trusts, and behind a proxy that does it.
    #[default]
    Off,
    /// With a certificate that the server makes at its first start. Invite links carry its fingerprint.
    SelfSigned,
    /// With a certificate that others trust already.
    Files {
        /// PEM: the server's certificate first, then those between it and whoever is trusted.
        certificate: PathBuf,
        /// PEM: its private key.
        key: PathBuf,
    },
}

impl FromStr for Tls {
    type Err = String;

    /// `off`, `self-signed`, or two files with a colon between them.
    fn from_str(words: &str) -> Result<Self, String> {
        match words {
            "off" => Ok(Self::Off),
            "self-signed" => Ok(Self::SelfSigned),
            files => match files.split_once(':') {
                Some((certificate, key)) if !certificate.is_empty() && !key.is_empty() => {
                    Ok(Self::Files { certificate: certificate.into(), key: key.into() })
                }
                _ => Err(format!("TLS is `off`, `self-signed` or CERTIFICATE:KEY with two files, not `{files}`")),
            },
        }
    }
}

/// The configuration of one server. `Debug` shows no secrets.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data directory; made with owner-only rights when missing.
    pub data: PathBuf,
    /// Where the database is; None means `confab.db` in the data directory.
    pub database: Option<Location>,
    /// The token for the first setup; None makes one at the first start and keeps it in the data directory.
    pub setup_token: Option<Secret>,
    /// How connections are protected on their way.
    pub tls: Tls,
    /// Message bodies may be shown to admins who inspect traffic.
    pub inspect: bool,
    /// Who may make an account.
    pub sign_up: SignUp,
    /// Whether people may come by name alone. They need an invitation unless `sign_up` is open.
    pub guests: bool,
    /// Origins that may use this server besides its own, such as `https://chat.example`.
    pub origins: Vec<String>,
    /// How people reach the server, for invitation links; None takes the `Host` of the request.
    pub public_url: Option<String>,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// On which network interfaces others are told that this server is there; empty means all, None none. A server that
    /// listens on loopback only tells nobody.
    pub announce: Option<Vec<String>>,
    /// The bearer token of `/metrics`; None closes it.
    pub metrics_token: Option<Secret>,
    /// Sizes and rates.
    pub limits: Limits,
}

impl Config {
    /// The defaults, with this data directory.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            database: None,
            setup_token: None,
            tls: Tls::Off,
            inspect: false,
            sign_up: SignUp::Invite,
            guests: true,
            origins: Vec::new(),
            public_url: None,
            trusted_proxies: Vec::new(),
            announce: Some(Vec::new()),
            metrics_token: None,
            limits: Limits::default(),
        }
    }

    /// What [`Config::announce`] is in words: `on`, `off`, or the names of interfaces with commas between them.
    #[must_use]
    pub fn interfaces(words: &str) -> Option<Vec<String>> {
        match words.trim() {
            "off" | "false" => None,
            "on" | "true" | "" => Some(Vec::new()),
            names => Some(names.split(',').map(|name| name.trim().to_owned()).collect()),
        }
    }

    /// Where the database is.
    #[must_use]
    pub fn location(&self) -> Location {
        self.database.clone().unwrap_or_else(|| Location::in_directory(&self.data))
    }
}
