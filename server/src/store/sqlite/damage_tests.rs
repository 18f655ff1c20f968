//! Real databases, damaged in many places: each is refused, or reads exactly as before. Never anything else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Sqlite;
use super::connection::Connection;
use super::seal::sibling;
use crate::store::database::Backend as _;
use crate::store::sql::{Param, Sql as _};
use crate::store::{Result, StoreError};

/// The files of a database at one moment.
type Files = BTreeMap<&'static str, Vec<u8>>;

const MAIN: &str = "";
const WAL: &str = "-wal";
const SEAL: &str = "-seal";

/// A database with checkpoints behind it and commits in its log: as it is left by SIGKILL, what is in it, and how it
/// was at an earlier moment.
struct Specimen {
    killed: Files,
    closed: Files,
    earlier: Files,
    content: String,
}

async fn specimen() -> Specimen {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("confab.db");
    let sqlite = Sqlite::open(&path).await.unwrap();
    let mut earlier = Files::new();
    for n in 0..110 {
        let size = if n % 3 == 0 { 60_000 } else { 40 };
        write(&sqlite, &format!("workspace-{n}"), size).await.unwrap();
        if n == 90 {
            earlier = collect(&path);
        }
    }
    let killed = collect(&path);
    let content = content(&path);
    drop(sqlite);
    let closed = collect(&path);
    assert!(killed[MAIN].len() > 400_000 && killed[WAL].len() > 400_000, "pages in both files");
    assert!(closed[WAL].is_empty() && closed[MAIN].len() > killed[MAIN].len(), "closing moves the rest");
    Specimen { killed, closed, earlier, content }
}

async fn write(sqlite: &Sqlite, name: &str, size: usize) -> Result<u64> {
    let (name, text) = (name.to_owned(), name.repeat(size / name.len()));
    let insert = "INSERT INTO workspaces (slug, name, open, archived, created) VALUES (?1, ?2, 0, 0, 0)";
    sqlite
        .change(move |sql| {
            Box::pin(async move { sql.execute(insert, &[Param::Text(&name), Param::Text(&text)]).await })
        })
        .await
}

fn collect(path: &Path) -> Files {
    let read = |suffix| Some((suffix, fs::read(sibling(path, suffix)).ok()?));
    [MAIN, WAL, SEAL].into_iter().filter_map(read).collect()
}

/// Every row of every table.
fn content(path: &Path) -> String {
    let connection = Connection::reading(path).unwrap();
    let mut all = String::new();
    for table in ["server", "workspaces", "rooms", "log"] {
        let mut statement = connection.0.prepare(&format!("SELECT * FROM {table} ORDER BY 1")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<rusqlite::types::Value> = (0..columns).map(|i| row.get_unwrap(i)).collect();
            all += &format!("{values:?}\n");
        }
    }
    all
}

/// Opens these files: true when they are refused; when not, they read as before.
async fn is_refused(files: &Files, content: &str, what: &str) -> bool {
    let directory = quick_directory();
    let path: PathBuf = directory.path().join("confab.db");
    for (suffix, bytes) in files {
        fs::write(sibling(&path, suffix), bytes).unwrap();
    }
    match Sqlite::open(&path).await {
        Ok(sqlite) => {
            assert!(self::content(&path) == content, "{what}: wrong content is served");
            write(&sqlite, "one-more", 10).await.unwrap();
            drop(sqlite);
            drop(Sqlite::open(&path).await.unwrap_or_else(|e| panic!("{what}: opened once, and then {e}")));
            false
        }
        Err(StoreError::Corrupt(_)) => true,
        Err(other) => panic!("{what}: {other}"),
    }
}

/// In memory where there is such a place: hundreds of databases are written and flushed here.
fn quick_directory() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}

fn with(files: &Files, suffix: &'static str, change: impl FnOnce(&mut Vec<u8>)) -> Files {
    let mut files = files.clone();
    change(files.get_mut(suffix).unwrap());
    files
}

