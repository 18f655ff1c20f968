use confab_protocol::fold::Fold;
use confab_protocol::{Cid, ErrorCode, MessageId, limits};

use crate::Place;
use crate::world::*;

pub async fn a_thread_is_read_by_any_of_its_messages_in_pages(place: Place) {
    let world = place.world().await;
    let (bob, room) = (world.joins("bob").await, &world.general);
    let root = world.sends(&bob, room, "who is in?").await;
    let answers = async |n: usize| {
        let op = world.answer_op(room, &Cid::generate(), &format!("answer {n}"), Some(&root.id));
        let sent = sent(world.does(&world.ada, op).await.unwrap());
        world.sends(&bob, room, "something else").await;
        sent
    };
    let first = answers(1).await;
    let (second, third) = (answers(2).await, answers(3).await);
    world.reacts(&bob, room, &second.id, "yes", true).await;
    let thread = async |id: &MessageId, before, limit| world.store.thread(room, id, before, limit).await.unwrap();

    let page = thread(&third.id, None, 2).await.unwrap();
    let ids: Vec<_> = page.messages.iter().map(|message| &message.id).collect();
    assert_eq!(ids, [&root.id, &second.id, &third.id], "the newest answers, under the message that they answer");
    assert_eq!(page.messages[1].reactions.len(), 1);
    assert!(!page.start, "there is an older one");
    let older = thread(&root.id, Some(second.seq), 2).await.unwrap();
    assert_eq!(older.messages.iter().map(|m| m.seq).collect::<Vec<_>>(), [root.seq, first.seq]);
    assert!(older.start);
    assert_eq!(thread(&MessageId::generate(), None, 2).await, None);
    assert_eq!(world.store.thread(&world.random, &root.id, None, 2).await.unwrap(), None, "in its own room only");

    let replies = page.messages[0].replies.unwrap();
    assert_eq!((replies.count, replies.last_seq, replies.last_ts), (3, third.seq, third.ts));
    world.does(&world.ada, world.delete_op(room, &third.id, &Cid::generate())).await.unwrap();
    world.does(&bob, world.delete_op(room, &root.id, &Cid::generate())).await.unwrap();
    let gone = thread(&first.id, None, 5).await.unwrap();
    assert!(gone.messages[0].deleted && gone.messages[0].replies == Some(replies), "a thread outlives its question");

    let mut fold = Fold::default();
    for entry in world.log(room).await.0 {
        fold.apply(entry);
    }
    let folded: Vec<_> = gone.messages.iter().map(|message| fold.message(message.seq).unwrap().clone()).collect();
    assert_eq!(gone.messages, folded, "what is read is the fold of the log");
}

pub async fn threads_do_not_branch(place: Place) {
    let world = place.world().await;
    let room = &world.general;
    let root = world.sends(&world.ada, room, "root").await;
    let into = |id: &MessageId| world.answer_op(room, &Cid::generate(), "answer", Some(id));
    let answer = sent(world.does(&world.ada, into(&root.id)).await.unwrap());
    assert_eq!(refusal(world.does(&world.ada, into(&answer.id)).await), ErrorCode::BadRequest);
}

pub async fn pins_are_listed_and_limited(place: Place) {
    let world = place.world().await;
    let (bob, eve) = (world.joins("bob").await, world.joins("eve").await);
    let room = &world.room(&world.ada, "pinned", confab_protocol::room::RoomKind::Private, &[&bob]).await;
    let pins =
        async || world.store.pins(room, None).await.unwrap().messages.into_iter().map(|m| m.id).collect::<Vec<_>>();
    let pin = |id: &MessageId, on| world.pin_op(room, id, &Cid::generate(), on);
    let (one, two) = (world.sends(&bob, room, "one").await.id, world.sends(&bob, room, "two").await.id);
    world.does(&world.ada, pin(&two, true)).await.unwrap();
    world.does(&bob, pin(&one, true)).await.unwrap();
    assert_eq!(refusal(world.does(&eve, pin(&one, false)).await), ErrorCode::NotFound, "from outside");
    assert_eq!(pins().await, [one.clone(), two.clone()], "in the order of the room");
    world.reacts(&bob, room, &two, "!", true).await;
    assert_eq!(world.store.pins(room, None).await.unwrap().messages[1].reactions.len(), 1);
    world.does(&bob, pin(&one, false)).await.unwrap();
    world.does(&bob, world.delete_op(room, &two, &Cid::generate())).await.unwrap();
    assert_eq!(pins().await, [], "what is deleted is not pinned");
    assert_eq!(refusal(world.does(&bob, pin(&two, true)).await), ErrorCode::NotFound);

    for n in 0..limits::PINS_MAX {
        let id = world.sends(&bob, room, &format!("{n}")).await.id;
        world.does(&bob, pin(&id, true)).await.unwrap();
    }
    assert_eq!(refusal(world.does(&bob, pin(&one, true)).await), ErrorCode::TooLarge);
    assert_eq!(pins().await.len(), limits::PINS_MAX);
}
