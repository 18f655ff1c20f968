//! A connection to the file, and what its errors mean.

use std::future::{Future, ready};
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{ErrorCode, OpenFlags, ffi};

use crate::store::sql::{Param, Row, Sql, Value};
use crate::store::{Result, StoreError};

/// The first SQLite without the WAL-reset bug, which could damage a database that two connections checkpoint.
const OLDEST_SQLITE: i32 = 3_051_003;

/// A connection. Its futures are ready at once: all work is done in the call.
pub(in crate::store) struct Connection(pub(super) rusqlite::Connection);

/// Refuses to run on an SQLite that could damage the file.
pub(super) fn check_library_version() -> Result<()> {
    if rusqlite::version_number() >= OLDEST_SQLITE {
        return Ok(());
    }
    let linked = rusqlite::version();
    Err(StoreError::Unsupported(format!(
        "SQLite {linked} is linked, and versions before 3.51.3 can damage a database (the WAL-reset bug)"
    )))
}

impl Connection {
    /// The connection that writes.
    pub fn writing(path: &Path) -> Result<Self> {
        let connection = Self::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // FULL: a commit is on the disk before it is acknowledged. The other pragmas spare memory and disk.
        // Checkpoints stay with this connection: made by another one beside it, they never quite catch up under load, the log
        // grows instead of beginning anew, and one client's median rose from 0.5 to 0.7 ms. None is made by itself, not even
        // after a long migration: it would move pages that the seal does not know.
        connection.batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA foreign_keys = ON;
             PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864;
             PRAGMA wal_autocheckpoint = 0;",
        )?;
        Ok(connection)
    }

    /// A connection that reads.
    pub fn reading(path: &Path) -> Result<Self> {
        let connection = Self::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.batch("PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY;")?;
        Ok(connection)
    }

    /// Runs statements one after the other.
    pub fn batch(&self, sql: &str) -> Result<()> {
        self.0.execute_batch(sql).map_err(failure)
    }

    /// Runs a statement without parameters that is worth keeping prepared.
    pub fn plain(&mut self, sql: &str) -> Result<()> {
        self.run(sql, &[]).map(drop).map_err(failure)
    }

    /// A connection of any kind.
    pub fn open(path: &Path, mode: OpenFlags) -> Result<Self> {
        let connection = rusqlite::Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX);
        let connection = connection.map_err(failure)?;
        // Another process may hold the file for a moment: a backup tool, the command line.
        connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(failure)?;
        connection.set_prepared_statement_cache_capacity(128);
        // Plans never depend on bound values. Otherwise SQLite looks at the values wherever a table has a partial index, and
        // prepares the statement anew each time they change: that was most of the work of a message.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failure)?;
        Ok(Self(connection))
    }

    fn rows(&mut self, sql: &str, params: &[Param<'_>]) -> rusqlite::Result<Vec<Row>> {
        let mut statement = self.0.prepare_cached(sql)?;
        debug_assert_eq!(statement.parameter_count(), params.len(), "{sql}");
        for (i, param) in params.iter().enumerate() {
            statement.raw_bind_parameter(i + 1, param)?;
        }
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let values = (0..columns).map(|i| Ok(value(row.get_ref(i)?))).collect::<rusqlite::Result<_>>()?;
            found.push(Row(values));
        }
        Ok(found)
    }

    fn run(&mut self, sql: &str, params: &[Param<'_>]) -> rusqlite::Result<u64> {
        let mut statement = self.0.prepare_cached(sql)?;
        debug_assert_eq!(statement.parameter_count(), params.len(), "{sql}");
        for (i, param) in params.iter().enumerate() {
            statement.raw_bind_parameter(i + 1, param)?;
        }
        statement.raw_execute().map(|rows| rows as u64)
    }
}

impl Sql for Connection {
    fn query(&mut self, sql: &'static str, params: &[Param<'_>]) -> impl Future<Output = Result<Vec<Row>>> + Send {
        ready(self.rows(sql, params).map_err(failure))
    }

    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> impl Future<Output = Result<u64>> + Send {
        ready(self.run(sql, params).map_err(failure))
    }

    fn control(&mut self, sql: &'static str) -> impl Future<Output = Result<()>> + Send {
        ready(self.plain(sql))
    }
}

/// What an error of SQLite means for the server.
pub(in crate::store) fn failure(error: rusqlite::Error) -> StoreError {
    let text = error.to_string();
    let rusqlite::Error::SqliteFailure(ffi::Error { code, extended_code }, _) = error else {
        return StoreError::Internal(text);
    };
    match code {
        ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::PermissionDenied => StoreError::ReadOnly(text),
        ErrorCode::SystemIoFailure if is_read(extended_code) => StoreError::Unavailable(text),
        ErrorCode::SystemIoFailure => StoreError::ReadOnly(text),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt(text),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::CannotOpen | ErrorCode::OutOfMemory => {
            StoreError::Unavailable(text)
        }
        ErrorCode::OperationInterrupted => StoreError::Interrupted,
        _ => StoreError::Internal(text),
    }
}

fn is_read(extended_code: i32) -> bool {
    matches!(extended_code, ffi::SQLITE_IOERR_READ | ffi::SQLITE_IOERR_SHORT_READ | ffi::SQLITE_IOERR_FSTAT)
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Blob(value) => ValueRef::Blob(value),
        }))
    }
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null | ValueRef::Real(_) => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(blob) => Value::Blob(blob.to_owned()),
    }
}
