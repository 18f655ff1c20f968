//! `message:search`.

use std::sync::Arc;

use confab_protocol::Answer;
use confab_protocol::event::{MessageSearch, SearchPage};

use super::dispatch::Caller;
use super::space::Space;

pub async fn search(caller: Caller, space: Arc<Space>, request: MessageSearch) -> Answer<SearchPage> {
    let peer = &caller.peer;
    peer.app.rates.search(&peer.user)?;
    peer.app.chat.search(&space.slug, &peer.user, request).await
}
