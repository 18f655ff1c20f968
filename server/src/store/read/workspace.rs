//! Workspaces and the people in them.

use confab_protocol::account::Role;
use confab_protocol::workspace::{Member, Presence, Workspace};
use confab_protocol::{RoomId, Slug, UserId};

use super::unread::{mention_count, messages, unread_count};
use crate::store::Result;
use crate::store::sql::{Row, Sql, params};

/// A workspace as the user `?1` sees it: its own columns, their role, and the sums over their rooms that are not muted.
macro_rules! workspace {
    ($condition:literal) => {
        concat!(
            "SELECT w.slug, w.name, w.icon, m.role, w.open,
                (SELECT CAST(COALESCE(SUM(",
            unread_count!(),
            "), 0) AS BIGINT) FROM room_members rm JOIN rooms r ON r.id = rm.room
                 WHERE rm.user_id = ?1 AND r.slug = w.slug AND r.deleted = 0 AND rm.muted = 0),
                (SELECT CAST(COALESCE(SUM(",
            mention_count!(),
            "), 0) AS BIGINT) FROM room_members rm JOIN rooms r ON r.id = rm.room
                 WHERE rm.user_id = ?1 AND r.slug = w.slug AND r.deleted = 0 AND rm.muted = 0)
             FROM workspaces w LEFT JOIN workspace_members m ON m.slug = w.slug AND m.user_id = ?1
             WHERE w.archived = 0 AND ",
            $condition
        )
    };
}

/// Every workspace that is not archived.
pub async fn slugs<S: Sql>(sql: &mut S) -> Result<Vec<Slug>> {
    let rows = sql.query("SELECT slug FROM workspaces WHERE archived = 0 ORDER BY slug", params![]).await?;
    rows.into_iter().map(|mut row| row.take(0)).collect()
}

/// The workspaces that a user is in.
pub async fn slugs_of<S: Sql>(sql: &mut S, user: &UserId) -> Result<Vec<Slug>> {
    let rows = sql
        .query(
            "SELECT w.slug FROM workspace_members m JOIN workspaces w ON w.slug = m.slug
             WHERE m.user_id = ?1 AND w.archived = 0 ORDER BY w.slug",
            params![user],
        )
        .await?;
    rows.into_iter().map(|mut row| row.take(0)).collect()
}

/// The user's own workspaces, by name.
pub async fn workspaces<S: Sql>(sql: &mut S, user: &UserId) -> Result<Vec<Workspace>> {
    let rows = sql.query(workspace!("m.role IS NOT NULL ORDER BY lower(w.name), w.slug"), params![user]).await?;
    rows.into_iter().map(workspace_of).collect()
}

/// The user's own workspaces and the open ones, by name.
pub async fn listed<S: Sql>(sql: &mut S, user: &UserId) -> Result<Vec<Workspace>> {
    let query = workspace!("(m.role IS NOT NULL OR w.open = 1) ORDER BY lower(w.name), w.slug");
    sql.query(query, params![user]).await?.into_iter().map(workspace_of).collect()
}

/// One workspace as this user sees it, whether or not they may.
pub async fn workspace<S: Sql>(sql: &mut S, slug: &Slug, user: &UserId) -> Result<Option<Workspace>> {
    sql.row(workspace!("w.slug = ?2"), params![user, slug]).await?.map(workspace_of).transpose()
}

/// The user's role in a workspace; None when they are not in it, it is missing or archived.
pub async fn role<S: Sql>(sql: &mut S, slug: &Slug, user: &UserId) -> Result<Option<Role>> {
    let row = sql
        .row(
            "SELECT m.role FROM workspace_members m JOIN workspaces w ON w.slug = m.slug
             WHERE m.slug = ?1 AND m.user_id = ?2 AND w.archived = 0",
            params![slug, user],
        )
        .await?;
    row.map(|mut row| row.take(0)).transpose()
}

/// Everybody in a workspace, by name.
pub async fn members<S: Sql>(sql: &mut S, slug: &Slug) -> Result<Vec<Member>> {
    let rows = sql
        .query(
            "SELECT u.id, u.login, u.display_name, u.avatar, m.role, u.bot, u.guest, u.status,
                u.status_until, u.dnd_until
             FROM workspace_members m JOIN users u ON u.id = m.user_id
             WHERE m.slug = ?1 ORDER BY lower(u.display_name), u.login",
            params![slug],
        )
        .await?;
    rows.into_iter().map(member_of).collect()
}

/// One member of a workspace.
pub async fn member<S: Sql>(sql: &mut S, slug: &Slug, user: &UserId) -> Result<Option<Member>> {
    let row = sql
        .row(
            "SELECT u.id, u.login, u.display_name, u.avatar, m.role, u.bot, u.guest, u.status,
                u.status_until, u.dnd_until
             FROM workspace_members m JOIN users u ON u.id = m.user_id WHERE m.slug = ?1 AND m.user_id = ?2",
            params![slug, user],
        )
        .await?;
    row.map(member_of).transpose()
}

/// Who is in a room, by name.
pub async fn room_members<S: Sql>(sql: &mut S, room: &RoomId) -> Result<Vec<Member>> {
    let rows = sql
        .query(
            "SELECT u.id, u.login, u.display_name, u.avatar, m.role, u.bot, u.guest, u.status,
                u.status_until, u.dnd_until
             FROM room_members rm JOIN rooms r ON r.id = rm.room
             JOIN workspace_members m ON m.slug = r.slug AND m.user_id = rm.user_id
             JOIN users u ON u.id = rm.user_id
             WHERE rm.room = ?1 AND r.deleted = 0 ORDER BY lower(u.display_name), u.login",
            params![room],
        )
        .await?;
    rows.into_iter().map(member_of).collect()
}

fn workspace_of(mut row: Row) -> Result<Workspace> {
    Ok(Workspace {
        slug: row.take(0)?,
        name: row.take(1)?,
        icon: row.take(2)?,
        role: row.take(3)?,
        open: row.take(4)?,
        unread: row.take(5)?,
        mentions: row.take(6)?,
    })
}

fn member_of(mut row: Row) -> Result<Member> {
    Ok(Member {
        id: row.take(0)?,
        login: row.take(1)?,
        display_name: row.take(2)?,
        avatar: row.take(3)?,
        role: row.take(4)?,
        bot: row.take(5)?,
        guest: row.take(6)?,
        status: row.take(7)?,
        presence: Presence::Offline,
        status_until: row.take(8)?,
        dnd_until: row.take(9)?,
    })
}
