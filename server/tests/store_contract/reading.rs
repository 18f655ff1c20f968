use confab_protocol::limits;
use confab_protocol::room::RoomKind;
use confab_server::store::{Op, Page};

use crate::Place;
use crate::world::*;

pub async fn unread_counts_are_exact(place: Place) {
    let world = place.world().await;
    let (bob, room) = (world.joins("bob").await, &world.general);
    let mut messages = Vec::new();
    for n in 0..6 {
        messages.push(world.sends(&world.ada, room, &format!("{n}")).await);
    }
    assert_eq!(world.unread(room, &bob).await, (6, 0));
    // Edits, reactions and comings are not messages.
    world.edits(&world.ada, room, &messages[0].id, "zero").await;
    world.reacts(&world.ada, room, &messages[0].id, "+1", true).await;
    world.joins("carol").await;
    assert_eq!(world.unread(room, &bob).await, (6, 0));
    world.deletes(&world.ada, room, &messages[1].id).await;
    world.deletes(&world.ada, room, &messages[5].id).await;
    assert_eq!(world.unread(room, &bob).await, (4, 0));
    let changed = world.store.mark_read(room, &bob, messages[2].seq).await.unwrap().unwrap();
    assert_eq!((changed.read, changed.unread), (messages[2].seq, 2));
    assert_eq!(world.unread(room, &bob).await, (2, 0));
    // Deleted before the marker: it was read, and changes nothing.
    world.deletes(&world.ada, room, &messages[0].id).await;
    assert_eq!(world.unread(room, &bob).await, (2, 0));
    // Who writes has read what stands above.
    let own = world.sends(&bob, room, "me").await;
    assert_eq!(world.unread(room, &bob).await, (0, 0));
    assert_eq!(world.seen(room, &bob).await.unwrap().0.read, own.seq);
    assert_eq!(world.unread(room, &world.ada).await, (1, 0));
    world.deletes(&bob, room, &own.id).await;
    assert_eq!(world.unread(room, &world.ada).await, (0, 0));

    let stranger = confab_protocol::UserId::generate();
    assert_eq!(world.store.unread(room, &[stranger.clone()]).await.unwrap(), []);
    assert_eq!(world.store.room_for(room, &[stranger]).await.unwrap(), []);
}

pub async fn mentions_and_direct_messages_are_counted(place: Place) {
    let world = place.world().await;
    let (bob, room) = (world.joins("bob").await, &world.general);
    world.sends(&world.ada, room, "@bob one").await;
    let second = world.sends(&world.ada, room, "@bob two").await;
    world.sends(&world.ada, room, "three").await;
    let fourth = world.sends(&world.ada, room, "@bob four").await;
    assert_eq!(world.unread(room, &bob).await, (4, 3));
    world.deletes(&world.ada, room, &fourth.id).await;
    assert_eq!(world.unread(room, &bob).await, (3, 2));
    world.store.mark_read(room, &bob, second.seq).await.unwrap();
    assert_eq!(world.unread(room, &bob).await, (1, 0));

    let op = Op::OpenDirect { slug: world.slug.clone(), users: vec![bob.clone()] };
    let direct = room_of(&world.does(&world.ada, op).await.unwrap()).id.clone();
    let first = world.sends(&world.ada, &direct, "psst").await;
    world.sends(&world.ada, &direct, "@bob, psst").await;
    assert_eq!(world.unread(&direct, &bob).await, (2, 2));
    world.deletes(&world.ada, &direct, &first.id).await;
    assert_eq!(world.unread(&direct, &bob).await, (1, 1));
}

pub async fn markers_only_move_forward(place: Place) {
    let world = place.world().await;
    let (bob, room) = (world.joins("bob").await, &world.general);
    let first = world.sends(&world.ada, room, "one").await;
    let second = world.sends(&world.ada, room, "two").await;
    let mark = async |seq| world.store.mark_read(room, &bob, seq).await.unwrap().unwrap();
    assert_eq!(mark(second.seq).await.read, second.seq);
    assert_eq!(mark(first.seq).await.read, second.seq);
    assert_eq!(mark(u64::MAX).await.read, second.seq);
    assert_eq!(mark(0).await.unread, 0);
    let nobody = confab_protocol::UserId::generate();
    assert_eq!(world.store.mark_read(room, &nobody, 1).await.unwrap(), None);
    let nowhere = confab_protocol::RoomId::generate();
    assert_eq!(world.store.mark_read(&nowhere, &world.ada, 1).await.unwrap(), None);
}

