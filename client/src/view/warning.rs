//! What the user should know of although nobody was waiting for it.

use confab_protocol::Error;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What went wrong without anybody waiting for it. The page has the words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Warning {
    /// A change of a message is refused that was made before the app was started anew.
    ChangeRefused {
        /// Why.
        error: Error,
    },
    /// What was kept on this computer was damaged: it is set aside, and messages that were not sent yet may be in it.
    SetAside {
        /// Where.
        path: String,
    },
    /// Nothing can be kept on this computer: messages that are not sent yet are lost when the app quits.
    NotKept {
        /// Why.
        why: String,
    },
    /// A session was ended elsewhere while no page was there to be told.
    SignedOut {
        /// The server's name.
        server: String,
        /// Why.
        error: Error,
    },
    /// What was asked for outside of the page is refused.
    Refused {
        /// Why.
        error: Error,
    },
}
