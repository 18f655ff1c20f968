use std::sync::mpsc::channel;

use tempfile::TempDir;

use super::*;
use crate::store::sql::{Sql, params};
use crate::store::{Location, Store, open};

async fn sqlite(directory: &TempDir) -> Sqlite {
    Sqlite::open(&directory.path().join("confab.db")).await.unwrap()
}

fn probes(connection: &mut Connection) -> i64 {
    connection.0.query_row("SELECT probes FROM server", [], |row| row.get(0)).unwrap()
}

/// As if the file came from elsewhere.
fn break_the_seal(path: &Path) {
    std::fs::remove_file(seal::sibling(path, "-seal")).unwrap();
}

async fn raise(sqlite: &Sqlite) -> Result<()> {
    sqlite.change(|sql| Box::pin(crate::store::change::account::probe(sql))).await
}

#[tokio::test]
async fn all_that_waits_is_committed_at_once() {
    let directory = TempDir::new().unwrap();
    let sqlite = Arc::new(sqlite(&directory).await);
    let (release, held) = channel::<()>();
    let (began, begins) = channel::<()>();
    let first = {
        let sqlite = Arc::clone(&sqlite);
        tokio::spawn(async move {
            let hold = move |_: &mut Connection| {
                began.send(()).unwrap();
                held.recv().unwrap();
                Ok(())
            };
            sqlite.writer.run(hold).await
        })
    };
    tokio::task::spawn_blocking(move || begins.recv().unwrap()).await.unwrap();

    // While the first transaction lasts, others come, which look at what is committed when it is their turn.
    let path = sqlite.path.clone();
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let (sqlite, path) = (Arc::clone(&sqlite), path.clone());
            let mut look = Box::pin(async move {
                let work = move |connection: &mut Connection| {
                    connection.batch("UPDATE server SET probes = probes + 1")?;
                    Ok((probes(connection), probes(&mut Connection::reading(&path)?)))
                };
                sqlite.writer.run(work).await.unwrap()
            });
            // Polled once: its place in the queue is taken.
            assert!((&mut look).now_or_never().is_none());
            look
        })
        .collect();
    release.send(()).unwrap();
    first.await.unwrap().unwrap();
    for (i, look) in waiting.into_iter().enumerate() {
        // Each sees the ones before it in its own transaction, and nothing of them was committed yet.
        assert_eq!(look.await, (i as i64 + 1, 0));
    }
    assert_eq!(sqlite.readers.run(|connection| Ok(probes(connection))).await.unwrap(), 20);
}

#[tokio::test]
async fn one_failed_write_does_not_undo_its_neighbours() {
    let directory = TempDir::new().unwrap();
    let sqlite = sqlite(&directory).await;
    let broken = sqlite.change(|sql| {
        Box::pin(async move {
            sql.execute("UPDATE server SET probes = 99", params![]).await?;
            sql.execute("INSERT INTO server (one, id, name, epoch, set_up) VALUES (2, '', '', '', 0)", params![]).await
        })
    });
    let panicking = sqlite.writer.run(|_| -> Result<()> { panic!("a defect") });
    let (a, broken, panicked, b) = tokio::join!(raise(&sqlite), broken, panicking, raise(&sqlite));
    assert!(a.is_ok() && b.is_ok());
    assert!(matches!(broken, Err(StoreError::Internal(_))), "{broken:?}");
    assert!(matches!(panicked, Err(StoreError::Internal(_))), "{panicked:?}");
    assert_eq!(sqlite.readers.run(|connection| Ok(probes(connection))).await.unwrap(), 2);
}

/// The statement fails with the same code as on a full disk (SQLITE_FULL), without filling one.
#[tokio::test]
async fn a_full_disk_refuses_writes_and_heals_by_itself() {
    let directory = TempDir::new().unwrap();
    let sqlite = sqlite(&directory).await;
    let limit = |pages: &'static str| sqlite.writer.run(move |c| c.batch(&format!("PRAGMA max_page_count = {pages}")));
    let fill = || {
        sqlite.change(|sql| {
            Box::pin(sql.execute(
                "INSERT INTO workspaces VALUES (hex(randomblob(9)), hex(zeroblob(50000)), '', 0, 0, 0)",
                params![],
            ))
        })
    };
    fill().await.unwrap();
    limit("1").await.unwrap();
    assert!(matches!(fill().await, Err(StoreError::ReadOnly(_))));
    let count = || {
        sqlite
            .readers
            .run(|c| Ok(c.0.query_row("SELECT COUNT(*) FROM workspaces", [], |r| r.get::<_, i64>(0)).unwrap()))
    };
    assert_eq!(count().await.unwrap(), 1, "reads go on, and see nothing of what failed");
    limit("1000000").await.unwrap();
    fill().await.unwrap();
    assert_eq!(count().await.unwrap(), 2);
}

