use confab_protocol::log::{EntryBody, Reaction};
use confab_protocol::room::RoomKind;
use confab_protocol::{Cid, ErrorCode, MessageId, limits};
use confab_server::store::{Op, Page};

use crate::Place;
use crate::world::*;

pub async fn a_message_is_written_once_whatever_is_repeated(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let (room, cid) = (&world.general, Cid::generate());
    let first = world.does(&bob, world.send_op(room, &cid, "hi")).await.unwrap();
    assert_eq!(first.entries.len(), 1);
    assert!(
        matches!(&first.entries[0].body, EntryBody::Message { text, author, .. } if text == "hi" && *author == bob)
    );
    let first = sent(first);
    assert!(!first.repeated);

    let again = world.does(&bob, world.send_op(room, &cid, "hi")).await.unwrap();
    assert!(again.entries.is_empty());
    assert_eq!(sent(again), Sent { repeated: true, ..first.clone() });
    for other in [
        world.send_op(room, &cid, "ho"),
        world.send_op(&world.random, &cid, "hi"),
        world.delete_op(room, &first.id, &cid),
        Op::Send {
            slug: world.slug.clone(),
            room: room.clone(),
            cid: cid.clone(),
            text: "hi".into(),
            reply_to: Some(first.id.clone()),
            thread: None,
            here: Vec::new(),
            files: Vec::new(),
        },
    ] {
        let what = format!("{other:?}");
        assert_eq!(refusal(world.does(&bob, other).await), ErrorCode::Conflict, "{what}");
    }
    // The cid is the author's own: someone else's same one is another.
    let other = sent(world.does(&world.ada, world.send_op(room, &cid, "hi")).await.unwrap());
    assert_ne!(other.id, first.id);

    // Edits, deletions and reactions are repeated as safely.
    for op in [
        |w: &World, id: &MessageId, cid: &Cid| w.react_op(&w.general, id, cid, "+1", true),
        |w: &World, id: &MessageId, cid: &Cid| w.edit_op(&w.general, id, cid, "hi!"),
        |w: &World, id: &MessageId, cid: &Cid| w.delete_op(&w.general, id, cid),
    ] {
        let cid = Cid::generate();
        let once = sent(world.does(&bob, op(&world, &first.id, &cid)).await.unwrap());
        assert_eq!(once.id, first.id);
        let twice = world.does(&bob, op(&world, &first.id, &cid)).await.unwrap();
        assert!(twice.entries.is_empty());
        assert_eq!(sent(twice), Sent { repeated: true, ..once });
    }
    let (log, _) = world.log(room).await;
    let written = log.iter().filter(|entry| !matches!(entry.body, EntryBody::Membership { .. })).count();
    assert_eq!(written, 5);
}

pub async fn a_repeated_cid_is_judged_before_the_room_but_after_the_member(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let room = world.room(&world.ada, "bees", RoomKind::Public, &[&bob]).await;
    let cid = Cid::generate();
    let first = sent(world.does(&bob, world.send_op(&room, &cid, "hi")).await.unwrap());
    world.does(&world.ada, world.archive_op(&room, true)).await.unwrap();
    let again = sent(world.does(&bob, world.send_op(&room, &cid, "hi")).await.unwrap());
    assert_eq!(again, Sent { repeated: true, ..first }, "archived since: the answer stands");
    let kick = Op::Kick { slug: world.slug.clone(), room: room.clone(), user: bob.clone() };
    world.does(&world.ada, kick).await.unwrap();
    let gone = world.does(&bob, world.send_op(&room, &cid, "hi")).await;
    assert_eq!(refusal(gone), ErrorCode::NotFound, "no longer inside: nothing is there");
}

pub async fn writes_of_a_group_are_judged_each_on_its_own(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let (room, cid) = (&world.general, Cid::generate());
    let (_, before) = world.log(room).await;
    let group = vec![
        world.write(&bob, world.send_op(room, &cid, "one")),
        world.write(&bob, world.send_op(room, &cid, "one")),
        world.write(&bob, world.send_op(room, &cid, "another")),
        // Refused after it made the room: nothing of it may stay.
        world.write(&bob, world.create_room("half", RoomKind::Public, &[&confab_protocol::UserId::generate()])),
        world.write(&bob, world.create_room("half", RoomKind::Public, &[&world.ada])),
        world.write(&world.ada, world.send_op(room, &Cid::generate(), "two")),
    ];
    let results = world.store.write(group).await.unwrap();
    let first = sent(results[0].clone().unwrap());
    assert_eq!(sent(results[1].clone().unwrap()), Sent { repeated: true, ..first.clone() });
    assert_eq!(refusal(results[2].clone()), ErrorCode::Conflict);
    assert_eq!(refusal(results[3].clone()), ErrorCode::NotFound);
    assert_eq!(room_of(results[4].as_ref().unwrap()).head, 2);
    let last = sent(results[5].clone().unwrap());
    assert_eq!((first.seq, last.seq), (before + 1, before + 2));
    let told: Vec<_> = results.iter().flatten().flat_map(|done| &done.entries).filter(|e| e.room == *room).collect();
    let (log, _) = world.log(room).await;
    assert_eq!(told, log[before as usize..].iter().collect::<Vec<_>>(), "what is told is what is in the log");
    assert!(world.store.write(Vec::new()).await.unwrap().is_empty());
    assert_eq!(world.store.check().await.unwrap(), Vec::<String>::new());
}