pub async fn pages_of_history_join_without_a_seam(place: Place) {
    let world = place.world().await;
    let room = world.room(&world.ada, "bees", RoomKind::Public, &[]).await;
    let empty = world.store.history(&room, Page::Latest, 10).await.unwrap();
    assert!(empty.start && empty.messages.is_empty());
    assert_eq!((empty.notices.len(), empty.head), (1, 1), "the maker's coming");

    let mut sent = Vec::new();
    for n in 0..11 {
        sent.push(world.sends(&world.ada, &room, &format!("{n}")).await);
        if n == 4 {
            let bob = world.joins("bob").await;
            let join = Op::JoinRoom { slug: world.slug.clone(), room: room.clone() };
            world.does(&bob, join).await.unwrap();
        }
    }
    let all = world.store.history(&room, Page::Latest, 50).await.unwrap();
    assert!(all.start);
    assert_eq!(all.messages.iter().map(|m| &m.id).collect::<Vec<_>>(), sent.iter().map(|s| &s.id).collect::<Vec<_>>());
    assert_eq!(all.notices.len(), 2);
    for limit in 1..=12 {
        let (messages, notices) = history(&*world.store, &room, limit).await;
        assert_eq!((messages, notices), (all.messages.clone(), all.notices.clone()), "in pages of {limit}");
    }
    let around = world.store.history(&room, Page::Around(sent[5].seq), 4).await.unwrap();
    let seqs: Vec<_> = around.messages.iter().map(|m| m.seq).collect();
    assert_eq!(seqs, sent[3..7].iter().map(|s| s.seq).collect::<Vec<_>>());
    assert_eq!((around.start, around.notices.len()), (false, 1));
    let end = world.store.history(&room, Page::Around(sent[10].seq), 100).await.unwrap();
    assert_eq!(end, all);
    let before = world.store.history(&room, Page::Before(1), 10).await.unwrap();
    assert!(before.start && before.messages.is_empty() && before.notices.is_empty());
    assert_eq!(world.store.history(&room, Page::Before(u64::MAX), 50).await.unwrap(), all);
    assert_eq!(world.seen(&room, &world.ada).await.unwrap().0.last_message, all.messages.last().cloned().map(Box::new));
}

pub async fn the_log_is_paged_and_reset_when_too_far_behind(place: Place) {
    let world = place.world().await;
    let room = world.room(&world.ada, "bees", RoomKind::Public, &[]).await;
    let mut left = limits::RESET_AFTER;
    while left > 0 {
        let n = left.min(500);
        let write = |_| world.write(&world.ada, world.send_op(&room, &confab_protocol::Cid::generate(), "x"));
        let results = world.store.write((0..n).map(write).collect()).await.unwrap();
        assert!(results.iter().all(Result::is_ok));
        left -= n;
    }
    let head = limits::RESET_AFTER + 1;
    let far = world.store.entries(&room, 0, 10).await.unwrap();
    assert_eq!((far.reset, far.entries.len(), far.more, far.head), (true, 0, false, head));
    let near = world.store.entries(&room, 1, 10).await.unwrap();
    assert_eq!((near.reset, near.more), (false, true));
    assert_eq!(near.entries.iter().map(|e| e.seq).collect::<Vec<_>>(), (2..=11).collect::<Vec<_>>());
    let end = world.store.entries(&room, head - 1, 10).await.unwrap();
    assert_eq!((end.entries.len(), end.more), (1, false));
    let none = world.store.entries(&room, head, 10).await.unwrap();
    assert_eq!((none.reset, none.entries.len(), none.more), (false, 0, false));
    // Ahead of the log: it was restored from a backup, and the caller's entries are not these.
    assert!(world.store.entries(&room, head + 1, 10).await.unwrap().reset);
    assert_eq!(world.unread(&room, &world.ada).await, (0, 0));
}

pub async fn pages_of_long_messages_are_short(place: Place) {
    let world = place.world().await;
    let room = world.room(&world.ada, "bees", RoomKind::Public, &[]).await;
    let text = "x".repeat(confab_protocol::Limits::default().message_bytes);
    let write = |_| world.write(&world.ada, world.send_op(&room, &confab_protocol::Cid::generate(), &text));
    let results = world.store.write((0..60).map(write).collect()).await.unwrap();
    assert!(results.iter().all(Result::is_ok));
    let fits = limits::PAGE_BYTES + text.len();

    let (mut after, mut pages) = (0, 0);
    loop {
        let page = world.store.entries(&room, after, limits::SYNC_MAX).await.unwrap();
        let bytes = serde_json::to_vec(&page.entries).unwrap().len();
        assert!(bytes <= fits && (bytes >= limits::PAGE_BYTES || !page.more), "{bytes} bytes, more: {}", page.more);
        assert_eq!(page.entries[0].seq, after + 1);
        (after, pages) = (page.entries.last().unwrap().seq, pages + 1);
        if !page.more {
            break;
        }
    }
    assert_eq!((after, pages), (61, 4), "all of it, in as few pages as that takes");

    let latest = world.store.history(&room, Page::Latest, limits::HISTORY_MAX).await.unwrap();
    assert!(serde_json::to_vec(&latest.messages).unwrap().len() <= fits && !latest.start);
    assert_eq!(latest.messages.last().unwrap().seq, 61, "what is left out is the oldest");
    let middle = world.store.history(&room, Page::Around(30), limits::HISTORY_MAX).await.unwrap();
    assert!(serde_json::to_vec(&middle.messages).unwrap().len() <= fits + text.len() && !middle.start);
    let seqs: Vec<_> = middle.messages.iter().map(|m| m.seq).collect();
    assert!(seqs.contains(&29) && seqs.contains(&30) && seqs.is_sorted(), "{seqs:?}");
    let (messages, _) = history(&*world.store, &room, limits::HISTORY_MAX).await;
    assert_eq!(messages.iter().map(|m| m.seq).collect::<Vec<_>>(), (2..=61).collect::<Vec<_>>(), "page by page");
}
