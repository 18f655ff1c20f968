//! What is asked and what is shown when a room is opened.

use confab_client::machine::workspace::Command;
use confab_protocol::log::EntryBody;

use super::world::{World, other, room};
use super::{Step, assert_drawn_is_the_fold_of_the_log, opened, perform};

#[test]
fn a_room_with_nothing_to_go_on_from_opens_with_one_request() {
    for (joins_with_page, whole) in [(true, vec!["room:join"]), (false, vec!["room:join", "room:history"])] {
        let mut world = World::new(1);
        world.joins_with_page = joins_with_page;
        world.heal();
        others_write(&mut world, 7);
        world.command(Command::OpenRoom(room()));
        assert_eq!(asked_of_rooms(&mut world), whole, "it is opened for the first time");
        world.cut();
        others_write(&mut world, 2);
        assert_eq!(asked_of_rooms(&mut world), ["room:join"], "the entries come with the join");
        world.cut();
        others_write(&mut world, 20);
        assert_eq!(asked_of_rooms(&mut world), whole, "it is too far behind");
    }
}

fn others_write(world: &mut World, count: usize) {
    for _ in 0..count {
        perform(world, Step::OthersSend, &mut Vec::new());
    }
}

/// What the room's log was asked for until everything is drawn.
fn asked_of_rooms(world: &mut World) -> Vec<&'static str> {
    world.asked.clear();
    world.heal();
    let log = ["room:join", "room:history", "room:sync"];
    let asked = world.asked.iter().copied().filter(|event| log.contains(event)).collect();
    // It pages back to the beginning.
    assert_drawn_is_the_fold_of_the_log(world);
    asked
}

/// Thousands of rows that nobody sees are not told again with each change of the room.
#[test]
fn a_room_that_is_opened_anew_shows_its_end_and_the_pages_before_it_are_here() {
    let mut world = opened();
    others_write(&mut world, 300);
    world.heal();
    assert_eq!((world.ui.messages().len(), world.ui.start), (300, true));
    world.cut();
    world.command(Command::OpenRoom(room()));
    assert_eq!((world.ui.messages().len(), world.ui.start), (200, false));
    for (drawn, start) in [(260, false), (300, true)] {
        let call = world.command(Command::LoadOlder(room()));
        assert!(world.replies[&call].is_ok(), "without a network");
        assert_eq!((world.ui.messages().len(), world.ui.start), (drawn, start));
    }

    // What changes before the end that is shown is not drawn into it, and is there once the page is.
    world.heal();
    world.command(Command::OpenRoom(room()));
    let first = world.fold().messages().next().unwrap().id.clone();
    world.others_write(EntryBody::Edit { id: first, text: "changed".into(), author: other() });
    world.heal();
    assert_eq!(world.ui.messages().len(), 200);
    assert_drawn_is_the_fold_of_the_log(&mut world);
    assert_eq!(world.ui.messages()[0].text, "changed");
}
