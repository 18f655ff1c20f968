//! What is unread, exactly: each entry of a log tells how many messages there are up to it, so that those after a marker
//! are counted by a subtraction, less the deleted ones among them, which have an index of their own.

use std::collections::{HashMap, HashSet};

use confab_protocol::event::ReadChanged;
use confab_protocol::personal::Level;
use confab_protocol::room::RoomKind;
use confab_protocol::{RoomId, Seq, UserId};

use crate::store::sql::{Row, Sql, params};
use crate::store::{Result, Unread};

/// Where the log of the room `r` ends.
macro_rules! head {
    () => {
        "(SELECT MAX(h.seq) FROM log h WHERE h.room = r.id)"
    };
}
/// The messages of the room `r`, deleted ones included.
macro_rules! messages {
    () => {
        "(SELECT h.num FROM log h WHERE h.room = r.id ORDER BY h.seq DESC LIMIT 1)"
    };
}
/// The messages of the room `r` after the marker of its member `rm` that are not deleted.
macro_rules! unread_count {
    () => {
        concat!(
            "(",
            messages!(),
            " - rm.read_num - (SELECT COUNT(*) FROM messages d
                WHERE d.room = r.id AND d.seq > rm.read AND d.deleted = 1))"
        )
    };
}
/// How many of them mention the member, or everybody in the room; in a direct room, all of them. Those whom the member
/// ignores mention nobody.
macro_rules! mention_count {
    () => {
        concat!(
            "(CASE WHEN r.kind = 'direct' THEN ",
            unread_count!(),
            " - (SELECT COUNT(*) FROM ignores i JOIN log l ON l.author = i.ignored
                WHERE i.user_id = rm.user_id AND l.room = r.id AND l.seq > rm.read AND l.kind = 'message'
                AND NOT EXISTS (SELECT 1 FROM messages d WHERE d.room = l.room AND d.seq = l.seq AND d.deleted = 1))
             ELSE (SELECT COUNT(*) FROM mentions n
                WHERE n.room = r.id AND n.user_id IN (rm.user_id, '*') AND n.seq > rm.read
                AND NOT EXISTS (SELECT 1 FROM ignores i JOIN log l ON l.author = i.ignored
                    WHERE i.user_id = rm.user_id AND l.room = n.room AND l.seq = n.seq)) END)"
        )
    };
}
pub(in crate::store) use head;
pub(super) use {mention_count, messages, unread_count};

/// For more people than this, counting the room once is cheaper than asking for each.
const ONE_BY_ONE: usize = 16;

/// What each of these members has not read in a room; who is not in it is left out.
pub async fn unread<S: Sql>(sql: &mut S, room: &RoomId, users: &[UserId]) -> Result<Vec<Unread>> {
    let mut found = Vec::with_capacity(users.len());
    if users.len() > ONE_BY_ONE && !is_direct(sql, room).await? {
        found = of_many(sql, room, users).await?;
    } else {
        for user in users {
            found.extend(of_one(sql, room, user).await?);
        }
    }
    Ok(found)
}

/// Few people are in a direct room, however many are asked about.
async fn is_direct<S: Sql>(sql: &mut S, room: &RoomId) -> Result<bool> {
    let row = sql.row("SELECT kind FROM rooms WHERE id = ?1", params![room]).await?;
    Ok(row.map(|mut row| row.take::<RoomKind>(0)).transpose()? == Some(RoomKind::Direct))
}

/// One member's marker and counts, after it was moved.
pub async fn marked<S: Sql>(sql: &mut S, room: &RoomId, user: &UserId) -> Result<Option<ReadChanged>> {
    let unread = of_one(sql, room, user).await?;
    Ok(unread.map(|u| ReadChanged { room: room.clone(), read: u.read, unread: u.unread, mentions: u.mentions }))
}

