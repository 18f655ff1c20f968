//! The rules of the chat, without transport and without SQL.

mod accounts;
mod invites;
mod log;
mod personal;
mod rooms;
pub mod rules;
mod search;
mod workspaces;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use confab_protocol::{Error, Limits, Timestamp, UserId};

pub use accounts::{Admission, Welcome};
pub use log::{Answered, cid_of, entry_reply};

use crate::auth::password::Passwords;
use crate::commit::Commit;
use crate::store::{Done, Op, Store, Write};

/// What people may do, on top of a store. Every check of a right happens here or, for writes, inside the store's
/// transaction; callers bring an identity and nothing else.
#[derive(Clone)]
pub struct Chat {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The only way to write a log or a membership.
    pub commit: Commit,
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    /// Sizes.
    pub limits: Arc<Limits>,
}

impl Chat {
    /// Commits one write and waits until it is durable.
    ///
    /// # Errors
    /// The refusal.
    pub async fn write(&self, actor: &UserId, op: Op) -> Result<Done, Error> {
        self.commit.write(Write { actor: actor.clone(), now: now(), op }).await
    }
}

/// The wall clock.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(since.as_millis().try_into().unwrap_or(i64::MAX))
}

/// A defect of ours: the store answered another kind of reply than the operation has.
pub(crate) fn unexpected_reply() -> Error {
    Error::new(confab_protocol::ErrorCode::Internal, "The server made a mistake. It is in its log.")
}
