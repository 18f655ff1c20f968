//! Looking for messages among the rows that this computer keeps.

use confab_protocol::event::Hit;
use confab_protocol::log::Message;
use confab_protocol::search::Wanted;
use confab_protocol::{RoomId, Seq, Slug};
use rusqlite::params;

use super::{Database, LocalError, json};

/// Rows that are looked through in one go: a few milliseconds, since the outbox waits meanwhile.
const PIECE: u64 = 400;

/// A part of what is kept, looked through.
#[derive(Debug, Default)]
pub struct Piece {
    /// In no order.
    pub hits: Vec<Hit>,
    /// Where the next part begins; none when that was all.
    pub next: Option<(String, Seq)>,
}

impl Database {
    /// Looks through the next part of a workspace's rows, after this one. `room`: only there.
    ///
    /// # Errors
    /// When SQLite cannot read.
    pub fn search(
        &self,
        slug: &Slug,
        wanted: &Wanted,
        room: Option<&RoomId>,
        after: &(String, Seq),
    ) -> Result<Piece, LocalError> {
        if self.hole {
            return Ok(Piece::default());
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT room, seq, notice, body FROM rows WHERE slug = ?1 AND (room, seq) > (?2, ?3) AND (?4 = '' OR room = ?4)
             ORDER BY room, seq LIMIT ?5",
        )?;
        let mut rows =
            statement.query(params![slug.as_str(), after.0, after.1, room.map_or("", RoomId::as_str), PIECE])?;
        let (mut piece, mut count) = (Piece::default(), 0);
        while let Some(row) = rows.next()? {
            count += 1;
            let at: (String, Seq) = (row.get(0)?, row.get(1)?);
            if !row.get::<_, bool>(2)?
                && let Some(message) = json::<Message>(&row.get::<_, String>(3)?)
                && let Some(highlights) = wanted.find(&message)
                && let Ok(room) = at.0.parse()
            {
                piece.hits.push(Hit { room, message, highlights });
            }
            piece.next = Some(at);
        }
        if count < PIECE {
            piece.next = None;
        }
        Ok(piece)
    }
}
