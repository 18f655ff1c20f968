//! The file itself: its rights, its migrations, and whether it is sound.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;

use confab_protocol::{Epoch, ServerId};
use rusqlite::OptionalExtension;

use super::connection::{Connection, failure};
use crate::store::{Result, StoreError};

/// "Conf" in ASCII: tells our files from other SQLite databases.
const APPLICATION_ID: i32 = 0x436F_6E66;

/// Each brings a file from version `i` (its `user_version`) to `i + 1`. Append only: released ones never change.
const MIGRATIONS: [&str; 9] = [
    include_str!("../../../migrations/sqlite/0001_first.sql"),
    include_str!("../../../migrations/sqlite/0002_cids_in_order_of_time.sql"),
    include_str!("../../../migrations/sqlite/0003_threads_and_pins.sql"),
    include_str!("../../../migrations/sqlite/0004_sparse_messages.sql"),
    include_str!("../../../migrations/sqlite/0005_search.sql"),
    include_str!("../../../migrations/sqlite/0006_people.sql"),
    include_str!("../../../migrations/sqlite/0007_files.sql"),
    include_str!("../../../migrations/sqlite/0008_files_of_an_owner.sql"),
    include_str!("../../../migrations/sqlite/0009_reminders_of_messages.sql"),
];

/// Makes an empty file that only its owner can read, and its directory, where they are missing. SQLite gives its
/// other files (`-wal`, `-shm`) the same rights.
pub(super) fn make_file(path: &Path) -> Result<()> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        make_directory(directory).map_err(|e| file_error(directory, &e))?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    owner_only(&mut options);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => restrict(path).map_err(|e| file_error(path, &e)),
        Err(e) => Err(file_error(path, &e)),
    }
}

/// Brings the file to the version of this program, and gives a new one its identity.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    let number = |connection: &Connection, pragma: &str| {
        connection.0.query_row(pragma, [], |row| row.get::<_, i32>(0)).map_err(failure)
    };
    let id = number(connection, "PRAGMA application_id")?;
    let version = number(connection, "PRAGMA user_version")?;
    let tables = number(connection, "SELECT COUNT(*) FROM sqlite_schema")?;
    if id != APPLICATION_ID && (id != 0 || version != 0 || tables != 0) {
        return Err(StoreError::Corrupt("the file is a database of another program".into()));
    }
    let newest = MIGRATIONS.len() as i32;
    if version > newest {
        return Err(StoreError::Unsupported(format!(
            "the database has version {version}, and this program knows {newest} at most: it was used by a newer one"
        )));
    }
    if version == newest {
        return has_identity(connection);
    }
    let transaction = connection.0.transaction().map_err(failure)?;
    for (migration, to) in MIGRATIONS.iter().zip(1..).skip_while(|(_, to)| *to <= version) {
        transaction.execute_batch(migration).map_err(failure)?;
        transaction.pragma_update(None, "user_version", to).map_err(failure)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failure)?;
    transaction
        .execute(
            "INSERT INTO server (one, id, name, epoch, set_up) VALUES (1, ?1, '', ?2, 0) ON CONFLICT DO NOTHING",
            [ServerId::generate().as_str(), Epoch::generate().as_str()],
        )
        .map_err(failure)?;
    transaction.commit().map_err(failure)
}

/// What SQLite itself finds wrong with the file.
pub(super) fn findings(path: &Path) -> Result<Vec<String>> {
    let connection = Connection::reading(path)?;
    let list = |pragma: &str, column: usize| -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.0.prepare(pragma)?;
        statement.query_map([], |row| row.get::<_, String>(column))?.collect()
    };
    let mut found = list("PRAGMA integrity_check", 0).map_err(failure)?;
    found.retain(|line| line != "ok");
    for table in list("PRAGMA foreign_key_check", 0).map_err(failure)? {
        found.push(format!("a row of {table} points to nothing"));
    }
    Ok(found)
}

/// Reads one row of every file that is opened: a file that was cut off or overwritten shows here, without a scan.
fn has_identity(connection: &Connection) -> Result<()> {
    let row = connection.0.query_row("SELECT id FROM server", [], |row| row.get::<_, String>(0)).optional();
    match row.map_err(failure)? {
        Some(_) => Ok(()),
        None => Err(StoreError::Corrupt("the database does not say which server it belongs to".into())),
    }
}

/// What an error of the file system means for the server.
pub(super) fn file_error(path: &Path, error: &std::io::Error) -> StoreError {
    let text = format!("{}: {error}", path.display());
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            StoreError::ReadOnly(text)
        }
        _ => StoreError::Unavailable(text),
    }
}

#[cfg(unix)]
fn make_directory(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if path.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_directory(path: &Path) -> std::io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(unix)]
pub(super) fn owner_only(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
pub(super) fn owner_only(_: &mut OpenOptions) {}

#[cfg(unix)]
fn restrict(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 == 0 { Ok(()) } else { fs::set_permissions(path, fs::Permissions::from_mode(0o600)) }
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> std::io::Result<()> {
    Ok(())
}
