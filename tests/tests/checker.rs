//! The checker, checked: a clean history is held to be clean, an empty one proves nothing, and for every invariant
//! there are histories, made by hand, that violate it and must be caught.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a hand-made history that cannot be made has failed")]

#[path = "checker/clean.rs"]
mod clean;

use clean::{Clean, ROOM, Tape, clean};
use confab_tests::checker::{Invariant as I, Verdict, check};
use confab_tests::history::{Answer, Call, Drawn, History, Logged, Progress, RoomState, Sight, What, print};

#[test]
fn a_clean_history_is_held_to_be_clean() {
    let report = check(&clean().history());
    for invariant in I::ALL {
        assert!(matches!(report.verdict(invariant), Verdict::Held(1..)), "{invariant:?} in\n{report}");
    }
}

#[test]
fn nothing_is_held_where_nothing_was_checked() {
    let report = check(&History::default());
    for invariant in I::ALL {
        assert_eq!(report.verdict(invariant), Verdict::NotExercised, "{invariant:?}");
    }
    assert!(report.to_string().contains("not exercised"));
}

/// A way to spoil the clean history, and what must be found then.
type Case = (I, &'static str, fn(&mut Tape));

const CASES: &[Case] = &[
    (I::I1, "an acked message is not in the log", |t| t.log(|log| drop(log.pop()))),
    (I::I1, "an acked message is at another place", |t| t.answer(t.op_of("a1"), |a| place(a, 6))),
    (I::I1, "an acked message has another text", |t| t.log(|log| log[4].text = print("forged"))),
    (I::I1, "an acked message has another time", |t| t.log(|log| log[4].ts = "later".into())),
    (I::I1, "an acked edit is not in the log", |t| t.log(|log| log[6].kind = "pin".into())),
    (I::I1, "an acked reaction is by somebody else", |t| t.log(|log| log[7].author = "u-cem".into())),
    (I::I1, "a text is gone though nothing was deleted", |t| t.log(|log| log[4].text = print(""))),
    (I::I2, "a message that nobody sent", |t| t.log(|log| log[4].cid = Some("phantom".into()))),
    (I::I2, "a message under another author", |t| t.log(|log| log[4].author = "u-cem".into())),
    (I::I2, "a message that was refused for good", |t| {
        t.fail("bob-1", Clean::send("x1", 50, "no"), "forbidden");
        t.log(|log| log.push(Clean::message(13, "mx", "x1", "u-bob", "no")));
    }),
    (I::I2, "a message that was refused by a full disk", |t| {
        t.fail("bob-1", Clean::send("x1", 50, "no"), "read_only");
        t.log(|log| log.push(Clean::message(13, "mx", "x1", "u-bob", "no")));
    }),
    (I::I2, "an edit that nobody asked for", |t| t.log(|log| log[6].id = Some("m1".into()))),
    (I::I3, "an unanswered send appears twice", |t| {
        t.unknown("bob-1", Clean::send("x1", 50, "twice"));
        t.log(|log| log.push(Clean::message(13, "mx", "x1", "u-bob", "twice")));
        t.log(|log| log.push(Clean::message(14, "my", "x1", "u-bob", "twice")));
    }),
    (I::I4, "a retry makes a second entry", |t| t.log(|log| log.push(Clean::message(13, "mx", "b2", "u-bob", "two")))),
    (I::I4, "a retry is answered with another place", |t| {
        t.ok("bob-1", Clean::send("b2", 2, "two"), Clean::written("m3", 12));
    }),
    (I::I4, "a retry is answered with another id", |t| {
        t.ok("bob-1", Clean::send("b2", 2, "two"), Clean::written("mx", 9));
    }),
    (I::I4, "a retry of an edit is written again", |t| {
        let edit = Call::Edit { room: ROOM.into(), cid: "e1".into(), id: "m2".into(), text: print("edited") };
        t.ok("bob-1", edit, Answer::Written { id: None, seq: 12, ts: "t12".into() });
    }),
    (I::I5, "another body under the same cid is acked", |t| {
        t.ok("bob-1", Clean::send("b2", 2, "other"), Clean::written("m3", 9));
    }),
    (I::I5, "another body is refused, but not as a conflict", |t| {
        t.fail("bob-1", Clean::send("b2", 2, "other"), "bad_request");
    }),
    (I::I6, "a hole in the log", |t| t.log(|log| drop(log.remove(5)))),
    (I::I6, "a log in another order", |t| t.log(|log| log.swap(4, 5))),
    (I::I6, "a page with a hole", |t| t.sights(|entries| _ = entries.remove(3))),
    (I::I6, "a page that says it is complete, and is not", |t| t.sights(|entries| _ = entries.pop())),
    (I::I7, "a push that differs from the log", |t| {
        t.note("bob-1", What::Push { room: ROOM.into(), entry: Sight { seq: 5, print: 1, text: print("hi") } });
    }),
    (I::I7, "a push is missing between two others on a link", |t| {
        for seq in [5, 8] {
            let entry = t.sight(seq);
            t.note("bob-1", What::Push { room: ROOM.into(), entry });
        }
        t.wait(5);
        t.note("bob-1", What::Down);
    }),
    (I::I7, "a push beyond the log", |t| {
        t.note("bob-1", What::Push { room: ROOM.into(), entry: Sight { seq: 99, print: 1, text: 1 } });
    }),
    (I::I7, "a synced entry with another text", |t| t.sights(|entries| entries[4].text = print("forged"))),
    (I::I7, "a damaged database is served", |t| {
        let (what, missing) = ("confab.db-wal cut off".into(), vec!["r/12".into()]);
        t.note("run", What::Damaged { what, served: true, aside: false, missing });
    }),
    (I::I7, "a damaged database is refused, and not set aside", |t| {
        let what = "confab.db cut off".into();
        t.note("run", What::Damaged { what, served: false, aside: false, missing: Vec::new() });
    }),
    (I::I7, "a page that lacks a message", |t| t.page(|messages| drop(messages.remove(0)))),
    (I::I7, "a page that shows a deleted text", |t| {
        t.page(|messages| (messages[1].deleted, messages[1].text) = (false, print("edited")));
    }),
    (I::I7, "a page without a reaction", |t| t.page(|messages| messages[0].reactions.clear())),
    (I::I8, "a page as of an older head", |t| {
        let answer = Answer::Page { messages: Vec::new(), head: 5, start: false };
        t.ok("bob-1", Call::Page { room: ROOM.into(), before: Some(1) }, answer);
    }),
    (I::I8, "a hello with an older head", |t| {
        let rooms = vec![RoomState { room: ROOM.into(), head: 5, read: 5, unread: 0, mentions: 0 }];
        t.ok("bob-1", Call::Enter, Answer::Ready { rooms, present: Vec::new() });
    }),
    (I::I9, "what was sent after an ack stands before it", |t| {
        t.ok("cem-1", Clean::send("x1", 50, "early"), Clean::written("mx", 4));
    }),
    (I::I10, "an outbox in another order", |t| {
        t.unknown("bob-1", Clean::send("x1", 0, "should have come first"));
        t.log(|log| log.push(Clean::message(13, "mx", "x1", "u-bob", "should have come first")));
    }),
    (I::I11, "a client draws another text", |t| t.view(|rows, _| rows[0].text = print("forged"))),
    (I::I11, "a client lacks a message", |t| t.view(|rows, _| drop(rows.remove(1)))),
    (I::I11, "a client shows what was deleted", |t| t.view(|rows, _| rows[1].deleted = false)),
    (I::I12, "a client is behind after healing", |t| {
        t.view(|rows, head| {
            rows.truncate(2);
            *head = Some(6);
        });
    }),
    (I::I13, "a message is drawn twice", |t| t.view(|rows, _| rows.insert(1, rows[0].clone()))),
    (I::I13, "messages are drawn in another order", |t| t.view(|rows, _| rows.swap(0, 1))),
    (I::I14, "too many are unread", |t| t.state(|state| state.unread += 1)),
    (I::I14, "a mention is not counted", |t| t.state(|state| state.mentions = 0)),
    (I::I14, "a second notification", |t| t.note("bob-1", What::Notified { room: ROOM.into(), seq: 5 })),
    (I::I15, "a read marker goes back", |t| {
        t.ok("bob-1", Call::Mark { room: ROOM.into(), seq: 1 }, Answer::Read { read: 5 });
    }),
    (I::I15, "a read marker beyond the head", |t| {
        t.ok("bob-1", Call::Mark { room: ROOM.into(), seq: 99 }, Answer::Read { read: 99 });
    }),
    (I::I16, "somebody else edits", |t| t.log(|log| log[6].author = "u-cem".into())),
    (I::I16, "a member deletes what is not theirs", |t| t.log(|log| log[9].author = "u-cem".into())),
    (I::I16, "an edit after the deletion", |t| {
        t.log(|log| log.push(Logged { seq: 13, ..log[6].clone() }));
    }),
    (I::I16, "an edit of another's message is acked", |t| {
        let edit = Call::Edit { room: ROOM.into(), cid: "e9".into(), id: "m1".into(), text: print("mine") };
        t.ok("bob-1", edit, Answer::Written { id: None, seq: 12, ts: "t12".into() });
    }),
    (I::I17, "a push after a kick", |t| {
        let entry = t.sight(12);
        t.note("cem-1", What::Push { room: ROOM.into(), entry });
    }),
    (I::I17, "a read after a kick", |t| {
        let answer = Answer::Log { entries: Vec::new(), head: 12, more: false, reset: true };
        t.ok("cem-1", Call::Sync { room: ROOM.into(), after: 0 }, answer);
    }),
    (I::I17, "a hello that shows the room after a kick", |t| {
        let rooms = vec![RoomState { room: ROOM.into(), head: 12, read: 12, unread: 0, mentions: 0 }];
        t.ok("cem-1", Call::Enter, Answer::Ready { rooms, present: Vec::new() });
    }),
    (I::I17, "an answer after a revoke", |t| {
        t.ok("bob-2", Call::Mark { room: ROOM.into(), seq: 12 }, Answer::Read { read: 12 });
    }),
    (I::I17, "a push after a revoke", |t| {
        t.ok("bob-1", Clean::send("x1", 50, "later"), Clean::written("mx", 13));
        t.log(|log| log.push(Clean::message(13, "mx", "x1", "u-bob", "later")));
        let entry = t.sight(13);
        t.note("bob-2", What::Push { room: ROOM.into(), entry });
    }),
    (I::I18, "a drawn message is gone after a crash", |t| t.drew("app-1", "lost")),
    (I::I18, "a drawn message was sent twice", |t| {
        t.log(|log| log.push(Clean::message(13, "mx", "d1", "u-dot", "from the app")));
    }),
    (I::I18, "a drawn message was pending once, and is not there any more", |t| {
        t.drew("app-1", "p3");
        let row = |rows: &[Drawn]| Drawn { cid: "p3".into(), seq: None, state: Progress::Pending, ..rows[0].clone() };
        t.view(|rows, _| rows.push(row(rows)));
        t.note("app-2", What::Waiting { cids: Vec::new() });
    }),
    (I::I18, "a drawn edit is gone after a crash", |t| {
        t.unknown("app-1", dots_edit());
        t.drew("app-1", "e7");
    }),
    (I::I18, "a drawn edit was made twice", |t| {
        t.unknown("app-1", dots_edit());
        t.drew("app-1", "e7");
        for seq in [13, 14] {
            let edit = |log: &[Logged]| Logged { id: Some("m4".into()), author: "u-dot".into(), seq, ..log[6].clone() };
            t.log(|log| log.push(Logged { text: print("better"), ..edit(log) }));
        }
    }),
    (I::I19, "power is lost, and an acked message with it", |t| {
        t.note("run", What::Recovered { state: 2, missing: vec!["r/12".into()] });
    }),
    (I::I20, "a crash changes the epoch", |t| t.note("run", What::Epoch { life: 0, epoch: "third".into() })),
    (I::I20, "a restore keeps the epoch", |t| t.note("run", What::Epoch { life: 2, epoch: "first".into() })),
    (I::I20, "a client keeps rows of another epoch", |t| t.note("app-2", What::Resynced { stale: 3 })),
    (I::I21, "somebody who is there is not shown", |t| t.present(Vec::clear)),
    (I::I21, "somebody who is gone is shown", |t| t.present(|present| present.push("u-eve".into()))),
    (I::I22, "typing never ends", |t| t.spoil(|what| matches!(what, What::Typing { on: false, .. }))),
    (I::I22, "typing is logged", |t| t.log(|log| log[11].kind = "typing".into())),
    (I::I23, "a clock jumps, and a retry is written again", |t| {
        t.log(|log| log.push(Clean::message(13, "mx", "b2", "u-bob", "two")));
    }),
    (I::I24, "descriptors leak", |t| t.gauge(|_, descriptors, _| *descriptors += 200)),
    (I::I24, "memory leaks", |t| t.gauge(|rss, _, _| *rss *= 3)),
    (I::I24, "tasks leak", |t| t.gauge(|_, _, tasks| *tasks += 50)),
];

fn dots_edit() -> Call {
    Call::Edit { room: ROOM.into(), cid: "e7".into(), id: "m4".into(), text: print("better") }
}

fn place(answer: &mut Answer, at: u64) {
    if let Answer::Written { seq, .. } = answer {
        *seq = at;
    }
}

#[test]
fn every_violation_is_caught() {
    let mut missed = Vec::new();
    for (invariant, what, spoil) in CASES {
        let mut tape = clean();
        spoil(&mut tape);
        if !check(&tape.history()).violated().contains(invariant) {
            missed.push(format!("{invariant:?}: {what}"));
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:#?}");
}

#[test]
fn every_invariant_has_a_case() {
    for invariant in I::ALL {
        assert!(CASES.iter().any(|(named, ..)| *named == invariant), "{invariant:?}");
    }
}

/// What is allowed must not be called a violation: each of these is near to one.
#[test]
fn what_is_allowed_is_not_a_violation() {
    type Near = (&'static str, fn(&mut Tape));
    let near: &[Near] = &[
        ("an unanswered send that is not there", |t| t.unknown("bob-1", Clean::send("x1", 50, "lost"))),
        ("an unanswered send that is there once", |t| {
            t.unknown("bob-1", Clean::send("x1", 50, "there"));
            t.log(|log| log.push(Clean::message(13, "mx", "x1", "u-bob", "there")));
        }),
        ("a push that shows a text before its deletion", |t| {
            let entry = Sight { text: print("one"), ..t.sight(6) };
            t.note("bob-1", What::Push { room: ROOM.into(), entry });
        }),
        ("pushes that overtake each other", |t| {
            for seq in [5, 8, 6, 7, 8] {
                let entry = t.sight(seq);
                t.note("bob-1", What::Push { room: ROOM.into(), entry });
            }
            t.wait(5);
            t.note("bob-1", What::Down);
        }),
        ("a refusal that may be repeated, for another body", |t| {
            t.fail("bob-1", Clean::send("b2", 2, "other"), "unavailable");
        }),
        ("a pending row at the end", |t| {
            let row =
                |rows: &[Drawn]| Drawn { cid: "p1".into(), seq: None, state: Progress::Pending, ..rows[0].clone() };
            t.view(|rows, _| rows.push(row(rows)));
        }),
        ("a kick of which nobody heard the answer", |t| {
            t.unknown("ada-1", Call::Kick { room: ROOM.into(), user: "u-bob".into() });
        }),
        ("a message that was drawn before the crash, and failed visibly", |t| {
            t.drew("app-1", "p2");
            t.note("app-2", What::Waiting { cids: vec!["p2".into()] });
        }),
        ("damage that is set aside, and damage to what nobody needs", |t| {
            for aside in [true, false] {
                t.note("run", What::Damaged { what: "bit".into(), served: !aside, aside, missing: Vec::new() });
            }
        }),
        ("an edit that was drawn before the crash, and is in the log", |t| {
            t.unknown("app-1", dots_edit());
            t.drew("app-1", "e7");
            t.log(|log| {
                log.push(Logged {
                    id: Some("m4".into()),
                    author: "u-dot".into(),
                    text: print("better"),
                    seq: 13,
                    ..log[6].clone()
                })
            });
        }),
        ("a client that draws an edit of another one, later than the last that anybody told of", |t| {
            t.unknown("app-1", dots_edit());
            t.log(|log| {
                let edit = Logged { id: Some("m4".into()), author: "u-dot".into(), seq: 13, ..log[6].clone() };
                log.push(Logged { text: print("better"), ..edit });
            });
            t.view(|rows, _| (rows[3].text, rows[3].edited) = (print("better"), true));
        }),
        ("an edit that was drawn before the crash, and was refused aloud", |t| {
            t.unknown("app-1", dots_edit());
            t.drew("app-1", "e7");
            t.note("app-1", What::Warned { text: "A change that you made earlier was refused".into() });
        }),
    ];
    for (what, change) in near {
        let mut tape = clean();
        change(&mut tape);
        let report = check(&tape.history());
        assert!(report.violated().is_empty(), "{what}:\n{report}");
    }
}

#[test]
fn a_history_is_judged_the_same_from_its_file() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let mut tape = clean();
    tape.log(|log| drop(log.pop()));
    let history = tape.history();
    let lines: Vec<String> = history.records.iter().map(|r| serde_json::to_string(r).unwrap()).collect();
    // As a crash leaves it: the last line is cut off.
    let text = format!("{}\n{{\"at\":99,\"by\":\"bo", lines.join("\n"));
    std::fs::write(dir.path().join(confab_tests::history::FILE), text)?;
    let read = History::read(dir.path())?;
    assert_eq!(read, history);
    assert_eq!(check(&read).violated(), check(&history).violated());
    Ok(())
}
