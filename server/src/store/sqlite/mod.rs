//! SQLite: one thread that writes, a few that read, and none of them the async ones.

mod aside;
mod connection;
pub(super) mod copy;
#[cfg(test)]
mod damage_tests;
mod readers;
mod schema;
mod seal;
mod search;
#[cfg(test)]
mod tests;
mod wal;
mod writer;

pub(super) use aside::set_aside;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::spawn_blocking;

use super::database::{Backend, Doing};
use super::{Done, Result, StoreError, Write, change};
use crate::fault::{self, Mutant};
use connection::Connection;
use readers::Readers;
use seal::Seal;
use seal::patrol::Patrol;
use search::Searches;
use writer::Writer;

/// A database file.
pub(super) struct Sqlite {
    path: PathBuf,
    writer: Writer,
    readers: Readers,
    searches: Searches,
    /// Behind the start: what is not yet known to be sound.
    patrol: Patrol,
}

impl Sqlite {
    /// Opens a database file, made and migrated where that is needed.
    ///
    /// # Errors
    /// `Corrupt` for a damaged file and for one that is not ours, `Unsupported` for one of a newer version,
    /// `ReadOnly` and `Unavailable` as the disk has it.
    pub async fn open(path: &Path) -> Result<Self> {
        let path = path.to_owned();
        blocking(move || {
            connection::check_library_version()?;
            aside::refuse_to_begin_anew(&path)?;
            schema::make_file(&path)?;
            let look = seal::look(&path)?;
            let mut connection = Connection::writing(&path)?;
            schema::migrate(&mut connection)?;
            if fault::is_mutant(Mutant::DedupeInMemory) {
                connection.batch(
                    "DROP INDEX IF EXISTS log_cids; CREATE INDEX IF NOT EXISTS log_cids_again ON log (author, cid)",
                )?;
            }
            let seal = Seal::attach(look, &path, &mut connection)?;
            let patrol = seal.as_ref().map_or_else(Patrol::over, Seal::patrol);
            let readers = Readers::start(&path)?;
            let searches = Searches::beside(&path)?;
            Ok(Self { writer: Writer::start(connection, seal)?, readers, searches, patrol, path })
        })
        .await
    }
}

impl Backend for Sqlite {
    type Sql = Connection;

    async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Connection) -> Doing<'a, T> + Send + 'static,
    {
        let read = self.readers.run(|connection| now(work(connection))).await;
        // Asked afterwards: damage that was found meanwhile may be in what was read.
        self.patrol.check().and(read)
    }

    async fn change<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Connection) -> Doing<'a, T> + Send + 'static,
    {
        self.patrol.check()?;
        self.writer.run(|connection| now(work(connection))).await
    }

    async fn write(&self, group: Arc<[Write]>) -> Result<Vec<Result<Done>>> {
        self.patrol.check()?;
        self.writer.run(move |connection| now(Box::pin(change::group(connection, &group)))).await
    }

    async fn look<T, F>(&self, limit: Duration, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Connection) -> Doing<'a, T> + Send + 'static,
    {
        let found = self.searches.look(limit, work).await;
        self.patrol.check().and(found)
    }

    async fn build<T, F>(&self, work: F) -> Result<Option<T>>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Connection) -> Doing<'a, T> + Send + 'static,
    {
        self.patrol.check()?;
        self.searches.build(work).await.map(Some)
    }

    fn changes(&self) -> Option<u64> {
        Some(self.writer.commits())
    }

    async fn backup(&self, to: PathBuf) -> Result<()> {
        // No copy of what nobody has looked at.
        self.patrol.finish().await?;
        let from = self.path.clone();
        blocking(move || copy::copy_file(&from, &to)).await
    }

    async fn close(&self) {
        self.searches.close().await;
        self.writer.close().await;
    }

    async fn damage(&self) -> StoreError {
        self.patrol.finding().await
    }

    async fn check(&self) -> Result<Vec<String>> {
        self.patrol.finish().await?;
        let path = self.path.clone();
        blocking(move || schema::findings(&path)).await
    }
}

/// The result of work on a [`Connection`], whose futures are ready at once: it does everything in the call itself.
fn now<T>(work: Doing<'_, T>) -> Result<T> {
    work.now_or_never().unwrap_or_else(|| Err(StoreError::Internal("SQLite work waited for something else".into())))
}

/// Runs something long or rare off the async threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(work).await.unwrap_or_else(|e| Err(StoreError::Internal(e.to_string())))
}
