//! Brings the index up to the log: reads what is new, and puts into the index what has become of the messages.

use std::collections::BTreeMap;

use confab_protocol::{MessageId, RoomId, Seq, UserId};

use super::{Doc, Index, Place};
use crate::store::Result;
use crate::store::entry::MessageExtra;
use crate::store::read::named;
use crate::store::read::unread::head;
use crate::store::sql::{Row, params};

/// Rooms in one batch.
const ROOMS: usize = 64;

/// The entries of a log beside the messages that they are about, as those are now. The one place in which building the index
/// knows how messages are kept.
macro_rules! entries {
    ($condition:literal) => {
        concat!(
            "SELECT l.seq, l.kind, l.message, l.author, COALESCE(m.text, l.text), COALESCE(m.deleted, 0), l.extra
             FROM log l LEFT JOIN messages m ON m.room = l.room AND m.seq = l.seq WHERE ",
            $condition
        )
    };
}

/// Indexes at most about so many entries. False when nothing is left to do. In a transaction of the caller's.
pub async fn some<S: Index>(sql: &mut S, mut entries: usize) -> Result<bool> {
    let behind = sql
        .query(
            concat!(
                "SELECT r.id, s.no, s.indexed FROM rooms r LEFT JOIN search_rooms s ON s.room = r.id
                 WHERE r.deleted = 0 AND ",
                head!(),
                " > COALESCE(s.indexed, 0) LIMIT ?1"
            ),
            params![ROOMS],
        )
        .await?;
    let more = behind.len() == ROOMS;
    let mut rooms = Vec::with_capacity(behind.len());
    for mut row in behind {
        let room: RoomId = row.take(0)?;
        let (no, indexed) = match (row.take::<Option<i64>>(1)?, row.take::<Option<Seq>>(2)?) {
            (Some(no), Some(indexed)) => (no, indexed),
            _ => (begin(sql, &room).await?, 0),
        };
        rooms.push((no, room, indexed));
    }
    // An index takes messages best in the order of its own numbers.
    rooms.sort_unstable();
    let mut read = Vec::with_capacity(rooms.len());
    for (no, room, indexed) in rooms {
        if entries == 0 {
            break;
        }
        let batch = one_room(sql, no, room, indexed, entries).await?;
        entries -= batch.entries.min(entries);
        read.push(batch);
    }
    sql.let_go().await?;
    for batch in read {
        write(sql, batch).await?;
    }
    Ok(more || entries == 0)
}

/// What was read of one room.
struct Batch {
    no: i64,
    room: RoomId,
    /// The index has the log up to here, so that messages before may be in it.
    indexed: Seq,
    /// And will have it up to here.
    last: Seq,
    entries: usize,
    /// Messages, as [`entries!`] has them. What the index says of them is worked out when the log was let go: a log that is being
    /// read cannot be emptied, and this thread may have to wait long for its turn.
    messages: BTreeMap<Seq, Row>,
}

async fn begin<S: Index>(sql: &mut S, room: &RoomId) -> Result<i64> {
    let mut row = sql
        .one(
            "INSERT INTO search_rooms (room, no, indexed) SELECT ?1, COALESCE(MAX(no), 0) + 1, 0 FROM search_rooms
             RETURNING no",
            params![room],
        )
        .await?;
    row.take(0)
}

async fn one_room<S: Index>(sql: &mut S, no: i64, room: RoomId, indexed: Seq, limit: usize) -> Result<Batch> {
    let rows = sql
        .query(entries!("l.room = ?1 AND l.seq > ?2 ORDER BY l.seq LIMIT ?3"), params![&room, indexed, limit])
        .await?;
    let (count, mut last) = (rows.len(), indexed);
    let mut messages = BTreeMap::new();
    for mut row in rows {
        let seq: Seq = row.take(0)?;
        last = seq;
        match row.take::<String>(1)?.as_str() {
            "message" => drop(messages.insert(seq, row)),
            "edit" | "delete" => {
                let Some(id) = row.take::<Option<MessageId>>(2)? else { continue };
                // Of a message in this batch the newest state is known already.
                if let Some(about) = named::find(sql, &room, &id).await?
                    && about <= indexed
                    && !messages.contains_key(&about)
                    && let Some(mut row) =
                        sql.row(entries!("l.room = ?1 AND l.seq = ?2"), params![&room, about]).await?
                {
                    row.take::<Seq>(0)?;
                    messages.insert(about, row);
                }
            }
            _ => {}
        }
    }
    Ok(Batch { no, room, indexed, last, entries: count, messages })
}

async fn write<S: Index>(sql: &mut S, batch: Batch) -> Result<()> {
    let place = Place { room: &batch.room, no: batch.no };
    for (seq, row) in batch.messages {
        match doc(row)? {
            Some(doc) => sql.put(&place, seq, &doc, seq <= batch.indexed).await?,
            None if seq <= batch.indexed => sql.remove(&place, seq).await?,
            None => {}
        }
    }
    let done = "UPDATE search_rooms SET indexed = ?2 WHERE room = ?1";
    sql.execute(done, params![&batch.room, batch.last]).await.map(drop)
}

/// None for a message that is deleted.
fn doc(mut row: Row) -> Result<Option<Doc>> {
    if row.take(5)? {
        return Ok(None);
    }
    let (author, text): (UserId, Option<String>) = (row.take(3)?, row.take(4)?);
    let extra = MessageExtra::read(row.take::<Option<String>>(6)?.as_deref())?;
    Ok(Some(Doc::new(&author, &text.unwrap_or_default(), !extra.files.is_empty())))
}
