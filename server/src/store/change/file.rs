//! Files: kept, attached to messages, made pictures, and removed when nothing names them any more.

use confab_protocol::file::FileInfo;
use confab_protocol::{Cause, Error, ErrorCode, FileId, RoomId, Seq, Timestamp, UserId};

use super::By;
use crate::store::entry::without_files;
use crate::store::read::file::{info_of, stored_bytes};
use crate::store::sql::{Sql, params};
use crate::store::{NewFile, NewUpload, Result, Swept};

/// Keeps a new file whose content is in its place already; ends the upload that it came by.
pub async fn create<S: Sql>(sql: &mut S, file: &NewFile, upload: Option<&FileId>) -> Result<()> {
    let FileInfo { id, name, mime, bytes, sha256, width, height, thumb } = &file.info;
    if upload.is_none() {
        room_for(sql, &file.owner, *bytes, file.quota).await?;
    }
    sql.execute(
        "INSERT INTO files (id, owner, name, mime, bytes, sha256, width, height, thumb, created, used)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)",
        params![id, &file.owner, name, mime, *bytes, sha256, *width, *height, *thumb, file.created],
    )
    .await?;
    if let Some(upload) = upload {
        let ended = params![upload, &file.owner, id];
        let rows =
            sql.execute("UPDATE uploads SET file = ?3 WHERE id = ?1 AND owner = ?2 AND file IS NULL", ended).await?;
        if rows == 0 {
            return Err(Error::not_found().into());
        }
    }
    Ok(())
}

/// Notes that somebody is about to make a file of theirs a picture. False unless it is an image of their own.
pub async fn use_as_picture<S: Sql>(sql: &mut S, file: &FileId, user: &UserId, now: Timestamp) -> Result<bool> {
    let used = sql
        .execute("UPDATE files SET used = ?3 WHERE id = ?1 AND owner = ?2 AND thumb = 1", params![file, user, now])
        .await?;
    Ok(used > 0)
}

/// The author's own files that a message is to carry. To touch them keeps the sweep away until the commit.
pub(super) async fn attach<S: Sql>(sql: &mut S, by: By<'_>, files: &[FileId]) -> Result<Vec<FileInfo>> {
    let mut found = Vec::with_capacity(files.len());
    for file in files {
        let row = sql
            .row(
                "UPDATE files SET used = ?3 WHERE id = ?1 AND owner = ?2
                 RETURNING id, name, mime, bytes, sha256, width, height, thumb",
                params![file, by.actor, by.now],
            )
            .await?;
        found.push(info_of(&mut row.ok_or_else(Error::not_found)?)?);
    }
    Ok(found)
}

/// Notes where a file can be seen from now on.
pub(super) async fn link<S: Sql>(sql: &mut S, room: &RoomId, seq: Seq, files: &[FileInfo]) -> Result<()> {
    for file in files {
        sql.execute("INSERT INTO file_messages (file, room, seq) VALUES (?1, ?2, ?3)", params![&file.id, room, seq])
            .await?;
    }
    Ok(())
}

/// Takes a deleted message's files away from it, and their names out of its entry.
pub(super) async fn unlink<S: Sql>(sql: &mut S, room: &RoomId, seq: Seq) -> Result<()> {
    if sql.execute("DELETE FROM file_messages WHERE room = ?1 AND seq = ?2", params![room, seq]).await? == 0 {
        return Ok(());
    }
    let mut row = sql.one("SELECT extra FROM log WHERE room = ?1 AND seq = ?2", params![room, seq]).await?;
    let extra = without_files(row.take::<Option<String>>(0)?.as_deref())?;
    sql.execute("UPDATE log SET extra = ?3 WHERE room = ?1 AND seq = ?2", params![room, seq, extra.as_ref()]).await?;
    Ok(())
}

/// Begins an upload, unless its owner has too much on the way, or no room for it.
pub async fn begin_upload<S: Sql>(sql: &mut S, upload: &NewUpload) -> Result<()> {
    let mut row = sql
        .one(
            "SELECT COUNT(*), CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM uploads WHERE owner = ?1 AND file IS NULL",
            params![&upload.owner],
        )
        .await?;
    let (count, bytes) = (row.take::<u64>(0)?, row.take::<u64>(1)?);
    if count >= upload.most || bytes.saturating_add(upload.bytes) > upload.most_bytes {
        let text = "Too many uploads are unfinished. Finish or cancel one first.";
        return Err(Error::new(ErrorCode::TooLarge, text).into());
    }
    room_for(sql, &upload.owner, upload.bytes, upload.quota).await?;
    sql.execute(
        "INSERT INTO uploads (id, owner, name, bytes, created) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![&upload.id, &upload.owner, &upload.name, upload.bytes, upload.created],
    )
    .await?;
    Ok(())
}

/// An account has no room for what it wants to keep.
pub fn no_room(quota: u64) -> Error {
    let text = format!(
        "There is no room left for this file: one account keeps at most {quota} bytes here. Delete messages with files that you no longer need; their room is free again after a day."
    );
    Error::new(ErrorCode::TooLarge, text).because(Cause::Quota)
}

/// Refuses more than what an account may still keep.
async fn room_for<S: Sql>(sql: &mut S, owner: &UserId, bytes: u64, quota: u64) -> Result<()> {
    // Where there is no such limit, nothing is added up.
    if quota == u64::MAX || stored_bytes(sql, owner).await?.saturating_add(bytes) <= quota {
        return Ok(());
    }
    Err(no_room(quota).into())
}

/// Gives an upload up; false when there is none, or it is finished.
pub async fn cancel_upload<S: Sql>(sql: &mut S, upload: &FileId, user: &UserId) -> Result<bool> {
    let gone =
        sql.execute("DELETE FROM uploads WHERE id = ?1 AND owner = ?2 AND file IS NULL", params![upload, user]).await?;
    Ok(gone > 0)
}

/// Forgets what was begun, or last used, before then: uploads, and files that no message, person or workspace names.
pub async fn sweep<S: Sql>(sql: &mut S, before: Timestamp) -> Result<Swept> {
    let uploads = sql.query("DELETE FROM uploads WHERE created < ?1 RETURNING id", params![before]).await?;
    let contents = sql
        .query(
            "DELETE FROM files WHERE used < ?1
                AND NOT EXISTS (SELECT 1 FROM file_messages fm WHERE fm.file = files.id)
                AND NOT EXISTS (SELECT 1 FROM users u WHERE u.avatar = files.id)
                AND NOT EXISTS (SELECT 1 FROM workspaces w WHERE w.icon = files.id)
             RETURNING sha256",
            params![before],
        )
        .await?;
    Ok(Swept {
        uploads: uploads.into_iter().map(|mut row| row.take(0)).collect::<Result<_>>()?,
        contents: contents.into_iter().map(|mut row| row.take(0)).collect::<Result<_>>()?,
    })
}
