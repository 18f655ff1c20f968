use super::*;

const INSIDE: Standing =
    Standing { kind: RoomKind::Public, archived: false, role: Some(Role::Member), inside: true, maker: false };
const OUTSIDE: Standing = Standing { inside: false, ..INSIDE };

fn code(ruling: Ruling) -> Option<ErrorCode> {
    ruling.err().map(|error| error.code)
}

const FORBIDDEN: Option<ErrorCode> = Some(ErrorCode::Forbidden);
const NOT_FOUND: Option<ErrorCode> = Some(ErrorCode::NotFound);

#[test]
fn what_may_not_be_seen_looks_missing_to_every_rule() {
    let unseen = [
        Standing { role: None, ..OUTSIDE },
        Standing { role: None, ..INSIDE },
        Standing { kind: RoomKind::Private, role: Some(Role::Owner), ..OUTSIDE },
        Standing { kind: RoomKind::Direct, role: Some(Role::Admin), ..OUTSIDE },
        Standing { role: Some(Role::Guest), ..OUTSIDE },
        Standing { kind: RoomKind::Private, maker: true, ..OUTSIDE },
    ];
    let change = RoomChange { words: true, archived: Some(true) };
    for standing in &unseen {
        let rulings = [
            see(standing),
            be_inside(standing),
            write(standing),
            edit(standing, true),
            delete(standing, true),
            join(standing),
            leave(standing),
            invite(standing),
            kick(standing, None, false),
            update(standing, change),
            delete_room(standing),
        ];
        for ruling in rulings {
            assert_eq!(code(ruling), NOT_FOUND, "{standing:?}");
        }
    }
    for ruling in [
        create_room(None, RoomKind::Public),
        open_direct(None, &[]),
        manage_workspace(None),
        join_workspace(None, false, false),
        leave_workspace(None, 9),
    ] {
        assert_eq!(code(ruling), NOT_FOUND);
    }
}

#[test]
fn public_rooms_are_seen_from_outside_but_not_written_to() {
    assert_eq!(see(&OUTSIDE), Ok(()));
    assert_eq!(join(&OUTSIDE), Ok(()));
    assert_eq!(code(write(&OUTSIDE)), NOT_FOUND);
    assert_eq!(code(leave(&OUTSIDE)), NOT_FOUND);
    assert_eq!(code(update(&OUTSIDE, RoomChange { words: true, archived: None })), FORBIDDEN);
}

#[test]
fn archived_rooms_refuse_writes_and_let_people_go() {
    let closed = Standing { archived: true, ..INSIDE };
    for ruling in [
        write(&closed),
        edit(&closed, true),
        delete(&Standing { role: Some(Role::Owner), ..closed }, true),
        invite(&closed),
        join(&Standing { inside: false, ..closed }),
        update(&closed, RoomChange { words: true, archived: None }),
    ] {
        assert_eq!(code(ruling), FORBIDDEN);
    }
    assert_eq!(leave(&closed), Ok(()));
    assert_eq!(join(&closed), Ok(()));
    let maker = Standing { maker: true, ..closed };
    assert_eq!(update(&maker, RoomChange { words: true, archived: Some(false) }), Ok(()));
}

#[test]
fn words_belong_to_their_author_and_admins_may_only_remove_them() {
    let admin = Standing { role: Some(Role::Admin), ..INSIDE };
    assert_eq!(edit(&INSIDE, true), Ok(()));
    assert_eq!(code(edit(&admin, false)), FORBIDDEN);
    assert_eq!(code(delete(&INSIDE, false)), FORBIDDEN);
    assert_eq!(delete(&admin, false), Ok(()));
    // The maker of a room is not its moderator of words.
    assert_eq!(code(delete(&Standing { maker: true, ..INSIDE }, false)), FORBIDDEN);
}

#[test]
fn kicking_is_for_admins_and_makers_and_never_hits_an_owner() {
    let admin = Standing { role: Some(Role::Admin), ..INSIDE };
    let maker = Standing { maker: true, ..INSIDE };
    assert_eq!(code(kick(&INSIDE, Some(Role::Guest), false)), FORBIDDEN);
    assert_eq!(kick(&admin, Some(Role::Member), false), Ok(()));
    assert_eq!(kick(&maker, Some(Role::Member), false), Ok(()));
    assert_eq!(code(kick(&admin, Some(Role::Owner), false)), FORBIDDEN);
    assert_eq!(code(kick(&admin, Some(Role::Admin), true)), FORBIDDEN);
}

