//! People, sessions and invitations.

use confab_protocol::account::User;
use confab_protocol::{Epoch, Error, InviteCode, SessionId, Timestamp, UserId};

use crate::store::read::account as people;
use crate::store::sql::{Sql, join_ids, params};
use crate::store::{NewInvite, NewSession, NewUser, ProfileRow, Result};

/// Makes a person and, where there is one, their first session.
pub(super) async fn create<S: Sql>(
    sql: &mut S,
    user: &NewUser,
    session: Option<&NewSession>,
    now: Timestamp,
) -> Result<User> {
    let made = sql
        .execute(
            "INSERT INTO users (id, login, display_name, password_hash, role, bot, guest, created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (login) DO NOTHING",
            params![
                &user.id,
                &user.login,
                &user.display_name,
                user.password_hash.as_ref(),
                user.role,
                user.bot,
                user.guest,
                now
            ],
        )
        .await?;
    if made == 0 {
        return Err(Error::conflict("That login is taken. Choose another one.").into());
    }
    if let Some(session) = session {
        create_session(sql, session).await?;
    }
    Ok(User {
        id: user.id.clone(),
        login: user.login.clone(),
        display_name: user.display_name.clone(),
        avatar: None,
        status: None,
        status_until: None,
        role: user.role,
        bot: user.bot,
        guest: user.guest,
    })
}

/// Changes a profile; an empty status or avatar clears it.
pub async fn update_profile<S: Sql>(sql: &mut S, user: &UserId, change: &ProfileRow) -> Result<User> {
    sql.execute(
        "UPDATE users SET display_name = COALESCE(?2, display_name), status = NULLIF(COALESCE(?3, status), ''),
            avatar = NULLIF(COALESCE(?4, avatar), ''),
            status_until = CASE WHEN ?5 = 1 THEN ?6 ELSE status_until END WHERE id = ?1",
        params![
            user,
            change.display_name.as_ref(),
            change.status.as_ref(),
            change.avatar.as_ref(),
            change.status.is_some(),
            change.status_until.filter(|_| change.status.as_ref().is_some_and(|status| !status.is_empty()))
        ],
    )
    .await?;
    Ok(people::user(sql, user).await?.ok_or_else(Error::not_found)?)
}

/// Replaces the password hash.
pub async fn set_password<S: Sql>(sql: &mut S, user: &UserId, hash: &str) -> Result<()> {
    match sql.execute("UPDATE users SET password_hash = ?2 WHERE id = ?1", params![user, hash]).await? {
        0 => Err(Error::not_found().into()),
        _ => Ok(()),
    }
}

/// Keeps a new session.
pub async fn create_session<S: Sql>(sql: &mut S, session: &NewSession) -> Result<()> {
    sql.execute(
        "INSERT INTO sessions (id, user_id, token, device, created, last_seen) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
        params![&session.id, &session.user, &session.token, &session.device, session.created],
    )
    .await?;
    Ok(())
}

/// Ends one session of this user.
pub async fn delete_session<S: Sql>(sql: &mut S, user: &UserId, session: &SessionId) -> Result<bool> {
    let ended = sql.execute("DELETE FROM sessions WHERE id = ?1 AND user_id = ?2", params![session, user]).await?;
    Ok(ended > 0)
}

/// Ends all sessions of this user but one; which ones those were.
pub async fn delete_sessions<S: Sql>(sql: &mut S, user: &UserId, keep: Option<&SessionId>) -> Result<Vec<SessionId>> {
    let rows = sql
        .query(
            "DELETE FROM sessions WHERE user_id = ?1 AND id <> ?2 RETURNING id",
            // No id is the empty text.
            params![user, keep.map_or("", SessionId::as_str)],
        )
        .await?;
    rows.into_iter().map(|mut row| row.take(0)).collect()
}

/// Notes when sessions were last seen; never backwards.
pub async fn touch_sessions<S: Sql>(sql: &mut S, seen: &[(SessionId, Timestamp)]) -> Result<()> {
    for (session, when) in seen {
        let later = params![session, *when];
        sql.execute("UPDATE sessions SET last_seen = ?2 WHERE id = ?1 AND last_seen < ?2", later).await?;
    }
    Ok(())
}

/// Keeps a new invitation.
pub async fn create_invite<S: Sql>(sql: &mut S, invite: &NewInvite) -> Result<()> {
    let rooms = invite.rooms.as_ref().map(|rooms| join_ids(rooms.iter().map(|room| room.as_str())));
    sql.execute(
        "INSERT INTO invites (code, slug, rooms, role, creator, expires, max_uses, uses)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)",
        params![
            &invite.code,
            &invite.workspace,
            rooms.as_ref(),
            invite.role,
            &invite.creator,
            invite.expires,
            invite.max_uses
        ],
    )
    .await?;
    Ok(())
}

/// Withdraws an invitation.
pub async fn delete_invite<S: Sql>(sql: &mut S, code: &InviteCode) -> Result<bool> {
    Ok(sql.execute("DELETE FROM invites WHERE code = ?1", params![code]).await? > 0)
}

/// Begins a new life of the database.
pub async fn renew_epoch<S: Sql>(sql: &mut S) -> Result<()> {
    sql.execute("UPDATE server SET epoch = ?1", params![&Epoch::generate()]).await?;
    Ok(())
}

/// Writes something of no meaning: whether the database can be written.
pub async fn probe<S: Sql>(sql: &mut S) -> Result<()> {
    sql.execute("UPDATE server SET probes = probes + 1", params![]).await?;
    Ok(())
}
