//! What people keep for themselves, and statuses that end.

use confab_protocol::account::User;
use confab_protocol::personal::{Personal, Reminder};
use confab_protocol::{Error, ReminderId, Timestamp, UserId, limits};

use crate::store::read::account as people;
use crate::store::read::personal::personal;
use crate::store::sql::{Sql, params};
use crate::store::{PersonalRow, Result, StoreError};

/// Replaces when somebody wants no signals.
pub async fn set<S: Sql>(sql: &mut S, user: &UserId, row: &PersonalRow) -> Result<Personal> {
    let quiet = row.quiet.map(|quiet| serde_json::to_string(&quiet)).transpose();
    let quiet = quiet.map_err(|error| StoreError::Internal(error.to_string()))?;
    sql.execute(
        "UPDATE users SET dnd_until = ?2, quiet = ?3, invisible = ?4 WHERE id = ?1",
        params![user, row.dnd_until, quiet.as_ref(), row.invisible],
    )
    .await?;
    personal(sql, user).await
}

/// Begins or ends to ignore somebody.
pub async fn ignore<S: Sql>(sql: &mut S, user: &UserId, other: &UserId, on: bool) -> Result<Personal> {
    if on {
        people::user(sql, other).await?.ok_or_else(Error::not_found)?;
        let mut count = sql.one("SELECT COUNT(*) FROM ignores WHERE user_id = ?1", params![user]).await?;
        if count.take::<u64>(0)? >= limits::IGNORED_MAX as u64 {
            return Err(Error::bad_request("You ignore too many people already.").into());
        }
        sql.execute(
            "INSERT INTO ignores (user_id, ignored) VALUES (?1, ?2) ON CONFLICT (user_id, ignored) DO NOTHING",
            params![user, other],
        )
        .await?;
    } else {
        sql.execute("DELETE FROM ignores WHERE user_id = ?1 AND ignored = ?2", params![user, other]).await?;
    }
    personal(sql, user).await
}

/// Keeps a new reminder.
pub async fn add_reminder<S: Sql>(sql: &mut S, user: &UserId, reminder: &Reminder) -> Result<Personal> {
    let mut count = sql.one("SELECT COUNT(*) FROM reminders WHERE user_id = ?1", params![user]).await?;
    if count.take::<u64>(0)? >= limits::REMINDERS_MAX as u64 {
        return Err(Error::bad_request("You have too many reminders already. Remove some first.").into());
    }
    let Reminder { id, workspace, room, text, seq, at } = reminder;
    sql.execute(
        "INSERT INTO reminders (id, user_id, slug, room, text, seq, due) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![id, user, workspace, room, text, *seq, *at],
    )
    .await?;
    personal(sql, user).await
}

/// Forgets a reminder of this user; nothing when there is none.
pub async fn remove_reminder<S: Sql>(sql: &mut S, user: &UserId, id: &ReminderId) -> Result<Personal> {
    sql.execute("DELETE FROM reminders WHERE id = ?1 AND user_id = ?2", params![id, user]).await?;
    personal(sql, user).await
}

/// Clears the statuses that have ended; whose those were, without them.
pub async fn end_statuses<S: Sql>(sql: &mut S, now: Timestamp) -> Result<Vec<User>> {
    let rows = sql
        .query(
            "UPDATE users SET status = NULL, status_until = NULL WHERE status_until <= ?1 RETURNING id",
            params![now],
        )
        .await?;
    let mut ended = Vec::with_capacity(rows.len());
    for mut row in rows {
        ended.extend(people::user(sql, &row.take(0)?).await?);
    }
    Ok(ended)
}
