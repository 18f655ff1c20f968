use confab_protocol::log::{EntryBody, MembershipChange};
use confab_protocol::personal::Level;
use confab_protocol::room::RoomKind;
use confab_protocol::{Cid, ErrorCode, RoomId, UserId};
use confab_server::store::{Op, Reply};

use crate::Place;
use crate::world::*;

impl World {
    fn join_op(&self, room: &RoomId) -> Op {
        Op::JoinRoom { slug: self.slug.clone(), room: room.clone() }
    }

    fn leave_op(&self, room: &RoomId) -> Op {
        Op::LeaveRoom { slug: self.slug.clone(), room: room.clone() }
    }

    fn kick_op(&self, room: &RoomId, user: &UserId) -> Op {
        Op::Kick { slug: self.slug.clone(), room: room.clone(), user: user.clone() }
    }

    fn invite_op(&self, room: &RoomId, users: &[&UserId]) -> Op {
        let users = users.iter().map(|&user| user.clone()).collect();
        Op::InviteToRoom { slug: self.slug.clone(), room: room.clone(), users }
    }

    fn direct_op(&self, users: &[&UserId]) -> Op {
        Op::OpenDirect { slug: self.slug.clone(), users: users.iter().map(|&user| user.clone()).collect() }
    }

    async fn comings(&self, room: &RoomId) -> Vec<(UserId, MembershipChange, UserId)> {
        let (log, _) = self.log(room).await;
        log.into_iter()
            .filter_map(|entry| match entry.body {
                EntryBody::Membership { user, change, author } => Some((user, change, author)),
                _ => None,
            })
            .collect()
    }

    async fn logins(&self, room: &RoomId) -> Vec<String> {
        self.store.room_members(room).await.unwrap().into_iter().map(|member| member.login).collect()
    }
}

pub async fn rooms_are_made_joined_and_left(place: Place) {
    let world = place.world().await;
    let (bob, carol) = (world.joins("bob").await, world.joins("carol").await);
    let done = world.does(&bob, world.create_room("bees", RoomKind::Public, &[&world.ada])).await.unwrap();
    let Reply::Room { room, new: true } = &done.reply else { panic!("{:?}", done.reply) };
    let id = room.id.clone();
    assert_eq!((room.members, room.head, room.read, room.unread), (2, 2, 1, 0));
    assert_eq!(done.joined, [(id.clone(), bob.clone()), (id.clone(), world.ada.clone())]);

    let (seen, inside) = world.seen(&id, &carol).await.unwrap();
    assert!(!inside && seen.last_message.is_none());
    let listed = world.store.listed_rooms(&world.slug, &carol).await.unwrap();
    assert_eq!(listed.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["bees", "general", "random"]);
    world.sends(&bob, &id, "before carol").await;

    let done = world.does(&carol, world.join_op(&id)).await.unwrap();
    assert_eq!((done.entries.len(), done.joined.len()), (1, 1));
    assert_eq!(room_of(&done).members, 3);
    assert_eq!(world.unread(&id, &carol).await, (0, 0), "what was before is not unread");
    let again = world.does(&carol, world.join_op(&id)).await.unwrap();
    assert!(again.entries.is_empty() && again.joined.is_empty());
    assert_eq!(room_of(&again), room_of(&done));
    assert!(world.store.room_ids(&world.slug, &carol).await.unwrap().contains(&id));

    let done = world.does(&carol, world.leave_op(&id)).await.unwrap();
    assert_eq!(done.left, [(id.clone(), carol.clone())]);
    assert_eq!(refusal(world.does(&carol, world.leave_op(&id)).await), ErrorCode::NotFound);
    let send = world.send_op(&id, &Cid::generate(), "still here?");
    assert_eq!(refusal(world.does(&carol, send).await), ErrorCode::NotFound);
    assert_eq!(world.logins(&id).await, ["ada", "bob"]);
    use MembershipChange::{Invited, Joined, Left};
    let expected = [
        (bob.clone(), Joined, bob.clone()),
        (world.ada.clone(), Invited, bob.clone()),
        (carol.clone(), Joined, carol.clone()),
        (carol.clone(), Left, carol.clone()),
    ];
    assert_eq!(world.comings(&id).await, expected);
}

