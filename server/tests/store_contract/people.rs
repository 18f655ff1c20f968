use confab_protocol::personal::{EVERY_DAY, Level, Personal, QuietHours, Reminder};
use confab_protocol::room::RoomKind;
use confab_protocol::{Cid, ErrorCode, ReminderId, Timestamp, UserId, limits};
use confab_server::store::{Op, PersonalRow, ProfileRow};

use crate::Place;
use crate::world::*;

pub async fn what_somebody_keeps_is_theirs(place: Place) {
    let world = place.world().await;
    let (ada, bob) = (world.ada.clone(), world.joins("bob").await);
    let store = &world.store;
    assert_eq!(store.personal(&bob).await.unwrap(), Personal::default());
    let quiet = QuietHours { from: 1320, to: 420, days: EVERY_DAY };
    let until = Timestamp::from_millis(9_000);
    let row = PersonalRow { dnd_until: Some(until), quiet: Some(quiet), invisible: true };
    store.set_personal(&bob, row).await.unwrap();
    assert_eq!(refusal(store.ignore(&bob, &UserId::generate(), true).await), ErrorCode::NotFound);
    store.ignore(&bob, &ada, true).await.unwrap();
    store.ignore(&bob, &ada, true).await.unwrap();
    let reminder = |text: &str, at: i64| Reminder {
        id: ReminderId::generate(),
        workspace: world.slug.clone(),
        room: world.general.clone(),
        text: text.into(),
        seq: None,
        at: Timestamp::from_millis(at),
    };
    let (later, sooner) = (reminder("tea", 200), Reminder { seq: Some(3), ..reminder("cake", 100) });
    store.add_reminder(&bob, later.clone()).await.unwrap();
    let kept = store.add_reminder(&bob, sooner.clone()).await.unwrap();
    let (dnd_until, quiet, ignored) = (Some(until), Some(quiet), vec![ada.clone()]);
    let reminders = vec![sooner.clone(), later.clone()];
    assert_eq!(kept, Personal { dnd_until, quiet, invisible: true, ignored, reminders });
    assert!(store.is_invisible(&bob).await.unwrap() && !store.is_invisible(&ada).await.unwrap());
    assert_eq!(store.member(&world.slug, &bob).await.unwrap().unwrap().dnd_until, Some(until));

    // Nobody else can take a reminder away, and what is gone is gone.
    store.remove_reminder(&ada, &sooner.id).await.unwrap();
    store.remove_reminder(&bob, &later.id).await.unwrap();
    store.remove_reminder(&bob, &later.id).await.unwrap();
    store.ignore(&bob, &ada, false).await.unwrap();
    let left = store.set_personal(&bob, PersonalRow::default()).await.unwrap();
    assert_eq!(left, Personal { reminders: vec![sooner], ..Personal::default() });
    assert_eq!(store.personal(&ada).await.unwrap(), Personal::default());
    for n in 1..limits::REMINDERS_MAX {
        store.add_reminder(&bob, reminder("more", n as i64)).await.unwrap();
    }
    assert_eq!(refusal(store.add_reminder(&bob, reminder("too much", 1)).await), ErrorCode::BadRequest);
}

pub async fn statuses_end_when_they_said(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let store = &world.store;
    let at = Timestamp::from_millis;
    let set = |status: &str, until: Option<i64>| ProfileRow {
        status: Some(status.into()),
        status_until: until.map(at),
        ..ProfileRow::default()
    };
    assert_eq!(store.next_status_end().await.unwrap(), None);
    let ada = store.update_profile(&world.ada, set("lunch", Some(500))).await.unwrap();
    assert_eq!((ada.status.as_deref(), ada.status_until), (Some("lunch"), Some(at(500))));
    store.update_profile(&bob, set("away", Some(900))).await.unwrap();
    assert_eq!(store.next_status_end().await.unwrap(), Some(at(500)));
    // Another change of the profile leaves the status as it is; a new status without an end has none.
    let named = ProfileRow { display_name: Some("Ada L".into()), ..ProfileRow::default() };
    assert_eq!(store.update_profile(&world.ada, named).await.unwrap().status_until, Some(at(500)));
    assert_eq!(store.end_statuses(at(499)).await.unwrap(), []);
    let ended = store.end_statuses(at(500)).await.unwrap();
    assert_eq!(ended.len(), 1);
    assert_eq!((&ended[0].id, &ended[0].status, ended[0].status_until), (&world.ada, &None, None));
    let member = store.member(&world.slug, &bob).await.unwrap().unwrap();
    assert_eq!((member.status.as_deref(), member.status_until), (Some("away"), Some(at(900))));
    assert_eq!(store.update_profile(&bob, set("here", None)).await.unwrap().status_until, None);
    assert_eq!(store.update_profile(&bob, set("", Some(950))).await.unwrap().status_until, None);
    assert_eq!(store.next_status_end().await.unwrap(), None);
}

