//! The log of a room, and the messages that it folds to.

use std::collections::HashMap;

use confab_protocol::event::{HistoryPage, RoomSynced};
use confab_protocol::log::{Entry, Message, Reaction, Replies};
use confab_protocol::{Error, MessageId, RoomId, Seq, Timestamp, limits};

use super::fill::Fill;
use super::unread::head as end;
use crate::store::entry::{self, MessageExtra, message_id};
use crate::store::sql::{Row, Sql, params};
use crate::store::{Page, Result};

/// Notices in one page of history: the newest ones, should a wave of joins leave more.
const NOTICES_MAX: usize = limits::SYNC_MAX;

/// The column of `seq` in a row of [`message!`].
pub(super) const SEQ: usize = 1;

/// A folded message: [`message_of`] reads these columns.
macro_rules! message {
    ($rest:literal) => {
        concat!(
            "SELECT l.message, l.seq, l.ts, l.cid, l.author, COALESCE(m.text, l.text), m.edited_ts,
                COALESCE(m.deleted, 0), COALESCE(m.pinned, 0), l.extra, COALESCE(m.replies, 0), m.last_reply, r.ts
             FROM log l
             LEFT JOIN messages m ON m.room = l.room AND m.seq = l.seq
             LEFT JOIN log r ON r.room = m.room AND r.seq = m.last_reply WHERE l.kind = 'message' AND ",
            $rest
        )
    };
}
pub(super) use message;

/// The log after `after`. `reset` when the caller is too far behind, or ahead of a log that was restored.
pub async fn entries<S: Sql>(sql: &mut S, room: &RoomId, after: Seq, limit: usize) -> Result<RoomSynced> {
    let head = head(sql, room).await?;
    if after > head || head - after > limits::RESET_AFTER {
        return Ok(RoomSynced { entries: Vec::new(), head, more: false, reset: true });
    }
    let mut page = Fill::new(limit, 1);
    while let Some(count) = page.wants() {
        let rows = sql
            .query(
                "SELECT seq, ts, kind, author, cid, message, text, extra FROM log
                 WHERE room = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
                params![room, page.last(0).unwrap_or(after), count],
            )
            .await?;
        page.take(rows);
    }
    let entries = page.rows.into_iter().map(|row| entry_of(room, row)).collect::<Result<Vec<_>>>()?;
    let last = entries.last().map_or(after, |entry| entry.seq);
    Ok(RoomSynced { entries, head, more: last < head, reset: false })
}

/// A page of folded messages, oldest first, and the notices between them.
pub async fn history<S: Sql>(sql: &mut S, room: &RoomId, page: Page, limit: usize) -> Result<HistoryPage> {
    let head = head(sql, room).await?;
    let (middle, older, newer, share) = match page {
        Page::Latest => (head.saturating_add(1), limit, 0, 1),
        Page::Before(seq) => (seq, limit, 0, 1),
        Page::Around(seq) => (seq, limit / 2, limit - limit / 2, 2),
    };
    let mut before = Fill::new(older, share);
    while let Some(count) = before.wants() {
        let rows = sql
            .query(
                message!("l.room = ?1 AND l.seq < ?2 ORDER BY l.seq DESC LIMIT ?3"),
                params![room, before.last(SEQ).unwrap_or(middle), count],
            )
            .await?;
        before.take(rows);
    }
    let start = !before.more;
    let mut rows = before.rows;
    rows.reverse();
    let mut end = middle.saturating_sub(1).min(head);
    if newer > 0 {
        let mut after = Fill::new(newer, share);
        while let Some(count) = after.wants() {
            let from = after.last(SEQ).map_or(middle, |last| last.saturating_add(1));
            let rows = sql
                .query(message!("l.room = ?1 AND l.seq >= ?2 ORDER BY l.seq LIMIT ?3"), params![room, from, count])
                .await?;
            after.take(rows);
        }
        end = if after.more { after.last(SEQ).unwrap_or(head) } else { head };
        rows.extend(after.rows);
    }
    let messages = folded(sql, room, rows).await?;
    let begin = if start { 0 } else { messages.first().map_or(middle, |message| message.seq) };
    let notices = notices(sql, room, begin, end).await?;
    Ok(HistoryPage { messages, notices, head, start })
}

/// The newest message of a room.
pub async fn last_message<S: Sql>(sql: &mut S, room: &RoomId) -> Result<Option<Message>> {
    // The end of the log says where it is, however much came after it.
    let query =
        message!("l.room = ?1 AND l.seq = (SELECT h.last FROM log h WHERE h.room = ?1 ORDER BY h.seq DESC LIMIT 1)");
    let rows = sql.query(query, params![room]).await?;
    Ok(folded(sql, room, rows).await?.pop())
}

/// One message, without its reactions. None when there is none at that place, or it was deleted.
pub async fn message_at<S: Sql>(sql: &mut S, room: &RoomId, seq: Seq) -> Result<Option<Message>> {
    let row = sql.row(message!("l.room = ?1 AND l.seq = ?2"), params![room, seq]).await?;
    let message = row.map(|row| message_of(room, row)).transpose()?;
    Ok(message.filter(|message| !message.deleted))
}

