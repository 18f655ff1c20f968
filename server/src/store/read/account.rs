//! People, sessions and invitations.

use confab_protocol::account::{Session, User};
use confab_protocol::{InviteCode, Timestamp, UserId};

use crate::store::sql::{Row, Sql, params};
use crate::store::{Credentials, Identity, InviteRow, Result, TokenHash};

/// The live session with this token.
pub async fn identity<S: Sql>(sql: &mut S, token: &TokenHash) -> Result<Option<Identity>> {
    let row = sql
        .row(
            "SELECT u.id, u.login, u.display_name, u.avatar, u.status, u.role, u.bot, u.guest, u.status_until, s.id
             FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token = ?1",
            params![token],
        )
        .await?;
    row.map(|mut row| Ok(Identity { user: user_of(&mut row)?, session: row.take(9)? })).transpose()
}

/// What is needed to check a password.
pub async fn credentials<S: Sql>(sql: &mut S, login: &str) -> Result<Option<Credentials>> {
    let row = sql
        .row(
            "SELECT id, login, display_name, avatar, status, role, bot, guest, status_until, password_hash
             FROM users WHERE login = ?1",
            params![login],
        )
        .await?;
    row.map(|mut row| Ok(Credentials { user: user_of(&mut row)?, password_hash: row.take(9)? })).transpose()
}

/// One person.
pub async fn user<S: Sql>(sql: &mut S, user: &UserId) -> Result<Option<User>> {
    let row = sql
        .row(
            "SELECT id, login, display_name, avatar, status, role, bot, guest, status_until FROM users WHERE id = ?1",
            params![user],
        )
        .await?;
    row.map(|mut row| user_of(&mut row)).transpose()
}

/// Everybody, by login, after this one.
pub async fn users<S: Sql>(sql: &mut S, after: Option<&str>, limit: usize) -> Result<Vec<User>> {
    let rows = sql
        .query(
            "SELECT id, login, display_name, avatar, status, role, bot, guest, status_until
             FROM users WHERE login > ?1 ORDER BY login LIMIT ?2",
            // Every login is greater than the empty text.
            params![after.unwrap_or_default(), limit],
        )
        .await?;
    rows.into_iter().map(|mut row| user_of(&mut row)).collect()
}

/// A user's sessions, newest first.
pub async fn sessions<S: Sql>(sql: &mut S, user: &UserId) -> Result<Vec<Session>> {
    let rows = sql
        .query(
            "SELECT id, device, created, last_seen FROM sessions WHERE user_id = ?1 ORDER BY created DESC, id DESC",
            params![user],
        )
        .await?;
    let session = |mut row: Row| {
        Ok(Session {
            id: row.take(0)?,
            device: row.take(1)?,
            created: row.take(2)?,
            last_seen: row.take(3)?,
            current: false,
        })
    };
    rows.into_iter().map(session).collect()
}

/// The live invitation with this code.
pub async fn invite<S: Sql>(sql: &mut S, code: &InviteCode, now: Timestamp) -> Result<Option<InviteRow>> {
    let row = sql
        .row(
            "SELECT i.code, i.slug, w.name, i.role, i.creator, i.expires, i.max_uses - i.uses
             FROM invites i JOIN workspaces w ON w.slug = i.slug
             WHERE i.code = ?1 AND i.expires > ?2 AND (i.max_uses IS NULL OR i.uses < i.max_uses) AND w.archived = 0",
            params![code, now],
        )
        .await?;
    row.map(invite_of).transpose()
}

/// The live invitations to the workspaces that this user administers, and those that they made; soonest to expire
/// first.
pub async fn invites<S: Sql>(sql: &mut S, user: &UserId, now: Timestamp) -> Result<Vec<InviteRow>> {
    let rows = sql
        .query(
            "SELECT i.code, i.slug, w.name, i.role, i.creator, i.expires, i.max_uses - i.uses
             FROM invites i JOIN workspaces w ON w.slug = i.slug
             LEFT JOIN workspace_members m ON m.slug = i.slug AND m.user_id = ?1
             WHERE (i.creator = ?1 OR m.role IN ('admin', 'owner')) AND i.expires > ?2
               AND (i.max_uses IS NULL OR i.uses < i.max_uses) AND w.archived = 0
             ORDER BY i.expires, i.code",
            params![user, now],
        )
        .await?;
    rows.into_iter().map(invite_of).collect()
}

/// The first nine columns as a person: id, login, display name, avatar, status, role, bot, guest, end of status.
fn user_of(row: &mut Row) -> Result<User> {
    Ok(User {
        id: row.take(0)?,
        login: row.take(1)?,
        display_name: row.take(2)?,
        avatar: row.take(3)?,
        status: row.take(4)?,
        role: row.take(5)?,
        bot: row.take(6)?,
        guest: row.take(7)?,
        status_until: row.take(8)?,
    })
}

fn invite_of(mut row: Row) -> Result<InviteRow> {
    Ok(InviteRow {
        code: row.take(0)?,
        workspace: row.take(1)?,
        workspace_name: row.take(2)?,
        role: row.take(3)?,
        creator: row.take(4)?,
        expires: row.take(5)?,
        uses_left: row.take(6)?,
    })
}
