//! Working on a database without serving it: what the command line does.

use std::sync::Arc;

use confab_protocol::{Error, Limits};
use tokio_util::sync::CancellationToken;

use crate::auth::password::Passwords;
use crate::chat::Chat;
use crate::commit::{self, About, Audience};
use crate::store::{Done, Store};

pub use crate::files::{Copied, copy_files};

/// The rules on a store that nobody listens to.
///
/// # Errors
/// As [`Passwords::new`].
pub fn chat(store: Arc<dyn Store>) -> Result<Chat, Error> {
    let (commit, writer) = commit::channel();
    tokio::spawn(writer.run(store.clone(), Arc::new(Nobody), CancellationToken::new()));
    Ok(Chat { store, commit, passwords: Passwords::new()?, limits: Arc::new(Limits::default()) })
}

struct Nobody;

impl Audience for Nobody {
    fn settle(&self, _: &About, _: &Done) {}
    fn publish(&self, _: Vec<(About, Done)>) {}
}
