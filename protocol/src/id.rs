//! Identifiers. On the wire each is an opaque string of at most 64 ASCII characters.
//!
//! Distinct types, so that a room can never be passed where a user is meant. Deserialising checks the
//! length and the alphabet: an id from the network that is not one never reaches the rules.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Position of an entry in its room's log: 1..N without holes. 0 stands for "before the first".
pub type Seq = u64;

/// The longest id on the wire, in bytes.
pub const MAX_ID_BYTES: usize = 64;

/// A string that is not an id: empty, too long, or with characters other than printable ASCII.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to 64 printable ASCII characters without spaces")]
pub struct InvalidId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[ts(type = "string")]
        #[schemars(extend("minLength" = 1, "maxLength" = MAX_ID_BYTES, "pattern" = "^[!-~]+$"))]
        pub struct $name(Box<str>);

        impl $name {
            /// A new id: a UUIDv7, so that ids made later sort later and index pages stay warm.
            #[must_use]
            pub fn generate() -> Self {
                Self(uuid::Uuid::now_v7().simple().to_string().into())
            }

            /// The id as it stands on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(s: &str) -> Result<Self, InvalidId> {
                if is_id(s) { Ok(Self(s.into())) } else { Err(InvalidId) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(s: String) -> Result<Self, InvalidId> {
                if is_id(&s) { Ok(Self(s.into_boxed_str())) } else { Err(InvalidId) }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.into_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A person, guest or bot.
    UserId;
    /// A room, unique in the whole server.
    RoomId;
    /// A message, chosen by the server. Edits, deletes and reactions name it.
    MessageId;
    /// The client's own id of a write (a UUIDv7). `(author, cid)` is unique for ever, which makes retries safe.
    Cid;
    /// One signed-in device.
    SessionId;
    /// A server, for ever.
    ServerId;
    /// One life of a server's database. A restore from backup changes it; clients then drop their caches.
    Epoch;
    /// Something to be reminded of.
    ReminderId;
    /// A file, chosen by the server.
    FileId;
    /// The code of an invitation, as in `https://host/join/CODE`.
    InviteCode;
}

impl UserId {
    /// Stands for everybody in a room, among those whom a message mentions. No user has it.
    #[must_use]
    pub fn everybody() -> Self {
        Self("*".into())
    }
}

/// A workspace's name in URLs and its Socket.IO namespace without the slash: `[a-z0-9][a-z0-9-]{0,31}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
#[schemars(extend("pattern" = "^[a-z0-9][a-z0-9-]{0,31}$"))]
pub struct Slug(Box<str>);

/// Slugs that would collide with the server's own paths and namespaces.
pub const RESERVED_SLUGS: [&str; 3] = ["admin", "api", "socket"];

/// A string that is not a slug, or a reserved one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a workspace address is 1 to 32 of a-z, 0-9 and -, starts with a letter or digit, and is not admin, api or socket"
)]
pub struct InvalidSlug;

impl Slug {
    /// The slug as it stands on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The Socket.IO namespace of the workspace: `/slug`.
    #[must_use]
    pub fn namespace(&self) -> String {
        format!("/{}", self.0)
    }
}

impl FromStr for Slug {
    type Err = InvalidSlug;
    fn from_str(s: &str) -> Result<Self, InvalidSlug> {
        let lower_or_digit = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = s.as_bytes();
        let shaped = bytes.len() <= 32
            && bytes.first().is_some_and(|&b| lower_or_digit(b))
            && bytes.iter().all(|&b| lower_or_digit(b) || b == b'-');
        if shaped && !RESERVED_SLUGS.contains(&s) { Ok(Self(s.into())) } else { Err(InvalidSlug) }
    }
}

impl TryFrom<String> for Slug {
    type Error = InvalidSlug;
    fn try_from(s: String) -> Result<Self, InvalidSlug> {
        s.parse()
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> String {
        slug.0.into_string()
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_id(s: &str) -> bool {
    !s.is_empty() && s.len() <= MAX_ID_BYTES && s.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_take_only_what_the_contract_allows() {
        assert!("0190-abc_X".parse::<Cid>().is_ok());
        for bad in ["", "a b", "ü", "a\n", &"x".repeat(65)] {
            assert!(bad.parse::<Cid>().is_err(), "{bad:?}");
        }
        assert!(serde_json::from_str::<RoomId>("\"\"").is_err());
        assert!(serde_json::from_str::<RoomId>("7").is_err());
    }

    #[test]
    fn generated_ids_sort_by_age() {
        let (a, b) = (MessageId::generate(), MessageId::generate());
        assert!(a < b);
    }

    #[test]
    fn slugs() {
        for good in ["a", "general", "team-7", "0x"] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "A", "a_b", "admin", "api", "socket", "a/b", &"a".repeat(33)] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }
}
