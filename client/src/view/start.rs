//! What a shell knows when it starts, before any network: who is signed in where.

use confab_protocol::account::User;
use confab_protocol::{Fingerprint, RoomId, Slug};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Settings;
use crate::trust::Certificate;

/// What a shell knows when it starts: enough for the first paint, before any network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Start {
    /// Who is signed in where, in the order in which they came; nobody shows the start page.
    pub accounts: Vec<Seat>,
    /// Which of them was looked at last.
    pub front: Option<AccountKey>,
    /// This app hosts a server.
    pub hosting: Option<Hosting>,
    /// Where tokens are kept.
    pub credentials: CredentialStore,
    /// What the user chose.
    pub settings: Settings,
    /// This shell can host a server: the desktop app can, a browser cannot.
    pub can_host: bool,
    /// This shell can be signed in on several servers at once: the desktop app can, a page is about the server that
    /// served it.
    pub can_add: bool,
}

/// Names one of the accounts that are signed in on this device. Made by the shell, and never told to a server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(transparent)]
pub struct AccountKey(pub String);

impl AccountKey {
    /// A new one, made of letters and digits alone.
    #[must_use]
    pub fn generate() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string())
    }
}

impl std::fmt::Display for AccountKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account that is signed in on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Seat {
    /// Which.
    pub key: AccountKey,
    /// Who, and where.
    pub account: Account,
    /// The place that was open there last.
    pub place: Place,
}

/// Why a server is taken for the one that is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trust {
    /// It is not: whoever is in between reads and writes what they like.
    Clear,
    /// An authority that this computer trusts vouches for it.
    Signed,
    /// The link named its certificate.
    Vouched,
    /// It showed a certificate that nobody vouches for. Whoever joins accepts that one, and should compare it first.
    Unknown {
        /// To be compared with what the host reads.
        fingerprint: Fingerprint,
    },
}

/// Who is signed in where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Account {
    /// The server's address, such as `http://192.168.1.7:7300`.
    pub address: String,
    /// The certificate that the server must show; without it, over https the system's authorities decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub certificate: Option<Certificate>,
    /// The server's name.
    pub server_name: String,
    /// Who.
    pub user: User,
}

/// A place in the app.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Place {
    /// The open workspace.
    pub workspace: Option<Slug>,
    /// The open room in it.
    pub room: Option<RoomId>,
}

/// The server that this app hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Hosting {
    /// Its address for this computer.
    pub address: String,
    /// Its addresses for others on the network; empty when it listens on loopback only.
    pub network: Vec<String>,
    /// That of its certificate, to be read out to those who ask; absent when others reach it without TLS, or not at all.
    pub fingerprint: Option<Fingerprint>,
}

/// Where the session's token is kept between two starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CredentialStore {
    /// The operating system's keyring.
    Keyring,
    /// A file with owner-only rights, because the user said so.
    File,
    /// Only in memory, until the app quits, because the user said so.
    Memory,
    /// There is no keyring, and the user has not said what to do: ask before signing in.
    Ask,
    /// The browser's: a cookie that scripts cannot read.
    Browser,
}