pub async fn names_are_unique_while_a_room_lives(place: Place) {
    let world = place.world().await;
    let bees = world.room(&world.ada, "bees", RoomKind::Private, &[]).await;
    let create = || world.create_room("bees", RoomKind::Public, &[]);
    assert_eq!(refusal(world.does(&world.ada, create()).await), ErrorCode::Conflict);
    let rename = Op::UpdateRoom {
        slug: world.slug.clone(),
        room: world.random.clone(),
        name: Some("bees".into()),
        topic: None,
        archived: None,
        level: None,
    };
    assert_eq!(refusal(world.does(&world.ada, rename).await), ErrorCode::Conflict);
    world.does(&world.ada, world.archive_op(&bees, true)).await.unwrap();
    assert_eq!(refusal(world.does(&world.ada, create()).await), ErrorCode::Conflict);
    world.does(&world.ada, Op::DeleteRoom { slug: world.slug.clone(), room: bees }).await.unwrap();
    world.does(&world.ada, create()).await.unwrap();
}

pub async fn private_rooms_and_foreign_ones_do_not_exist_for_others(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let secret = world.room(&bob, "secret", RoomKind::Private, &[]).await;
    let message = world.sends(&bob, &secret, "psst").await;
    // The owner of the workspace sees it no more than anybody else.
    let ada = &world.ada;
    assert!(world.seen(&secret, ada).await.is_none());
    let listed = world.store.listed_rooms(&world.slug, ada).await.unwrap();
    assert!(listed.iter().all(|room| room.id != secret));
    let cid = Cid::generate;
    let nowhere = RoomId::generate();
    for room in [&secret, &nowhere] {
        for op in [
            world.join_op(room),
            world.leave_op(room),
            world.send_op(room, &cid(), "x"),
            world.edit_op(room, &message.id, &cid(), "x"),
            world.delete_op(room, &message.id, &cid()),
            world.react_op(room, &message.id, &cid(), "x", true),
            world.invite_op(room, &[ada]),
            world.kick_op(room, &bob),
            world.archive_op(room, true),
            Op::DeleteRoom { slug: world.slug.clone(), room: room.clone() },
        ] {
            let what = format!("{op:?}");
            assert_eq!(refusal(world.does(ada, op).await), ErrorCode::NotFound, "{what}");
        }
    }
    // A room that one is in, but through the namespace of another workspace.
    let other = "other".parse().unwrap();
    let op = Op::CreateWorkspace { slug: other, name: "Other".into(), icon: None, open: true };
    world.does(ada, op).await.unwrap();
    let other = "other".parse().unwrap();
    assert_eq!(world.store.room(&other, &world.general, ada).await.unwrap(), None);
    let op = Op::JoinRoom { slug: other, room: world.general.clone() };
    assert_eq!(refusal(world.does(ada, op).await), ErrorCode::NotFound);
}

pub async fn guests_see_the_rooms_that_they_were_invited_to(place: Place) {
    let world = place.world().await;
    let guest = world.guest("guest", Some(vec![world.random.clone()])).await;
    assert!(world.seen(&world.general, &guest).await.is_none());
    assert_eq!(refusal(world.does(&guest, world.join_op(&world.general)).await), ErrorCode::NotFound);
    let listed = world.store.listed_rooms(&world.slug, &guest).await.unwrap();
    assert_eq!(listed.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["random"]);
    assert_eq!(world.store.rooms(&world.slug, &guest).await.unwrap().len(), 1);
    world.sends(&guest, &world.random, "hello").await;
    let create = world.create_room("guests", RoomKind::Public, &[]);
    assert_eq!(refusal(world.does(&guest, create).await), ErrorCode::Forbidden);
    assert_eq!(refusal(world.does(&guest, world.invite_op(&world.random, &[&guest])).await), ErrorCode::Forbidden);
    assert_eq!(refusal(world.does(&guest, world.direct_op(&[&world.ada])).await), ErrorCode::Forbidden);
    world.does(&world.ada, world.invite_op(&world.general, &[&guest])).await.unwrap();
    assert!(world.seen(&world.general, &guest).await.unwrap().1);
}

