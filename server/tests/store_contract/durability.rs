use std::sync::Arc;

use confab_protocol::account::Role;
use confab_protocol::personal::Level;
use confab_protocol::room::RoomKind;
use confab_protocol::{Cid, ErrorCode};
use confab_server::store::{Location, Op, Store, TokenHash, open};

use crate::Place;
use crate::world::*;

/// All that can be read of a small server, in one text.
async fn everything(store: &dyn Store) -> String {
    let mut all = format!("{:?}\n", store.server().await.unwrap());
    let users = store.users(None, 100).await.unwrap();
    for slug in store.slugs().await.unwrap() {
        all += &format!("{slug}: {:?}\n", store.members(&slug).await.unwrap());
        for user in &users {
            all += &format!("{:?}\n", store.sessions(&user.id).await.unwrap());
            all += &format!("{:?}\n", store.workspaces(&user.id).await.unwrap());
            for room in store.rooms(&slug, &user.id).await.unwrap() {
                all += &format!("{room:?} {:?}\n", store.room_members(&room.id).await.unwrap());
                all += &format!("{:?} {:?}\n", log(store, &room.id).await, history(store, &room.id, 3).await);
            }
        }
    }
    all
}

async fn lively(place: &Place) -> World {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    world.guest("guest", Some(vec![world.random.clone()])).await;
    let room = world.room(&bob, "bees", RoomKind::Private, &[&world.ada]).await;
    for n in 0..5 {
        let message = world.sends(&bob, &room, &format!("{n} @ada \u{1F41D}")).await;
        world.reacts(&world.ada, &room, &message.id, "+1", true).await;
        if n % 2 == 0 {
            world.edits(&bob, &room, &message.id, "edited").await;
        }
        if n == 3 {
            world.deletes(&bob, &room, &message.id).await;
        }
    }
    world.does(&bob, world.level_op(&room, Level::None)).await.unwrap();
    world.invitation(Role::Member, None, Some(3)).await;
    world
}

pub async fn everything_is_still_there_after_opening_again(place: Place) {
    let world = lively(&place).await;
    let cid = Cid::generate();
    let op = world.send_op(&world.general, &cid, "once");
    let first = sent(world.does(&world.ada, op.clone()).await.unwrap());
    let before = everything(&*world.store).await;
    let (ada, slug) = (world.ada.clone(), world.slug.clone());
    drop(world);

    let store = place.open().await;
    assert_eq!(everything(&*store).await, before);
    assert_eq!(store.identity(&TokenHash([1; 32])).await.unwrap().unwrap().user.id, ada);
    let now = confab_protocol::Timestamp::from_millis(999_999);
    let again = write(&*store, confab_server::store::Write { actor: ada.clone(), now, op }).await.unwrap();
    assert_eq!(sent(again), Sent { repeated: true, ..first });
    assert_eq!(store.slugs_of(&ada).await.unwrap(), [slug]);
}

pub async fn a_backup_is_the_same_database(place: Place) {
    let world = lively(&place).await;
    let file = place.file("backup.db");
    world.store.backup(&file).await.unwrap();
    let then = everything(&*world.store).await;
    world.sends(&world.ada, &world.general, "after the backup").await;
    assert_eq!(refusal(world.store.backup(&file).await), ErrorCode::Conflict, "nothing is written over");

    let copy = open(&Location::Sqlite(file)).await.unwrap();
    assert_eq!(everything(&*copy).await, then);
    assert_eq!(copy.check().await.unwrap(), Vec::<String>::new());
    assert!(copy.identity(&TokenHash([1; 32])).await.unwrap().is_some());
    copy.ready().await.unwrap();
}

pub async fn a_new_epoch_begins_when_asked(place: Place) {
    let store = place.open().await;
    let before = store.server().await.unwrap();
    store.renew_epoch().await.unwrap();
    let after = store.server().await.unwrap();
    assert_ne!(after.epoch, before.epoch);
    assert_eq!(after.id, before.id);
    drop(store);
    assert_eq!(place.open().await.server().await.unwrap(), after);
}

pub async fn a_store_is_ready_and_sound(place: Place) {
    let world = lively(&place).await;
    world.store.ready().await.unwrap();
    assert_eq!(world.store.check().await.unwrap(), Vec::<String>::new());
}

/// PostgreSQL only: two servers write to the same rooms, in groups that lock them in every order.
pub async fn nodes_share_a_database(place: Place) {
    let world = Arc::new(place.world().await);
    let other = place.open().await;
    let bob = world.joins("bob").await;
    let cids: Vec<Cid> = (0..120).map(|_| Cid::generate()).collect();
    let node = |store: Arc<dyn Store>, reverse: bool| {
        let (world, bob, cids) = (world.clone(), bob.clone(), cids.clone());
        tokio::spawn(async move {
            // Both nodes send the same messages, in opposite orders: each is written once.
            let mut order: Vec<usize> = (0..cids.len()).collect();
            if reverse {
                order.reverse();
            }
            let mut seqs = vec![(0, false); cids.len()];
            for (turn, chunk) in order.chunks(6).enumerate() {
                let op = |&i: &usize| {
                    let room = if i % 2 == 0 { &world.general } else { &world.random };
                    world.write(&bob, world.send_op(room, &cids[i], &format!("{i}")))
                };
                let mut group: Vec<_> = chunk.iter().map(op).collect();
                if turn % 4 == 0 {
                    let user = person(&format!("p{turn}{reverse}"), Role::Member);
                    group.push(world.write(&user.id.clone(), Op::SignUp { user, session: None, invite: None }));
                }
                let results = store.write(group).await.unwrap();
                for (&i, result) in chunk.iter().zip(results) {
                    let sent = sent(result.unwrap());
                    seqs[i] = (sent.seq, sent.repeated);
                }
            }
            seqs
        })
    };
    let (a, b) = (node(world.store.clone(), false), node(other.clone(), true));
    let (a, b) = (a.await.unwrap(), b.await.unwrap());
    for (i, (a, b)) in a.iter().zip(&b).enumerate() {
        assert_eq!(a.0, b.0, "message {i} has one place");
        assert!(a.1 != b.1, "and was written by one of the two");
    }
    world.log(&world.general).await;
    world.log(&world.random).await;
    assert_eq!(other.check().await.unwrap(), Vec::<String>::new());
    assert_eq!(everything(&*other).await, everything(&*world.store).await);
}
