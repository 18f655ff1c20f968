//! Sizes and rates. The server owns the numbers and tells them; clients check before they send.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The limits of one server: `[limits]` in its TOML file, `limits` in `GET /server` and `lobby:ready`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(default)]
pub struct Limits {
    /// The longest text of a message, in bytes of UTF-8.
    pub message_bytes: usize,
    /// The largest frame over any transport, in bytes.
    pub frame_bytes: usize,
    /// The largest file, in bytes.
    pub file_bytes: u64,
    /// The files of one account in all, those on their way too, in bytes; 0 where there is no such limit.
    pub account_bytes: u64,
    /// Messages per ten seconds and user, on average. Each message of a batch counts.
    pub messages_per_10s: u32,
    /// Messages that a user may send at once after a pause.
    pub messages_burst: u32,
    /// Other events per ten seconds and socket.
    pub events_per_10s: u32,
    /// Searches per ten seconds and user, which count as other events too.
    pub searches_per_10s: u32,
    /// Failed sign-ins per account in fifteen minutes.
    pub sign_in_failures: u32,
    /// Failed sign-ins per network address in fifteen minutes.
    pub sign_in_failures_per_address: u32,
    /// Sockets that one user may have open, over all namespaces.
    pub sockets_per_user: u32,
    /// Connections that one network address may have open over which nobody has signed in. Browsers and bots behind
    /// one NAT or proxy share it.
    pub connections_per_address: u32,
    /// Seconds until a connection without a valid CONNECT is closed.
    pub handshake_seconds: u64,
    /// Binary attachments of one packet.
    pub attachments: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 16 * 1024,
            frame_bytes: 128 * 1024,
            file_bytes: 64 * 1024 * 1024,
            account_bytes: 10 * 1024 * 1024 * 1024,
            messages_per_10s: 30,
            messages_burst: 60,
            events_per_10s: 100,
            searches_per_10s: 40,
            sign_in_failures: 10,
            sign_in_failures_per_address: 30,
            sockets_per_user: 20,
            connections_per_address: 2_000,
            handshake_seconds: 10,
            attachments: 10,
        }
    }
}

/// Messages in one `message:send_batch`.
pub const BATCH_MAX: usize = 100;
/// Entries in one `room:sync` page.
pub const SYNC_MAX: usize = 500;
/// Messages in one `room:history` page.
pub const HISTORY_MAX: usize = 200;
/// A page of `room:sync`, `room:join`, `room:history`, `message:thread` or `room:pins` ends with the entry or message that makes its texts this large:
/// few clients take megabytes in one frame, and a server that makes thousands of them at once has no memory left.
pub const PAGE_BYTES: usize = 256 * 1024;
/// Further behind than this, `room:join` and `room:sync` answer `reset: true` instead of the entries.
pub const RESET_AFTER: u64 = 5_000;
/// People in one direct-message room besides the caller.
pub const DIRECT_MAX: usize = 8;
/// The longest room topic, in bytes.
pub const TOPIC_BYTES: usize = 512;
/// The longest display name or workspace name, in characters.
pub const NAME_CHARS: usize = 64;
/// Hits in one page of `message:search`.
pub const SEARCH_MAX: usize = 50;
/// The longest query of a search, in bytes of UTF-8.
pub const SEARCH_BYTES: usize = 512;
/// Words and phrases in one search.
pub const SEARCH_TERMS: usize = 12;
/// Files on one message.
pub const FILES_MAX: usize = 10;
/// The longest name of a file, in bytes.
pub const FILE_NAME_BYTES: usize = 255;
/// Distinct emoji on one message.
pub const REACTIONS_MAX: usize = 50;
/// Messages pinned to one room.
pub const PINS_MAX: usize = 100;
/// Things that one person may be reminded of.
pub const REMINDERS_MAX: usize = 100;
/// People whom one person may ignore.
pub const IGNORED_MAX: usize = 1_000;
/// A message for everybody in a room, or everybody who is there, names them one by one up to so many.
pub const NAMED_MAX: usize = 100;
/// The shortest password, in characters.
pub const PASSWORD_MIN: usize = 8;
/// The longest password, in bytes: argon2 takes any, a limit keeps hashing cheap to refuse.
pub const PASSWORD_MAX_BYTES: usize = 1024;
