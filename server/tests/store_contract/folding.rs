//! The tables that `history` reads are the fold of the log, whatever was written.

use std::sync::Arc;

use confab_protocol::fold::Fold;
use confab_protocol::log::{Entry, Message};
use confab_protocol::room::RoomKind;
use confab_protocol::{Cid, MessageId, UserId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::Place;
use crate::world::*;

/// What somebody tries; `message` and `who` count among those that there are. Much of it is refused.
#[derive(Debug, Clone)]
enum Try {
    Send { who: usize, mention: bool, thread: Option<usize> },
    Edit { who: usize, message: usize },
    Delete { who: usize, message: usize },
    React { who: usize, message: usize, emoji: usize, on: bool },
    Pin { who: usize, message: usize, on: bool },
    Topic { who: usize, topic: u8 },
    Leave { who: usize },
    Join { who: usize },
    Read { who: usize, back: u64 },
    Repeat,
}

fn tries() -> impl Strategy<Value = Vec<(Try, bool)>> {
    let who = 0..3usize;
    let message = 0..8usize;
    let one = prop_oneof![
        5 => (who.clone(), any::<bool>(), prop::option::of(message.clone()))
            .prop_map(|(who, mention, thread)| Try::Send { who, mention, thread }),
        3 => (who.clone(), message.clone()).prop_map(|(who, message)| Try::Edit { who, message }),
        2 => (who.clone(), message.clone()).prop_map(|(who, message)| Try::Delete { who, message }),
        2 => (who.clone(), message.clone(), any::<bool>())
            .prop_map(|(who, message, on)| Try::Pin { who, message, on }),
        5 => (who.clone(), message, 0..3usize, any::<bool>())
            .prop_map(|(who, message, emoji, on)| Try::React { who, message, emoji, on }),
        1 => (who.clone(), 0..3u8).prop_map(|(who, topic)| Try::Topic { who, topic }),
        1 => who.clone().prop_map(|who| Try::Leave { who }),
        2 => who.clone().prop_map(|who| Try::Join { who }),
        1 => (who, 0..6u64).prop_map(|(who, back)| Try::Read { who, back }),
        1 => Just(Try::Repeat),
    ];
    // The flag: whether it begins a new group.
    prop::collection::vec((one, any::<bool>()), 1..60)
}

pub async fn the_tables_equal_the_fold_of_the_log(place: Place) {
    let world = place.world().await;
    let people = [world.ada.clone(), world.joins("bob").await, world.joins("carol").await];
    let context = Arc::new((world, people));
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    block_in_place(|| {
        let outcome = runner.run(&tries(), |tries| {
            let context = Arc::clone(&context);
            Handle::current().block_on(async move { one_room(&context.0, &context.1, tries).await });
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("{failure}");
        }
    });
}

async fn one_room(world: &World, people: &[UserId; 3], tries: Vec<(Try, bool)>) {
    let name = format!("r{}", Cid::generate());
    let room = world.room(&people[0], &name, RoomKind::Public, &[&people[1]]).await;
    let mut told: Vec<Entry> = world.log(&room).await.0;
    let mut messages: Vec<MessageId> = Vec::new();
    let mut group = Vec::new();
    let mut last = None;
    for (what, begins) in tries {
        if begins {
            run(world, &mut group, &mut messages, &mut told).await;
        }
        let cid = Cid::generate();
        let slug = world.slug.clone();
        let nothing = MessageId::generate();
        let id = |n: usize| messages.iter().rev().nth(n).unwrap_or(&nothing);
        let (who, op) = match &what {
            Try::Send { who, mention, thread } => {
                let text = if *mention { "hello @bob and @carol" } else { "hello" };
                (*who, world.answer_op(&room, &cid, text, thread.map(id)))
            }
            Try::Pin { who, message, on } => (*who, world.pin_op(&room, id(*message), &cid, *on)),
            Try::Edit { who, message } => (*who, world.edit_op(&room, id(*message), &cid, &format!("edited {cid}"))),
            Try::Delete { who, message } => (*who, world.delete_op(&room, id(*message), &cid)),
            Try::React { who, message, emoji, on } => {
                (*who, world.react_op(&room, id(*message), &cid, ["a", "b", "c"][*emoji], *on))
            }
            Try::Topic { who, topic } => {
                let topic = Some(format!("topic {topic}"));
                let (name, archived, level) = (None, None, None);
                let room = room.clone();
                (*who, confab_server::store::Op::UpdateRoom { slug, room, name, topic, archived, level })
            }
            Try::Leave { who } => (*who, confab_server::store::Op::LeaveRoom { slug, room: room.clone() }),
            Try::Join { who } => (*who, confab_server::store::Op::JoinRoom { slug, room: room.clone() }),
            Try::Read { who, back } => {
                let head = told.len() as u64;
                world.store.mark_read(&room, &people[*who], head.saturating_sub(*back)).await.unwrap();
                continue;
            }
            Try::Repeat => match last.clone() {
                Some(last) => last,
                None => continue,
            },
        };
        last = Some((who, op.clone()));
        group.push(world.write(&people[who], op));
    }
    run(world, &mut group, &mut messages, &mut told).await;

    // 1. What was told after each commit folds to what the tables hold; and so does the log, where deleted texts are
    //    blank by now.
    let (log, _) = world.log(&room).await;
    assert_eq!(told.iter().map(|e| e.seq).collect::<Vec<_>>(), log.iter().map(|e| e.seq).collect::<Vec<_>>());
    let (page, notices) = history(&*world.store, &room, 4).await;
    let folded = fold(&log);
    assert_eq!(folded, (page.clone(), notices.clone()));
    assert_eq!(fold(&told).0, page);

    // 2. Replaying what came after k on the fold at k gives the same.
    for k in [0, log.len() / 3, log.len() / 2, log.len()] {
        let mut resumed = Fold::from_page(fold(&log[..k]).0, fold(&log[..k]).1);
        for entry in &world.store.entries(&room, k as u64, 500).await.unwrap().entries {
            resumed.apply(entry.clone());
        }
        let resumed: Vec<Message> = resumed.messages().cloned().collect();
        assert_eq!(resumed, page, "from {k}");
    }

    // 3. What is unread is what a count over the fold says.
    for user in people {
        let Some((seen, true)) = world.seen(&room, user).await else { continue };
        let after: Vec<_> = page.iter().filter(|m| m.seq > seen.read && !m.deleted).collect();
        let mentions = after.iter().filter(|m| m.mentions.contains(user)).count() as u64;
        assert_eq!(world.unread(&room, user).await, (after.len() as u64, mentions));
    }
    assert_eq!(world.store.check().await.unwrap(), Vec::<String>::new());
}

async fn run(
    world: &World,
    group: &mut Vec<confab_server::store::Write>,
    messages: &mut Vec<MessageId>,
    told: &mut Vec<Entry>,
) {
    for done in world.store.write(std::mem::take(group)).await.unwrap().into_iter().flatten() {
        for entry in done.entries {
            if let confab_protocol::log::EntryBody::Message { id, .. } = &entry.body {
                messages.push(id.clone());
            }
            told.push(entry);
        }
    }
}

fn fold(entries: &[Entry]) -> (Vec<Message>, Vec<Entry>) {
    let mut fold = Fold::default();
    for entry in entries {
        fold.apply(entry.clone());
    }
    (fold.messages().cloned().collect(), fold.notices().cloned().collect())
}