#[test]
fn errors_of_the_library_say_what_can_be_done() {
    let meaning = |code| {
        let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        match connection::failure(error) {
            StoreError::ReadOnly(_) => "read only",
            StoreError::Unavailable(_) => "unavailable",
            StoreError::Corrupt(_) => "corrupt",
            StoreError::Internal(_) => "internal",
            StoreError::Interrupted => "interrupted",
            StoreError::Refused(_) | StoreError::Unsupported(_) | StoreError::SetAside(_) => "impossible",
        }
    };
    use rusqlite::ffi;
    for (code, expected) in [
        (ffi::SQLITE_FULL, "read only"),
        (ffi::SQLITE_READONLY, "read only"),
        (ffi::SQLITE_READONLY_DIRECTORY, "read only"),
        (ffi::SQLITE_IOERR_WRITE, "read only"),
        (ffi::SQLITE_IOERR_FSYNC, "read only"),
        (ffi::SQLITE_IOERR_READ, "unavailable"),
        (ffi::SQLITE_BUSY, "unavailable"),
        (ffi::SQLITE_CANTOPEN, "unavailable"),
        (ffi::SQLITE_INTERRUPT, "interrupted"),
        (ffi::SQLITE_CORRUPT, "corrupt"),
        (ffi::SQLITE_NOTADB, "corrupt"),
        (ffi::SQLITE_CONSTRAINT_UNIQUE, "internal"),
    ] {
        assert_eq!(meaning(code), expected, "{code}");
    }
}

#[tokio::test]
async fn what_is_not_our_database_is_refused_with_the_reason() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("confab.db");
    let refused = |path: PathBuf| async move { open(&Location::Sqlite(path)).await.err().unwrap() };

    std::fs::write(&path, vec![7; 9000]).unwrap();
    assert!(matches!(refused(path.clone()).await, StoreError::Corrupt(_)));

    std::fs::remove_file(&path).unwrap();
    break_the_seal(&path);
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE other (x)").unwrap();
    assert!(matches!(refused(path.clone()).await, StoreError::Corrupt(_)));

    std::fs::remove_file(&path).unwrap();
    break_the_seal(&path);
    drop(Sqlite::open(&path).await.unwrap());
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    break_the_seal(&path);
    let newer = refused(path.clone()).await;
    assert!(matches!(&newer, StoreError::Unsupported(why) if why.contains("99")), "{newer:?}");
}

#[tokio::test]
async fn damage_in_the_middle_is_found() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("confab.db");
    let store = crate::store::database::Database(Sqlite::open(&path).await.unwrap());
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    drop(store);
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("PRAGMA foreign_keys = OFF; INSERT INTO sessions VALUES ('s', 'nobody', x'00', '', 0, 0);")
        .unwrap();
    drop(raw);
    break_the_seal(&path);
    let store = crate::store::database::Database(Sqlite::open(&path).await.unwrap());
    let findings = store.check().await.unwrap();
    assert_eq!(findings, ["a row of sessions points to nothing"]);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let directory = TempDir::new().unwrap();
    let home = directory.path().join("data");
    let _store = Sqlite::open(&home.join("confab.db")).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home), 0o700);
    let files: Vec<_> = std::fs::read_dir(&home).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 4, "the database, its log, its index and its seal: {files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{file:?}");
    }
}

#[test]
fn the_linked_library_is_new_enough() {
    connection::check_library_version().unwrap();
}

#[tokio::test]
async fn a_database_of_the_first_version_keeps_what_is_in_it() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("confab.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../../../migrations/sqlite/0001_first.sql")).unwrap();
    old.execute_batch(
        "PRAGMA application_id = 1131376230; PRAGMA user_version = 1;
         INSERT INTO server (one, id, name, epoch, set_up) VALUES (1, 's', 'Old', 'e', 1);
         INSERT INTO users VALUES ('ada', 'ada', 'Ada', NULL, 'owner', 0, 0, NULL, NULL, 0);
         INSERT INTO workspaces VALUES ('general', 'General', NULL, 0, 0, 0);
         INSERT INTO rooms VALUES ('r', 'general', 'general', '', 'public', 1, 0, 0, 'ada', NULL, 1, 1, 1, 0);
         INSERT INTO log VALUES ('r', 1, 0, 'message', 'ada', 'c', x'00', 'm', 'still here', NULL);",
    )
    .unwrap();
    drop(old);

    drop(sqlite(&directory).await);
    let now = rusqlite::Connection::open(&path).unwrap();
    let text: String =
        now.query_row("SELECT text FROM log WHERE author = 'ada' AND cid = 'c'", [], |row| row.get(0)).unwrap();
    assert_eq!(text, "still here");
    let again =
        now.execute("INSERT INTO log VALUES ('r', 2, 0, 'message', 'ada', 2, 2, 'c', x'00', NULL, 'twice', NULL)", []);
    let again = again.unwrap_err().to_string();
    assert!(again.contains("UNIQUE"), "a cid means the same for ever, over migrations too: {again}");
}
