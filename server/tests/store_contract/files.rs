//! Files: who may read them, what carries them, and when they go.

use confab_protocol::file::FileInfo;
use confab_protocol::log::EntryBody;
use confab_protocol::room::RoomKind;
use confab_protocol::{Cid, ErrorCode, FileId, RoomId, Timestamp, UserId};
use confab_server::store::{NewFile, NewUpload, Op, Page, ProfileRow};

use crate::Place;
use crate::world::*;

const LATER: Timestamp = Timestamp::from_millis(1_000_000);

pub async fn a_file_is_seen_by_who_may_read_a_message_that_carries_it(place: Place) {
    let world = place.world().await;
    let (bob, eve) = (world.joins("bob").await, world.joins("eve").await);
    let room = world.room(&world.ada, "few", RoomKind::Private, &[&bob]).await;
    let file = upload(&world, &world.ada, "aa").await;
    let seen = async |user: &UserId| world.store.visible_file(&file.id, user).await.unwrap().is_some();
    assert!(seen(&world.ada).await && !seen(&bob).await, "only its uploader");

    let sends = |cid: &Cid, files: Vec<FileId>| carrying(&world, &room, cid, files);
    let cid = Cid::generate();
    let foreign = world.does(&bob, sends(&Cid::generate(), vec![file.id.clone()])).await;
    assert_eq!(refusal(foreign), ErrorCode::NotFound, "not his own");
    assert!(!seen(&bob).await);
    let sent = sent(world.does(&world.ada, sends(&cid, vec![file.id.clone()])).await.unwrap());
    assert!(seen(&bob).await && !seen(&eve).await);
    let page = world.store.history(&room, Page::Latest, 10).await.unwrap();
    assert_eq!(page.messages[0].files, std::slice::from_ref(&file));
    let again = world.does(&world.ada, sends(&cid, vec![file.id.clone()])).await.unwrap();
    assert!(matches!(again.reply, confab_server::store::Reply::Entry { repeated: true, .. }));
    assert_eq!(refusal(world.does(&world.ada, sends(&cid, vec![])).await), ErrorCode::Conflict, "another body");

    world.does(&world.ada, Op::Kick { slug: world.slug.clone(), room: room.clone(), user: bob.clone() }).await.unwrap();
    assert!(!seen(&bob).await, "who left reads nothing more");
    world
        .does(&world.ada, Op::InviteToRoom { slug: world.slug.clone(), room: room.clone(), users: vec![bob.clone()] })
        .await
        .unwrap();
    assert!(seen(&bob).await);
    world.deletes(&world.ada, &room, &sent.id).await;
    assert!(!seen(&bob).await && seen(&world.ada).await, "deleted means gone");
    let (log, _) = world.log(&room).await;
    let entry = log.iter().find(|entry| entry.seq == sent.seq).unwrap();
    assert!(matches!(&entry.body, EntryBody::Message { files, .. } if files.is_empty()), "{entry:?}");
    assert!(world.store.history(&room, Page::Latest, 10).await.unwrap().messages[0].files.is_empty());
}

pub async fn pictures_are_seen_and_stay_and_all_else_is_swept(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let (avatar, icon, loose, kept) = (
        upload(&world, &world.ada, "a1").await,
        upload(&world, &world.ada, "b2").await,
        upload(&world, &world.ada, "c3").await,
        upload(&world, &world.ada, "d4").await,
    );
    let now = Timestamp::from_millis(500);
    assert!(!world.store.use_as_picture(&avatar.id, &bob, now).await.unwrap(), "only one's own");
    assert!(world.store.use_as_picture(&avatar.id, &world.ada, now).await.unwrap());
    let row = ProfileRow { avatar: Some(avatar.id.as_str().into()), ..ProfileRow::default() };
    world.store.update_profile(&world.ada, row).await.unwrap();
    let icon_id = Some(icon.id.as_str().to_owned());
    world
        .does(&world.ada, Op::UpdateWorkspace { slug: world.slug.clone(), name: None, icon: icon_id, open: None })
        .await
        .unwrap();
    world.does(&world.ada, carrying(&world, &world.general, &Cid::generate(), vec![kept.id.clone()])).await.unwrap();
    for file in [&avatar, &icon, &kept] {
        assert!(world.store.visible_file(&file.id, &bob).await.unwrap().is_some(), "{file:?}");
    }
    let upload = begun(&world.ada, 10, 5);
    world.store.begin_upload(upload.clone()).await.unwrap();

    assert!(world.store.sweep_files(Timestamp::from_millis(1)).await.unwrap().contents.is_empty(), "too young");
    let swept = world.store.sweep_files(LATER).await.unwrap();
    assert_eq!((swept.contents, swept.uploads), (vec![loose.sha256.clone()], vec![upload.id]));
    assert!(!world.store.has_content(&loose.sha256).await.unwrap());
    assert!(world.store.has_content(&kept.sha256).await.unwrap());
    assert!(world.store.visible_file(&loose.id, &world.ada).await.unwrap().is_none());
    assert!(world.store.visible_file(&avatar.id, &bob).await.unwrap().is_some());
}

