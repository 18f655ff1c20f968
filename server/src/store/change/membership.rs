//! Who comes into a room and who goes.

use confab_protocol::{Error, RoomId, Slug, UserId};

use super::By;
use super::append::{Effects, add_member, is_member, remove_member};
use super::room::reply_room;
use crate::chat::rules::{self, Standing};
use crate::store::read::{room, workspace};
use crate::store::sql::Sql;
use crate::store::{Reply, Result};

pub(super) async fn join<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    slug: &Slug,
    room: &RoomId,
) -> Result<Reply> {
    let standing = standing(sql, by, slug, room).await?;
    rules::join(&standing)?;
    if !standing.inside {
        add_member(sql, effects, room, by.actor, by).await?;
    }
    reply_room(sql, by, slug, room, false).await
}

pub(super) async fn leave<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    slug: &Slug,
    room: &RoomId,
) -> Result<Reply> {
    rules::leave(&standing(sql, by, slug, room).await?)?;
    remove_member(sql, effects, room, by.actor, by).await?;
    Ok(Reply::Done)
}

pub(super) async fn invite<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    slug: &Slug,
    room: &RoomId,
    users: &[UserId],
) -> Result<Reply> {
    rules::invite(&standing(sql, by, slug, room).await?)?;
    bring_in(sql, effects, by, slug, room, users).await?;
    Ok(Reply::Done)
}

pub(super) async fn kick<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    slug: &Slug,
    room: &RoomId,
    user: &UserId,
) -> Result<Reply> {
    let standing = standing(sql, by, slug, room).await?;
    let role = workspace::role(sql, slug, user).await?;
    rules::kick(&standing, role, user == by.actor)?;
    if !is_member(sql, room, user).await? {
        return Err(Error::not_found().into());
    }
    remove_member(sql, effects, room, user, by).await?;
    Ok(Reply::Done)
}

/// Puts members of the workspace into a room, in the order given; who is inside already is passed over.
pub(super) async fn bring_in<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    slug: &Slug,
    room: &RoomId,
    users: &[UserId],
) -> Result<()> {
    for user in users {
        if workspace::role(sql, slug, user).await?.is_none() {
            return Err(Error::not_found().into());
        }
        if !is_member(sql, room, user).await? {
            add_member(sql, effects, room, user, by).await?;
        }
    }
    Ok(())
}

/// How the actor stands to a room.
pub(super) async fn standing<S: Sql>(sql: &mut S, by: By<'_>, slug: &Slug, room: &RoomId) -> Result<Standing> {
    Ok(room::standing(sql, slug, room, by.actor).await?.ok_or_else(Error::not_found)?)
}
