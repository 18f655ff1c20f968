//! Databases of earlier schemas: all that is in them is read and written on as if it had always been so.

use confab_protocol::fold::Fold;
use confab_protocol::log::{Entry, EntryBody};
use confab_protocol::{Cid, ErrorCode, MessageId, RoomId};

use crate::Place;
use crate::world::*;

const SQLITE: [&str; 3] = [
    include_str!("../../migrations/sqlite/0001_first.sql"),
    include_str!("../../migrations/sqlite/0002_cids_in_order_of_time.sql"),
    include_str!("../../migrations/sqlite/0003_threads_and_pins.sql"),
];
const POSTGRES: [&str; 3] = [
    include_str!("../../migrations/postgres/0001_first.sql"),
    include_str!("../../migrations/postgres/0002_cids_in_order_of_time.sql"),
    include_str!("../../migrations/postgres/0003_threads_and_pins.sql"),
];
/// What `message:send` of "who is in?" keeps beside its cid.
const HASH: &str = "0cedb3ee55ea074145e6c57794aa58a8";

fn id(text: &str) -> MessageId {
    text.parse().unwrap()
}

async fn version_3(place: &Place) -> World {
    let content = include_str!("version_3.sql");
    let sqlite = content.replace("{HASH}", &format!("x'{HASH}'"));
    let postgres = content.replace("{HASH}", &format!("decode('{HASH}', 'hex')"));
    place.leave_behind((&SQLITE, &sqlite), (&POSTGRES, &postgres)).await;
    World::of(place.open().await, "ada", "r", "s")
}

fn folded(log: Vec<Entry>) -> Fold {
    let mut fold = Fold::default();
    for entry in log {
        fold.apply(entry);
    }
    fold
}

pub async fn messages_of_version_3_are_read_as_before(place: Place) {
    let world = version_3(&place).await;
    let room = &world.general;
    let [bob, carol] = ["bob", "carol"].map(|user| user.parse().unwrap());
    assert_eq!(world.store.check().await.unwrap(), Vec::<String>::new());

    let (log, head) = world.log(room).await;
    assert_eq!(head, 13);
    let (messages, notices) = history(&*world.store, room, 2).await;
    assert_eq!(
        messages.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(),
        ["root", "edited", "deleted", "pinned", "plain"]
    );
    let fold = folded(log);
    assert_eq!((messages, notices), (fold.messages().cloned().collect(), fold.notices().cloned().collect()));

    assert_eq!(world.unread(room, &world.ada).await, (0, 0));
    assert_eq!(world.unread(room, &bob).await, (1, 0));
    assert_eq!(world.unread(room, &carol).await, (4, 1), "five, of which one is deleted");
    assert_eq!(world.unread(&world.random, &world.ada).await, (0, 0));
    let read = world.store.mark_read(room, &carol, 11).await.unwrap().unwrap();
    assert_eq!((read.read, read.unread, read.mentions), (11, 1, 0));

    let (seen, _) = world.seen(room, &bob).await.unwrap();
    assert_eq!((seen.head, seen.last_message.unwrap().id), (13, id("plain")));
    let (silent, _) = world.seen(&world.random, &world.ada).await.unwrap();
    assert_eq!((silent.head, silent.last_message), (1, None));
    let pins = world.store.pins(room, None).await.unwrap().messages;
    assert_eq!(pins.into_iter().map(|m| m.id).collect::<Vec<_>>(), [id("pinned")]);
    let thread = world.store.thread(room, &id("pinned"), None, 10).await.unwrap().unwrap();
    assert_eq!(thread.messages.into_iter().map(|m| m.id).collect::<Vec<_>>(), [id("root"), id("pinned")]);
}

pub async fn messages_of_version_3_are_changed_by_their_ids(place: Place) {
    let world = version_3(&place).await;
    let (ada, room) = (&world.ada, &world.general);
    let bob = "bob".parse().unwrap();
    let again = sent(world.does(ada, world.send_op(room, &"c4".parse().unwrap(), "who is in?")).await.unwrap());
    assert_eq!((again.id.as_str(), again.seq, again.ts.as_millis(), again.repeated), ("root", 4, 4, true));
    let other = world.does(ada, world.send_op(room, &"c4".parse().unwrap(), "who is out?")).await;
    assert_eq!(refusal(other), ErrorCode::Conflict);

    // One message has one id: the place of an old one is none.
    let by_place = id(&format!("{room}.12"));
    assert_eq!(
        refusal(world.does(ada, world.edit_op(room, &by_place, &Cid::generate(), "x")).await),
        ErrorCode::NotFound
    );
    let elsewhere = world.edit_op(&world.random, &id("plain"), &Cid::generate(), "x");
    assert_eq!(refusal(world.does(ada, elsewhere).await), ErrorCode::NotFound);
    let gone = world.react_op(room, &id("deleted"), &Cid::generate(), "+1", true);
    assert_eq!(refusal(world.does(ada, gone).await), ErrorCode::NotFound);

    world.edits(ada, room, &id("plain"), "thank you").await;
    world.deletes(&bob, room, &id("edited")).await;
    world.reacts(ada, room, &id("root"), "+1", true).await;
    world.does(&bob, world.pin_op(room, &id("root"), &Cid::generate(), true)).await.unwrap();
    let answer = world.answer_op(room, &Cid::generate(), "and I", Some(&id("root")));
    let answer = sent(world.does(&bob, answer).await.unwrap());
    assert_eq!(answer.id, id(&format!("{room}.{}", answer.seq)));
    world.edits(&bob, room, &answer.id, "and I as well").await;

    let (log, _) = world.log(room).await;
    assert!(!format!("{log:?}").contains("me too"), "deleted means gone, from the edits of before too");
    let made = log.iter().find(|entry| entry.seq == answer.seq).unwrap();
    assert!(matches!(&made.body, EntryBody::Message { id, .. } if *id == answer.id));
    let fold = folded(log);
    let (messages, _) = history(&*world.store, room, 3).await;
    assert_eq!(messages, fold.messages().cloned().collect::<Vec<_>>());
    assert_eq!(messages[0].replies.unwrap().count, 2);
    let thread = world.store.thread(room, &answer.id, None, 10).await.unwrap().unwrap();
    let ids: Vec<_> = thread.messages.iter().map(|m| m.id.clone()).collect();
    assert_eq!(ids, [id("root"), id("pinned"), answer.id]);
    assert_eq!(world.store.check().await.unwrap(), Vec::<String>::new());
    let room: RoomId = room.clone();
    drop(world);
    assert_eq!(history(&*place.open().await, &room, 3).await.0, messages);
}