async fn of_one<S: Sql>(sql: &mut S, room: &RoomId, user: &UserId) -> Result<Option<Unread>> {
    let row = sql
        .row(
            concat!(
                "SELECT ",
                head!(),
                ", rm.read, ",
                unread_count!(),
                ", ",
                mention_count!(),
                ", rm.level, r.kind FROM rooms r JOIN room_members rm ON rm.room = r.id
                 WHERE r.id = ?1 AND rm.user_id = ?2 AND r.deleted = 0"
            ),
            params![room, user],
        )
        .await?;
    let Some(mut row) = row else { return Ok(None) };
    let ignored = sql.query("SELECT ignored FROM ignores WHERE user_id = ?1", params![user]).await?;
    Ok(Some(Unread {
        user: user.clone(),
        head: row.take(0)?,
        read: row.take(1)?,
        unread: row.take(2)?,
        mentions: row.take(3)?,
        level: row.take(4)?,
        ignored: ignored.into_iter().map(|mut row| row.take(0)).collect::<Result<_>>()?,
        direct: row.take::<RoomKind>(5)? == RoomKind::Direct,
    }))
}

/// The same numbers from five queries, however many people there are. Not for direct rooms.
async fn of_many<S: Sql>(sql: &mut S, room: &RoomId, users: &[UserId]) -> Result<Vec<Unread>> {
    let query = concat!("SELECT ", head!(), ", ", messages!(), " FROM rooms r WHERE r.id = ?1 AND r.deleted = 0");
    let Some(mut facts) = sql.row(query, params![room]).await? else { return Ok(Vec::new()) };
    let (head, messages) = (facts.take::<Seq>(0)?, facts.take::<u64>(1)?);

    let wanted: HashSet<&str> = users.iter().map(UserId::as_str).collect();
    let rows =
        sql.query("SELECT user_id, read, read_num, level FROM room_members WHERE room = ?1", params![room]).await?;
    let mut markers = rows.into_iter().map(marker).collect::<Result<Vec<_>>>()?;
    markers.retain(|m| wanted.contains(m.user.as_str()));
    let oldest = markers.iter().map(|m| m.read).min().unwrap_or(head);

    let rows = sql
        .query(
            "SELECT seq FROM messages WHERE room = ?1 AND seq > ?2 AND deleted = 1 ORDER BY seq",
            params![room, oldest],
        )
        .await?;
    let deleted = rows.into_iter().map(|mut row| row.take(0)).collect::<Result<Vec<Seq>>>()?;
    let mut mentioned: HashMap<UserId, Vec<(Seq, UserId)>> = HashMap::new();
    let rows = sql
        .query(
            "SELECT n.user_id, n.seq, l.author FROM mentions n JOIN log l ON l.room = n.room AND l.seq = n.seq
             WHERE n.room = ?1 AND n.seq > ?2",
            params![room, oldest],
        )
        .await?;
    for mut row in rows {
        mentioned.entry(row.take(0)?).or_default().push((row.take(1)?, row.take(2)?));
    }
    let everybody = mentioned.remove(&UserId::everybody()).unwrap_or_default();
    let mut ignored: HashMap<UserId, Vec<UserId>> = HashMap::new();
    let rows = sql
        .query(
            "SELECT i.user_id, i.ignored FROM ignores i JOIN room_members rm ON rm.user_id = i.user_id
             WHERE rm.room = ?1",
            params![room],
        )
        .await?;
    for mut row in rows {
        ignored.entry(row.take(0)?).or_default().push(row.take(1)?);
    }

    let mut count = |m: Marker| {
        let deleted_after = deleted.len() - deleted.partition_point(|&seq| seq <= m.read);
        let unread = messages.saturating_sub(m.read_num).saturating_sub(deleted_after as u64);
        let ignored = ignored.remove(&m.user).unwrap_or_default();
        let own = mentioned.get(&m.user).into_iter().flatten();
        let after = own.chain(&everybody).filter(|(seq, author)| *seq > m.read && !ignored.contains(author));
        let mentions = after.count() as u64;
        Unread { user: m.user, head, read: m.read, unread, mentions, level: m.level, ignored, direct: false }
    };
    Ok(markers.into_iter().map(&mut count).collect())
}

struct Marker {
    user: UserId,
    read: Seq,
    read_num: u64,
    level: Level,
}

fn marker(mut row: Row) -> Result<Marker> {
    Ok(Marker { user: row.take(0)?, read: row.take(1)?, read_num: row.take(2)?, level: row.take(3)? })
}
