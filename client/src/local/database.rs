//! The file: one SQLite database for each account, and the statements that fill and read it.

pub mod search;

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use confab_protocol::{Error, RoomId, Seq, Slug, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::model::{Keep, Part, Picture, Range, Stored, StoredTimeline};
use crate::outbox::{Queued, Stage, Write};

/// Rows of a timeline that are read back; older ones are dropped, and come from the server when somebody pages there.
pub const ROWS_KEPT: usize = 500;
/// The version of `schema.sql`, in `user_version`.
const VERSION: i32 = 1;

/// Why there is no local database.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The file cannot be made, read or written.
    #[error("{path} cannot be used: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is that of a newer program; it is left alone.
    #[error("{0} was written by a newer Confab")]
    Newer(PathBuf),
    /// SQLite does not take it.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// Something in it cannot be put as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// An open database. All calls block; each change is one transaction.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
    path: Option<PathBuf>,
    /// A change of the cache could not be written: what follows would stand on a hole, so the cache begins anew.
    hole: bool,
}

/// What happened to a damaged file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where it is now.
    pub path: PathBuf,
}

impl Database {
    /// Opens the file at `path`, made where it is missing, for its owner only. No other process can open it meanwhile:
    /// two would send the same outbox. A damaged file is set aside, never read.
    ///
    /// # Errors
    /// [`LocalError`] when there is no way to have one.
    pub fn open(path: &Path) -> Result<(Self, Option<SetAside>), LocalError> {
        make_file(path).map_err(|source| LocalError::Io { path: path.to_owned(), source })?;
        match Self::open_file(path) {
            Err(LocalError::Sqlite(error)) if is_damage(&error) => {
                let aside = set_aside(path).map_err(|source| LocalError::Io { path: path.to_owned(), source })?;
                make_file(path).map_err(|source| LocalError::Io { path: path.to_owned(), source })?;
                Ok((Self::open_file(path)?, Some(SetAside { path: aside })))
            }
            opened => Ok((opened?, None)),
        }
    }

    /// One that lives in memory.
    ///
    /// # Errors
    /// When SQLite has no memory.
    pub fn in_memory() -> Result<Self, LocalError> {
        Self::with(Connection::open_in_memory()?, None)
    }

