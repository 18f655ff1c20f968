use confab_protocol::account::Role;
use confab_protocol::personal::Level;
use confab_protocol::{Cid, ErrorCode, Slug, UserId};
use confab_server::store::{Op, Reply};

use crate::Place;
use crate::world::*;

fn create(slug: &str, open: bool) -> Op {
    Op::CreateWorkspace { slug: slug.parse().unwrap(), name: slug.to_uppercase(), icon: Some("\u{1F41D}".into()), open }
}

pub async fn a_workspace_is_made_with_its_owner_and_room(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let slug: Slug = "bees".parse().unwrap();
    let done = world.does(&bob, create("bees", false)).await.unwrap();
    assert_eq!(done.reply, Reply::Workspace { slug: slug.clone(), role: Role::Owner, new: true });
    let rooms = world.store.rooms(&slug, &bob).await.unwrap();
    assert_eq!(rooms.len(), 1);
    assert_eq!((rooms[0].name.as_str(), rooms[0].members, rooms[0].head), ("general", 1, 1));
    assert_eq!(done.joined, [(rooms[0].id.clone(), bob.clone())]);

    let mine = world.store.workspaces(&bob).await.unwrap();
    let names: Vec<_> = mine.iter().map(|w| (w.name.as_str(), w.role)).collect();
    assert_eq!(names, [("BEES", Some(Role::Owner)), ("General", Some(Role::Member))]);
    assert_eq!(world.store.slugs_of(&bob).await.unwrap(), [slug.clone(), world.slug.clone()]);
    assert_eq!(world.store.workspaces(&world.ada).await.unwrap().len(), 1);
    let seen = world.store.workspace(&slug, &world.ada).await.unwrap().unwrap();
    assert_eq!((seen.role, seen.icon.as_deref()), (None, Some("\u{1F41D}")));

    let rename = |name: &str| Op::UpdateWorkspace {
        slug: slug.clone(),
        name: Some(name.into()),
        icon: Some(String::new()),
        open: Some(true),
    };
    assert_eq!(refusal(world.does(&world.ada, rename("x")).await), ErrorCode::NotFound);
    world.does(&bob, rename("Hive")).await.unwrap();
    let seen = world.store.workspace(&slug, &bob).await.unwrap().unwrap();
    assert_eq!((seen.name.as_str(), seen.icon, seen.open), ("Hive", None, true));

    let guest = world.guest("guest", None).await;
    assert_eq!(refusal(world.does(&guest, create("nest", true)).await), ErrorCode::Forbidden);
}

pub async fn slugs_are_never_used_again(place: Place) {
    let world = place.world().await;
    world.does(&world.ada, create("bees", true)).await.unwrap();
    assert_eq!(refusal(world.does(&world.ada, create("bees", true)).await), ErrorCode::Conflict);
    world.does(&world.ada, Op::ArchiveWorkspace { slug: "bees".parse().unwrap() }).await.unwrap();
    assert_eq!(refusal(world.does(&world.ada, create("bees", true)).await), ErrorCode::Conflict);
}

pub async fn open_workspaces_are_joined_and_left(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let (open, closed): (Slug, Slug) = ("open".parse().unwrap(), "closed".parse().unwrap());
    world.does(&world.ada, create("open", true)).await.unwrap();
    world.does(&world.ada, create("closed", false)).await.unwrap();
    let listed = world.store.listed_workspaces(&bob).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|w| (w.slug.as_str(), w.role.is_some())).collect();
    assert_eq!(listed, [("general", true), ("open", false)]);

    let join = |slug: &Slug| Op::JoinWorkspace { slug: slug.clone() };
    assert_eq!(refusal(world.does(&bob, join(&closed)).await), ErrorCode::NotFound);
    assert_eq!(refusal(world.does(&bob, join(&"none".parse().unwrap())).await), ErrorCode::NotFound);
    let done = world.does(&bob, join(&open)).await.unwrap();
    assert_eq!(done.reply, Reply::Workspace { slug: open.clone(), role: Role::Member, new: true });
    assert_eq!(done.joined.len(), 1);
    let room = done.joined[0].0.clone();
    let again = world.does(&bob, join(&open)).await.unwrap();
    assert_eq!(again.reply, Reply::Workspace { slug: open.clone(), role: Role::Member, new: false });
    assert!(again.entries.is_empty() && again.joined.is_empty());

    let leave = |slug: &Slug| Op::LeaveWorkspace { slug: slug.clone() };
    let done = world.does(&bob, leave(&open)).await.unwrap();
    assert_eq!(done.left, [(room.clone(), bob.clone())]);
    assert_eq!(done.entries.len(), 1);
    assert_eq!(world.store.member(&open, &bob).await.unwrap(), None);
    assert_eq!(world.store.room_ids(&open, &bob).await.unwrap(), []);
    assert_eq!(refusal(world.does(&bob, leave(&open)).await), ErrorCode::NotFound);
    assert_eq!(refusal(world.does(&world.ada, leave(&open)).await), ErrorCode::Forbidden);
    let members = world.store.members(&open).await.unwrap();
    assert_eq!(members.iter().map(|m| m.login.as_str()).collect::<Vec<_>>(), ["ada"]);
}