#[tokio::test]
async fn files_as_they_are_left_are_sound() {
    let it = specimen().await;
    for (what, files) in [("killed", &it.killed), ("closed", &it.closed)] {
        assert!(!is_refused(files, &it.content, what).await, "{what}");
    }
}

#[tokio::test]
async fn no_flipped_bit_is_served() {
    let it = specimen().await;
    for (state, files) in [("killed", &it.killed), ("closed", &it.closed)] {
        for suffix in [MAIN, WAL, SEAL] {
            let len = files[suffix].len();
            let mut refused = 0;
            // A step that is prime to the size of pages and frames comes to all parts of them.
            let places: Vec<usize> = (0..len.min(40)).step_by(3).chain((40..len).step_by(39_989)).collect();
            for at in &places {
                let flipped = with(files, suffix, |bytes| bytes[*at] ^= 0x10);
                refused += usize::from(is_refused(&flipped, &it.content, &format!("{state} {suffix} {at}")).await);
            }
            // In the log lie frames of its earlier life, and pages of the main file may be in the log: those are harmless.
            let all = places.len();
            assert!(refused >= all / 3, "{state} {suffix}: {refused} of {all} were refused");
            if suffix == MAIN && state == "closed" {
                assert_eq!(refused, all, "every byte of a closed file is sealed");
            }
        }
    }
}

#[tokio::test]
async fn nothing_that_is_cut_off_or_missing_is_served() {
    let it = specimen().await;
    let mut cases = Vec::new();
    for (state, files) in [("killed", &it.killed), ("closed", &it.closed)] {
        for suffix in [MAIN, WAL] {
            let len = files[suffix].len();
            for part in 0..6 {
                cases.push((
                    format!("{state} {suffix} cut at {part}/6"),
                    with(files, suffix, |b| b.truncate(len * part / 6)),
                ));
            }
        }
    }
    // At the end of each frame: to SQLite that is a log like any other.
    let frame = 4_096 + 24;
    for frames in (1..it.killed[WAL].len() / frame).step_by(17) {
        cases.push((format!("log of {frames} frames"), with(&it.killed, WAL, |b| b.truncate(32 + frames * frame))));
    }
    for suffix in [MAIN, WAL] {
        let mut files = it.killed.clone();
        files.remove(suffix);
        cases.push((format!("no {suffix}"), files));
        cases.push((format!("zeros in {suffix}"), with(&it.killed, suffix, |bytes| bytes.fill(0))));
        let mut files = it.killed.clone();
        files.insert(suffix, it.earlier[suffix].clone());
        cases.push((format!("an old {suffix}"), files));
    }
    let mut refused = 0;
    for (what, files) in &cases {
        refused += usize::from(is_refused(files, &it.content, what).await);
    }
    assert!(refused > cases.len() / 2, "{refused} of {} were refused", cases.len());
}

/// Frames of the log behind a commit that was damaged are a sign by themselves, also without a seal.
#[tokio::test]
async fn a_log_that_is_damaged_in_the_middle_needs_no_seal_to_be_found() {
    let it = specimen().await;
    let mut files = with(&it.killed, WAL, |bytes| bytes[32 + 24 + 1_000] ^= 1);
    files.remove(SEAL);
    assert!(is_refused(&files, &it.content, "a log without a seal").await);
}

#[tokio::test]
async fn what_is_damaged_is_set_aside_and_nothing_begins_in_its_place() {
    let it = specimen().await;
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("confab.db");
    let damaged = with(&it.closed, MAIN, |bytes| bytes[300_000] ^= 1);
    for (suffix, bytes) in &damaged {
        fs::write(sibling(&path, suffix), bytes).unwrap();
    }
    assert!(matches!(Sqlite::open(&path).await, Err(StoreError::Corrupt(_))));
    let kept = super::set_aside(&path).unwrap().unwrap();
    assert!(!path.exists() && fs::read(&kept).unwrap() == damaged[MAIN], "renamed, and as it was");
    let Err(StoreError::SetAside(named)) = Sqlite::open(&path).await else { panic!("an empty one took its place") };
    assert_eq!(named, kept);
    assert!(!path.exists());
}
