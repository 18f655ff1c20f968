//! PostgreSQL: a pool of connections, and what several nodes on one database need of each other.

mod backup;
mod connection;
mod locks;
mod schema;
mod search;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, Timeouts};
use tokio_postgres::NoTls;

use super::database::{Backend, Doing};
use super::sql::Sql as _;
use super::{Done, Result, StoreError, Write, change};
use connection::Connection;

/// Connections of one node.
const POOL: usize = 8;
/// How long to wait for one of them, or for the database to answer the door.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a group is begun again that lost against another node.
const ATTEMPTS: usize = 5;

/// One write at a time, flushed before it is acknowledged whatever the database's default is. Locks are held for
/// milliseconds, so that one held for seconds means that its holder is gone.
const BEGIN_WRITE: &str = "BEGIN; SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '10s'";
/// The index can be made again: nobody waits for the disk.
const BEGIN_BUILD: &str = "BEGIN; SET LOCAL synchronous_commit = off";
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A database on a PostgreSQL server.
pub(super) struct Postgres {
    pool: Pool,
}

impl Postgres {
    /// Connects, and migrates the schema where that is needed.
    ///
    /// # Errors
    /// `Unavailable` when there is no such server or database, or it does not let us in; `Unsupported` for a schema
    /// of a newer version.
    pub async fn open(url: &str) -> Result<Self> {
        let mut config: tokio_postgres::Config =
            url.parse().map_err(|e| StoreError::Unavailable(format!("the postgres:// URL cannot be read: {e}")))?;
        config.connect_timeout(PATIENCE).application_name("confab-server");
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let patience = Some(PATIENCE);
        let pool = Pool::builder(manager)
            .max_size(POOL)
            .timeouts(Timeouts { wait: patience, create: patience, recycle: patience })
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|e| StoreError::Internal(e.to_string()))?;
        let postgres = Self { pool };
        schema::migrate(&mut postgres.connection().await?).await?;
        Ok(postgres)
    }

    async fn connection(&self) -> Result<Connection> {
        let client = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => connection::failure(&error),
            PoolError::Timeout(_) => StoreError::Unavailable("all connections to the database are busy".into()),
            other => StoreError::Unavailable(other.to_string()),
        })?;
        Ok(Connection::new(client))
    }
}

impl Backend for Postgres {
    type Sql = Connection;

    async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Connection) -> Doing<'a, T> + Send + 'static,
    {
        let mut connection = self.connection().await?;
        connection.begin(BEGIN_READ).await?;
        let result = work(&mut connection).await;
        connection.roll_back().await?;
        result
    }

    async fn change<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Connection) -> Doing<'a, T> + Send + 'static,
    {
        let mut connection = self.connection().await?;
        connection.begin(BEGIN_WRITE).await?;
        let result = work(&mut connection).await;
        connection.end(result).await
    }

    async fn write(&self, group: Arc<[Write]>) -> Result<Vec<Result<Done>>> {
        let mut attempt = 1;
        loop {
            let mut connection = self.connection().await?;
            connection.begin(BEGIN_WRITE).await?;
            let result = match locks::take(&mut connection, &group).await {
                Ok(()) => change::group(&mut connection, &group).await,
                Err(error) => Err(error),
            };
            let result = connection.end(result).await;
            if result.is_err() && connection.lost_a_race() && attempt < ATTEMPTS {
                attempt += 1;
                continue;
            }
            return result;
        }
    }

    async fn look<T, F>(&self, limit: Duration, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Connection) -> Doing<'a, T> + Send + 'static,
    {
        let mut connection = self.connection().await?;
        connection.begin(BEGIN_READ).await?;
        // Which plan is best depends on how rare the words are.
        let limit = format!(
            "SET LOCAL statement_timeout = {}; SET LOCAL plan_cache_mode = force_custom_plan",
            limit.as_millis().max(1)
        );
        let result = match connection.batch(&limit).await {
            Ok(()) => work(&mut connection).await,
            Err(error) => Err(error),
        };
        connection.roll_back().await?;
        result
    }

    async fn build<T, F>(&self, work: F) -> Result<Option<T>>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Connection) -> Doing<'a, T> + Send + 'static,
    {
        let mut connection = self.connection().await?;
        connection.begin(BEGIN_BUILD).await?;
        let mine = connection.one(
            "SELECT CASE WHEN pg_try_advisory_xact_lock(hashtextextended('confab.search', 0)) THEN 1 ELSE 0 END",
            &[],
        );
        let result = match mine.await.and_then(|mut row| row.take(0)) {
            Ok(true) => work(&mut connection).await.map(Some),
            Ok(false) => Ok(None),
            Err(error) => Err(error),
        };
        connection.end(result).await
    }

    fn changes(&self) -> Option<u64> {
        // Other nodes write, too.
        None
    }

    async fn backup(&self, to: PathBuf) -> Result<()> {
        let mut connection = self.connection().await?;
        connection.begin(BEGIN_READ).await?;
        let result = backup::copy(&mut connection, to).await;
        connection.roll_back().await?;
        result
    }

    /// Its files are not ours.
    async fn close(&self) {
        self.pool.close();
    }

    /// What PostgreSQL finds, it answers with errors of its own.
    async fn damage(&self) -> StoreError {
        std::future::pending().await
    }

    /// PostgreSQL looks after its own files (`data_checksums`, `amcheck`); our tables are looked through by the caller.
    async fn check(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}
