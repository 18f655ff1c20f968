//! Files: who may read them, and uploads on their way.

use confab_protocol::file::FileInfo;
use confab_protocol::{FileId, UserId};

use crate::store::sql::{Row, Sql, params};
use crate::store::{Result, UploadRow};

/// A file, for somebody who may read it: its uploader; the members of rooms with a message that carries it; everybody on
/// the server where it is a person's picture; whoever may see a workspace whose icon it is.
pub async fn visible<S: Sql>(sql: &mut S, file: &FileId, user: &UserId) -> Result<Option<FileInfo>> {
    let row = sql
        .row(
            "SELECT f.id, f.name, f.mime, f.bytes, f.sha256, f.width, f.height, f.thumb FROM files f
             WHERE f.id = ?1 AND (f.owner = ?2
                OR EXISTS (SELECT 1 FROM file_messages fm JOIN room_members rm ON rm.room = fm.room
                    WHERE fm.file = f.id AND rm.user_id = ?2)
                OR EXISTS (SELECT 1 FROM users u WHERE u.avatar = f.id)
                OR EXISTS (SELECT 1 FROM workspaces w WHERE w.icon = f.id AND w.archived = 0 AND (w.open = 1
                    OR EXISTS (SELECT 1 FROM workspace_members wm WHERE wm.slug = w.slug AND wm.user_id = ?2))))",
            params![file, user],
        )
        .await?;
    row.map(|mut row| info_of(&mut row)).transpose()
}

/// Whether any file has this content.
pub async fn has_content<S: Sql>(sql: &mut S, sha256: &str) -> Result<bool> {
    Ok(sql.row("SELECT 1 FROM files WHERE sha256 = ?1 LIMIT 1", params![sha256]).await?.is_some())
}

/// How many bytes the files of an account have in all; unfinished uploads count as what they are to have.
pub async fn stored_bytes<S: Sql>(sql: &mut S, owner: &UserId) -> Result<u64> {
    let mut row = sql
        .one(
            "SELECT CAST(COALESCE(SUM(kept.bytes), 0) AS BIGINT) FROM (
                SELECT bytes FROM files WHERE owner = ?1
                UNION ALL SELECT bytes FROM uploads WHERE owner = ?1 AND file IS NULL) AS kept",
            params![owner],
        )
        .await?;
    row.take(0)
}

/// An upload of this user's, finished or not.
pub async fn upload<S: Sql>(sql: &mut S, upload: &FileId, user: &UserId) -> Result<Option<UploadRow>> {
    let row = sql
        .row("SELECT id, name, bytes, file FROM uploads WHERE id = ?1 AND owner = ?2", params![upload, user])
        .await?;
    let Some(mut row) = row else { return Ok(None) };
    let (id, name, bytes) = (row.take(0)?, row.take(1)?, row.take(2)?);
    let file = match row.take::<Option<FileId>>(3)? {
        Some(file) => visible(sql, &file, user).await?,
        None => None,
    };
    Ok(Some(UploadRow { id, name, bytes, file }))
}

/// The first eight columns as a file: id, name, mime, bytes, sha256, width, height, thumb.
pub(in crate::store) fn info_of(row: &mut Row) -> Result<FileInfo> {
    Ok(FileInfo {
        id: row.take(0)?,
        name: row.take(1)?,
        mime: row.take(2)?,
        bytes: row.take(3)?,
        sha256: row.take(4)?,
        width: row.take(5)?,
        height: row.take(6)?,
        thumb: row.take(7)?,
    })
}
