//! Search: an index that follows the log behind the commits, and what is found with it.
//!
//! **The index only proposes.** It knows the pieces of texts ([`confab_protocol::search`]); each proposal is read from the
//! log's own tables and asked whether it is what was looked for. So an index that is behind, or even wrong, never shows what
//! was deleted, edited away or is somebody else's; what it has not seen yet, the tail of each log, is read itself.
//!
//! Nothing of it is in a message's transaction. Writing its pieces there would cost each commit dozens of pages all over
//! the index, where a batch of a thousand messages costs hardly more than one.
//!
//! - [`build`]: brings the index up to the log, a batch at a time
//! - [`look`]: finds a page of messages, and [`stream`] the proposals of one room, newest first
//! - [`rooms`]: where somebody may look, and between which places

pub(super) mod build;
pub(super) mod look;
mod rooms;
mod stream;

use std::collections::BTreeSet;
use std::future::Future;

use confab_protocol::event::Has;
use confab_protocol::search::{Wanted, of_term, of_text};
use confab_protocol::{RoomId, Seq, UserId};

use super::Result;
use super::sql::Sql;

/// What the index says of one message.
#[derive(Debug)]
pub(super) struct Doc {
    /// Its text, folded.
    pub text: String,
    /// The pieces of its text, and the marks of its author and of what it has.
    pub pieces: BTreeSet<String>,
}

/// What is looked up in the index; a message that is wanted has all of it.
#[derive(Debug)]
pub(super) struct Keys {
    /// Words and phrases of three characters and more, folded.
    pub terms: Vec<String>,
    /// Pieces of the words and phrases, and marks, each once.
    pub pieces: Vec<String>,
}

/// A connection to a database and its index.
pub(super) trait Index: Sql {
    /// Leaves of the keys what is worth being looked up: the rest costs more than the proposals that it spares.
    fn choose(&mut self, keys: Keys) -> impl Future<Output = Result<Keys>> + Send;

    /// Messages in any room, in any order: all, when they are fewer than `limit`.
    fn everywhere(&mut self, keys: &Keys, limit: usize) -> impl Future<Output = Result<Vec<(RoomId, Seq)>>> + Send;

    /// Messages of one room, newest first, between `above` and `below`.
    fn in_room(
        &mut self,
        keys: &Keys,
        room: &Place<'_>,
        above: Seq,
        below: Seq,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Seq>>> + Send;

    /// All that is written next was read already: lets the log go, so that nobody waits for this to be done with it.
    fn let_go(&mut self) -> impl Future<Output = Result<()>> + Send;

    /// Puts a message in; `again` when it may be in already.
    fn put(&mut self, room: &Place<'_>, seq: Seq, doc: &Doc, again: bool) -> impl Future<Output = Result<()>> + Send;

    /// Takes a message out.
    fn remove(&mut self, room: &Place<'_>, seq: Seq) -> impl Future<Output = Result<()>> + Send;
}

/// A room, as an index knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub room: &'a RoomId,
    /// Its number in an index that has numbers.
    pub no: i64,
}

impl Doc {
    /// Of a message.
    pub fn new(author: &UserId, text: &str, files: bool) -> Self {
        let mut pieces = of_text(text);
        pieces.insert(author_mark(author));
        if files {
            pieces.insert(has_mark(Has::File).into());
        }
        if confab_protocol::search::has_link(text) {
            pieces.insert(has_mark(Has::Link).into());
        }
        Self { text: confab_protocol::search::fold(text).chars.iter().collect(), pieces }
    }
}

impl Keys {
    /// Of what is wanted. None when the index is not to be asked: who reacted, and who is mentioned, is in tables of its own.
    pub fn new(wanted: &Wanted) -> Option<Self> {
        let mut pieces = BTreeSet::new();
        let mut terms = Vec::new();
        for term in wanted.query.terms() {
            pieces.extend(of_term(term));
            if term.len() > 2 {
                terms.push(term.iter().collect::<String>());
            }
        }
        pieces.extend(wanted.from.as_ref().map(author_mark));
        pieces.extend(wanted.has.filter(|has| *has != Has::Reaction).map(|has| has_mark(has).to_owned()));
        // The rarest, by a guess.
        terms.sort_by_key(|term| std::cmp::Reverse(term.len()));
        (!pieces.is_empty()).then(|| Self { terms, pieces: pieces.into_iter().collect() })
    }
}

/// What marks begin with: texts hardly have it, and marks are longer than a piece of a text can be.
pub(super) const MARK: char = '\u{E000}';

fn author_mark(author: &UserId) -> String {
    format!("{MARK}by{author}")
}

/// Each begins with [`MARK`].
fn has_mark(has: Has) -> &'static str {
    match has {
        Has::File => "\u{E000}file",
        Has::Link => "\u{E000}link",
        Has::Reaction => "\u{E000}reaction",
    }
}
