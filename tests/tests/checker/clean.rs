//! A small history in which every invariant is put to the test and holds, and ways to spoil it.

use confab_tests::history::{
    Answer, Call, Drawn, Folded, History, Logged, Progress, Record, RoomState, Sight, What, print,
};

/// The one room.
pub const ROOM: &str = "r";

/// A history while it is made: records, a clock that goes on with each, and the next operation's number.
pub struct Tape {
    records: Vec<Record>,
    now: u64,
    op: u64,
}

/// Makes the pieces of the clean history.
pub struct Clean;

impl Clean {
    pub fn send(cid: &str, place: u64, text: &str) -> Call {
        Call::Send { room: ROOM.into(), cid: cid.into(), place, text: print(text) }
    }

    pub fn written(id: &str, seq: u64) -> Answer {
        Answer::Written { id: Some(id.into()), seq, ts: format!("t{seq}") }
    }

    pub fn message(seq: u64, id: &str, cid: &str, author: &str, text: &str) -> Logged {
        let cid = Some(cid.to_owned());
        Logged { cid, text: print(text), ..entry(seq, "message", Some(id), author) }
    }

    fn change(seq: u64) -> Answer {
        Answer::Written { id: None, seq, ts: format!("t{seq}") }
    }

    fn log() -> Vec<Logged> {
        let moves = |seq, user: &str, change: &str, author: &str| Logged {
            user: Some(user.into()),
            change: Some(change.into()),
            ..entry(seq, "membership", None, author)
        };
        vec![
            moves(1, "u-ada", "joined", "u-ada"),
            moves(2, "u-bob", "joined", "u-bob"),
            moves(3, "u-cem", "joined", "u-cem"),
            moves(4, "u-dot", "joined", "u-dot"),
            Logged { mentions: vec!["u-bob".into()], ..Self::message(5, "m1", "a1", "u-ada", "hi") },
            Self::message(6, "m2", "b1", "u-bob", ""),
            Logged { text: print(""), ..entry(7, "edit", Some("m2"), "u-bob") },
            Logged { emoji: Some("👍".into()), on: Some(true), ..entry(8, "reaction", Some("m1"), "u-bob") },
            Self::message(9, "m3", "b2", "u-bob", "two"),
            entry(10, "delete", Some("m2"), "u-bob"),
            moves(11, "u-cem", "kicked", "u-ada"),
            Self::message(12, "m4", "d1", "u-dot", "from the app"),
        ]
    }
}

fn entry(seq: u64, kind: &str, id: Option<&str>, author: &str) -> Logged {
    Logged {
        seq,
        ts: format!("t{seq}"),
        kind: kind.into(),
        id: id.map(str::to_owned),
        author: author.into(),
        print: print(&format!("{seq} {kind} {id:?} {author}")),
        text: print(""),
        ..Logged::default()
    }
}

fn sights(log: &[Logged]) -> Vec<Sight> {
    log.iter().map(|entry| Sight { seq: entry.seq, print: entry.print, text: entry.text }).collect()
}

/// The history.
pub fn clean() -> Tape {
    let mut t = Tape { records: Vec::new(), now: 0, op: 0 };
    let people = [
        ("ada-1", "u-ada"),
        ("bob-1", "u-bob"),
        ("bob-2", "u-bob"),
        ("cem-1", "u-cem"),
        ("app-1", "u-dot"),
        ("app-2", "u-dot"),
        ("eve-1", "u-eve"),
    ];
    for (process, user) in people {
        let app = process.starts_with("app");
        t.note(process, What::Process { user: user.into(), admin: user == "u-ada", app });
    }
    t.note("run", What::Epoch { life: 0, epoch: "first".into() });
    t.note("run", What::Gauge { when: "before".into(), rss_kib: 50_000, descriptors: 20, tasks: 8 });
    t.note("eve-1", What::Up);
    t.note("eve-1", What::Down);
    t.note("bob-1", What::Up);
    writes(&mut t);
    crash_and_jump(&mut t);
    reads(&mut t);
    t.note("run", What::Log { room: ROOM.into(), entries: Clean::log() });
    t.note("run", What::Epoch { life: 1, epoch: "second".into() });
    t.note("app-2", What::Resynced { stale: 0 });
    t.note("run", What::Gauge { when: "after".into(), rss_kib: 60_000, descriptors: 21, tasks: 8 });
    t.note("run", What::Recovered { state: 1, missing: Vec::new() });
    t
}

