//! Messages of a room that do not lie side by side: those of one thread, and the pinned ones.

use confab_protocol::event::{PinsReply, ThreadPage};
use confab_protocol::log::Message;
use confab_protocol::{MessageId, RoomId, Seq, limits};

use super::fill::Fill;
use super::log::{SEQ, head, message, message_of, with_reactions};
use super::named;
use crate::store::Result;
use crate::store::entry::MessageExtra;
use crate::store::sql::{Row, Sql, params};

/// The first message of the thread that `id` belongs to, and its newest answers before `before`.
pub async fn thread<S: Sql>(
    sql: &mut S,
    room: &RoomId,
    id: &MessageId,
    before: Option<Seq>,
    limit: usize,
) -> Result<Option<ThreadPage>> {
    let head = head(sql, room).await?;
    let Some(root) = root_of(sql, room, id).await? else { return Ok(None) };
    let mut page = Fill::new(limit, 1);
    while let Some(count) = page.wants() {
        let rows = sql
            .query(
                message!(
                    "l.room = ?1 AND l.seq IN (SELECT t.seq FROM threads t WHERE t.room = ?1 AND t.root = ?2
                         AND t.seq < ?3 ORDER BY t.seq DESC LIMIT ?4)
                     ORDER BY l.seq DESC"
                ),
                params![room, root, page.last(SEQ).or(before).unwrap_or(head + 1), count],
            )
            .await?;
        page.take(rows);
    }
    let start = !page.more;
    let answers = oldest_first(room, page.rows)?;
    let (first, last) = (answers.first().map_or(0, |m| m.seq), answers.last().map_or(0, |m| m.seq));
    let mut messages = Vec::with_capacity(answers.len() + 1);
    let first_message = sql.row(message!("l.room = ?1 AND l.seq = ?2"), params![room, root]).await?;
    messages.extend(first_message.map(|row| message_of(room, row)).transpose()?);
    messages.extend(answers);
    let reactions = sql
        .query(
            "SELECT r.seq, r.emoji, r.user_id FROM reactions r
             WHERE r.room = ?1 AND (r.seq = ?2 OR r.seq >= ?3 AND r.seq <= ?4
                 AND r.seq IN (SELECT t.seq FROM threads t WHERE t.room = ?1 AND t.root = ?2))
             ORDER BY r.seq, r.place, r.put",
            params![room, root, first, last],
        )
        .await?;
    Ok(Some(ThreadPage { messages: with_reactions(messages, reactions)?, head, start }))
}

/// The newest pinned messages before `before`.
pub async fn pins<S: Sql>(sql: &mut S, room: &RoomId, before: Option<Seq>) -> Result<PinsReply> {
    let head = head(sql, room).await?;
    let mut page = Fill::new(limits::PINS_MAX, 1);
    while let Some(count) = page.wants() {
        let rows = sql
            .query(
                message!(
                    "l.room = ?1 AND l.seq IN (SELECT p.seq FROM messages p WHERE p.room = ?1 AND p.pinned = 1
                         AND p.seq < ?2 ORDER BY p.seq DESC LIMIT ?3)
                     ORDER BY l.seq DESC"
                ),
                params![room, page.last(SEQ).or(before).unwrap_or(head + 1), count],
            )
            .await?;
        page.take(rows);
    }
    let start = !page.more;
    let messages = oldest_first(room, page.rows)?;
    let reactions = sql
        .query(
            "SELECT r.seq, r.emoji, r.user_id FROM reactions r
             JOIN messages m ON m.room = r.room AND m.seq = r.seq AND m.pinned = 1
             WHERE r.room = ?1 ORDER BY r.seq, r.place, r.put",
            params![room],
        )
        .await?;
    Ok(PinsReply { messages: with_reactions(messages, reactions)?, head, start })
}

/// The `seq` of the first message of a thread, found by any of its messages.
async fn root_of<S: Sql>(sql: &mut S, room: &RoomId, id: &MessageId) -> Result<Option<Seq>> {
    let Some(seq) = named::find(sql, room, id).await? else { return Ok(None) };
    let mut row = sql.one("SELECT extra FROM log WHERE room = ?1 AND seq = ?2", params![room, seq]).await?;
    match MessageExtra::read(row.take::<Option<String>>(0)?.as_deref())?.thread {
        Some(root) => named::find(sql, room, &root).await,
        None => Ok(Some(seq)),
    }
}

fn oldest_first(room: &RoomId, rows: Vec<Row>) -> Result<Vec<Message>> {
    rows.into_iter().rev().map(|row| message_of(room, row)).collect()
}
