//! Copies of a database in a new file, which is complete or absent, never half there.

use std::fs;
use std::path::{Path, PathBuf};

use confab_protocol::Error;
use tokio::sync::mpsc;

use super::connection::{Connection, failure};
use super::schema::{file_error, make_file, migrate};
use crate::store::sql::{Row, Value};
use crate::store::{Result, StoreError};

/// A table of the schema, as both databases have it.
#[derive(Clone)]
pub(in crate::store) struct Table {
    pub name: String,
    pub columns: Vec<String>,
}

/// A part of a copy on its way.
pub(in crate::store) enum Batch {
    /// Rows of the table with this index.
    Rows { table: usize, rows: Vec<Row> },
    /// That was all.
    End,
}

/// Copies a database file while others use it.
pub(super) fn copy_file(from: &Path, to: &Path) -> Result<()> {
    whole(to, |partial| {
        make_file(partial)?;
        let connection = Connection::reading(from)?;
        let name = partial.to_str().ok_or_else(|| Error::bad_request("The name of the copy is not UTF-8."))?;
        connection.0.execute("VACUUM INTO ?1", [name]).map_err(failure)?;
        Ok(())
    })
}

/// The tables of the newest schema.
pub(in crate::store) fn tables() -> Result<Vec<Table>> {
    let mut connection = Connection(rusqlite::Connection::open_in_memory().map_err(failure)?);
    migrate(&mut connection)?;
    let list = |query: &str, param: &[&str]| -> rusqlite::Result<Vec<String>> {
        connection.0.prepare(query)?.query_map(rusqlite::params_from_iter(param), |row| row.get(0))?.collect()
    };
    let names = list("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid", &[]).map_err(failure)?;
    names
        .into_iter()
        .map(|name| {
            let columns = list("SELECT name FROM pragma_table_info(?1) ORDER BY cid", &[&name]).map_err(failure)?;
            Ok(Table { name, columns })
        })
        .collect()
}

/// Writes a new file from rows that come from elsewhere. When they end without [`Batch::End`], there is no file.
pub(in crate::store) fn fill(to: &Path, tables: &[Table], mut batches: mpsc::Receiver<Batch>) -> Result<()> {
    whole(to, |partial| {
        make_file(partial)?;
        let mut connection = Connection::writing(partial)?;
        migrate(&mut connection)?;
        // Rows come table by table, and are all there in the end.
        connection.batch("PRAGMA foreign_keys = OFF; BEGIN; DELETE FROM server")?;
        let inserts: Vec<String> = tables.iter().map(insert).collect();
        loop {
            match batches.blocking_recv() {
                Some(Batch::Rows { table, rows }) => insert_rows(&connection, &inserts[table], rows)?,
                Some(Batch::End) => break,
                None => return Err(StoreError::Unavailable("the copy was broken off".into())),
            }
        }
        connection.batch("COMMIT")
    })
}

/// Makes a file under another name and gives it its own when it is complete and on the disk.
fn whole(to: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    if to.exists() {
        return Err(Error::conflict("There is a file of that name already.").into());
    }
    let mut partial = to.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let _ = fs::remove_file(&partial);
    let keep = || fs::File::open(&partial).and_then(|file| file.sync_all()).and_then(|()| fs::rename(&partial, to));
    let made = make(&partial).and_then(|()| keep().map_err(|e| file_error(to, &e)));
    if made.is_err() {
        let _ = fs::remove_file(&partial);
    }
    made
}

fn insert(table: &Table) -> String {
    let places: Vec<String> = (1..=table.columns.len()).map(|i| format!("?{i}")).collect();
    format!("INSERT INTO {} ({}) VALUES ({})", table.name, table.columns.join(", "), places.join(", "))
}

fn insert_rows(connection: &Connection, insert: &str, rows: Vec<Row>) -> Result<()> {
    let mut statement = connection.0.prepare_cached(insert).map_err(failure)?;
    for Row(values) in rows {
        let values = values.into_iter().map(|value| match value {
            Value::Null => rusqlite::types::Value::Null,
            Value::Int(value) => rusqlite::types::Value::Integer(value),
            Value::Text(value) => rusqlite::types::Value::Text(value),
            Value::Blob(value) => rusqlite::types::Value::Blob(value),
        });
        statement.execute(rusqlite::params_from_iter(values)).map_err(failure)?;
    }
    Ok(())
}