pub async fn roles_change_and_people_are_removed(place: Place) {
    let world = place.world().await;
    let (bob, cem) = (world.joins("bob").await, world.joins("cem").await);
    let slug = world.slug.clone();
    let role = |user: &UserId, role| Op::UpdateMember { slug: slug.clone(), user: user.clone(), role };
    let remove = |user: &UserId| Op::RemoveMember { slug: slug.clone(), user: user.clone() };
    let of = async |user: &UserId| world.store.member(&slug, user).await.unwrap().map(|member| member.role);

    assert_eq!(refusal(world.does(&bob, role(&cem, Role::Guest)).await), ErrorCode::Forbidden);
    let before = world.store.changes();
    world.does(&world.ada, role(&bob, Role::Owner)).await.unwrap();
    let after = world.store.changes();
    assert!(before.is_none() && after.is_none() || after > before, "{before:?} {after:?}");
    assert_eq!((of(&bob).await, world.store.changes()), (Some(Role::Owner), after));
    world.does(&bob, role(&world.ada, Role::Member)).await.unwrap();
    assert_eq!(refusal(world.does(&bob, role(&bob, Role::Admin)).await), ErrorCode::Forbidden);
    assert_eq!(of(&bob).await, Some(Role::Owner));

    let rooms = world.store.room_ids(&slug, &cem).await.unwrap();
    let done = world.does(&bob, remove(&cem)).await.unwrap();
    assert_eq!(done.left, rooms.iter().map(|room| (room.clone(), cem.clone())).collect::<Vec<_>>());
    assert_eq!((of(&cem).await, world.store.room_ids(&slug, &cem).await.unwrap()), (None, vec![]));
    assert_eq!(refusal(world.does(&bob, remove(&cem)).await), ErrorCode::NotFound);
    assert_eq!(refusal(world.does(&bob, remove(&bob)).await), ErrorCode::Forbidden);
}

pub async fn an_archived_workspace_is_gone(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    let slug = world.slug.clone();
    assert_eq!(refusal(world.does(&bob, Op::ArchiveWorkspace { slug: slug.clone() }).await), ErrorCode::Forbidden);
    world.does(&world.ada, Op::ArchiveWorkspace { slug: slug.clone() }).await.unwrap();
    assert_eq!(world.store.slugs().await.unwrap(), []);
    assert_eq!(world.store.workspaces(&bob).await.unwrap(), []);
    assert_eq!(world.store.workspace(&slug, &bob).await.unwrap(), None);
    assert_eq!(world.store.rooms(&slug, &bob).await.unwrap(), []);
    assert!(world.seen(&world.general, &bob).await.is_none());
    let send = world.send_op(&world.general, &Cid::generate(), "anyone?");
    assert_eq!(refusal(world.does(&bob, send).await), ErrorCode::NotFound);
    assert_eq!(refusal(world.does(&bob, Op::JoinWorkspace { slug }).await), ErrorCode::NotFound);
}

pub async fn unread_is_summed_over_rooms_that_are_not_muted(place: Place) {
    let world = place.world().await;
    let bob = world.joins("bob").await;
    world.sends(&world.ada, &world.general, "one").await;
    world.sends(&world.ada, &world.general, "two, @bob").await;
    world.sends(&world.ada, &world.random, "three").await;
    let users = vec![bob.clone()];
    let done = world.does(&world.ada, Op::OpenDirect { slug: world.slug.clone(), users }).await.unwrap();
    let direct = room_of(&done).id.clone();
    world.sends(&world.ada, &direct, "four").await;
    let counts = || async {
        let workspace = world.store.workspace(&world.slug, &bob).await.unwrap().unwrap();
        assert_eq!(world.store.workspaces(&bob).await.unwrap(), [workspace.clone()]);
        (workspace.unread, workspace.mentions)
    };
    assert_eq!(counts().await, (4, 2));
    world.does(&bob, world.level_op(&world.general, Level::None)).await.unwrap();
    assert_eq!(counts().await, (2, 1));
    assert!(world.seen(&world.general, &bob).await.unwrap().0.muted);
    world.does(&bob, world.level_op(&world.general, Level::Mentions)).await.unwrap();
    assert_eq!(counts().await, (4, 2));
    let ada = world.store.workspace(&world.slug, &world.ada).await.unwrap().unwrap();
    assert_eq!((ada.unread, ada.mentions), (0, 0));
}