pub async fn messages_are_edited_and_deleted_by_those_who_may(place: Place) {
    let world = place.world().await;
    let (bob, carol) = (world.joins("bob").await, world.joins("carol").await);
    let room = &world.general;
    let message = world.sends(&bob, room, "teh").await;
    let edit = || world.edit_op(room, &message.id, &Cid::generate(), "the");
    for other in [&carol, &world.ada] {
        assert_eq!(refusal(world.does(other, edit()).await), ErrorCode::Forbidden);
    }
    let edited = sent(world.does(&bob, edit()).await.unwrap());
    let delete = || world.delete_op(room, &message.id, &Cid::generate());
    assert_eq!(refusal(world.does(&carol, delete()).await), ErrorCode::Forbidden);
    let page = world.store.history(room, Page::Latest, 10).await.unwrap();
    let seen = page.messages.last().unwrap();
    assert_eq!((seen.text.as_str(), seen.edited_ts, seen.seq), ("the", Some(edited.ts), message.seq));

    world.does(&world.ada, delete()).await.unwrap();
    for op in [delete(), edit(), world.react_op(room, &message.id, &Cid::generate(), "+1", true)] {
        assert_eq!(refusal(world.does(&bob, op).await), ErrorCode::NotFound);
    }
    let nothing = MessageId::generate();
    let op = world.edit_op(room, &nothing, &Cid::generate(), "x");
    assert_eq!(refusal(world.does(&bob, op).await), ErrorCode::NotFound);
    let elsewhere = world.sends(&bob, &world.random, "there").await;
    let op = world.edit_op(room, &elsewhere.id, &Cid::generate(), "x");
    assert_eq!(refusal(world.does(&bob, op).await), ErrorCode::NotFound);
}

pub async fn deleted_means_gone(place: Place) {
    let world = place.world().await;
    let (bob, room) = (world.joins("bob").await, &world.general);
    let message = world.sends(&bob, room, "swordfish @ada").await;
    world.edits(&bob, room, &message.id, "the swordfish").await;
    world.reacts(&world.ada, room, &message.id, "+1", true).await;
    world.deletes(&bob, room, &message.id).await;
    let (log, _) = world.log(room).await;
    let page = world.store.history(room, Page::Latest, 10).await.unwrap();
    let everything = serde_json::to_string(&(&log, &page)).unwrap();
    assert!(!everything.contains("swordfish"), "{everything}");
    let seen = page.messages.last().unwrap();
    assert!(seen.deleted && seen.text.is_empty() && seen.reactions.is_empty() && seen.mentions.is_empty());
    assert_eq!((seen.id.clone(), seen.seq, seen.edited_ts), (message.id, message.seq, None));
    assert_eq!(world.unread(room, &world.ada).await, (0, 0));
}

pub async fn answers_and_threads_stay_in_their_room(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let root = world.sends(&bob, &world.general, "root").await;
    let elsewhere = world.sends(&bob, &world.random, "elsewhere").await;
    let send = |reply_to: Option<&MessageId>, thread: Option<&MessageId>| Op::Send {
        slug: world.slug.clone(),
        room: world.general.clone(),
        cid: Cid::generate(),
        text: "answer".into(),
        reply_to: reply_to.cloned(),
        thread: thread.cloned(),
        here: Vec::new(),
        files: Vec::new(),
    };
    let nothing = MessageId::generate();
    for op in [send(Some(&elsewhere.id), None), send(None, Some(&elsewhere.id)), send(Some(&nothing), None)] {
        assert_eq!(refusal(world.does(&bob, op).await), ErrorCode::NotFound);
    }
    world.does(&bob, send(Some(&root.id), Some(&root.id))).await.unwrap();
    let last = world.seen(&world.general, &bob).await.unwrap().0.last_message.unwrap();
    assert_eq!((last.text.as_str(), last.reply_to, last.thread), ("answer", Some(root.id.clone()), Some(root.id)));
}