pub async fn people_are_invited_and_kicked(place: Place) {
    let world = place.world().await;
    let (bob, carol, ada) = (world.joins("bob").await, world.joins("carol").await, &world.ada);
    let room = world.room(&bob, "bees", RoomKind::Private, &[]).await;
    let done = world.does(&bob, world.invite_op(&room, &[&carol, &bob, ada])).await.unwrap();
    assert_eq!(done.joined, [(room.clone(), carol.clone()), (room.clone(), ada.clone())]);
    let stranger = UserId::generate();
    let both = world.does(&bob, world.invite_op(&room, &[&stranger])).await;
    assert_eq!(refusal(both), ErrorCode::NotFound);

    assert_eq!(refusal(world.does(&carol, world.kick_op(&room, &bob)).await), ErrorCode::Forbidden);
    assert_eq!(refusal(world.does(&bob, world.kick_op(&room, ada)).await), ErrorCode::Forbidden);
    assert_eq!(refusal(world.does(&bob, world.kick_op(&room, &stranger)).await), ErrorCode::NotFound);
    let done = world.does(&bob, world.kick_op(&room, &carol)).await.unwrap();
    assert_eq!(done.left, [(room.clone(), carol.clone())]);
    assert!(world.seen(&room, &carol).await.is_none());
    assert_eq!(refusal(world.does(&bob, world.kick_op(&room, &carol)).await), ErrorCode::NotFound);
    let last = world.comings(&room).await.pop().unwrap();
    assert_eq!(last, (carol, MembershipChange::Kicked, bob));
    assert_eq!(world.logins(&room).await, ["ada", "bob"]);
}

pub async fn changes_of_a_room_are_in_its_log(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let room = world.room(&world.ada, "bees", RoomKind::Public, &[&bob]).await;
    let update = |name: Option<&str>, topic: Option<&str>| Op::UpdateRoom {
        slug: world.slug.clone(),
        room: room.clone(),
        name: name.map(str::to_owned),
        topic: topic.map(str::to_owned),
        archived: None,
        level: None,
    };
    let done = world.does(&bob, update(Some("bees"), Some("of honey"))).await.unwrap();
    let body = EntryBody::Room { name: None, topic: Some("of honey".into()), archived: None, author: bob.clone() };
    assert_eq!(done.entries.len(), 1);
    assert_eq!(done.entries[0].body, body, "only what changed");
    assert_eq!(room_of(&done).topic, "of honey");
    let same = world.does(&bob, update(None, Some("of honey"))).await.unwrap();
    assert!(same.entries.is_empty());
    let muted = world.does(&bob, world.level_op(&room, Level::None)).await.unwrap();
    assert!(muted.entries.is_empty() && room_of(&muted).muted && room_of(&muted).level == Level::None);
    assert!(!world.seen(&room, &world.ada).await.unwrap().0.muted, "muting is each one's own");

    assert_eq!(refusal(world.does(&bob, world.archive_op(&room, true)).await), ErrorCode::Forbidden);
    let done = world.does(&world.ada, world.archive_op(&room, true)).await.unwrap();
    assert!(room_of(&done).archived);
    assert_eq!(refusal(world.does(&bob, update(Some("wasps"), None)).await), ErrorCode::Forbidden);
    let listed = world.store.listed_rooms(&world.slug, &bob).await.unwrap();
    assert!(listed.iter().all(|listed| listed.id != room));
    let own = world.store.rooms(&world.slug, &bob).await.unwrap();
    assert!(own.iter().any(|own| own.id == room), "its members still read it");
    let (log, head) = world.log(&room).await;
    assert_eq!((log.last().unwrap(), head), (&done.entries[0], 4));
    world.does(&world.ada, world.archive_op(&room, false)).await.unwrap();
    world.does(&bob, update(Some("wasps"), None)).await.unwrap();
}

