//! What people keep for themselves.

use confab_protocol::personal::{Personal, Reminder};
use confab_protocol::{Error, Timestamp, UserId};

use crate::store::sql::{Row, Sql, params};
use crate::store::{Result, StoreError};

/// All that somebody keeps.
pub async fn personal<S: Sql>(sql: &mut S, user: &UserId) -> Result<Personal> {
    let row = sql.row("SELECT dnd_until, quiet, invisible FROM users WHERE id = ?1", params![user]).await?;
    let mut row = row.ok_or_else(Error::not_found)?;
    let quiet = row.take::<Option<String>>(1)?;
    let quiet = quiet.map(|quiet| serde_json::from_str(&quiet)).transpose();
    let ignored = sql.query("SELECT ignored FROM ignores WHERE user_id = ?1 ORDER BY ignored", params![user]).await?;
    let reminders = sql
        .query(
            "SELECT id, slug, room, text, seq, due FROM reminders WHERE user_id = ?1 ORDER BY due, id",
            params![user],
        )
        .await?;
    Ok(Personal {
        dnd_until: row.take(0)?,
        quiet: quiet.map_err(|_| StoreError::Corrupt("quiet hours hold something else".into()))?,
        invisible: row.take(2)?,
        ignored: ignored.into_iter().map(|mut row| row.take(0)).collect::<Result<_>>()?,
        reminders: reminders.into_iter().map(reminder_of).collect::<Result<_>>()?,
    })
}

/// Whether somebody wants to be offline to the others.
pub async fn is_invisible<S: Sql>(sql: &mut S, user: &UserId) -> Result<bool> {
    let row = sql.row("SELECT invisible FROM users WHERE id = ?1", params![user]).await?;
    row.map_or(Ok(false), |mut row| row.take(0))
}

/// When the next status ends.
pub async fn next_status_end<S: Sql>(sql: &mut S) -> Result<Option<Timestamp>> {
    let row = sql
        .row("SELECT status_until FROM users WHERE status_until IS NOT NULL ORDER BY status_until LIMIT 1", params![])
        .await?;
    row.map(|mut row| row.take(0)).transpose()
}

fn reminder_of(mut row: Row) -> Result<Reminder> {
    Ok(Reminder {
        id: row.take(0)?,
        workspace: row.take(1)?,
        room: row.take(2)?,
        text: row.take(3)?,
        seq: row.take(4)?,
        at: row.take(5)?,
    })
}
