//! The file of the index: `search.db` beside `confab.db`.

use std::path::{Path, PathBuf};

use rusqlite::OpenFlags;

use crate::store::sqlite::connection::{Connection, failure};
use crate::store::sqlite::schema::make_file;
use crate::store::{Result, StoreError};

/// Changes with whatever changes the index of a text: its tables, the folding of texts, the pieces.
const VERSION: i32 = 2;

/// No positions, no texts, no sizes that anybody asks for: lists of messages, and nothing else. `ascii` takes every letter
/// beyond ASCII as part of a word; with the signs of ASCII told to be, nothing but the spaces between the pieces parts them.
const SCHEMA: &str = r##"
    CREATE TABLE search_state (epoch TEXT NOT NULL) STRICT;
    CREATE TABLE search_rooms (
        no      INTEGER PRIMARY KEY,
        room    TEXT    NOT NULL UNIQUE,
        indexed INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE search_counts (piece TEXT PRIMARY KEY, texts INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE VIRTUAL TABLE search_grams USING fts5 (
        pieces, content = '', contentless_delete = 1, detail = none,
        tokenize = "ascii tokenchars '!#$%&()*+,-./:;<=>?@[\]^_`{|}~''""'"
    );
"##;

/// The file for a database.
pub(super) fn beside(main: &Path) -> PathBuf {
    main.with_extension("search")
}

/// Opens it beside the database, which is only ever read; made where it is missing or of no use.
pub(super) fn open(path: &Path, main: &Path) -> Result<Connection> {
    match attempt(path, main) {
        Ok(Some(connection)) => Ok(connection),
        Ok(None) | Err(StoreError::Corrupt(_)) => {
            remove(path);
            let again = attempt(path, main)?;
            again.ok_or_else(|| StoreError::Unavailable("the index for search cannot be made anew".into()))
        }
        Err(error) => Err(error),
    }
}

/// Removes it. What cannot be removed is found to be of no use again.
pub(super) fn remove(path: &Path) {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        let _ = std::fs::remove_file(name);
    }
}

/// None for a file that is not the index of this database as it is.
fn attempt(path: &Path, main: &Path) -> Result<Option<Connection>> {
    make_file(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open(path, flags)?;
    connection.batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY;
         PRAGMA journal_size_limit = 8388608;",
    )?;
    // Read-only: its log is moved into it by the one that seals it, and by nobody else.
    connection.0.execute("ATTACH ?1 AS confab", [address(main)]).map_err(failure)?;
    connection.batch("BEGIN IMMEDIATE")?;
    let fits = fits(&connection);
    connection.batch(if matches!(fits, Ok(true)) { "COMMIT" } else { "ROLLBACK" })?;
    Ok(fits?.then_some(connection))
}

/// Whether it is the index of this database; an empty one becomes it.
fn fits(connection: &Connection) -> Result<bool> {
    let number = |sql: &str| connection.0.query_row(sql, [], |row| row.get::<_, i32>(0)).map_err(failure);
    let version = number("PRAGMA main.user_version")?;
    if version == 0 && number("SELECT COUNT(*) FROM main.sqlite_schema")? == 0 {
        connection.batch(SCHEMA)?;
        connection.batch("INSERT INTO search_state (epoch) SELECT epoch FROM confab.server")?;
        connection.0.pragma_update(None, "user_version", VERSION).map_err(failure)?;
        return Ok(true);
    }
    Ok(version == VERSION
        && number("SELECT COUNT(*) FROM search_state JOIN confab.server USING (epoch)")? == 1
        && number(
            "SELECT COUNT(*) FROM search_rooms s LEFT JOIN confab.rooms r ON r.id = s.room
             WHERE r.id IS NULL OR s.indexed > (SELECT MAX(h.seq) FROM confab.log h WHERE h.room = r.id)",
        )? == 0)
}

/// The database as an address that says how it is opened.
fn address(main: &Path) -> String {
    let mut address = String::from("file:");
    let path = main.as_os_str().as_encoded_bytes();
    if cfg!(windows) {
        address.push('/');
    }
    for &byte in path {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => address.push(byte.into()),
            b'\\' if cfg!(windows) => address.push('/'),
            _ => address.push_str(&format!("%{byte:02X}")),
        }
    }
    address + "?mode=ro"
}
