//! The auth payload of a Socket.IO CONNECT.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a client sends with CONNECT to any namespace.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Handshake {
    /// The bearer token of the session.
    #[serde(default)]
    pub token: String,
    /// The protocol version that the client speaks; absent is taken as 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<u32>,
    /// Name and version of the client, such as `confab-desktop/0.1.0`. For people who look at device lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Whether the client hears `presence:batch`. One that does not is told each change by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub batches: bool,
    /// The `members_tag` of the `workspace:ready` whose members the client still has as they were. While nothing about them
    /// has changed, it is told who is there, and not all members again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<String>,
}

impl fmt::Debug for Handshake {
    /// Leaves the token out: this type ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("protocol", &self.protocol)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
