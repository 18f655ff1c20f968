//! The one dialect that both databases speak: [`read`](super::read) and [`change`](super::change) are written once,
//! against [`Sql`], and each database implements only that.
//!
//! The dialect: parameters are `?1`, `?2`, …; columns are integers, texts and blobs, booleans are 0 and 1; `sum` is
//! cast to `BIGINT`. `ON CONFLICT` and `RETURNING` are the same on both.

mod value;

use std::future::Future;

pub(super) use value::{Param, Row, Value};

use super::{Result, StoreError};

/// A connection inside a transaction. Statements are prepared once per connection, which is why their text is
/// `'static`: it is never put together from what people send.
pub(super) trait Sql: Send {
    /// All rows of a query.
    fn query(&mut self, sql: &'static str, params: &[Param<'_>]) -> impl Future<Output = Result<Vec<Row>>> + Send;
    /// Runs a statement; how many rows it touched.
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> impl Future<Output = Result<u64>> + Send;
    /// Runs a statement without parameters and rows that is not worth keeping prepared.
    fn control(&mut self, sql: &'static str) -> impl Future<Output = Result<()>> + Send;

    /// The first row, if there is one.
    fn row(&mut self, sql: &'static str, params: &[Param<'_>]) -> impl Future<Output = Result<Option<Row>>> + Send {
        async move { Ok(self.query(sql, params).await?.into_iter().next()) }
    }

    /// The first row of a statement that always has one.
    fn one(&mut self, sql: &'static str, params: &[Param<'_>]) -> impl Future<Output = Result<Row>> + Send {
        async move {
            let row = self.row(sql, params).await?;
            row.ok_or_else(|| StoreError::Internal(format!("no row where there is always one: {sql}")))
        }
    }
}

/// The parameters of a statement, in the order of their numbers.
macro_rules! params {
    ($($param:expr),* $(,)?) => { &[$($crate::store::sql::Param::from($param)),*] };
}
pub(super) use params;

/// The text of a list of ids, as it is kept in one column.
pub(super) fn join_ids<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    ids.into_iter().collect::<Vec<_>>().join(" ")
}

/// The ids of such a text.
pub(super) fn split_ids<T: std::str::FromStr>(text: &str) -> Result<Vec<T>> {
    text.split(' ')
        .filter(|id| !id.is_empty())
        .map(|id| id.parse().map_err(|_| StoreError::Corrupt("a list of ids holds something else".into())))
        .collect()
}