pub async fn mentions_are_members_of_the_room(place: Place) {
    let world = place.world().await;
    let (bob, carol) = (world.joins("bob").await, world.joins("carol").await);
    let room = world.room(&world.ada, "bees", RoomKind::Public, &[&bob]).await;
    world.sends(&world.ada, &room, "@carol, @Bob and @bob: see @nobody and @ada").await;
    let last = world.seen(&room, &bob).await.unwrap().0.last_message.unwrap();
    assert_eq!(last.mentions, [bob.clone(), world.ada.clone()]);
    assert_eq!(world.unread(&room, &bob).await, (1, 1));
    assert_eq!(world.unread(&room, &world.ada).await, (0, 0), "nobody is told of their own message");
    assert!(!last.mentions.contains(&carol));
}

pub async fn archived_rooms_take_no_messages(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let room = world.room(&world.ada, "bees", RoomKind::Public, &[&bob]).await;
    let message = world.sends(&bob, &room, "hi").await;
    world.does(&world.ada, world.archive_op(&room, true)).await.unwrap();
    let cid = Cid::generate;
    for op in [
        world.send_op(&room, &cid(), "x"),
        world.edit_op(&room, &message.id, &cid(), "x"),
        world.delete_op(&room, &message.id, &cid()),
        world.react_op(&room, &message.id, &cid(), "+1", true),
    ] {
        assert_eq!(refusal(world.does(&bob, op).await), ErrorCode::Forbidden);
    }
    assert_eq!(world.store.history(&room, Page::Latest, 10).await.unwrap().messages.len(), 1, "but it is read");
}

pub async fn reactions_are_a_set_in_order(place: Place) {
    let world = place.world().await;
    let (bob, carol, room) = (world.joins("bob").await, world.joins("carol").await, &world.general);
    let message = world.sends(&bob, room, "well?").await;
    let id = &message.id;
    for (who, emoji, on) in
        [(&bob, "a", true), (&carol, "b", true), (&carol, "a", true), (&carol, "a", true), (&bob, "a", false)]
    {
        let before = world.log(room).await.1;
        assert_eq!(world.reacts(who, room, id, emoji, on).await.seq, before + 1, "each has its entry");
    }
    let reaction = |emoji: &str, users: &[&confab_protocol::UserId]| Reaction {
        emoji: emoji.into(),
        users: users.iter().map(|&user| user.clone()).collect(),
    };
    let seen = || async { world.store.history(room, Page::Latest, 1).await.unwrap().messages.remove(0).reactions };
    assert_eq!(seen().await, [reaction("a", &[&carol]), reaction("b", &[&carol])], "a keeps its place");
    world.reacts(&carol, room, id, "a", false).await;
    world.reacts(&bob, room, id, "a", true).await;
    world.reacts(&carol, room, id, "a", true).await;
    assert_eq!(seen().await, [reaction("b", &[&carol]), reaction("a", &[&bob, &carol])], "gone, it comes last");

    for n in 2..limits::REACTIONS_MAX {
        world.reacts(&bob, room, id, &format!("e{n}"), true).await;
    }
    let one_more = world.react_op(room, id, &Cid::generate(), "more", true);
    assert_eq!(refusal(world.does(&bob, one_more).await), ErrorCode::TooLarge);
    world.reacts(&bob, room, id, "b", true).await;
}

pub async fn many_senders_leave_no_holes(place: Place) {
    let world = place.world().await;
    let world = std::sync::Arc::new(world);
    let bob = world.joins("bob").await;
    let (_, before) = world.log(&world.general).await;
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let (world, bob) = (world.clone(), bob.clone());
            tokio::spawn(async move {
                let mut got = Vec::new();
                for n in 0..8 {
                    let who = if task % 2 == 0 { &bob } else { &world.ada };
                    let room = if n % 4 == 3 { &world.random } else { &world.general };
                    got.push((room.clone(), world.sends(who, room, &format!("{task}/{n}")).await));
                }
                got
            })
        })
        .collect();
    let mut seqs = Vec::new();
    for task in tasks {
        let got = task.await.unwrap();
        let general: Vec<_> = got.iter().filter(|(room, _)| *room == world.general).map(|(_, s)| s.seq).collect();
        assert!(general.is_sorted(), "one sender's messages keep their order");
        seqs.extend(general);
    }
    seqs.sort_unstable();
    assert_eq!(seqs, (before + 1..=before + 16 * 6).collect::<Vec<_>>());
    world.log(&world.general).await;
    assert_eq!(world.store.check().await.unwrap(), Vec::<String>::new());
}
