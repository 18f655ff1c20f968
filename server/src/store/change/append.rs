//! Writing into logs, and what a write did to them and to the rooms' members.

use std::mem::take;

use confab_protocol::log::{Entry, EntryBody, MembershipChange};
use confab_protocol::{Cid, RoomId, Seq, Timestamp, UserId};

use super::By;
use super::tally::Tally;
use crate::store::entry::{self, Packed};
use crate::store::sql::{Sql, params};
use crate::store::{Done, Reply, Result};

/// What a write has done so far: what others must be told once it is committed.
#[derive(Default)]
pub(super) struct Effects {
    pub entries: Vec<Entry>,
    pub joined: Vec<(RoomId, UserId)>,
    pub left: Vec<(RoomId, UserId)>,
    /// What the group's messages share; None for anything but a message.
    pub tally: Option<Tally>,
}

impl Effects {
    /// Of a message, with what the messages before it left.
    pub fn with(tally: Tally) -> Self {
        Self { tally: Some(tally), ..Self::default() }
    }

    /// Takes what was done out, with an answer.
    pub fn done(&mut self, reply: Reply) -> Done {
        let Self { entries, joined, left, tally: _ } = self;
        Done { entries: take(entries), joined: take(joined), left: take(left), reply }
    }
}

/// The client's id of a write, and the hash of its body.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    pub cid: &'a Cid,
    pub hash: &'a [u8],
}

/// Where a log stands with an entry.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    pub seq: Seq,
    /// The messages up to here, deleted ones included.
    pub num: u64,
    /// The `seq` of the newest of them; 0 before the first.
    pub last: Seq,
}

impl Place {
    fn next(self, is_message: bool) -> Self {
        let seq = self.seq + 1;
        if is_message { Self { seq, num: self.num + 1, last: seq } } else { Self { seq, ..self } }
    }
}

/// Writes the next entry of a room's log.
pub(super) async fn append<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    room: &RoomId,
    now: Timestamp,
    body: EntryBody,
    key: Option<Key<'_>>,
) -> Result<Place> {
    let place = head(sql, effects, room).await?.next(matches!(body, EntryBody::Message { .. }));
    let Packed { kind, author, cid, message, text, extra } = entry::pack(&body);
    sql.execute(
        "INSERT INTO log (room, seq, ts, kind, author, num, last, cid, hash, message, text, extra)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            room,
            place.seq,
            now,
            kind,
            author,
            place.num,
            place.last,
            key.map(|key| key.cid).or(cid),
            key.map(|key| key.hash),
            message,
            text,
            extra.as_ref()
        ],
    )
    .await?;
    effects.entries.push(Entry { room: room.clone(), seq: place.seq, ts: now, body });
    if let Some(tally) = &mut effects.tally {
        tally.moved(room, place);
    }
    Ok(place)
}

/// Where a room's log ends. It stays so until the commit but for what this transaction writes: a database that several
/// write to has locked the room before.
pub(super) async fn head<S: Sql>(sql: &mut S, effects: &mut Effects, room: &RoomId) -> Result<Place> {
    if let Some(place) = effects.tally.as_ref().and_then(|tally| tally.head(room)) {
        return Ok(place);
    }
    let row =
        sql.row("SELECT seq, num, last FROM log WHERE room = ?1 ORDER BY seq DESC LIMIT 1", params![room]).await?;
    let Some(mut row) = row else { return Ok(Place::default()) };
    let place = Place { seq: row.take(0)?, num: row.take(1)?, last: row.take(2)? };
    if let Some(tally) = &mut effects.tally {
        tally.moved(room, place);
    }
    Ok(place)
}

async fn count_member<S: Sql>(sql: &mut S, room: &RoomId, by: i64) -> Result<()> {
    sql.execute("UPDATE rooms SET members = members + ?2 WHERE id = ?1", params![room, by]).await?;
    Ok(())
}

/// Puts someone into a room, with an entry. What was written before they came is not unread to them.
pub(super) async fn add_member<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    room: &RoomId,
    user: &UserId,
    by: By<'_>,
) -> Result<()> {
    let change = if user == by.actor { MembershipChange::Joined } else { MembershipChange::Invited };
    let body = EntryBody::Membership { user: user.clone(), change, author: by.actor.clone() };
    let place = append(sql, effects, room, by.now, body, None).await?;
    count_member(sql, room, 1).await?;
    sql.execute(
        "INSERT INTO room_members (room, user_id, read, read_num, muted, since) VALUES (?1, ?2, ?3, ?4, 0, ?5)",
        params![room, user, place.seq, place.num, by.now],
    )
    .await?;
    effects.joined.push((room.clone(), user.clone()));
    Ok(())
}

/// Takes someone out of a room, with an entry.
pub(super) async fn remove_member<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    room: &RoomId,
    user: &UserId,
    by: By<'_>,
) -> Result<()> {
    sql.execute("DELETE FROM room_members WHERE room = ?1 AND user_id = ?2", params![room, user]).await?;
    let change = if user == by.actor { MembershipChange::Left } else { MembershipChange::Kicked };
    let body = EntryBody::Membership { user: user.clone(), change, author: by.actor.clone() };
    append(sql, effects, room, by.now, body, None).await?;
    count_member(sql, room, -1).await?;
    effects.left.push((room.clone(), user.clone()));
    Ok(())
}

/// Whether someone is in a room.
pub(super) async fn is_member<S: Sql>(sql: &mut S, room: &RoomId, user: &UserId) -> Result<bool> {
    let row = sql.row("SELECT 1 FROM room_members WHERE room = ?1 AND user_id = ?2", params![room, user]).await?;
    Ok(row.is_some())
}