/// Puts its reactions on one message.
pub async fn with_own_reactions<S: Sql>(sql: &mut S, room: &RoomId, message: Message) -> Result<Message> {
    let messages = vec![message.clone()];
    let rows = sql
        .query(
            "SELECT seq, emoji, user_id FROM reactions WHERE room = ?1 AND seq = ?2 ORDER BY seq, place, put",
            params![room, message.seq],
        )
        .await?;
    Ok(with_reactions(messages, rows)?.pop().unwrap_or(message))
}

pub(super) async fn head<S: Sql>(sql: &mut S, room: &RoomId) -> Result<Seq> {
    let query = concat!("SELECT ", end!(), " FROM rooms r WHERE r.id = ?1 AND r.deleted = 0");
    match sql.row(query, params![room]).await? {
        Some(mut row) => row.take(0),
        None => Err(Error::not_found().into()),
    }
}

async fn notices<S: Sql>(sql: &mut S, room: &RoomId, begin: Seq, end: Seq) -> Result<Vec<Entry>> {
    let rows = sql
        .query(
            "SELECT seq, ts, kind, author, cid, message, text, extra FROM log
             WHERE room = ?1 AND seq >= ?2 AND seq <= ?3 AND kind IN ('membership', 'room')
             ORDER BY seq DESC LIMIT ?4",
            params![room, begin, end, NOTICES_MAX],
        )
        .await?;
    rows.into_iter().rev().map(|row| entry_of(room, row)).collect()
}

/// Rows of messages, in the order of `seq`, with their reactions.
async fn folded<S: Sql>(sql: &mut S, room: &RoomId, rows: Vec<Row>) -> Result<Vec<Message>> {
    let messages = rows.into_iter().map(|row| message_of(room, row)).collect::<Result<Vec<_>>>()?;
    let (Some(first), Some(last)) = (messages.first(), messages.last()) else {
        return Ok(messages);
    };
    let reactions = sql
        .query(
            "SELECT seq, emoji, user_id FROM reactions
             WHERE room = ?1 AND seq >= ?2 AND seq <= ?3 ORDER BY seq, place, put",
            params![room, first.seq, last.seq],
        )
        .await?;
    with_reactions(messages, reactions)
}

/// Puts reactions, rows of `seq`, `emoji` and `user_id` in the order of `seq, place, put`, on their messages.
pub(super) fn with_reactions(mut messages: Vec<Message>, rows: Vec<Row>) -> Result<Vec<Message>> {
    let mut reactions: HashMap<Seq, Vec<Reaction>> = HashMap::new();
    for mut row in rows {
        let on_message = reactions.entry(row.take(0)?).or_default();
        let (emoji, user) = (row.take::<String>(1)?, row.take(2)?);
        match on_message.last_mut() {
            Some(reaction) if reaction.emoji == emoji => reaction.users.push(user),
            _ => on_message.push(Reaction { emoji, users: vec![user] }),
        }
    }
    for message in &mut messages {
        message.reactions = reactions.remove(&message.seq).unwrap_or_default();
    }
    Ok(messages)
}

pub(super) fn message_of(room: &RoomId, mut row: Row) -> Result<Message> {
    let seq = row.take(1)?;
    let deleted: bool = row.take(7)?;
    let extra = MessageExtra::read(row.take::<Option<String>>(9)?.as_deref())?;
    let replies = match (row.take(10)?, row.take::<Option<Seq>>(11)?, row.take::<Option<Timestamp>>(12)?) {
        (count, Some(last_seq), Some(last_ts)) => Some(Replies { count, last_seq, last_ts }),
        _ => None,
    };
    let (files, mentions) = if deleted { (Vec::new(), Vec::new()) } else { (extra.files, extra.mentions) };
    Ok(Message {
        id: row.take::<Option<MessageId>>(0)?.map_or_else(|| message_id(room, seq), Ok)?,
        seq,
        ts: row.take(2)?,
        cid: row.take(3)?,
        author: row.take(4)?,
        text: row.take(5)?,
        edited_ts: row.take(6)?,
        deleted,
        pinned: row.take(8)?,
        reply_to: extra.reply_to,
        thread: extra.thread,
        files,
        mentions,
        reactions: Vec::new(),
        replies,
    })
}

fn entry_of(room: &RoomId, mut row: Row) -> Result<Entry> {
    let (seq, ts) = (row.take(0)?, row.take(1)?);
    let columns = entry::Columns {
        kind: row.take(2)?,
        author: row.take(3)?,
        cid: row.take(4)?,
        message: row.take(5)?,
        text: row.take(6)?,
        extra: row.take(7)?,
    };
    Ok(Entry { room: room.clone(), seq, ts, body: entry::unpack(columns, room, seq)? })
}
