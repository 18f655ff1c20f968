//! A connection of the pool inside a transaction, and what its errors mean.

use std::error::Error as _;

use bytes::BytesMut;
use deadpool_postgres::Object;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::store::sql::{Param, Row, Sql, Value};
use crate::store::{Result, StoreError};

/// A connection. One that is dropped in the middle of a transaction, because whoever waited for it went away, is
/// closed instead of going back to the pool: the server then rolls back.
pub(in crate::store) struct Connection {
    client: Option<Object>,
    in_transaction: bool,
    lost_a_race: bool,
}

impl Connection {
    pub fn new(client: Object) -> Self {
        Self { client: Some(client), in_transaction: false, lost_a_race: false }
    }

    /// Begins a transaction.
    pub async fn begin(&mut self, how: &str) -> Result<()> {
        self.in_transaction = true;
        self.batch(how).await
    }

    /// Commits or rolls back, as the result has it. When the connection breaks during the commit, nobody knows
    /// whether it was kept: the answer is `Unavailable`, and a retry with the same `cid` finds out.
    pub async fn end<T>(&mut self, result: Result<T>) -> Result<T> {
        match result {
            Ok(done) => {
                self.batch("COMMIT").await?;
                self.in_transaction = false;
                Ok(done)
            }
            Err(error) => {
                // Where this fails, the connection is closed, which is as good.
                let _ = self.roll_back().await;
                Err(error)
            }
        }
    }

    pub async fn roll_back(&mut self) -> Result<()> {
        self.batch("ROLLBACK").await?;
        self.in_transaction = false;
        Ok(())
    }

    /// Whether an error was only that another node was faster: the same work can be begun again.
    pub fn lost_a_race(&self) -> bool {
        self.lost_a_race
    }

    /// Runs statements one after the other.
    pub async fn batch(&mut self, sql: &str) -> Result<()> {
        let result = self.client()?.batch_execute(sql).await;
        result.map_err(|error| self.note(&error))
    }

    /// All rows of a query in PostgreSQL's own dialect that is not kept prepared.
    pub async fn rows(&mut self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
        let rows = self.client()?.query(sql, params).await.map_err(|error| self.note(&error))?;
        rows.iter().map(row).collect()
    }

    fn client(&self) -> Result<&Object> {
        self.client.as_ref().ok_or_else(|| StoreError::Internal("a connection was used after its end".into()))
    }

    fn note(&mut self, error: &tokio_postgres::Error) -> StoreError {
        let races =
            [&SqlState::T_R_SERIALIZATION_FAILURE, &SqlState::T_R_DEADLOCK_DETECTED, &SqlState::UNIQUE_VIOLATION];
        self.lost_a_race |= error.code().is_some_and(|code| races.contains(&code));
        failure(error)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.in_transaction
            && let Some(client) = self.client.take()
        {
            drop(Object::take(client));
        }
    }
}

impl Sql for Connection {
    async fn query(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<Row>> {
        let client = self.client()?;
        let result = async {
            let statement = client.prepare_cached(&sql.replace('?', "$")).await?;
            client.query(&statement, &as_dyn(params)).await
        };
        let rows = result.await.map_err(|error| self.note(&error))?;
        rows.iter().map(row).collect()
    }

    async fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64> {
        let client = self.client()?;
        let result = async {
            let statement = client.prepare_cached(&sql.replace('?', "$")).await?;
            client.execute(&statement, &as_dyn(params)).await
        };
        result.await.map_err(|error| self.note(&error))
    }

    async fn control(&mut self, sql: &'static str) -> Result<()> {
        self.batch(sql).await
    }
}

/// What an error of PostgreSQL means for the server.
pub(super) fn failure(error: &tokio_postgres::Error) -> StoreError {
    let Some(cause) = error.as_db_error() else {
        let why = error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
        return StoreError::Unavailable(why);
    };
    let text = format!("{} ({})", cause.message(), cause.code().code());
    match cause.code() {
        &SqlState::DISK_FULL | &SqlState::READ_ONLY_SQL_TRANSACTION => StoreError::ReadOnly(text),
        &SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED => StoreError::Corrupt(text),
        &SqlState::QUERY_CANCELED => StoreError::Interrupted,
        // Connection, authorization, no such database, resources, races, operator intervention.
        code if ["08", "28", "3D", "53", "40", "55", "57"].contains(&&code.code()[..2]) => {
            StoreError::Unavailable(text)
        }
        _ => StoreError::Internal(text),
    }
}

fn as_dyn<'a>(params: &'a [Param<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

fn row(row: &tokio_postgres::Row) -> Result<Row> {
    let value = |(i, column): (usize, &tokio_postgres::Column)| {
        let value = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(i).map(|v| v.map(Value::Int)),
            Type::INT4 => row.try_get::<_, Option<i32>>(i).map(|v| v.map(|v| Value::Int(v.into()))),
            Type::TEXT | Type::VARCHAR | Type::NAME => row.try_get(i).map(|v: Option<String>| v.map(Value::Text)),
            Type::BYTEA => row.try_get(i).map(|v: Option<Vec<u8>>| v.map(Value::Blob)),
            ref other => return Err(StoreError::Internal(format!("a column of type {other}: cast it"))),
        };
        Ok(value.map_err(|e| StoreError::Corrupt(e.to_string()))?.unwrap_or_default())
    };
    row.columns().iter().enumerate().map(value).collect::<Result<_>>().map(Row)
}

impl ToSql for Param<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *ty == Type::INT4 => i32::try_from(*value)?.to_sql(ty, out),
            Self::Int(value) => value.to_sql(ty, out),
            Self::Text(value) => value.to_sql(ty, out),
            Self::Blob(value) => value.to_sql(ty, out),
        }
    }

    /// All, since null goes into every column; a value of the wrong type is refused by the server.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