fn writes(t: &mut Tape) {
    let about = |cid: &str, id: &str| (ROOM.to_owned(), cid.to_owned(), id.to_owned());
    t.ok("ada-1", Clean::send("a1", 0, "hi"), Clean::written("m1", 5));
    let entry = t.sight(5);
    t.note("cem-1", What::Push { room: ROOM.into(), entry });
    t.note("bob-1", What::Notified { room: ROOM.into(), seq: 5 });
    t.ok("bob-1", Clean::send("b1", 1, "one"), Clean::written("m2", 6));
    let (room, cid, id) = about("e1", "m2");
    t.ok("bob-1", Call::Edit { room, cid, id, text: print("edited") }, Clean::change(7));
    let (room, cid, id) = about("r1", "m1");
    let react = Call::React { room, cid, id, emoji: "👍".into(), on: true };
    t.ok("bob-1", react, Clean::change(8));
    t.unknown("bob-1", Clean::send("b2", 2, "two"));
    t.ok("bob-1", Clean::send("b2", 2, "two"), Clean::written("m3", 9));
    t.fail("bob-1", Clean::send("b2", 2, "other"), "conflict");
    t.unknown("bob-1", Clean::send("b3", 3, "never arrived"));
    let (room, cid, id) = about("f1", "m1");
    t.fail("bob-1", Call::Edit { room, cid, id, text: print("not mine") }, "forbidden");
    t.note("bob-1", What::Typing { room: ROOM.into(), user: "u-ada".into(), on: true });
    t.wait(2);
    t.note("bob-1", What::Typing { room: ROOM.into(), user: "u-ada".into(), on: false });
    t.wait(60);
    let (room, cid, id) = about("f2", "m2");
    t.ok("bob-1", Call::Delete { room, cid, id }, Clean::change(10));
    t.ok("ada-1", Call::Kick { room: ROOM.into(), user: "u-cem".into() }, Answer::Done);
    t.fail("cem-1", Call::Sync { room: ROOM.into(), after: 0 }, "not_found");
    t.ok("bob-1", Call::Revoke { process: "bob-2".into() }, Answer::Done);
    t.fail("bob-2", Call::Enter, "unauthorized");
    t.ok("app-1", Clean::send("d1", 0, "from the app"), Clean::written("m4", 12));
}

fn crash_and_jump(t: &mut Tape) {
    t.drew("app-1", "d1");
    t.note("app-1", What::Fault { fault: "client-kill".into() });
    t.note("app-1", What::Mended { fault: "client-kill".into() });
    t.note("run", What::Fault { fault: "clock".into() });
    t.note("run", What::Mended { fault: "clock".into() });
    t.note("run", What::Epoch { life: 0, epoch: "first".into() });
    t.note("bob-1", What::Down);
    t.note("run", What::Healed);
    t.note("bob-1", What::Up);
}

fn reads(t: &mut Tape) {
    let entries = sights(&Clean::log());
    t.ok(
        "bob-1",
        Call::Sync { room: ROOM.into(), after: 0 },
        Answer::Log { entries, head: 12, more: false, reset: false },
    );
    let folded = |seq, id: &str, text: &str| Folded {
        seq,
        id: id.into(),
        text: print(text),
        edited: false,
        deleted: text.is_empty(),
        reactions: Vec::new(),
    };
    let messages = vec![
        Folded { reactions: vec!["👍 u-bob".into()], ..folded(5, "m1", "hi") },
        folded(6, "m2", ""),
        folded(9, "m3", "two"),
        folded(12, "m4", "from the app"),
    ];
    let rows = [("a1", "u-ada"), ("b1", "u-bob"), ("b2", "u-bob"), ("d1", "u-dot")].iter().zip(&messages);
    let drawn = |((cid, author), message): (&(&str, &str), &Folded)| Drawn {
        cid: (*cid).into(),
        author: (*author).into(),
        seq: Some(message.seq),
        text: message.text,
        edited: message.edited,
        deleted: message.deleted,
        reactions: message.reactions.clone(),
        state: Progress::Sent,
    };
    t.note("app-2", What::View { room: ROOM.into(), rows: rows.map(drawn).collect(), head: Some(12) });
    t.ok("bob-1", Call::Page { room: ROOM.into(), before: None }, Answer::Page { messages, head: 12, start: true });
    // Read up to 4: of the three later messages of others, none is deleted and one names Bob.
    let rooms = vec![RoomState { room: ROOM.into(), head: 12, read: 4, unread: 2, mentions: 1 }];
    t.ok("bob-1", Call::Enter, Answer::Ready { rooms, present: vec!["u-bob".into()] });
    t.ok("bob-1", Call::Mark { room: ROOM.into(), seq: 12 }, Answer::Read { read: 12 });
}

