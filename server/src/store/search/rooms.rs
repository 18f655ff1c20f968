//! Where somebody may look, and between which places of each log.

use confab_protocol::search::Wanted;
use confab_protocol::{Error, RoomId, Seq, Slug, Timestamp, UserId};

use super::Place;
use crate::store::Result;
use crate::store::read::unread::head;
use crate::store::sql::{Sql, params};

/// A room that somebody is in.
#[derive(Debug)]
pub(super) struct Room {
    pub id: RoomId,
    pub head: Seq,
    /// When the newest entry was written.
    pub newest: Timestamp,
    pub no: i64,
    /// The index has the log up to here.
    pub indexed: Seq,
}

impl Room {
    /// As the index knows it.
    pub fn place(&self) -> Place<'_> {
        Place { room: &self.id, no: self.no }
    }
}

/// The place of a hit among all: newest first, and in one order for those of the same millisecond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub ts: Timestamp,
    pub room: RoomId,
    pub seq: Seq,
}

impl Key {
    /// Whether this hit comes before another one in a page.
    pub fn precedes(&self, other: &Self) -> bool {
        (self.ts, &other.room, self.seq) > (other.ts, &self.room, other.seq)
    }

    /// As a cursor: opaque for clients.
    pub fn to_cursor(&self) -> String {
        format!("{}.{}.{}", self.ts.as_millis(), self.seq, self.room)
    }

    /// Of a cursor.
    pub fn from_cursor(cursor: &str) -> Result<Self> {
        let mut parts = cursor.splitn(3, '.');
        let mut part = || parts.next().ok_or_else(|| Error::bad_request("That cursor is none of this server's."));
        let unreadable = |_| Error::bad_request("That cursor is none of this server's.");
        Ok(Self {
            ts: Timestamp::from_millis(part()?.parse().map_err(unreadable)?),
            seq: part()?.parse().map_err(unreadable)?,
            room: part()?.parse().map_err(|_| Error::bad_request("That cursor is none of this server's."))?,
        })
    }
}

/// The rooms of a workspace that somebody is in, those with the newest entries first; only the one asked for.
pub(super) async fn of_user<S: Sql>(
    sql: &mut S,
    slug: &Slug,
    user: &UserId,
    only: Option<&RoomId>,
) -> Result<Vec<Room>> {
    let rows = sql
        .query(
            concat!(
                "SELECT r.id, l.seq, l.ts, s.no, s.indexed FROM room_members rm
             JOIN rooms r ON r.id = rm.room
             JOIN workspaces w ON w.slug = r.slug
             JOIN workspace_members m ON m.slug = r.slug AND m.user_id = rm.user_id
             JOIN log l ON l.room = r.id AND l.seq = ",
                head!(),
                "
             LEFT JOIN search_rooms s ON s.room = r.id
             WHERE rm.user_id = ?1 AND r.slug = ?2 AND r.deleted = 0 AND w.archived = 0 AND (?3 = '' OR r.id = ?3)"
            ),
            params![user, slug, only.map_or("", RoomId::as_str)],
        )
        .await?;
    let mut rooms = Vec::with_capacity(rows.len());
    for mut row in rows {
        rooms.push(Room {
            id: row.take(0)?,
            head: row.take(1)?,
            newest: row.take(2)?,
            no: row.take::<Option<_>>(3)?.unwrap_or_default(),
            indexed: row.take::<Option<_>>(4)?.unwrap_or_default(),
        });
    }
    if only.is_some() && rooms.is_empty() {
        return Err(Error::not_found().into());
    }
    rooms.sort_by(|a, b| b.newest.cmp(&a.newest).then_with(|| a.id.cmp(&b.id)));
    Ok(rooms)
}

/// Between which places of a room's log it is worth to look: above the first, below the second.
pub(super) async fn bounds<S: Sql>(
    sql: &mut S,
    room: &Room,
    wanted: &Wanted,
    cursor: Option<&Key>,
) -> Result<(Seq, Seq)> {
    let end = room.head.saturating_add(1);
    let mut below = match cursor {
        Some(cursor) if cursor.room == room.id => cursor.seq.min(end),
        Some(cursor) => first_since(sql, room, next(cursor.ts)).await?,
        None => end,
    };
    if let Some(before) = wanted.before {
        below = below.min(first_since(sql, room, before).await?);
    }
    let above = match wanted.after {
        Some(after) => first_since(sql, room, after).await?.saturating_sub(1),
        None => 0,
    };
    Ok((above, below))
}

/// The first entry that is as old as this or younger; one more than the head when there is none. Times in a log only rise,
/// but where somebody sets the clock back; then it is one of the places at which they pass it.
async fn first_since<S: Sql>(sql: &mut S, room: &Room, since: Timestamp) -> Result<Seq> {
    if room.newest < since {
        return Ok(room.head.saturating_add(1));
    }
    let (mut older, mut younger) = (0, room.head);
    while younger - older > 1 {
        let middle = older + (younger - older) / 2;
        let row = sql.row("SELECT ts FROM log WHERE room = ?1 AND seq = ?2", params![&room.id, middle]).await?;
        let ts = row.map_or(Ok(Timestamp::default()), |mut row| row.take(0))?;
        if ts < since { older = middle } else { younger = middle }
    }
    Ok(younger)
}

fn next(ts: Timestamp) -> Timestamp {
    Timestamp::from_millis(ts.as_millis().saturating_add(1))
}
