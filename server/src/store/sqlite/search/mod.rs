//! Search in SQLite: an FTS5 index in a file of its own beside the database, two threads, and nothing of it on the way of a
//! commit.
//!
//! FTS5 goes through the list of each piece that it is given, so it is given the rarest: [`count`].
//!
//! The file holds nothing that the log does not: it is in no backup and under no seal, and whatever seems wrong with it (another
//! epoch, a place beyond a log's end, damage) is answered by making it anew.

mod count;
mod file;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::connection::{Connection, failure};
use super::now;
use crate::store::database::Doing;
use crate::store::search::{Doc, Index, Keys, Place};
use crate::store::sql::{Sql, params};
use crate::store::{Result, StoreError};
use confab_protocol::{RoomId, Seq};
use worker::Worker;

/// How far the thread that builds the index gives way: beside a busy core's commits it has a tenth of them, and they do not wait
/// for it. Without it, building took a fifth of the messages per second.
const BUILDING_NICE: i32 = 10;
/// How many steps of its virtual machine SQLite takes between two looks at the clock.
const STEPS: i32 = 20_000;
/// A message's number in the index: its room's number above its place in that room's log.
const SEQ_BITS: u32 = 40;

/// The index of one database.
pub(super) struct Searches {
    looking: Worker,
    building: Worker,
    path: PathBuf,
    /// Counts how often the file was thrown away: a connection that was opened before is of no use.
    life: Arc<AtomicU64>,
}

impl Searches {
    /// Beside the database at `main`. Its files are opened when they are first needed.
    pub fn beside(main: &Path) -> Result<Self> {
        let life = Arc::new(AtomicU64::new(0));
        let path = file::beside(main);
        let worker = |name: &str, nice| Worker::start(name, nice, main.to_owned(), path.clone(), life.clone());
        let (looking, building) = (worker("sqlite-search", 0)?, worker("sqlite-index", BUILDING_NICE)?);
        Ok(Self { looking, building, path: path.clone(), life })
    }

    /// Runs something that only reads, for at most so long: then it fails with `Interrupted`.
    pub async fn look<T, F>(&self, limit: Duration, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Connection) -> Doing<'a, T> + Send + 'static,
    {
        let work = move |connection: &mut Connection| {
            let end = Instant::now() + limit;
            connection.0.progress_handler(STEPS, Some(move || Instant::now() > end)).map_err(failure)?;
            in_transaction(connection, "BEGIN", "ROLLBACK", work)
        };
        self.mend(self.looking.run(work).await)
    }

    /// Runs something that writes to the index.
    pub async fn build<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Connection) -> Doing<'a, T> + Send + 'static,
    {
        let work = move |connection: &mut Connection| in_transaction(connection, "BEGIN", "COMMIT", work);
        self.mend(self.building.run(work).await)
    }

    /// Ends the threads and closes their files.
    pub async fn close(&self) {
        self.building.close().await;
        self.looking.close().await;
    }

    /// Damage to the index is no damage to the database: the index is thrown away.
    fn mend<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(StoreError::Corrupt(finding)) = &result {
            tracing::warn!(finding, "the index for search is made anew");
            self.life.fetch_add(1, Ordering::SeqCst);
            file::remove(&self.path);
            return Err(StoreError::Unavailable("the index for search is made anew".into()));
        }
        result
    }
}

fn in_transaction<T, F>(connection: &mut Connection, begin: &str, end: &str, work: F) -> Result<T>
where
    F: for<'a> FnOnce(&'a mut Connection) -> Doing<'a, T>,
{
    connection.plain(begin)?;
    let result = now(work(connection));
    // What was interrupted may have interrupted the transaction.
    match (result, connection.0.is_autocommit()) {
        (Ok(done), false) => connection.plain(end).map(|()| done),
        (result, true) => result,
        (Err(error), false) => {
            connection.0.progress_handler(0, None::<fn() -> bool>).map_err(failure)?;
            connection.plain("ROLLBACK")?;
            Err(error)
        }
    }
}

impl Index for Connection {
    async fn choose(&mut self, mut keys: Keys) -> Result<Keys> {
        keys.pieces = count::choose(self, keys.pieces).await?;
        Ok(keys)
    }

    async fn everywhere(&mut self, keys: &Keys, limit: usize) -> Result<Vec<(RoomId, Seq)>> {
        let rows = self
            .query(
                "SELECT s.room, g.rowid & 1099511627775 FROM search_grams g CROSS JOIN search_rooms s ON s.no = g.rowid >> 40
                 WHERE g.search_grams MATCH ?1 LIMIT ?2",
                params![&expression(keys), limit],
            )
            .await?;
        rows.into_iter().map(|mut row| Ok((row.take(0)?, row.take(1)?))).collect()
    }

    async fn in_room(
        &mut self,
        keys: &Keys,
        room: &Place<'_>,
        above: Seq,
        below: Seq,
        limit: usize,
    ) -> Result<Vec<Seq>> {
        let rows = self
            .query(
                "SELECT rowid & 1099511627775 FROM search_grams WHERE search_grams MATCH ?1 AND rowid > ?2 AND rowid < ?3
                 ORDER BY rowid DESC LIMIT ?4",
                params![&expression(keys), number(room, above), number(room, below), limit],
            )
            .await?;
        rows.into_iter().map(|mut row| row.take(0)).collect()
    }

    /// As long as a transaction has read the database, its log cannot begin anew.
    async fn let_go(&mut self) -> Result<()> {
        self.plain("COMMIT")?;
        self.plain("BEGIN")
    }

    async fn put(&mut self, room: &Place<'_>, seq: Seq, doc: &Doc, again: bool) -> Result<()> {
        let number = number(room, seq);
        if again {
            self.remove(room, seq).await?;
        } else if count::is_counted(number) {
            count::add(self, &doc.pieces).await?;
        }
        let mut pieces = String::with_capacity(doc.pieces.len() * 4);
        for piece in &doc.pieces {
            pieces.push_str(piece);
            pieces.push(' ');
        }
        let put = "INSERT INTO search_grams (rowid, pieces) VALUES (?1, ?2)";
        self.execute(put, params![number, &pieces]).await.map(drop)
    }

    async fn remove(&mut self, room: &Place<'_>, seq: Seq) -> Result<()> {
        self.execute("DELETE FROM search_grams WHERE rowid = ?1", params![number(room, seq)]).await.map(drop)
    }
}

fn number(room: &Place<'_>, seq: Seq) -> i64 {
    let last = (1 << SEQ_BITS) - 1;
    (room.no << SEQ_BITS) | i64::try_from(seq).unwrap_or(last).min(last)
}

/// All of the keys, in the language of FTS5.
fn expression(keys: &Keys) -> String {
    let quoted: Vec<String> = keys.pieces.iter().map(|piece| format!("\"{}\"", piece.replace('"', "\"\""))).collect();
    quoted.join(" ")
}