#[test]
fn a_direct_conversation_keeps_its_people() {
    let direct = Standing { kind: RoomKind::Direct, role: Some(Role::Owner), maker: true, ..INSIDE };
    assert_eq!(write(&direct), Ok(()));
    for ruling in [
        leave(&direct),
        invite(&direct),
        kick(&direct, Some(Role::Member), false),
        delete_room(&direct),
        update(&direct, RoomChange { words: true, archived: None }),
        update(&direct, RoomChange { words: false, archived: Some(true) }),
    ] {
        assert_eq!(code(ruling), FORBIDDEN);
    }
    // Muting changes nothing for the others.
    assert_eq!(update(&direct, RoomChange { words: false, archived: None }), Ok(()));
}

#[test]
fn rooms_are_changed_by_members_and_closed_by_those_who_manage_them() {
    let words = RoomChange { words: true, archived: None };
    let closing = RoomChange { words: false, archived: Some(true) };
    assert_eq!(update(&INSIDE, words), Ok(()));
    assert_eq!(code(update(&INSIDE, closing)), FORBIDDEN);
    assert_eq!(update(&Standing { maker: true, ..INSIDE }, closing), Ok(()));
    assert_eq!(update(&Standing { role: Some(Role::Admin), ..OUTSIDE }, closing), Ok(()));
    assert_eq!(code(delete_room(&Standing { maker: true, ..INSIDE })), FORBIDDEN);
    assert_eq!(delete_room(&Standing { role: Some(Role::Admin), ..INSIDE }), Ok(()));
}

#[test]
fn guests_write_where_they_were_invited_and_nothing_more() {
    let guest = Standing { role: Some(Role::Guest), ..INSIDE };
    assert_eq!(write(&guest), Ok(()));
    assert_eq!(leave(&guest), Ok(()));
    let words = RoomChange { words: true, archived: None };
    for ruling in [
        invite(&guest),
        update(&guest, words),
        create_room(Some(Role::Guest), RoomKind::Public),
        open_direct(Some(Role::Guest), &[]),
        manage_workspace(Some(Role::Guest)),
        create_workspace(Role::Member, true),
        create_workspace(Role::Guest, false),
        join_workspace(None, true, true),
    ] {
        assert_eq!(code(ruling), FORBIDDEN);
    }
    assert_eq!(invited_role(Role::Admin, true), Role::Guest);
}

#[test]
fn workspaces() {
    assert_eq!(create_workspace(Role::Member, false), Ok(()));
    assert_eq!(code(manage_workspace(Some(Role::Member))), FORBIDDEN);
    assert_eq!(manage_workspace(Some(Role::Admin)), Ok(()));
    assert_eq!(join_workspace(None, true, false), Ok(()));
    assert_eq!(join_workspace(Some(Role::Guest), false, true), Ok(()));
    assert_eq!(code(leave_workspace(Some(Role::Owner), 1)), FORBIDDEN);
    assert_eq!(leave_workspace(Some(Role::Owner), 2), Ok(()));
    assert_eq!(leave_workspace(Some(Role::Member), 1), Ok(()));
    // An invitation makes nobody an owner.
    assert_eq!(invited_role(Role::Owner, false), Role::Admin);
    assert_eq!(code(create_room(Some(Role::Member), RoomKind::Direct)), Some(ErrorCode::BadRequest));
}

#[test]
fn sizes_are_limited() {
    assert_eq!(new_emoji(limits::REACTIONS_MAX - 1), Ok(()));
    assert_eq!(code(new_emoji(limits::REACTIONS_MAX)), Some(ErrorCode::TooLarge));
    let people: Vec<_> = (0..=limits::DIRECT_MAX + 1).map(|_| UserId::generate()).collect();
    assert_eq!(open_direct(Some(Role::Member), &people[1..]), Ok(()));
    assert_eq!(code(open_direct(Some(Role::Member), &people)), Some(ErrorCode::BadRequest));
}
