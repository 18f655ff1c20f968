use confab_protocol::account::Role;
use confab_protocol::room::RoomKind;
use confab_protocol::{ErrorCode, InviteCode, SessionId, Timestamp, UserId};
use confab_server::store::{NewUser, Op, ProfileRow, Reply, TokenHash};

use crate::Place;
use crate::world::*;

pub async fn a_server_is_set_up_once(place: Place) {
    let store = place.open().await;
    let before = store.server().await.unwrap();
    assert!(!before.set_up && before.name.is_empty());
    assert_eq!(store.slugs().await.unwrap(), []);

    let world = World::new(store).await;
    let server = world.store.server().await.unwrap();
    assert_eq!((server.name.as_str(), server.set_up), ("Home", true));
    assert_eq!((server.id, server.epoch), (before.id, before.epoch));
    assert_eq!(world.store.slugs().await.unwrap(), [world.slug.clone()]);
    let rooms = world.store.rooms(&world.slug, &world.ada).await.unwrap();
    assert_eq!(rooms.iter().map(|room| room.name.as_str()).collect::<Vec<_>>(), ["general", "random"]);
    assert_eq!(world.store.identity(&TokenHash([1; 32])).await.unwrap().unwrap().user.id, world.ada);

    let eve = UserId::generate();
    let op = Op::SetUp {
        server_name: "Mine".into(),
        owner: NewUser { id: eve.clone(), ..person("eve", Role::Owner) },
        session: session(&eve, 9),
    };
    assert_eq!(refusal(world.does(&eve, op).await), ErrorCode::Conflict);
    assert_eq!(world.store.user(&eve).await.unwrap(), None);
    assert_eq!(world.store.server().await.unwrap().name, "Home");
}

pub async fn logins_are_unique_and_a_refused_sign_up_leaves_nothing(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let other = NewUser { id: UserId::generate(), ..person("bob", Role::Member) };
    let id = other.id.clone();
    let sign_up = |user: NewUser, invite| Op::SignUp { session: Some(session(&user.id, 5)), user, invite };
    assert_eq!(refusal(world.does(&id, sign_up(other, None)).await), ErrorCode::Conflict);

    // The person is made before the invitation turns out to be none.
    let carol = person("carol", Role::Member);
    let (id, code) = (carol.id.clone(), InviteCode::generate());
    assert_eq!(refusal(world.does(&id, sign_up(carol, Some(code))).await), ErrorCode::NotFound);
    assert_eq!(world.store.user(&id).await.unwrap(), None);
    assert!(world.store.identity(&TokenHash([5; 32])).await.unwrap().is_none());
    let logins: Vec<_> = world.store.users(None, 9).await.unwrap().into_iter().map(|user| user.login).collect();
    assert_eq!(logins, ["ada", "bob"]);
    let after = world.store.users(Some("ada"), 9).await.unwrap();
    assert_eq!(after.into_iter().map(|user| user.id).collect::<Vec<_>>(), [bob.clone()]);
    // Who signs up without an invitation comes into the first workspace and its rooms.
    assert_eq!(world.store.room_ids(&world.slug, &bob).await.unwrap().len(), 2);
}

pub async fn sessions_are_found_by_their_token_and_end(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let sessions: Vec<_> = (10..14).map(|token| session(&bob, token)).collect();
    for session in &sessions {
        world.store.create_session(session.clone()).await.unwrap();
    }
    let found = world.store.identity(&TokenHash([11; 32])).await.unwrap().unwrap();
    assert_eq!((&found.session, &found.user.id), (&sessions[1].id, &bob));
    assert!(world.store.identity(&TokenHash([99; 32])).await.unwrap().is_none());

    let listed = |sessions: Vec<confab_protocol::account::Session>| -> Vec<SessionId> {
        sessions.into_iter().map(|session| session.id).collect()
    };
    let newest_first: Vec<_> = sessions.iter().rev().map(|session| session.id.clone()).collect();
    assert_eq!(listed(world.store.sessions(&bob).await.unwrap()), newest_first);

    let seen = Timestamp::from_millis(500);
    let early = Timestamp::from_millis(400);
    world.store.touch_sessions(vec![(sessions[0].id.clone(), seen)]).await.unwrap();
    world.store.touch_sessions(vec![(sessions[0].id.clone(), early)]).await.unwrap();
    assert_eq!(world.store.sessions(&bob).await.unwrap()[3].last_seen, seen);

    assert!(!world.store.delete_session(&world.ada, &sessions[0].id).await.unwrap(), "someone else's");
    assert!(world.store.delete_session(&bob, &sessions[0].id).await.unwrap());
    assert!(!world.store.delete_session(&bob, &sessions[0].id).await.unwrap());
    assert!(world.store.identity(&TokenHash([10; 32])).await.unwrap().is_none());
    let mut ended = world.store.delete_sessions(&bob, Some(&sessions[2].id)).await.unwrap();
    ended.sort();
    assert_eq!(ended, [sessions[1].id.clone(), sessions[3].id.clone()]);
    assert_eq!(world.store.delete_sessions(&bob, None).await.unwrap(), [sessions[2].id.clone()]);
    assert_eq!(world.store.sessions(&world.ada).await.unwrap().len(), 1, "others keep theirs");
}

