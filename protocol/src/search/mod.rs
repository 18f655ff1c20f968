//! What a search finds: one predicate, asked by the server for each message that its index proposes, and by clients for what
//! they have themselves, so that both find the same. `ui/src/lib/search` is the same in TypeScript, held to
//! `protocol/vectors/search.json`.

mod fold;
mod grams;
mod query;

pub use fold::{Folded, fold};
pub use grams::{of_term, of_text};
pub use query::Query;

use crate::event::{Has, MessageSearch};
use crate::log::Message;
use crate::{Error, Timestamp, UserId};

/// What a message must be, beside the room that it is in.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The words.
    pub query: Query,
    /// Its author.
    pub from: Option<UserId>,
    /// Somebody else wrote it, and it mentions them or everybody.
    pub mentions: Option<UserId>,
    /// It is older than this.
    pub before: Option<Timestamp>,
    /// It is as old as this, or younger.
    pub after: Option<Timestamp>,
    /// It has one of these.
    pub has: Option<Has>,
}

impl Wanted {
    /// Of a request.
    ///
    /// # Errors
    /// `bad_request` for a query that is too long, or one without words, author, mention and `has`.
    pub fn new(request: &MessageSearch) -> Result<Self, Error> {
        let query = Query::parse(&request.query)?;
        if query.is_empty() && request.from.is_none() && request.mentions.is_none() && request.has.is_none() {
            return Err(Error::bad_request(
                "A search needs a word, an author, somebody who is mentioned, or something that messages have.",
            ));
        }
        let MessageSearch { from, mentions, before, after, has, .. } = request.clone();
        Ok(Self { query, from, mentions, before, after, has })
    }

    /// Where a message has what is looked for, as [`Query::find`] says it; None when it is not among what is wanted.
    #[must_use]
    pub fn find(&self, message: &Message) -> Option<Vec<(u32, u32)>> {
        let fits = !message.deleted
            && self.from.as_ref().is_none_or(|from| *from == message.author)
            && self.mentions.as_ref().is_none_or(|user| is_for(message, user))
            && self.before.is_none_or(|before| message.ts < before)
            && self.after.is_none_or(|after| message.ts >= after)
            && match self.has {
                None => true,
                Some(Has::File) => !message.files.is_empty(),
                Some(Has::Link) => has_link(&message.text),
                Some(Has::Reaction) => !message.reactions.is_empty(),
            };
        if fits { self.query.find(&message.text) } else { None }
    }
}

/// Whether somebody else meant this person with a message, by name or with everybody.
fn is_for(message: &Message, user: &UserId) -> bool {
    message.author != *user && message.mentions.iter().any(|one| one == user || *one == UserId::everybody())
}

/// Whether a text has the address of a page in it.
#[must_use]
pub fn has_link(text: &str) -> bool {
    let scheme = |end: usize| {
        let before = text.as_bytes()[..end].to_ascii_lowercase();
        before.ends_with(b"http") || before.ends_with(b"https")
    };
    text.match_indices("://")
        .any(|(at, _)| scheme(at) && text[at + 3..].chars().next().is_some_and(|c| c.is_alphanumeric() || c == '['))
}
