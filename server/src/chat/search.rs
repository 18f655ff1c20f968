//! Looking for messages.

use confab_protocol::event::{MessageSearch, SearchPage};
use confab_protocol::search::Wanted;
use confab_protocol::{Error, Slug, UserId, limits};

use super::Chat;
use crate::store::Search;

/// Hits in a page, where the request does not say.
const LIMIT: usize = 20;

impl Chat {
    /// `message:search`: in the rooms that the user is in, and nowhere else, public or not.
    ///
    /// # Errors
    /// `bad_request`; `not_found` for a room that they are not in.
    pub async fn search(&self, slug: &Slug, user: &UserId, request: MessageSearch) -> Result<SearchPage, Error> {
        let wanted = Wanted::new(&request)?;
        let limit = request.limit.unwrap_or(LIMIT).clamp(1, limits::SEARCH_MAX);
        let search = Search { wanted, room: request.room, limit, cursor: request.cursor };
        Ok(self.store.search(slug, user, search).await?)
    }
}