pub async fn profiles_change_only_what_is_given(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let some = |text: &str| Some(text.to_owned());
    let change = ProfileRow { status: some("away"), avatar: some("f1"), ..ProfileRow::default() };
    let user = world.store.update_profile(&bob, change).await.unwrap();
    assert_eq!((user.display_name.as_str(), user.status, user.avatar), ("Bob", some("away"), some("f1")));
    let change = ProfileRow { display_name: some("Robert"), status: some(""), ..ProfileRow::default() };
    let user = world.store.update_profile(&bob, change).await.unwrap();
    assert_eq!((user.display_name.as_str(), &user.status, &user.avatar), ("Robert", &None, &some("f1")));
    assert_eq!(world.store.user(&bob).await.unwrap(), Some(user));
    let member = world.store.member(&world.slug, &bob).await.unwrap().unwrap();
    assert_eq!((member.display_name.as_str(), member.role), ("Robert", Role::Member));

    world.store.set_password(&bob, "new").await.unwrap();
    let credentials = world.store.credentials("bob").await.unwrap().unwrap();
    assert_eq!((credentials.user.id, credentials.password_hash.as_deref()), (bob, Some("new")));
    assert!(world.store.credentials("nobody").await.unwrap().is_none());
    let nobody = UserId::generate();
    assert_eq!(refusal(world.store.set_password(&nobody, "x").await), ErrorCode::NotFound);
    assert_eq!(refusal(world.store.update_profile(&nobody, ProfileRow::default()).await), ErrorCode::NotFound);
}

pub async fn invitations_are_used_up(place: Place) {
    let world = place.world().await;
    let code = world.invitation(Role::Member, None, Some(2)).await;
    let now = Timestamp::from_millis(5_000);
    let live = world.store.invite(&code, now).await.unwrap().unwrap();
    assert_eq!((live.workspace_name.as_str(), live.uses_left), ("General", Some(2)));
    assert!(world.store.invite(&code, live.expires).await.unwrap().is_none(), "expired");

    let group: Vec<_> = (0..3)
        .map(|n| {
            let user = person(&format!("new{n}"), Role::Member);
            world.write(&user.id.clone(), Op::SignUp { user, session: None, invite: Some(code.clone()) })
        })
        .collect();
    let results = world.store.write(group).await.unwrap();
    assert!(results[0].is_ok() && results[1].is_ok());
    assert_eq!(refusal(results[2].clone()), ErrorCode::NotFound);
    assert!(world.store.invite(&code, now).await.unwrap().is_none());
    assert!(world.store.credentials("new2").await.unwrap().is_none());

    // Who is there already uses nothing up.
    let code = world.invitation(Role::Member, None, Some(1)).await;
    let again = world.does(&world.ada, Op::Redeem { invite: code.clone() }).await.unwrap();
    assert_eq!(again.reply, Reply::Workspace { slug: world.slug.clone(), role: Role::Owner, new: false });
    assert_eq!(world.store.invite(&code, now).await.unwrap().unwrap().uses_left, Some(1));
    assert!(world.store.delete_invite(&code).await.unwrap());
    assert!(!world.store.delete_invite(&code).await.unwrap());
}

pub async fn invitations_bring_people_where_they_say(place: Place) {
    let world = place.world().await;
    let secret = world.room(&world.ada, "secret", RoomKind::Private, &[]).await;

    let guest = world.guest("guest", Some(vec![secret.clone()])).await;
    assert_eq!(world.store.room_ids(&world.slug, &guest).await.unwrap(), [secret.clone()]);
    let member = world.store.member(&world.slug, &guest).await.unwrap().unwrap();
    assert_eq!((member.role, member.guest), (Role::Guest, true));

    let plain = world.guest("plain", None).await;
    assert_eq!(world.store.room_ids(&world.slug, &plain).await.unwrap().len(), 2);

    let code = world.invitation(Role::Admin, Some(vec![secret.clone()]), None).await;
    let user = person("dora", Role::Member);
    let dora = user.id.clone();
    let done = world.does(&dora, Op::SignUp { user, session: None, invite: Some(code.clone()) }).await.unwrap();
    assert_eq!(done.joined.len(), 3, "the preset rooms and the named one");
    assert_eq!(done.entries.len(), 3);
    match done.reply {
        Reply::Person { workspace, .. } => assert_eq!(workspace, Some((world.slug.clone(), Role::Admin))),
        other => panic!("{other:?}"),
    }

    // Someone who is signed in comes by the same link, into a workspace that they are not in.
    let slug = "other".parse().unwrap();
    let op = Op::CreateWorkspace { slug, name: "Other".into(), icon: None, open: false };
    world.does(&dora, op).await.unwrap();
    let leave = Op::LeaveWorkspace { slug: world.slug.clone() };
    world.does(&dora, leave).await.unwrap();
    let back = world.does(&dora, Op::Redeem { invite: code }).await.unwrap();
    assert_eq!(back.reply, Reply::Workspace { slug: world.slug.clone(), role: Role::Admin, new: true });
    assert_eq!(back.joined.len(), 3);
}

pub async fn invitations_are_managed_by_admins_and_their_makers(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let code = world.invitation(Role::Member, None, None).await;
    let now = Timestamp::from_millis(5_000);
    let codes =
        |rows: Vec<confab_server::store::InviteRow>| -> Vec<_> { rows.into_iter().map(|row| row.code).collect() };
    assert_eq!(codes(world.store.invites(&world.ada, now).await.unwrap()), [code.clone()]);
    assert_eq!(codes(world.store.invites(&bob, now).await.unwrap()), []);
    let own = confab_server::store::NewInvite {
        code: InviteCode::generate(),
        workspace: world.slug.clone(),
        rooms: None,
        role: Role::Member,
        creator: bob.clone(),
        expires: Timestamp::from_millis(6_000),
        max_uses: None,
    };
    world.store.create_invite(own.clone()).await.unwrap();
    assert_eq!(codes(world.store.invites(&bob, now).await.unwrap()), [own.code.clone()]);
    assert_eq!(codes(world.store.invites(&world.ada, now).await.unwrap()), [own.code, code]);
    assert_eq!(codes(world.store.invites(&bob, Timestamp::from_millis(6_000)).await.unwrap()), []);
}
