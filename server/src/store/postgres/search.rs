//! Search in PostgreSQL: two GIN indexes over one table, trigrams (`pg_trgm`) for what has three characters or more, and the
//! pieces of one and two, the author and the rest as an array.

use confab_protocol::{RoomId, Seq};

use super::connection::Connection;
use crate::store::Result;
use crate::store::search::{Doc, Index, Keys, MARK, Place};
use crate::store::sql::{Sql, params};

/// The conditions of a search: three words or phrases, and the pieces. What has more is asked of each message.
macro_rules! search {
    ($what:literal, pieces, $rest:literal) => {
        concat!("SELECT ", $what, " FROM search_texts WHERE pieces @> string_to_array(?1, ' ')", $rest)
    };
    ($what:literal, words, $rest:literal) => {
        concat!("SELECT ", $what, " FROM search_texts WHERE text LIKE ?1 AND text LIKE ?2 AND text LIKE ?3", $rest)
    };
    ($what:literal, both, $rest:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM search_texts WHERE text LIKE ?1 AND text LIKE ?2 AND text LIKE ?3
             AND pieces @> string_to_array(?4, ' ')",
            $rest
        )
    };
}

/// The keys as parameters.
struct Conditions {
    patterns: [String; 3],
    pieces: Option<String>,
}

impl Conditions {
    fn new(keys: &Keys) -> Self {
        let mut terms = keys.terms.iter();
        let first = terms.next().map(|term| pattern(term));
        // One that is there twice asks for nothing more.
        let mut other = || terms.next().map(|term| pattern(term)).or_else(|| first.clone()).unwrap_or_default();
        let patterns = [first.clone().unwrap_or_default(), other(), other()];
        let kept: Vec<&str> = keys.pieces.iter().map(String::as_str).filter(|piece| is_kept(piece)).collect();
        Self { patterns, pieces: (!kept.is_empty()).then(|| kept.join(" ")) }
    }
}

impl Index for Connection {
    /// It counts for itself what its lists hold.
    async fn choose(&mut self, keys: Keys) -> Result<Keys> {
        Ok(keys)
    }

    async fn everywhere(&mut self, keys: &Keys, limit: usize) -> Result<Vec<(RoomId, Seq)>> {
        let Conditions { patterns: [a, b, c], pieces } = &Conditions::new(keys);
        let rows = match pieces {
            Some(pieces) if a.is_empty() => {
                self.query(search!("room, seq", pieces, " LIMIT ?2"), params![pieces, limit]).await?
            }
            Some(pieces) => {
                self.query(search!("room, seq", both, " LIMIT ?5"), params![a, b, c, pieces, limit]).await?
            }
            None => self.query(search!("room, seq", words, " LIMIT ?4"), params![a, b, c, limit]).await?,
        };
        rows.into_iter().map(|mut row| Ok((row.take(0)?, row.take(1)?))).collect()
    }

    async fn in_room(
        &mut self,
        keys: &Keys,
        place: &Place<'_>,
        above: Seq,
        below: Seq,
        limit: usize,
    ) -> Result<Vec<Seq>> {
        let Conditions { patterns: [a, b, c], pieces } = &Conditions::new(keys);
        let room = place.room;
        let rows = match pieces {
            Some(pieces) if a.is_empty() => {
                let query =
                    search!("seq", pieces, " AND room = ?2 AND seq > ?3 AND seq < ?4 ORDER BY seq DESC LIMIT ?5");
                self.query(query, params![pieces, room, above, below, limit]).await?
            }
            Some(pieces) => {
                let query = search!("seq", both, " AND room = ?5 AND seq > ?6 AND seq < ?7 ORDER BY seq DESC LIMIT ?8");
                self.query(query, params![a, b, c, pieces, room, above, below, limit]).await?
            }
            None => {
                let query =
                    search!("seq", words, " AND room = ?4 AND seq > ?5 AND seq < ?6 ORDER BY seq DESC LIMIT ?7");
                self.query(query, params![a, b, c, room, above, below, limit]).await?
            }
        };
        rows.into_iter().map(|mut row| row.take(0)).collect()
    }

    async fn let_go(&mut self) -> Result<()> {
        Ok(())
    }

    async fn put(&mut self, place: &Place<'_>, seq: Seq, doc: &Doc, _: bool) -> Result<()> {
        let kept: Vec<&str> = doc.pieces.iter().map(String::as_str).filter(|piece| is_kept(piece)).collect();
        let put = "INSERT INTO search_texts (room, seq, text, pieces) VALUES (?1, ?2, ?3, string_to_array(?4, ' '))
            ON CONFLICT (room, seq) DO UPDATE SET text = excluded.text, pieces = excluded.pieces";
        self.execute(put, params![place.room, seq, &doc.text, &kept.join(" ")]).await.map(drop)
    }

    async fn remove(&mut self, place: &Place<'_>, seq: Seq) -> Result<()> {
        let remove = "DELETE FROM search_texts WHERE room = ?1 AND seq = ?2";
        self.execute(remove, params![place.room, seq]).await.map(drop)
    }
}

/// What trigrams do not know: short pieces and marks. They know of seams, being taken over the spaces.
fn is_kept(piece: &str) -> bool {
    piece.chars().count() < 3 || piece.starts_with(MARK)
}

fn pattern(term: &str) -> String {
    let escaped = term.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}
