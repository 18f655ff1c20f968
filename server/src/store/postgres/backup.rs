//! A copy of the whole database as an SQLite file: one format of backup, whichever database was copied.

use std::path::PathBuf;

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::connection::Connection;
use crate::store::sqlite::copy::{Batch, Table, fill, tables};
use crate::store::{Result, StoreError};

/// Rows that are on their way at once: what bounds the memory.
const ROWS: usize = 500;

/// Copies what the connection's transaction sees.
pub(super) async fn copy(connection: &mut Connection, to: PathBuf) -> Result<()> {
    let tables = tables()?;
    let (batches, received) = mpsc::channel::<Batch>(2);
    let writing = {
        let tables = tables.clone();
        spawn_blocking(move || fill(&to, &tables, received))
    };
    let sent = send(connection, &tables, &batches).await;
    if sent.is_ok() {
        // Without this mark the copy is thrown away: it may lack the end.
        let _ = batches.send(Batch::End).await;
    }
    drop(batches);
    let written = writing.await.unwrap_or_else(|e| Err(StoreError::Internal(e.to_string())));
    sent.and(written)
}

async fn send(connection: &mut Connection, tables: &[Table], batches: &mpsc::Sender<Batch>) -> Result<()> {
    for (index, table) in tables.iter().enumerate() {
        let columns = table.columns.join(", ");
        connection.batch(&format!("DECLARE copied CURSOR FOR SELECT {columns} FROM {}", table.name)).await?;
        loop {
            let rows = connection.rows(&format!("FETCH {ROWS} FROM copied"), &[]).await?;
            if rows.is_empty() {
                break;
            }
            if batches.send(Batch::Rows { table: index, rows }).await.is_err() {
                // The writing side ended, and says why itself.
                return Ok(());
            }
        }
        connection.batch("CLOSE copied").await?;
    }
    Ok(())
}