pub async fn everybody_is_mentioned_at_once(place: Place) {
    let world = place.world().await;
    let (bob, carol) = (world.joins("bob").await, world.joins("carol").await);
    let room = &world.general;
    let here = |text: &str, here: &[&UserId]| {
        let here = here.iter().map(|user| (*user).clone()).collect();
        match world.send_op(room, &Cid::generate(), text) {
            Op::Send { slug, room, cid, text, reply_to, thread, .. } => {
                Op::Send { slug, room, cid, text, reply_to, thread, here, files: Vec::new() }
            }
            _ => unreachable!(),
        }
    };
    world.does(&world.ada, here("lunch, @here", &[&world.ada, &bob, &UserId::generate()])).await.unwrap();
    assert_eq!((world.unread(room, &bob).await.1, world.unread(room, &carol).await.1), (1, 0));
    let all = world.sends(&world.ada, room, "look, @room and @bob").await;
    assert_eq!((world.unread(room, &bob).await.1, world.unread(room, &carol).await.1), (2, 1));
    assert_eq!(world.unread(room, &world.ada).await, (0, 0), "who writes is not meant");
    world.deletes(&world.ada, room, &all.id).await;
    assert_eq!(world.unread(room, &carol).await.1, 0);
    let guest = world.guest("gil", Some(vec![room.clone()])).await;
    world.sends(&guest, room, "@room, hello").await;
    assert_eq!(world.unread(room, &carol).await.1, 0, "guests do not wake everybody");

    // Of many, nobody is named one by one; they are counted all the same, asked for one by one or together.
    let mut many = Vec::new();
    for n in 0..limits::NAMED_MAX {
        many.push(world.joins(&format!("user-{n}")).await);
    }
    let done = world.does(&world.ada, world.send_op(room, &Cid::generate(), "now, @room")).await.unwrap();
    let json = serde_json::to_value(&done.entries[0]).unwrap();
    assert_eq!(json["mentions"], serde_json::json!(["*"]));
    assert_eq!(world.unread(room, &many[7]).await, (1, 1));
    let together = world.store.unread(room, &many).await.unwrap();
    assert!(together.len() == many.len() && together.iter().all(|row| (row.unread, row.mentions) == (1, 1)));
    world.store.ignore(&many[7], &world.ada, true).await.unwrap();
    assert_eq!(world.unread(room, &many[7]).await, (1, 0));
    let together = world.store.unread(room, &many).await.unwrap();
    let of = |user: &UserId| together.iter().find(|row| row.user == *user).unwrap();
    assert_eq!((of(&many[7]).mentions, of(&many[7]).ignored.as_slice()), (0, &[world.ada.clone()][..]));
    assert_eq!(of(&many[8]).mentions, 1);
}

pub async fn who_is_ignored_mentions_nobody(place: Place) {
    let world = place.world().await;
    let (bob, carol) = (world.joins("bob").await, world.joins("carol").await);
    let room = &world.general;
    world.store.ignore(&bob, &world.ada, true).await.unwrap();
    world.sends(&world.ada, room, "@bob and @carol").await;
    world.sends(&carol, room, "@bob").await;
    assert_eq!(world.unread(room, &bob).await, (2, 1), "unread, but no mention");
    let open = Op::OpenDirect { slug: world.slug.clone(), users: vec![bob.clone(), carol.clone()] };
    let direct = room_of(&world.does(&world.ada, open).await.unwrap()).id.clone();
    let first = world.sends(&world.ada, &direct, "psst").await;
    world.sends(&world.ada, &direct, "hey").await;
    world.sends(&carol, &direct, "what?").await;
    assert_eq!(world.unread(&direct, &bob).await, (3, 1));
    world.deletes(&world.ada, &direct, &first.id).await;
    assert_eq!(world.unread(&direct, &bob).await, (2, 1));
    // Asked together with many others, a direct room counts the same.
    let mut users = vec![bob.clone()];
    users.extend((0..20).map(|_| UserId::generate()));
    let together = world.store.unread(&direct, &users).await.unwrap();
    assert_eq!((together.len(), together[0].unread, together[0].mentions), (1, 2, 1));
    // It is not forgotten, only not told.
    world.store.ignore(&bob, &world.ada, false).await.unwrap();
    assert_eq!(world.unread(&direct, &bob).await, (2, 2));
    assert_eq!(world.unread(room, &bob).await, (2, 2));
}

pub async fn levels_are_each_ones_own(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let room = world.room(&world.ada, "bees", RoomKind::Public, &[&bob]).await;
    let seen = |user: &UserId| {
        let (user, world, room) = (user.clone(), &world, &room);
        async move { world.seen(room, &user).await.unwrap().0 }
    };
    assert_eq!((seen(&bob).await.level, seen(&bob).await.muted), (Level::Mentions, false));
    for level in [Level::All, Level::None, Level::Mentions] {
        let done = world.does(&bob, world.level_op(&room, level)).await.unwrap();
        assert!(done.entries.is_empty() && room_of(&done).level == level);
        assert_eq!((seen(&bob).await.level, seen(&bob).await.muted), (level, level == Level::None));
        let told = world.store.room_for(&room, &[bob.clone()]).await.unwrap();
        assert_eq!((told[0].1.level, told[0].1.muted), (level, level == Level::None));
        assert_eq!(world.store.unread(&room, &[bob.clone()]).await.unwrap()[0].level, level);
        assert_eq!(seen(&world.ada).await.level, Level::Mentions);
    }
    world.does(&world.ada, world.level_op(&room, Level::None)).await.unwrap();
    assert_eq!(seen(&bob).await.level, Level::Mentions);
}