pub async fn uploads_are_counted_and_end_once(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let (first, second) = (begun(&bob, 60, 2), begun(&bob, 40, 2));
    world.store.begin_upload(first.clone()).await.unwrap();
    assert_eq!(refusal(world.store.begin_upload(begun(&bob, 50, 2)).await), ErrorCode::TooLarge, "bytes");
    world.store.begin_upload(second.clone()).await.unwrap();
    assert_eq!(refusal(world.store.begin_upload(begun(&bob, 0, 2)).await), ErrorCode::TooLarge, "count");
    world.store.begin_upload(begun(&world.ada, 100, 2)).await.unwrap();
    assert!(world.store.upload(&first.id, &world.ada).await.unwrap().is_none(), "not hers");
    assert!(!world.store.cancel_upload(&first.id, &world.ada).await.unwrap());

    let file = new_file(&bob, "ee");
    world.store.create_file(file.clone(), Some(&first.id)).await.unwrap();
    assert_eq!(world.store.upload(&first.id, &bob).await.unwrap().unwrap().file, Some(file.info));
    let twice = world.store.create_file(new_file(&bob, "ff"), Some(&first.id)).await;
    assert_eq!(refusal(twice), ErrorCode::NotFound);
    assert!(!world.store.has_content(&"ff".repeat(32)).await.unwrap(), "nothing is left of it");
    assert!(!world.store.cancel_upload(&first.id, &bob).await.unwrap(), "finished");
    assert!(world.store.cancel_upload(&second.id, &bob).await.unwrap());
    world.store.begin_upload(begun(&bob, 100, 2)).await.unwrap();
}

pub async fn an_account_keeps_so_much(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let tight = |bytes| NewUpload { quota: 100, ..begun(&bob, bytes, 9) };
    let first = tight(60);
    world.store.begin_upload(first.clone()).await.unwrap();
    assert_eq!(world.store.stored_bytes(&bob).await.unwrap(), 60, "as much as it is to have");
    assert_eq!(refusal(world.store.begin_upload(tight(41)).await), ErrorCode::TooLarge);
    let whole = NewFile { quota: 62, ..new_file(&bob, "aa") };
    assert_eq!(refusal(world.store.create_file(whole, None).await), ErrorCode::TooLarge);
    assert!(!world.store.has_content(&"aa".repeat(32)).await.unwrap(), "nothing is left of it");
    world.store.create_file(NewFile { quota: 63, ..new_file(&bob, "aa") }, None).await.unwrap();
    assert_eq!(world.store.stored_bytes(&bob).await.unwrap(), 63);

    // What was counted when it began is not counted twice, and what was given up not at all.
    world.store.create_file(NewFile { quota: 0, ..new_file(&bob, "bb") }, Some(&first.id)).await.unwrap();
    assert_eq!(world.store.stored_bytes(&bob).await.unwrap(), 6);
    let second = tight(94);
    world.store.begin_upload(second.clone()).await.unwrap();
    assert_eq!(refusal(world.store.begin_upload(tight(1)).await), ErrorCode::TooLarge);
    assert!(world.store.cancel_upload(&second.id, &bob).await.unwrap());
    world.store.begin_upload(tight(94)).await.unwrap();
    world.store.begin_upload(begun(&world.ada, 100, 2)).await.unwrap();
    world.store.sweep_files(LATER).await.unwrap();
    assert_eq!(world.store.stored_bytes(&bob).await.unwrap(), 0, "their room is free again");
}

fn carrying(world: &World, room: &RoomId, cid: &Cid, carried: Vec<FileId>) -> Op {
    let mut op = world.send_op(room, cid, "");
    if let Op::Send { files, .. } = &mut op {
        *files = carried;
    }
    op
}

async fn upload(world: &World, owner: &UserId, hash: &str) -> FileInfo {
    let file = new_file(owner, hash);
    world.store.create_file(file.clone(), None).await.unwrap();
    file.info
}

fn new_file(owner: &UserId, hash: &str) -> NewFile {
    let info = FileInfo {
        id: FileId::generate(),
        name: "ä.png".into(),
        mime: "image/png".into(),
        bytes: 3,
        sha256: hash.repeat(32),
        width: Some(4),
        height: None,
        thumb: true,
    };
    NewFile { info, owner: owner.clone(), created: Timestamp::from_millis(100), quota: u64::MAX }
}

fn begun(owner: &UserId, bytes: u64, most: u64) -> NewUpload {
    let created = Timestamp::from_millis(100);
    let (id, owner, name) = (FileId::generate(), owner.clone(), "a".into());
    NewUpload { id, owner, name, bytes, created, most, most_bytes: 100, quota: u64::MAX }
}
