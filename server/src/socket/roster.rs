//! Everybody in a workspace, as its greetings tell them: read once for all who come at the same time.
//!
//! After a restart a thousand people come back at once, and each greeting would read a thousand members. As long as nothing is
//! committed they are the same for all of them; and a client that shows by their tag that it still has them is spared the list.

use std::sync::{Arc, Weak};

use confab_protocol::Slug;
use confab_protocol::workspace::Member;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use crate::store::{Result, Store};

/// The members that a workspace's greetings share.
#[derive(Default)]
pub struct Roster(Mutex<Last>);

/// Who was read last, and how often the database had changed before. Gone with the last greeting that needs it.
#[derive(Default)]
struct Last {
    changes: u64,
    members: Weak<Members>,
}

/// Everybody in a workspace at one moment.
pub struct Members {
    /// By name; all offline.
    pub list: Vec<Member>,
    /// Made of the list alone: the same one after a restart, and another one once anything about them is different.
    pub tag: String,
}

impl Roster {
    /// The members now. Whoever asks meanwhile waits for the same answer.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn read(&self, store: &dyn Store, slug: &Slug) -> Result<Arc<Members>> {
        let Some(changes) = store.changes() else { return Ok(Arc::new(Members::of(store.members(slug).await?))) };
        let mut last = self.0.lock().await;
        if let Some(members) = last.members.upgrade()
            && last.changes == changes
        {
            return Ok(members);
        }
        // Counted before they are read: what is committed in between makes them be read again, and not be missed.
        let changes = store.changes().unwrap_or(changes);
        let members = Arc::new(Members::of(store.members(slug).await?));
        *last = Last { changes, members: Arc::downgrade(&members) };
        Ok(members)
    }
}

impl Members {
    fn of(list: Vec<Member>) -> Self {
        let mut hash = Sha256::new();
        for member in &list {
            // A type without maps always becomes JSON.
            hash.update(serde_json::to_vec(member).unwrap_or_default());
        }
        let tag = hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { list, tag }
    }
}

#[cfg(test)]
mod tests {
    use confab_protocol::account::Role;
    use confab_protocol::{SessionId, Timestamp, UserId};

    use super::*;
    use crate::store::{Location, NewSession, NewUser, Op, ProfileRow, TokenHash, Write, open};

    #[tokio::test]
    async fn who_comes_at_the_same_time_shares_what_was_read_until_something_changes() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&Location::Sqlite(directory.path().join("confab.db"))).await.unwrap();
        let ada = UserId::generate();
        let owner = NewUser {
            id: ada.clone(),
            login: "ada".into(),
            display_name: "Ada".into(),
            password_hash: None,
            role: Role::Owner,
            bot: false,
            guest: false,
        };
        let session = NewSession {
            id: SessionId::generate(),
            user: ada.clone(),
            token: TokenHash([1; 32]),
            device: String::new(),
            created: Timestamp::from_millis(1),
        };
        let op = Op::SetUp { server_name: "Home".into(), owner, session };
        let set_up = Write { actor: ada.clone(), now: Timestamp::from_millis(1), op };
        store.write(vec![set_up]).await.unwrap().remove(0).unwrap();

        let (roster, slug) = (Roster::default(), "general".parse().unwrap());
        let read = async || roster.read(&*store, &slug).await.unwrap();
        let (first, second) = (read().await, read().await);
        assert!(Arc::ptr_eq(&first, &second), "read once");

        let rename = ProfileRow { display_name: Some("Ada L.".into()), ..ProfileRow::default() };
        store.update_profile(&ada, rename).await.unwrap();
        let third = read().await;
        assert_eq!(third.list[0].display_name, "Ada L.");
        assert_ne!(third.tag, first.tag);
        drop((first, second, third));
        let back = ProfileRow { display_name: Some("Ada".into()), ..ProfileRow::default() };
        store.update_profile(&ada, back).await.unwrap();
        let (tag, again) = (read().await.tag.clone(), read().await);
        assert_eq!((tag, again.list[0].display_name.as_str()), (again.tag.clone(), "Ada"));
    }
}
