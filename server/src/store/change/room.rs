//! Rooms: made, changed, deleted.

use confab_protocol::log::EntryBody;
use confab_protocol::personal::Level;
use confab_protocol::room::RoomKind;
use confab_protocol::{Error, RoomId, Slug, UserId};

use super::By;
use super::append::{Effects, add_member, append};
use super::membership::{bring_in, standing};
use crate::chat::rules::{self, RoomChange};
use crate::store::read::{room as rooms, workspace};
use crate::store::sql::{Sql, params};
use crate::store::{Reply, Result, StoreError};

/// A room to be made.
#[derive(Clone, Copy)]
pub(super) struct New<'a> {
    pub slug: &'a Slug,
    pub name: &'a str,
    pub kind: RoomKind,
    pub topic: &'a str,
    /// Who joins the workspace joins it.
    pub preset: bool,
}

/// What is to change in a room.
#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    pub name: Option<&'a str>,
    pub topic: Option<&'a str>,
    pub archived: Option<bool>,
    pub level: Option<Level>,
}

pub(super) async fn create<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    new: New<'_>,
    members: &[UserId],
) -> Result<Reply> {
    rules::create_room(workspace::role(sql, new.slug, by.actor).await?, new.kind)?;
    let room = make(sql, effects, by, new).await?;
    bring_in(sql, effects, by, new.slug, &room, members).await?;
    reply_room(sql, by, new.slug, &room, true).await
}

/// Makes a public or private room with its maker inside.
pub(super) async fn make<S: Sql>(sql: &mut S, effects: &mut Effects, by: By<'_>, new: New<'_>) -> Result<RoomId> {
    name_is_free(sql, new.slug, new.name).await?;
    let room = RoomId::generate();
    sql.execute(
        "INSERT INTO rooms (id, slug, name, topic, kind, preset, archived, deleted, creator, members, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, ?7, 0, ?8)",
        params![&room, new.slug, new.name, new.topic, new.kind, new.preset, by.actor, by.now],
    )
    .await?;
    add_member(sql, effects, &room, by.actor, by).await?;
    Ok(room)
}

pub(super) async fn update<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    slug: &Slug,
    room: &RoomId,
    change: Change<'_>,
) -> Result<Reply> {
    let standing = standing(sql, by, slug, room).await?;
    let words = change.name.is_some() || change.topic.is_some();
    rules::update(&standing, RoomChange { words, archived: change.archived })?;
    if let Some(level) = change.level {
        rules::be_inside(&standing)?;
        sql.execute(
            "UPDATE room_members SET level = ?3, muted = ?4 WHERE room = ?1 AND user_id = ?2",
            params![room, by.actor, level, level == Level::None],
        )
        .await?;
    }

    let mut row = sql.one("SELECT name, topic, archived FROM rooms WHERE id = ?1", params![room]).await?;
    let (old_name, old_topic, old_archived) = (row.take::<String>(0)?, row.take::<String>(1)?, row.take::<bool>(2)?);
    // What is as wished already makes no entry.
    let name = change.name.filter(|name| *name != old_name);
    let topic = change.topic.filter(|topic| *topic != old_topic);
    let archived = change.archived.filter(|archived| *archived != old_archived);
    if let Some(name) = name {
        name_is_free(sql, slug, name).await?;
    }
    if name.is_some() || topic.is_some() || archived.is_some() {
        sql.execute(
            "UPDATE rooms SET name = ?2, topic = ?3, archived = ?4 WHERE id = ?1",
            params![room, name.unwrap_or(&old_name), topic.unwrap_or(&old_topic), archived.unwrap_or(old_archived)],
        )
        .await?;
        let body = EntryBody::Room {
            name: name.map(str::to_owned),
            topic: topic.map(str::to_owned),
            archived,
            author: by.actor.clone(),
        };
        append(sql, effects, room, by.now, body, None).await?;
    }
    reply_room(sql, by, slug, room, false).await
}

/// Deletes a room: nobody is in it any more and nobody finds it. Its name is free again.
pub(super) async fn delete<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    slug: &Slug,
    room: &RoomId,
) -> Result<Reply> {
    rules::delete_room(&standing(sql, by, slug, room).await?)?;
    let members = sql.query("SELECT user_id FROM room_members WHERE room = ?1 ORDER BY user_id", params![room]).await?;
    for mut row in members {
        effects.left.push((room.clone(), row.take(0)?));
    }
    sql.execute("DELETE FROM room_members WHERE room = ?1", params![room]).await?;
    sql.execute("UPDATE rooms SET deleted = 1, preset = 0, members = 0 WHERE id = ?1", params![room]).await?;
    Ok(Reply::Done)
}

/// The answer that carries a room as the actor now sees it.
pub(super) async fn reply_room<S: Sql>(
    sql: &mut S,
    by: By<'_>,
    slug: &Slug,
    room: &RoomId,
    new: bool,
) -> Result<Reply> {
    let seen = rooms::room(sql, slug, room, by.actor).await?;
    let (room, _) = seen.ok_or_else(|| StoreError::Internal("a room is not seen by who changed it".into()))?;
    Ok(Reply::Room { room: Box::new(room), new })
}

async fn name_is_free<S: Sql>(sql: &mut S, slug: &Slug, name: &str) -> Result<()> {
    let taken = sql
        .row(
            "SELECT 1 FROM rooms WHERE slug = ?1 AND name = ?2 AND deleted = 0 AND direct_key IS NULL",
            params![slug, name],
        )
        .await?;
    if taken.is_some() {
        return Err(Error::conflict(format!("There is a room named {name} already.")).into());
    }
    Ok(())
}
