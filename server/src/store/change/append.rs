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

/// How an entry changes its room's counts.
#[derive(Clone, Copy)]
pub(super) struct Counts {
    pub messages: i64,
    pub members: i64,
}

/// An entry that is neither a message nor changes who is inside.
pub(super) const NO_COUNTS: Counts = Counts { messages: 0, members: 0 };

/// The client's id of a write, and the hash of its body.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    pub cid: &'a Cid,
    pub hash: &'a [u8],
}

/// Where a room's counts stand after an entry.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub seq: Seq,
    /// The room's messages so far, deleted ones included.
    pub messages: u64,
}

/// Writes the next entry of a room's log. The room's head gives its `seq`: the row is locked from here to the commit.
pub(super) async fn append<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    room: &RoomId,
    now: Timestamp,
    body: EntryBody,
    counts: Counts,
    key: Option<Key<'_>>,
) -> Result<Place> {
    let Packed { kind, author, cid, message, text, extra } = entry::pack(&body);
    let place = match &mut effects.tally {
        Some(tally) if counts.members == 0 => tally.next(sql, room, counts.messages).await?,
        _ => count(sql, room, counts).await?,
    };
    sql.execute(
        "INSERT INTO log (room, seq, ts, kind, author, cid, hash, message, text, extra)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            room,
            place.seq,
            now,
            kind,
            author,
            key.map(|key| key.cid).or(cid),
            key.map(|key| key.hash),
            message,
            text,
            extra.as_ref()
        ],
    )
    .await?;
    effects.entries.push(Entry { room: room.clone(), seq: place.seq, ts: now, body });
    Ok(place)
}

/// Counts an entry in its room's row, and thereby locks it until the commit.
pub(super) async fn count<S: Sql>(sql: &mut S, room: &RoomId, counts: Counts) -> Result<Place> {
    let mut row = sql
        .one(
            "UPDATE rooms SET head = head + 1, messages = messages + ?2, members = members + ?3 WHERE id = ?1
             RETURNING head, messages",
            params![room, counts.messages, counts.members],
        )
        .await?;
    Ok(Place { seq: row.take(0)?, messages: row.take(1)? })
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
    let place = append(sql, effects, room, by.now, body, Counts { messages: 0, members: 1 }, None).await?;
    sql.execute(
        "INSERT INTO room_members (room, user_id, read, read_num, muted, since) VALUES (?1, ?2, ?3, ?4, 0, ?5)",
        params![room, user, place.seq, place.messages, by.now],
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
    append(sql, effects, room, by.now, body, Counts { messages: 0, members: -1 }, None).await?;
    effects.left.push((room.clone(), user.clone()));
    Ok(())
}

/// Whether someone is in a room.
pub(super) async fn is_member<S: Sql>(sql: &mut S, room: &RoomId, user: &UserId) -> Result<bool> {
    let row = sql.row("SELECT 1 FROM room_members WHERE room = ?1 AND user_id = ?2", params![room, user]).await?;
    Ok(row.is_some())
}