    fn open_file(path: &Path) -> Result<Self, LocalError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(2))?;
        // Before anything of it changes.
        if version(&connection)? > VERSION {
            return Err(LocalError::Newer(path.to_owned()));
        }
        connection
            .execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA fullfsync = ON;")?;
        // The file is bounded by ROWS_KEPT, so this takes milliseconds.
        let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(damage(&verdict).into());
        }
        Self::with(connection, Some(path))
    }

    fn with(mut connection: Connection, path: Option<&Path>) -> Result<Self, LocalError> {
        if version(&connection)? == 0 {
            let transaction = connection.transaction()?;
            transaction.execute_batch(include_str!("schema.sql"))?;
            transaction.pragma_update(None, "user_version", VERSION)?;
            transaction.commit()?;
        }
        connection.set_prepared_statement_cache_capacity(32);
        Ok(Self { connection, path: path.map(Path::to_owned), hole: false })
    }

    /// Writes down what the user wrote, on the disk before it returns, with all that was kept before it.
    ///
    /// # Errors
    /// Nothing has changed then.
    pub fn persist<'a>(
        &mut self,
        kept: impl IntoIterator<Item = (Option<&'a Slug>, &'a Keep)>,
        writes: impl IntoIterator<Item = (&'a Slug, &'a Queued)>,
    ) -> Result<(), LocalError> {
        self.connection.execute_batch("PRAGMA synchronous = FULL")?;
        self.change(kept, writes)
    }

    /// Writes down what the cache can lose again: after a power cut it may be older, and is never wrong.
    ///
    /// # Errors
    /// The cache begins anew with the next change.
    pub fn keep<'a>(&mut self, kept: impl IntoIterator<Item = (Option<&'a Slug>, &'a Keep)>) -> Result<(), LocalError> {
        self.connection.execute_batch("PRAGMA synchronous = NORMAL")?;
        self.change(kept, [])
    }

    fn change<'a>(
        &mut self,
        kept: impl IntoIterator<Item = (Option<&'a Slug>, &'a Keep)>,
        writes: impl IntoIterator<Item = (&'a Slug, &'a Queued)>,
    ) -> Result<(), LocalError> {
        let began_with_hole = std::mem::replace(&mut self.hole, true);
        let transaction = self.connection.transaction()?;
        if began_with_hole {
            transaction.execute_batch("DELETE FROM timelines; DELETE FROM rows;")?;
        }
        for (slug, keep) in kept {
            apply(&transaction, slug, keep)?;
        }
        for (slug, write) in writes {
            put_write(&transaction, slug, write)?;
        }
        transaction.commit()?;
        self.hole = false;
        Ok(())
    }

    /// The lobby as it was told last.
    ///
    /// # Errors
    /// When SQLite cannot read.
    pub fn lobby(&self) -> Result<Stored, LocalError> {
        let ready: Option<String> =
            self.connection.query_row("SELECT ready FROM lobby", [], |row| row.get(0)).optional()?;
        Ok(Stored { lobby: ready.as_deref().and_then(json), ..Stored::default() })
    }

    /// What a workspace's connection begins with.
    ///
    /// # Errors
    /// When SQLite cannot read.
    pub fn workspace(&self, slug: &Slug) -> Result<Stored, LocalError> {
        Ok(Stored { lobby: None, picture: self.picture(slug)?, marks: self.marks(slug)?, writes: self.writes(slug)? })
    }

    /// The workspaces in whose outbox something waits to be sent.
    ///
    /// # Errors
    /// When SQLite cannot read.
    pub fn waiting(&self) -> Result<Vec<Slug>, LocalError> {
        let mut statement = self.connection.prepare_cached("SELECT DISTINCT slug FROM outbox WHERE error IS NULL")?;
        let slugs = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
        Ok(slugs.into_iter().filter_map(|slug| slug.parse().ok()).collect())
    }

    /// The newest rows of a room's timeline. Older ones are dropped.
    ///
    /// # Errors
    /// When SQLite cannot read or write.
    pub fn timeline(&mut self, slug: &Slug, room: &RoomId) -> Result<Option<StoredTimeline>, LocalError> {
        let place = params![slug.as_str(), room.as_str()];
        let range = self
            .connection
            .prepare_cached("SELECT first, applied, start FROM timelines WHERE slug = ?1 AND room = ?2")?
            .query_row(place, |row| Ok(Range { first: row.get(0)?, applied: row.get(1)?, start: row.get(2)? }))
            .optional()?;
        let Some(range) = range.filter(|_| !self.hole) else { return Ok(None) };
        let rows: Vec<(Seq, bool, String)> = self
            .connection
            .prepare_cached(
                "SELECT seq, notice, body FROM rows WHERE slug = ?1 AND room = ?2 ORDER BY seq DESC LIMIT ?3",
            )?
            .query_map(params![slug.as_str(), room.as_str(), ROWS_KEPT as u64 + 1], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<Result<_, _>>()?;
        let mut stored = StoredTimeline { range, messages: Vec::new(), notices: Vec::new() };
        for (_, notice, body) in rows.iter().take(ROWS_KEPT).rev() {
            let read = if *notice {
                json(body).map(|entry| stored.notices.push(entry))
            } else {
                json(body).map(|message| stored.messages.push(message))
            };
            if read.is_none() {
                return Ok(None);
            }
        }
        if rows.len() > ROWS_KEPT {
            let first = rows[ROWS_KEPT - 1].0;
            stored.range = Range { first, start: false, ..range };
            self.drop_before(slug, room, first)?;
        }
        Ok(Some(stored))
    }

    /// Closes the database and deletes the file.
    ///
    /// # Errors
    /// When the file cannot be deleted.
    pub fn erase(self) -> io::Result<()> {
        drop(self.connection);
        self.path.iter().flat_map(|path| files(path)).try_for_each(|file| match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
    }

    fn drop_before(&mut self, slug: &Slug, room: &RoomId, first: Seq) -> Result<(), LocalError> {
        let transaction = self.connection.transaction()?;
        let place = params![slug.as_str(), room.as_str(), first];
        transaction.execute("DELETE FROM rows WHERE slug = ?1 AND room = ?2 AND seq < ?3", place)?;
        transaction.execute("UPDATE timelines SET first = ?3, start = 0 WHERE slug = ?1 AND room = ?2", place)?;
        Ok(transaction.commit()?)
    }

    fn picture(&self, slug: &Slug) -> Result<Option<Picture>, LocalError> {
        let row: Option<(Option<String>, String, String)> = self
            .connection
            .query_row("SELECT epoch, workspace, me FROM workspaces WHERE slug = ?1", [slug.as_str()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((epoch, workspace, me)) = row else { return Ok(None) };
        let (Some(workspace), Some(me)) = (json(&workspace), json(&me)) else { return Ok(None) };
        let rooms = self.all("SELECT room FROM rooms WHERE slug = ?1", slug)?;
        let members = self.all("SELECT member FROM members WHERE slug = ?1", slug)?;
        Ok(Some(Picture {
            epoch: epoch.and_then(|epoch| epoch.parse().ok()),
            workspace,
            me,
            rooms,
            members: Some(members),
        }))
    }

    fn marks(&self, slug: &Slug) -> Result<std::collections::BTreeMap<RoomId, Seq>, LocalError> {
        let mut statement = self.connection.prepare_cached("SELECT room, seq FROM marks WHERE slug = ?1")?;
        let rows = statement.query_map([slug.as_str()], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
        let rows = rows.collect::<Result<Vec<(String, Seq)>, _>>()?;
        Ok(rows.into_iter().filter_map(|(room, seq)| Some((room.parse().ok()?, seq))).collect())
    }

    fn writes(&self, slug: &Slug) -> Result<Vec<Queued>, LocalError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT position, ts, write, error FROM outbox WHERE slug = ?1 ORDER BY position")?;
        let mut rows = statement.query([slug.as_str()])?;
        let mut writes = Vec::new();
        while let Some(row) = rows.next()? {
            let (write, error): (String, Option<String>) = (row.get(2)?, row.get(3)?);
            let Some(write) = json::<Write>(&write) else {
                tracing::error!("a write of the outbox cannot be read, and stays in the file");
                continue;
            };
            let stage = match error.as_deref().and_then(json::<Error>) {
                Some(error) => Stage::Failed(error),
                None => Stage::Queued,
            };
            writes.push(Queued {
                write,
                order: row.get(0)?,
                ts: Timestamp::from_millis(row.get(1)?),
                call: None,
                stage,
            });
        }
        Ok(writes)
    }

    fn all<T: DeserializeOwned>(&self, sql: &str, slug: &Slug) -> Result<Vec<T>, LocalError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([slug.as_str()], |row| row.get::<_, String>(0))?;
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        // What an older version kept and this one cannot read comes from the server again.
        Ok(rows.iter().filter_map(|row| json(row)).collect())
    }
}

fn version(connection: &Connection) -> rusqlite::Result<i32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn apply(sql: &Transaction<'_>, slug: Option<&Slug>, keep: &Keep) -> Result<(), LocalError> {
    let slug_text = slug.map_or("", |slug| slug.as_str());
    let run = |text: &str, values: &[&dyn rusqlite::ToSql]| -> Result<(), LocalError> {
        sql.prepare_cached(text)?.execute(values)?;
        Ok(())
    };
    match keep {
        Keep::Lobby(ready) => run("INSERT OR REPLACE INTO lobby (one, ready) VALUES (1, ?1)", &[&text(ready)?]),
        Keep::Workspace(picture) => put_picture(sql, slug_text, picture),
        Keep::Room(room) => run(
            "INSERT OR REPLACE INTO rooms (slug, id, room) VALUES (?1, ?2, ?3)",
            &[&slug_text, &room.id.as_str(), &text(room)?],
        ),
        Keep::RoomGone(room) => {
            run("DELETE FROM rooms WHERE slug = ?1 AND id = ?2", &[&slug_text, &room.as_str()])?;
            run("DELETE FROM marks WHERE slug = ?1 AND room = ?2", &[&slug_text, &room.as_str()])?;
            forget_timeline(sql, slug_text, room)
        }
        Keep::Member(member) => run(
            "INSERT OR REPLACE INTO members (slug, id, member) VALUES (?1, ?2, ?3)",
            &[&slug_text, &member.id.as_str(), &text(member)?],
        ),
        Keep::MemberGone(user) => run("DELETE FROM members WHERE slug = ?1 AND id = ?2", &[&slug_text, &user.as_str()]),
        Keep::Mark(room, Some(seq)) => run(
            "INSERT OR REPLACE INTO marks (slug, room, seq) VALUES (?1, ?2, ?3)",
            &[&slug_text, &room.as_str(), seq],
        ),
        Keep::Mark(room, None) => run("DELETE FROM marks WHERE slug = ?1 AND room = ?2", &[&slug_text, &room.as_str()]),
        Keep::Timeline(room, part) => put_part(sql, slug_text, room, part),
        Keep::TimelineGone(room) => forget_timeline(sql, slug_text, room),
        Keep::TimelinesGone => {
            run("DELETE FROM timelines WHERE slug = ?1", &[&slug_text])?;
            run("DELETE FROM rows WHERE slug = ?1", &[&slug_text])
        }
        Keep::CacheGone => Ok(sql.execute_batch(
            "DELETE FROM lobby; DELETE FROM workspaces; DELETE FROM rooms; DELETE FROM members; DELETE FROM marks;
             DELETE FROM timelines; DELETE FROM rows;",
        )?),
        Keep::Write(write) => match slug {
            Some(slug) => put_write(sql, slug, write),
            None => Ok(()),
        },
        Keep::WriteGone(cid) => run("DELETE FROM outbox WHERE slug = ?1 AND cid = ?2", &[&slug_text, &cid.as_str()]),
        Keep::WriteFailed(cid, error) => run(
            "UPDATE outbox SET error = ?3 WHERE slug = ?1 AND cid = ?2",
            &[&slug_text, &cid.as_str(), &text(error)?],
        ),
    }
}

fn put_picture(sql: &Transaction<'_>, slug: &str, picture: &Picture) -> Result<(), LocalError> {
    let Picture { epoch, workspace, me, rooms, members } = picture;
    let epoch = epoch.as_ref().map(|epoch| epoch.as_str());
    sql.prepare_cached("INSERT OR REPLACE INTO workspaces (slug, epoch, workspace, me) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![slug, epoch, text(workspace)?, text(me)?])?;
    sql.prepare_cached("DELETE FROM rooms WHERE slug = ?1")?.execute([slug])?;
    let mut insert = sql.prepare_cached("INSERT INTO rooms (slug, id, room) VALUES (?1, ?2, ?3)")?;
    for room in rooms {
        insert.execute(params![slug, room.id.as_str(), text(room)?])?;
    }
    if let Some(members) = members {
        sql.prepare_cached("DELETE FROM members WHERE slug = ?1")?.execute([slug])?;
        let mut insert = sql.prepare_cached("INSERT INTO members (slug, id, member) VALUES (?1, ?2, ?3)")?;
        for member in members {
            insert.execute(params![slug, member.id.as_str(), text(member)?])?;
        }
    }
    for table in ["timelines", "rows", "marks"] {
        let orphans =
            format!("DELETE FROM {table} WHERE slug = ?1 AND room NOT IN (SELECT id FROM rooms WHERE slug = ?1)");
        sql.prepare_cached(&orphans)?.execute([slug])?;
    }
    Ok(())
}

fn put_part(sql: &Transaction<'_>, slug: &str, room: &RoomId, part: &Part) -> Result<(), LocalError> {
    let Part { range, messages, notices, replaces } = part;
    if *replaces {
        forget_timeline(sql, slug, room)?;
    } else if !sql
        .prepare_cached("SELECT 1 FROM timelines WHERE slug = ?1 AND room = ?2")?
        .exists([slug, room.as_str()])?
    {
        // What it adds to was given up: alone it would be a range with holes.
        return Ok(());
    }
    sql.prepare_cached(
        "INSERT OR REPLACE INTO timelines (slug, room, first, applied, start) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![slug, room.as_str(), range.first, range.applied, range.start])?;
    let mut insert =
        sql.prepare_cached("INSERT OR REPLACE INTO rows (slug, room, seq, notice, body) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for message in messages {
        insert.execute(params![slug, room.as_str(), message.seq, false, text(message)?])?;
    }
    for notice in notices {
        insert.execute(params![slug, room.as_str(), notice.seq, true, text(notice)?])?;
    }
    Ok(())
}

fn forget_timeline(sql: &Transaction<'_>, slug: &str, room: &RoomId) -> Result<(), LocalError> {
    for table in ["timelines", "rows"] {
        sql.prepare_cached(&format!("DELETE FROM {table} WHERE slug = ?1 AND room = ?2"))?
            .execute([slug, room.as_str()])?;
    }
    Ok(())
}

fn put_write(sql: &Transaction<'_>, slug: &Slug, queued: &Queued) -> Result<(), LocalError> {
    let Queued { write, order, ts, stage, .. } = queued;
    let error = match stage {
        Stage::Failed(error) => Some(text(error)?),
        _ => None,
    };
    sql.prepare_cached(
        "INSERT OR REPLACE INTO outbox (slug, cid, position, ts, write, error) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![slug.as_str(), write.cid().as_str(), order, ts.as_millis(), text(write)?, error])?;
    Ok(())
}

fn text<T: Serialize>(value: &T) -> Result<String, LocalError> {
    Ok(serde_json::to_string(value)?)
}

fn json<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn make_file(path: &Path) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(directory)?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Renames the files of a damaged database to the first free `….damaged-N`.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let free = (1_u32..).map(|n| suffixed(path, &format!(".damaged-{n}"))).find(|path| !path.exists());
    let aside = free.unwrap_or_else(|| suffixed(path, ".damaged"));
    for (from, to) in files(path).into_iter().zip(files(&aside)) {
        match fs::rename(from, to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

/// The database and what SQLite puts beside it.
pub(super) fn files(path: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|suffix| suffixed(path, suffix))
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

fn damage(verdict: &str) -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    rusqlite::Error::SqliteFailure(code, Some(verdict.to_owned()))
}
