//! Rooms, as one user sees them.

use std::collections::HashMap;

use confab_protocol::personal::Level;
use confab_protocol::room::{Room, RoomKind};
use confab_protocol::{RoomId, Slug, UserId};

use super::unread::{head, mention_count, messages, unread_count};
use super::{log, unread as counts};
use crate::chat::rules::Standing;
use crate::store::Result;
use crate::store::sql::{Row, Sql, params, split_ids};

/// A room as the user `?1` sees it: [`room_of`] reads these columns. Of people outside it, `rm` is null.
macro_rules! room {
    ($condition:literal) => {
        concat!(
            "SELECT r.id, r.name, r.topic, r.kind, r.archived, r.members, ",
            head!(),
            ", r.direct_key,
                CASE WHEN rm.user_id IS NULL THEN 0 ELSE 1 END, COALESCE(rm.read, 0), COALESCE(",
            unread_count!(),
            ", 0), COALESCE(",
            mention_count!(),
            ", 0), COALESCE(rm.level, 'mentions'), m.role, CASE WHEN r.creator = ?1 THEN 1 ELSE 0 END
             FROM rooms r
             JOIN workspaces w ON w.slug = r.slug
             LEFT JOIN workspace_members m ON m.slug = r.slug AND m.user_id = ?1
             LEFT JOIN room_members rm ON rm.room = r.id AND rm.user_id = ?1
             WHERE r.deleted = 0 AND w.archived = 0 AND ",
            $condition
        )
    };
}

/// The user's own rooms in a workspace: public and private by name, then the direct ones, oldest first.
pub async fn rooms<S: Sql>(sql: &mut S, slug: &Slug, user: &UserId) -> Result<Vec<Room>> {
    let query = room!(
        "r.slug = ?2 AND rm.user_id IS NOT NULL AND m.role IS NOT NULL
         ORDER BY CASE WHEN r.kind = 'direct' THEN 1 ELSE 0 END, r.name, r.created, r.id"
    );
    let rows = sql.query(query, params![user, slug]).await?;
    with_last_messages(sql, rows).await
}

/// The rooms that the user may join or is in, by name.
pub async fn listed<S: Sql>(sql: &mut S, slug: &Slug, user: &UserId) -> Result<Vec<Room>> {
    let query = room!(
        "r.slug = ?2 AND r.archived = 0 AND r.kind <> 'direct' AND m.role IS NOT NULL
         AND (rm.user_id IS NOT NULL OR (r.kind = 'public' AND m.role <> 'guest')) ORDER BY r.name"
    );
    let rows = sql.query(query, params![user, slug]).await?;
    with_last_messages(sql, rows).await
}

/// A room of this workspace as this user sees it, and whether they are in it. None when they may not see it.
pub async fn room<S: Sql>(sql: &mut S, slug: &Slug, room: &RoomId, user: &UserId) -> Result<Option<(Room, bool)>> {
    let Some(row) = sql.row(room!("r.id = ?2 AND r.slug = ?3"), params![user, room, slug]).await? else {
        return Ok(None);
    };
    let (mut room, standing) = room_of(row)?;
    if !standing.sees() {
        return Ok(None);
    }
    if standing.inside {
        room.last_message = log::last_message(sql, &room.id).await?.map(Box::new);
    }
    Ok(Some((room, standing.inside)))
}

/// How someone stands to a room of this workspace; None when there is no such room.
pub async fn standing<S: Sql>(sql: &mut S, slug: &Slug, room: &RoomId, user: &UserId) -> Result<Option<Standing>> {
    let row = sql
        .row(
            "SELECT r.kind, r.archived, m.role, CASE WHEN rm.user_id IS NULL THEN 0 ELSE 1 END,
                CASE WHEN r.creator = ?1 THEN 1 ELSE 0 END
             FROM rooms r
             JOIN workspaces w ON w.slug = r.slug
             LEFT JOIN workspace_members m ON m.slug = r.slug AND m.user_id = ?1
             LEFT JOIN room_members rm ON rm.room = r.id AND rm.user_id = ?1
             WHERE r.id = ?2 AND r.slug = ?3 AND r.deleted = 0 AND w.archived = 0",
            params![user, room, slug],
        )
        .await?;
    row.map(|mut row| {
        Ok(Standing {
            kind: row.take(0)?,
            archived: row.take(1)?,
            role: row.take(2)?,
            inside: row.take(3)?,
            maker: row.take(4)?,
        })
    })
    .transpose()
}

/// A room as each of these members sees it; who is not in it is left out.
pub async fn room_for<S: Sql>(sql: &mut S, room: &RoomId, users: &[UserId]) -> Result<Vec<(UserId, Room)>> {
    let row = sql
        .row(
            concat!(
                "SELECT r.id, r.name, r.topic, r.kind, r.archived, r.members, ",
                head!(),
                ", r.direct_key FROM rooms r WHERE r.id = ?1 AND r.deleted = 0"
            ),
            params![room],
        )
        .await?;
    let Some(mut row) = row else { return Ok(Vec::new()) };
    let mut seen = shared_part(&mut row)?;
    seen.last_message = log::last_message(sql, room).await?.map(Box::new);
    let found: HashMap<_, _> =
        counts::unread(sql, room, users).await?.into_iter().map(|unread| (unread.user.clone(), unread)).collect();
    let one = |user: &UserId| {
        let own = found.get(user)?;
        let counts = Room {
            read: own.read,
            unread: own.unread,
            mentions: own.mentions,
            muted: own.level == Level::None,
            level: own.level,
            ..seen.clone()
        };
        Some((user.clone(), counts))
    };
    Ok(users.iter().filter_map(one).collect())
}

/// The ids of the rooms that the user is in, in one workspace.
pub async fn ids<S: Sql>(sql: &mut S, slug: &Slug, user: &UserId) -> Result<Vec<RoomId>> {
    let rows = sql
        .query(
            "SELECT r.id FROM room_members rm JOIN rooms r ON r.id = rm.room
             JOIN workspace_members m ON m.slug = r.slug AND m.user_id = rm.user_id
             WHERE rm.user_id = ?1 AND r.slug = ?2 AND r.deleted = 0 ORDER BY r.id",
            params![user, slug],
        )
        .await?;
    rows.into_iter().map(|mut row| row.take(0)).collect()
}

async fn with_last_messages<S: Sql>(sql: &mut S, rows: Vec<Row>) -> Result<Vec<Room>> {
    let mut rooms = Vec::with_capacity(rows.len());
    for row in rows {
        let (mut room, standing) = room_of(row)?;
        if standing.inside {
            room.last_message = log::last_message(sql, &room.id).await?.map(Box::new);
        }
        rooms.push(room);
    }
    Ok(rooms)
}

fn room_of(mut row: Row) -> Result<(Room, Standing)> {
    let mut room = shared_part(&mut row)?;
    let inside = row.take(8)?;
    room.read = row.take(9)?;
    room.unread = row.take(10)?;
    room.mentions = row.take(11)?;
    room.level = row.take(12)?;
    room.muted = room.level == Level::None;
    let standing =
        Standing { kind: room.kind, archived: room.archived, role: row.take(13)?, inside, maker: row.take(14)? };
    Ok((room, standing))
}

/// The first eight columns: what is the same for everybody who sees the room.
fn shared_part(row: &mut Row) -> Result<Room> {
    let kind: RoomKind = row.take(3)?;
    let people = row.take::<Option<String>>(7)?;
    Ok(Room {
        id: row.take(0)?,
        name: row.take(1)?,
        topic: row.take(2)?,
        kind,
        archived: row.take(4)?,
        members: row.take(5)?,
        head: row.take(6)?,
        read: 0,
        unread: 0,
        mentions: 0,
        muted: false,
        level: Level::default(),
        users: people.map(|people| split_ids(&people)).transpose()?,
        last_message: None,
    })
}
