//! What might be found in one room: proposals of the index and of what it has not seen yet, newest first.

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use confab_protocol::search::Wanted;
use confab_protocol::{MessageId, Seq, UserId};

use super::rooms::Room;
use super::{Index, Keys};
use crate::store::read::named;
use crate::store::sql::{Row, params};
use crate::store::{Result, StoreError};

/// Proposals that are read at once: few at first, since the page may be full with them, and twice as many each time after,
/// since most of what the index does for a piece is to find its beginning.
const PIECE: usize = 48;
const PIECE_MAX: usize = 1_536;
/// So many proposals of the index cost as much as a message that is read.
const WORTH: usize = 2;
/// Entries that are read at once of what the index has not seen.
const TAIL_PIECE: usize = 512;

/// Where the proposals come from.
#[derive(Debug)]
pub(super) enum Source<'a> {
    /// The index, piece by piece.
    Index(&'a Keys),
    /// The index had so few of them that they are all known.
    Known(BTreeSet<Seq>),
    /// All messages with a reaction.
    Reactions,
    /// All messages that mention somebody, or everybody; of them those that the index proposes, as long as it has little to
    /// propose where they are.
    Mentions(&'a UserId, Option<&'a Keys>),
}

/// Proposals of one room.
pub(super) struct Stream<'a> {
    source: Source<'a>,
    room: &'a Room,
    above: Seq,
    below: Seq,
    piece: VecDeque<Seq>,
    /// How many are read next.
    count: usize,
    tail: BTreeSet<Seq>,
}

impl<'a> Stream<'a> {
    /// Between two places of a room; `unseen` is how many entries that the index has not seen may be read, of which this
    /// takes its part.
    pub async fn open<S: Index>(
        sql: &mut S,
        source: Source<'a>,
        room: &'a Room,
        (above, below): (Seq, Seq),
        wanted: &Wanted,
        unseen: &mut usize,
    ) -> Result<Self> {
        let mut stream =
            Self { source, room, above, below, piece: VecDeque::new(), count: PIECE, tail: BTreeSet::new() };
        // To read every mention is less work than all that the index has not seen, and leaves none out.
        if let Source::Mentions(_, asked) = &mut stream.source
            && room.head.saturating_sub(room.indexed) > TAIL_PIECE as Seq
        {
            *asked = None;
        }
        if matches!(stream.source, Source::Index(_) | Source::Known(_) | Source::Mentions(_, Some(_))) {
            stream.read_tail(sql, wanted, unseen).await?;
        }
        Ok(stream)
    }

    /// The next proposal; `Interrupted` when it is later than `end`.
    pub async fn next<S: Index>(&mut self, sql: &mut S, end: Instant) -> Result<Option<Seq>> {
        while self.piece.is_empty() && self.below > self.above {
            in_time(end)?;
            self.read_piece(sql).await?;
        }
        in_time(end)?;
        let (indexed, tail) = (self.piece.front().copied(), self.tail.last().copied());
        let next = indexed.max(tail);
        if indexed == next {
            self.piece.pop_front();
        }
        if tail == next {
            self.tail.pop_last();
        }
        Ok(next)
    }

    async fn read_piece<S: Index>(&mut self, sql: &mut S) -> Result<()> {
        let (above, below, count) = (self.above, self.below, self.count);
        self.count = (count * 2).min(PIECE_MAX);
        self.piece = match &mut self.source {
            Source::Known(known) => known.iter().rev().copied().filter(|&seq| seq > above && seq < below).collect(),
            Source::Index(keys) => sql.in_room(keys, &self.room.place(), above, below, count).await?.into(),
            Source::Reactions => {
                let rows = sql
                    .query(
                        "SELECT DISTINCT seq FROM reactions WHERE room = ?1 AND seq > ?2 AND seq < ?3
                         ORDER BY seq DESC LIMIT ?4",
                        params![&self.room.id, above, below, count],
                    )
                    .await?;
                seqs(rows)?
            }
            // The newest of each, so that both are read in the order of their key, and no further than needed.
            Source::Mentions(user, _) => {
                let rows = sql
                    .query(
                        "SELECT seq FROM (SELECT seq FROM mentions WHERE room = ?1 AND user_id = ?5
                             AND seq > ?2 AND seq < ?3 ORDER BY seq DESC LIMIT ?4) AS own
                         UNION SELECT seq FROM (SELECT seq FROM mentions WHERE room = ?1 AND user_id = ?6
                             AND seq > ?2 AND seq < ?3 ORDER BY seq DESC LIMIT ?4) AS wide
                         ORDER BY seq DESC LIMIT ?4",
                        params![&self.room.id, above, below, count, *user, &UserId::everybody()],
                    )
                    .await?;
                seqs(rows)?
            }
        };
        let whole = self.piece.len() < count || matches!(self.source, Source::Known(_));
        self.below = if whole { self.above } else { self.piece.back().copied().unwrap_or(self.above) };
        self.thin_out(sql).await
    }

    /// Of mentions, leaves those that the index proposes, too. Where that costs more than to read them all it is not asked
    /// again.
    async fn thin_out<S: Index>(&mut self, sql: &mut S) -> Result<()> {
        let (Source::Mentions(_, asked), Some(&newest), Some(&oldest)) =
            (&mut self.source, self.piece.front(), self.piece.back())
        else {
            return Ok(());
        };
        let Some(keys) = asked else { return Ok(()) };
        let most = self.piece.len() * WORTH;
        let proposed = sql.in_room(keys, &self.room.place(), oldest - 1, newest + 1, most).await?;
        if proposed.len() >= most {
            *asked = None;
            return Ok(());
        }
        let (proposed, indexed) = (BTreeSet::from_iter(proposed), self.room.indexed);
        self.piece.retain(|seq| *seq > indexed || proposed.contains(seq));
        Ok(())
    }

    /// What was written since the index came by: new messages that have the words, and whatever was edited.
    async fn read_tail<S: Index>(&mut self, sql: &mut S, wanted: &Wanted, unseen: &mut usize) -> Result<()> {
        let (mut below, begin, end) = (self.room.head.saturating_add(1), self.above, self.below);
        let inside = |seq: Seq| seq > begin && seq < end;
        while below > self.room.indexed + 1 && *unseen > 0 {
            let count = TAIL_PIECE.min(*unseen);
            let rows = sql
                .query(
                    "SELECT seq, kind, message, text FROM log WHERE room = ?1 AND seq > ?2 AND seq < ?3
                     ORDER BY seq DESC LIMIT ?4",
                    params![&self.room.id, self.room.indexed, below, count],
                )
                .await?;
            *unseen -= rows.len();
            below = if rows.len() < count { self.room.indexed + 1 } else { below };
            for mut row in rows {
                let seq: Seq = row.take(0)?;
                below = below.min(seq);
                match row.take::<String>(1)?.as_str() {
                    "message" if inside(seq) => {
                        let text: Option<String> = row.take(3)?;
                        if text.is_some_and(|text| wanted.query.find(&text).is_some()) {
                            self.tail.insert(seq);
                        }
                    }
                    "edit" => {
                        let Some(id) = row.take::<Option<MessageId>>(2)? else { continue };
                        let about = named::find(sql, &self.room.id, &id).await?;
                        self.tail.extend(about.filter(|&about| inside(about)));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

fn in_time(end: Instant) -> Result<()> {
    if Instant::now() > end { Err(StoreError::Interrupted) } else { Ok(()) }
}

fn seqs(rows: Vec<Row>) -> Result<VecDeque<Seq>> {
    rows.into_iter().map(|mut row| row.take(0)).collect()
}
