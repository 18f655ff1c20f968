//! A large file that nobody wrote to is believed at the start, and looked at behind it.

use std::fs::{self, FileTimes};
use std::os::unix::fs::FileExt as _;

use tempfile::TempDir;

use super::*;
use crate::Config;
use crate::store::database::Backend as _;
use crate::store::sql::{Sql as _, params};
use crate::store::sqlite::Sqlite;

/// More than what is always read before it is served.
const LARGE: &str =
    "INSERT INTO workspaces (slug, name, open, archived, created) VALUES ('large', hex(zeroblob(25000000)), 0, 0, 0)";
const PLACE: u64 = 30_000_000;

/// A large database under the name that a server looks for, closed as it should be.
async fn specimen() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("confab.db");
    let sqlite = Sqlite::open(&path).await.unwrap();
    sqlite.change(|sql| Box::pin(sql.execute(LARGE, params![]))).await.unwrap();
    sqlite.close().await;
    drop(sqlite);
    assert!(fs::metadata(&path).unwrap().len() > 50_000_000, "it is all in the main file");
    (directory, path)
}

async fn rename(sqlite: &Sqlite) -> Result<u64> {
    sqlite.change(|sql| Box::pin(sql.execute("UPDATE server SET name = 'after'", params![]))).await
}

async fn name(sqlite: &Sqlite) -> Result<String> {
    sqlite.read(|sql| Box::pin(async { sql.one("SELECT name FROM server", params![]).await?.take(0) })).await
}

fn is_believed(path: &Path) -> bool {
    matches!(look(path).unwrap(), Look::Sound(Found { unseen: Some(_), .. }))
}

/// Changes a byte as a bad disk does: without anybody having written to the file.
fn rot(path: &Path) {
    let file = File::options().read(true).write(true).open(path).unwrap();
    file.write_all_at(b"x", PLACE).unwrap();
    let Look::Sound(_) = look_with_stamp(path) else { panic!("the stamp is forged") };
}

/// Gives the seal the stamp that the file has now.
fn look_with_stamp(path: &Path) -> Look {
    let seal = sibling(path, "-seal");
    let header = Header::read(&fs::read(&seal).unwrap()).unwrap();
    let file = File::options().read(true).write(true).open(&seal).unwrap();
    Shared::new(file, header).lock().stamp(stamp::of(path)).unwrap();
    look(path).unwrap()
}

/// A migration that rewrites more than SQLite would leave in the log by itself: what it moves has its sums.
#[tokio::test]
async fn a_migration_of_a_large_table_is_sealed() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("confab.db");
    super::super::schema::make_file(&path).unwrap();
    let Look::Absent(file) = look(&path).unwrap() else { panic!("there is no seal yet") };
    let mut old = Connection::writing(&path).unwrap();
    for migration in ["0001_first", "0002_cids_in_order_of_time", "0003_threads_and_pins"] {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
        old.batch(&fs::read_to_string(format!("{directory}/{migration}.sql")).unwrap()).unwrap();
    }
    old.batch(
        "PRAGMA application_id = 1131376230; PRAGMA user_version = 3;
         INSERT INTO server (one, id, name, epoch, set_up) VALUES (1, 's', 'Old', 'e', 1);
         INSERT INTO users VALUES ('ada', 'ada', 'Ada', NULL, 'owner', 0, 0, NULL, NULL, 0);
         INSERT INTO workspaces VALUES ('general', 'General', NULL, 0, 0, 0);
         INSERT INTO rooms VALUES ('r', 'general', 'general', '', 'public', 1, 0, 0, 'ada', NULL, 20000, 20000, 0, 0);
         WITH RECURSIVE n(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < 20000)
         INSERT INTO log SELECT 'r', seq, 0, 'message', 'ada', 'c' || seq, x'00', 'm' || seq, hex(zeroblob(200)), NULL
         FROM n;
         INSERT INTO messages SELECT room, seq, message, seq, NULL, NULL, 0, 0, 0, NULL FROM log;",
    )
    .unwrap();
    Seal::attach(Look::Absent(file), &path, &mut old).unwrap().unwrap().close(&old);
    drop(old);

    for _ in 0..3 {
        // Each start reads all of so small a file.
        let sqlite = Sqlite::open(&path).await.unwrap();
        rename(&sqlite).await.unwrap();
        assert_eq!(sqlite.check().await.unwrap(), Vec::<String>::new());
        sqlite.close().await;
    }
}

