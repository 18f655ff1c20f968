//! What an account keeps on this computer: the file, its owner, and what becomes of it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, in its helpers too")]

mod support;

use std::path::Path;

use confab_client::local::database::{Database, LocalError, ROWS_KEPT};
use confab_client::local::model::{Keep, Part, Range, Stored};
use confab_client::local::{Local, file_of, moved};
use confab_client::outbox::{Queued, Stage, Write};
use confab_client::view::Account;
use confab_protocol::event::{MessageSearch, MessageSend};
use confab_protocol::log::Message;
use confab_protocol::{Cid, Error, RoomId, Seq, Slug, Timestamp};
use serde_json::json;
use support::soon;

fn slug() -> Slug {
    "general".parse().unwrap()
}

fn room() -> RoomId {
    "room".parse().unwrap()
}

fn write(order: u64, text: &str) -> Queued {
    let (cid, text) = (Cid::generate(), text.to_owned());
    let send = MessageSend { room: room(), cid, text, reply_to: None, thread: None, files: Vec::new() };
    Queued { write: Write::Send(send), order, ts: Timestamp::from_millis(5), call: None, stage: Stage::Queued }
}

fn account(address: &str, id: &str) -> Account {
    let user = json!({"id": id, "login": "ada", "display_name": "Ada", "role": "member", "bot": false, "guest": false});
    Account {
        address: address.into(),
        certificate: None,
        server_name: "S".into(),
        user: serde_json::from_value(user).unwrap(),
    }
}

fn message(seq: Seq) -> Message {
    let message = json!({"id": format!("m{seq}"), "seq": seq, "ts": "2026-01-01T00:00:00.000Z", "cid": format!("c{seq}"),
        "author": "ada", "text": format!("{seq}"), "deleted": false, "mentions": [], "files": [], "reactions": [], "pinned": false});
    serde_json::from_value(message).unwrap()
}

/// Puts a write into the outbox, and waits until it is on the disk.
async fn persist(local: &Local, write: &Queued) -> Result<(), Error> {
    let (done, on_disk) = tokio::sync::oneshot::channel();
    local.persist(slug(), write.clone(), move |result| drop(done.send(result)));
    soon(on_disk).await.unwrap()
}

fn open(path: &Path) -> Local {
    let (local, set_aside) = Local::open(path).unwrap();
    assert_eq!(set_aside, None);
    local
}

#[tokio::test]
async fn what_was_written_is_there_for_the_next_process_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("accounts").join("ada.db");
    let (first, second, third) = (write(1, "one"), write(2, "two"), write(3, "three"));
    let local = open(&path);
    for write in [&second, &first, &third] {
        persist(&local, write).await.unwrap();
    }
    let refusal = Error::forbidden("no");
    local.keep(Some(slug()), vec![Keep::WriteFailed(second.write.cid().clone(), refusal.clone())]);
    local.keep(Some(slug()), vec![Keep::WriteGone(third.write.cid().clone())]);
    assert_eq!(soon(local.waiting()).await, [slug()]);
    drop(local);
    let Stored { writes, .. } = soon(open(&path).restore(Some(slug()))).await;
    assert_eq!(writes, [first, Queued { stage: Stage::Failed(refusal), ..second }]);
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("accounts").join("ada.db");
    let _local = open(&path);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for file in path.parent().unwrap().read_dir().unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[test]
fn two_processes_never_have_the_same_outbox() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ada.db");
    let (first, _) = Database::open(&path).unwrap();
    let second = Database::open(&path).expect_err("busy");
    assert!(second.to_string().contains("locked"), "{second}");
    drop(first);
    Database::open(&path).unwrap();
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_never_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ada.db");
    let local = open(&path);
    for n in 0..200 {
        persist(&local, &write(n, &"x".repeat(500))).await.unwrap();
    }
    drop(local);
    // Waits for the thread to close the file.
    drop(Database::open(&path).unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0xA5);
    std::fs::write(&path, &bytes).unwrap();

    let (local, set_aside) = Local::open(&path).unwrap();
    let aside = set_aside.expect("the user is told").path;
    assert_eq!(std::fs::read(&aside).unwrap(), bytes, "nothing of it is lost");
    assert!(soon(local.restore(Some(slug()))).await.writes.is_empty());
    persist(&local, &write(1, "goes on")).await.unwrap();
}

#[test]
fn a_file_of_a_newer_program_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ada.db");
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(Database::open(&path), Err(LocalError::Newer(_))));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn signing_out_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let local = open(&dir.path().join("ada.db"));
    persist(&local, &write(1, "secret")).await.unwrap();
    soon(local.erase()).await.unwrap();
    assert_eq!(dir.path().read_dir().unwrap().count(), 0);
    assert!(persist(&local, &write(2, "late")).await.is_err(), "and nothing comes after it");
}

#[test]
fn a_session_ended_from_elsewhere_leaves_only_what_was_not_sent() {
    let mut database = Database::in_memory().unwrap();
    let (slug, waits) = (slug(), write(1, "waits"));
    let part = Part {
        range: Range { first: 1, applied: 1, start: true },
        messages: vec![message(1)],
        notices: Vec::new(),
        replaces: true,
    };
    let (read, mark) = (Keep::Timeline(room(), part), Keep::Mark(room(), Some(1)));
    database.persist([(Some(&slug), &read), (Some(&slug), &mark)], [(&slug, &waits)]).unwrap();
    database.keep([(None, &Keep::CacheGone)]).unwrap();
    assert_eq!(database.timeline(&slug, &room()).unwrap(), None);
    assert_eq!(database.workspace(&slug).unwrap(), Stored { writes: vec![waits], ..Stored::default() });
}