impl Tape {
    /// What is judged.
    pub fn history(self) -> History {
        History::new(self.records)
    }

    /// Seconds go by.
    pub fn wait(&mut self, seconds: u64) {
        self.now += seconds * 1_000_000;
    }

    pub fn note(&mut self, by: &str, what: What) {
        self.now += 1_000;
        self.records.push(Record { at: self.now, by: by.into(), what });
    }

    pub fn ok(&mut self, by: &str, call: Call, answer: Answer) {
        let op = self.invoke(by, call);
        self.note(by, What::Ok { op, answer });
    }

    pub fn fail(&mut self, by: &str, call: Call, code: &str) {
        let op = self.invoke(by, call);
        self.note(by, What::Fail { op, code: code.into() });
    }

    pub fn unknown(&mut self, by: &str, call: Call) {
        let op = self.invoke(by, call);
        self.note(by, What::Info { op });
    }

    pub fn drew(&mut self, by: &str, cid: &str) {
        self.note(by, What::Drew { cid: cid.into() });
    }

    fn invoke(&mut self, by: &str, call: Call) -> u64 {
        self.op += 1;
        let op = self.op;
        self.note(by, What::Invoke { op, call });
        op
    }

    /// The first operation with this cid.
    pub fn op_of(&self, wanted: &str) -> u64 {
        let found = self.records.iter().find_map(|record| match &record.what {
            What::Invoke { op, call } if call.cid() == Some(wanted) => Some(*op),
            _ => None,
        });
        found.expect("an operation with this cid")
    }

    /// An entry of the log, as it is seen.
    pub fn sight(&self, seq: u64) -> Sight {
        let log = self.records.iter().find_map(|record| match &record.what {
            What::Log { entries, .. } => Some(entries.clone()),
            _ => None,
        });
        let log = log.unwrap_or_else(Clean::log);
        sights(&log).into_iter().find(|sight| sight.seq == seq).expect("an entry with this seq")
    }

    /// Changes every record that `change` knows.
    fn each(&mut self, mut change: impl FnMut(&mut What)) {
        self.records.iter_mut().for_each(|record| change(&mut record.what));
    }

    pub fn spoil(&mut self, remove: impl Fn(&What) -> bool) {
        self.records.retain(|record| !remove(&record.what));
    }

    pub fn log(&mut self, mut change: impl FnMut(&mut Vec<Logged>)) {
        self.each(|what| {
            if let What::Log { entries, .. } = what {
                change(entries);
            }
        });
    }

    pub fn answer(&mut self, wanted: u64, mut change: impl FnMut(&mut Answer)) {
        self.each(|what| match what {
            What::Ok { op, answer } if *op == wanted => change(answer),
            _ => {}
        });
    }

    fn answers(&mut self, mut change: impl FnMut(&mut Answer)) {
        self.each(|what| {
            if let What::Ok { answer, .. } = what {
                change(answer);
            }
        });
    }

    pub fn sights(&mut self, mut change: impl FnMut(&mut Vec<Sight>)) {
        self.answers(|answer| {
            if let Answer::Log { entries, .. } = answer {
                change(entries);
            }
        });
    }

    pub fn page(&mut self, mut change: impl FnMut(&mut Vec<Folded>)) {
        self.answers(|answer| {
            if let Answer::Page { messages, .. } = answer {
                change(messages);
            }
        });
    }

    pub fn state(&mut self, mut change: impl FnMut(&mut RoomState)) {
        self.answers(|answer| {
            if let Answer::Ready { rooms, .. } = answer {
                rooms.iter_mut().for_each(&mut change);
            }
        });
    }

    pub fn present(&mut self, mut change: impl FnMut(&mut Vec<String>)) {
        self.answers(|answer| {
            if let Answer::Ready { present, .. } = answer {
                change(present);
            }
        });
    }

    pub fn view(&mut self, mut change: impl FnMut(&mut Vec<Drawn>, &mut Option<u64>)) {
        self.each(|what| {
            if let What::View { rows, head, .. } = what {
                change(rows, head);
            }
        });
    }

    pub fn gauge(&mut self, mut change: impl FnMut(&mut u64, &mut u64, &mut u64)) {
        self.each(|what| match what {
            What::Gauge { when, rss_kib, descriptors, tasks } if when == "after" => change(rss_kib, descriptors, tasks),
            _ => {}
        });
    }
}