#[tokio::test]
async fn what_nobody_wrote_to_is_believed_and_looked_at_behind_the_start() {
    let (_directory, path) = specimen().await;
    assert!(is_believed(&path));
    let sqlite = Sqlite::open(&path).await.unwrap();
    rename(&sqlite).await.unwrap();
    sqlite.patrol.finish().await.unwrap();
    sqlite.close().await;
    drop(sqlite);
    assert!(fs::metadata(sibling(&path, "-wal")).unwrap().len() == 0, "looked at, it may be written to");
    assert!(is_believed(&path), "by ourselves only");
    assert_eq!(name(&Sqlite::open(&path).await.unwrap()).await.unwrap(), "after");
}

/// A start and an end in a moment: nothing is moved into a file that was not looked at.
#[tokio::test]
async fn what_was_not_looked_at_is_not_written_to() {
    let (_directory, path) = specimen().await;
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    let sqlite = Sqlite::open(&path).await.unwrap();
    sqlite.patrol.stop();
    rename(&sqlite).await.unwrap();
    sqlite.close().await;
    drop(sqlite);
    assert!(fs::metadata(sibling(&path, "-wal")).unwrap().len() > 0 && is_believed(&path));
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
    assert_eq!(name(&Sqlite::open(&path).await.unwrap()).await.unwrap(), "after");
}

#[tokio::test]
async fn who_sets_the_time_back_is_found_out_at_the_start() {
    let (_directory, path) = specimen().await;
    let file = File::options().write(true).open(&path).unwrap();
    let times = fs::metadata(&path).unwrap();
    let times = FileTimes::new().set_modified(times.modified().unwrap()).set_accessed(times.accessed().unwrap());
    file.write_all_at(b"x", PLACE).unwrap();
    file.set_times(times).unwrap();
    let Err(StoreError::Corrupt(finding)) = Sqlite::open(&path).await.map(drop) else { panic!("it is served") };
    assert!(finding.contains("is not what was written"), "{finding}");
}

/// Somebody writes to the file while it is served: what we do afterwards must not make that look like ours.
#[tokio::test]
async fn what_others_write_meanwhile_is_found_at_the_next_start() {
    for writing in [true, false] {
        others_write(writing).await;
    }
}

async fn others_write(writing: bool) {
    let (_directory, path) = specimen().await;
    let sqlite = Sqlite::open(&path).await.unwrap();
    sqlite.patrol.finish().await.unwrap();
    File::options().write(true).open(&path).unwrap().write_all_at(b"x", PLACE).unwrap();
    if writing {
        rename(&sqlite).await.unwrap();
    }
    sqlite.close().await;
    drop(sqlite);
    assert!(matches!(Sqlite::open(&path).await.map(drop), Err(StoreError::Corrupt(_))), "writing: {writing}");
}

#[tokio::test]
async fn what_is_found_behind_the_start_is_served_no_longer() {
    let (_directory, path) = specimen().await;
    rot(&path);
    let sqlite = Sqlite::open(&path).await.unwrap();
    sqlite.patrol.hurry();
    assert!(matches!(sqlite.damage().await, StoreError::Corrupt(_)));
    assert!(matches!(name(&sqlite).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(rename(&sqlite).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(sqlite.backup(path.with_extension("copy")).await, Err(StoreError::Corrupt(_))));
    sqlite.close().await;
    drop(sqlite);
    let again = Sqlite::open(&path).await.map(drop);
    assert!(matches!(again, Err(StoreError::Corrupt(_))), "it was marked: {again:?}");
}

#[tokio::test]
async fn a_server_that_finds_damage_ends_and_sets_it_aside() {
    let (directory, path) = specimen().await;
    rot(&path);
    let config = Config::new(directory.path());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let handle = crate::serve(config, listener, crate::Shutdown::new()).await.unwrap();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(60), handle.finished()).await.unwrap();
    let Err(crate::ServeError::Damaged { finding, kept }) = ended else { panic!("{ended:?}") };
    assert!(finding.contains("is not what was written") && kept.is_file() && !path.exists(), "{finding}");
}

/// Found by a test that cleaned up too early: closing looked for the log for ever.
#[tokio::test]
async fn a_store_whose_files_were_removed_closes_all_the_same() {
    let directory = TempDir::new().unwrap();
    let sqlite = Sqlite::open(&directory.path().join("confab.db")).await.unwrap();
    rename(&sqlite).await.unwrap();
    drop(directory);
    tokio::time::timeout(std::time::Duration::from_secs(60), sqlite.close()).await.unwrap();
}