#[test]
fn every_account_of_every_server_has_a_file_of_its_own() {
    let dir = Path::new("/d");
    let accounts = [
        account("http://a:1", "u"),
        account("http://a:1", "U"),
        account("http://a:12", "u"),
        account("http://a", "1#u"),
        account("http://a/../b", "u"),
        account("http://a%2f", "u"),
    ];
    let files: std::collections::BTreeSet<_> = accounts.iter().map(|account| file_of(dir, account)).collect();
    assert_eq!(files.len(), accounts.len());
    assert!(files.iter().all(|file| file.parent() == Some(dir)), "{files:?}");
}

#[tokio::test]
async fn the_outbox_follows_a_hosted_server_to_another_port() {
    let dir = tempfile::tempdir().unwrap();
    let (before, now) = (account("http://127.0.0.1:1", "u"), account("http://127.0.0.1:2", "u"));
    let waits = write(1, "waits");
    let local = open(&file_of(dir.path(), &before));
    persist(&local, &waits).await.unwrap();
    drop(local);
    // Waits for the thread to close the file.
    drop(Database::open(&file_of(dir.path(), &before)).unwrap());
    moved(dir.path(), &before, &now).unwrap();
    let local = open(&file_of(dir.path(), &now));
    assert_eq!(soon(local.restore(Some(slug()))).await.writes, [waits]);
}

#[test]
fn a_long_timeline_is_read_from_its_end_and_cut_at_its_beginning() {
    let mut database = Database::in_memory().unwrap();
    let last = ROWS_KEPT as Seq + 50;
    let range = Range { first: 1, applied: last + 3, start: true };
    let part = Part { range, messages: (1..=last).map(message).collect(), notices: Vec::new(), replaces: true };
    database.keep([(Some(&slug()), &Keep::Timeline(room(), part))]).unwrap();
    for _ in 0..2 {
        let stored = database.timeline(&slug(), &room()).unwrap().unwrap();
        assert_eq!(stored.range, Range { first: 51, applied: last + 3, start: false });
        assert_eq!(stored.messages.len(), ROWS_KEPT);
        assert_eq!(stored.messages[0], message(51));
    }
}

#[test]
fn a_change_that_could_not_be_kept_leaves_no_hole() {
    let mut database = Database::in_memory().unwrap();
    let part = |seqs: std::ops::RangeInclusive<Seq>| Part {
        range: Range { first: 1, applied: *seqs.end(), start: true },
        messages: seqs.map(message).collect(),
        notices: Vec::new(),
        replaces: false,
    };
    let slug = slug();
    let (first, lost) = (Keep::Timeline(room(), part(1..=2)), Keep::Timeline(room(), part(3..=4)));
    database.keep([(Some(&slug), &first)]).unwrap();
    // A seq that SQLite cannot hold: the transaction fails as it would on a full disk.
    let impossible = Keep::Mark(room(), Some(Seq::MAX));
    database.keep([(Some(&slug), &lost), (Some(&slug), &impossible)]).unwrap_err();
    assert_eq!(database.timeline(&slug, &room()).unwrap(), None, "not served while it may be behind");
    database.keep([(Some(&slug), &Keep::Timeline(room(), part(5..=6)))]).unwrap();
    assert_eq!(database.timeline(&slug, &room()).unwrap(), None, "rows 3 and 4 are missing");
}

#[tokio::test]
async fn what_is_kept_is_found_without_a_network() {
    let dir = tempfile::tempdir().unwrap();
    let local = open(&dir.path().join("ada.db"));
    let text =
        |seq: Seq, text: &str| Message { text: text.into(), ts: Timestamp::from_millis(seq as i64), ..message(seq) };
    for (name, first) in [("one", 0), ("two", 1_000)] {
        let messages: Vec<_> = (1..=450).map(|n| text(first + n, &format!("number {n} in {name}"))).collect();
        let range = Range { first: first + 1, applied: first + 450, start: false };
        let part = Part { range, messages, notices: Vec::new(), replaces: true };
        local.keep(Some(slug()), vec![Keep::Timeline(name.parse().unwrap(), part)]);
    }
    let search = async |query: &str, room: Option<&str>| {
        let room = room.map(|room| room.parse().unwrap());
        let request = MessageSearch { query: query.into(), room, ..MessageSearch::default() };
        soon(local.search(slug(), &request)).await.unwrap()
    };
    let found = search("number 44", None).await;
    let texts: Vec<_> = found.hits.iter().map(|hit| hit.message.text.as_str()).collect();
    assert_eq!(texts.len(), 22);
    assert_eq!((texts[0], texts[11]), ("number 449 in two", "number 449 in one"));
    assert_eq!(found.hits[0].highlights, [(0, 6), (7, 9)]);
    assert_eq!(search("number 44", Some("one")).await.hits.len(), 11);
    assert_eq!(search("number", None).await.hits.len(), 50, "a page, and no more");
    let refused = soon(local.search(slug(), &MessageSearch::default())).await.unwrap_err();
    assert_eq!(refused.code, confab_protocol::ErrorCode::BadRequest);
    assert!(
        soon(Local::none().search(slug(), &MessageSearch { query: "x".into(), ..Default::default() }))
            .await
            .unwrap()
            .hits
            .is_empty()
    );
}