pub async fn a_deleted_room_is_gone(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let room = world.room(&bob, "bees", RoomKind::Public, &[&world.ada]).await;
    world.sends(&bob, &room, "buzz").await;
    let delete = || Op::DeleteRoom { slug: world.slug.clone(), room: room.clone() };
    assert_eq!(refusal(world.does(&bob, delete()).await), ErrorCode::Forbidden);
    let done = world.does(&world.ada, delete()).await.unwrap();
    let mut left: Vec<_> = done.left.into_iter().map(|(_, user)| user).collect();
    left.sort();
    let mut both = [bob.clone(), world.ada.clone()];
    both.sort();
    assert_eq!(left, both);
    for user in &both {
        assert!(world.seen(&room, user).await.is_none());
        assert!(!world.store.room_ids(&world.slug, user).await.unwrap().contains(&room));
        assert_eq!(world.store.mark_read(&room, user, 1).await.unwrap(), None);
    }
    assert_eq!(refusal(world.store.entries(&room, 0, 10).await), ErrorCode::NotFound);
    assert_eq!(refusal(world.does(&world.ada, delete()).await), ErrorCode::NotFound);
    assert_eq!(world.store.unread(&room, &both).await.unwrap(), []);
    assert_eq!(world.store.check().await.unwrap(), Vec::<String>::new());
}

pub async fn a_set_of_people_has_one_direct_room(place: Place) {
    let world = place.world().await;
    let (bob, carol, ada) = (world.joins("bob").await, world.joins("carol").await, &world.ada);
    let done = world.does(ada, world.direct_op(&[&bob, &carol])).await.unwrap();
    let Reply::Room { room, new: true } = &done.reply else { panic!("{:?}", done.reply) };
    let mut people = vec![ada.clone(), bob.clone(), carol.clone()];
    people.sort();
    assert_eq!((room.kind, room.members, room.users.as_ref()), (RoomKind::Direct, 3, Some(&people)));
    assert_eq!(done.joined.len(), 3);
    let id = room.id.clone();
    for (who, others) in [(&bob, [&carol, ada, ada]), (&carol, [ada, &bob, &carol])] {
        let again = world.does(who, world.direct_op(&others)).await.unwrap();
        assert!(matches!(&again.reply, Reply::Room { room, new: false } if room.id == id));
        assert!(again.entries.is_empty());
    }
    let pair = world.does(&bob, world.direct_op(&[ada])).await.unwrap();
    assert_ne!(room_of(&pair).id, id);
    let alone = world.does(&bob, world.direct_op(&[&bob])).await.unwrap();
    assert_eq!((room_of(&alone).members, room_of(&alone).users.as_ref().map(Vec::len)), (1, Some(1)));
    assert_eq!(refusal(world.does(ada, world.direct_op(&[&UserId::generate()])).await), ErrorCode::NotFound);

    assert_eq!(refusal(world.does(&bob, world.leave_op(&id)).await), ErrorCode::Forbidden);
    assert_eq!(refusal(world.does(ada, world.kick_op(&id, &bob)).await), ErrorCode::Forbidden);
    let listed = world.store.listed_rooms(&world.slug, &bob).await.unwrap();
    assert!(listed.iter().all(|room| room.kind != RoomKind::Direct));
    let own = world.store.rooms(&world.slug, &bob).await.unwrap();
    let kinds: Vec<_> = own.iter().map(|room| room.kind == RoomKind::Direct).collect();
    assert_eq!(kinds, [false, false, true, true, true], "direct rooms come last");

    // Who left the workspace and came back finds the conversation again.
    world.does(&carol, Op::LeaveWorkspace { slug: world.slug.clone() }).await.unwrap();
    assert!(world.seen(&id, &carol).await.is_none());
    world.does(&carol, Op::JoinWorkspace { slug: world.slug.clone() }).await.unwrap();
    let again = world.does(ada, world.direct_op(&[&carol, &bob])).await.unwrap();
    assert_eq!(again.joined, [(id.clone(), carol.clone())]);
    assert!(world.seen(&id, &carol).await.unwrap().1);
}
