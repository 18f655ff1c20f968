//! I7 and I8: what is shown to whom, and when.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::facts::{End, Facts};
use super::fold::{Fold, Texts, agrees};
use super::report::{Invariant as I, Report};
use crate::history::{Answer, Call, EMPTY, Folded, Micros, Sight, What};

/// So long after a fault what it held up may still be on its way.
const SLOW: Micros = 5_000_000;
/// So late may come what was overtaken by something newer.
const GRACE: Micros = 1_000_000;
/// Faults that hold up what a reader should have.
const SLOWING: [&str; 6] = ["pause", "delay", "blackhole", "network", "torn", "duplicate"];

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    let texts = Texts::of(facts);
    entries_agree(facts, &texts, report);
    pages_agree(facts, &texts, report);
    pushes_are_complete(facts, report);
    not_stale(facts, report);
}

/// I7: between two pushes of a room on one link nothing is missing, for a reader that reads. Not judged where a fault may
/// have made a reader slow, for whom the server may drop, nor for rooms that somebody was thrown out of. A crash ends
/// links, and excuses nothing on the next one.
fn pushes_are_complete(facts: &Facts<'_>, report: &mut Report) {
    let mut left: HashSet<(&str, &str)> = HashSet::new();
    for (room, log) in &facts.logs {
        for entry in log.iter().filter(|entry| matches!(entry.change.as_deref(), Some("left" | "kicked"))) {
            left.insert((room, entry.user.as_deref().unwrap_or_default()));
        }
    }
    let mut links: HashMap<&str, HashMap<&str, Stream>> = HashMap::new();
    let tally = report.of(I::I7);
    let mut end_of = |by: &str, streams: HashMap<&str, Stream>, at: Micros| {
        for (room, stream) in streams {
            let missing: Vec<u64> =
                stream.missing.iter().filter(|(_, since)| *since + GRACE < at).map(|m| *m.0).collect();
            tally
                .holds(missing.is_empty(), || format!("{by} was never pushed {missing:?} of {room}, but what follows"));
        }
    };
    for record in facts.records {
        match &record.what {
            What::Up | What::Down => {
                end_of(&record.by, links.remove(record.by.as_str()).unwrap_or_default(), record.at)
            }
            What::Push { room, entry } if !left.contains(&(room.as_str(), facts.user(&record.by))) => {
                let stream = links.entry(&record.by).or_default().entry(room).or_default();
                let slowed = |from: Micros| facts.faulty_by(&SLOWING, from.saturating_sub(SLOW), record.at);
                if stream.last > 0 && entry.seq > stream.last + 1 && !slowed(stream.at) {
                    stream.missing.extend((stream.last + 1..entry.seq).map(|seq| (seq, record.at)));
                }
                stream.missing.remove(&entry.seq);
                (stream.last, stream.at) = (stream.last.max(entry.seq), record.at);
            }
            _ => {}
        }
    }
    let end = facts.records.last().map_or(0, |record| record.at);
    links.into_iter().for_each(|(by, streams)| end_of(by, streams, end));
}

/// The pushes of one room on one link: the last, when anything came, and what is missing since when. At the start of
/// a link what is caught up and what is new may come in any order, and twice.
#[derive(Default)]
struct Stream {
    last: u64,
    at: Micros,
    missing: BTreeMap<u64, Micros>,
}

/// I7, entry by entry: pushes, `room:sync` and `room:join`.
fn entries_agree(facts: &Facts<'_>, texts: &Texts<'_>, report: &mut Report) {
    let edits = edits(facts);
    let tally = report.of(I::I7);
    let mut judge = |by: &str, how: &str, room: &str, sight: &Sight| {
        if !facts.logs.contains_key(room) {
            return;
        }
        let Some(entry) = facts.entry(room, sight.seq) else {
            tally.holds(false, || format!("{by} saw {room}#{} by {how}, which is beyond the log", sight.seq));
            return;
        };
        let deleted = entry.id.as_deref().is_some_and(|id| facts.deleted.contains(id));
        let blanked = deleted && sight.text == EMPTY;
        let text = sight.text == entry.text
            || blanked
            || (deleted && texts.before_deletion(room, entry).is_none_or(|text| text == sight.text))
            // An edit whose ack was lost: any text that its author asked for.
            || (deleted && edits.contains(&(entry.id.as_deref().unwrap_or_default(), sight.text)));
        tally.holds(sight.print == entry.print && text, || {
            format!("{by} saw {room}#{} by {how} as {sight:?}, but the log has {entry:?}", sight.seq)
        });
    };
    for record in facts.records {
        if let What::Push { room, entry } = &record.what {
            judge(&record.by, "push", room, entry);
        }
    }
    for operation in &facts.operations {
        if let (End::Ok(Answer::Log { entries, .. }), Some(room)) = (operation.end, operation.call.room()) {
            entries.iter().for_each(|sight| judge(operation.by, "sync", room, sight));
        }
    }
}

/// The texts that somebody wanted a message to have.
fn edits<'a>(facts: &Facts<'a>) -> HashSet<(&'a str, u64)> {
    let edit = |call: &'a Call| match call {
        Call::Edit { id, text, .. } => Some((id.as_str(), *text)),
        _ => None,
    };
    facts.operations.iter().filter_map(|operation| edit(operation.call)).collect()
}

/// One answered `room:history`: who, before which place, from which head, and what it showed.
type Page<'a> = (&'a str, Option<u64>, u64, &'a [Folded], bool);

/// I7, page by page: `room:history` is the fold of the log up to the page's head.
fn pages_agree(facts: &Facts<'_>, texts: &Texts<'_>, report: &mut Report) {
    let mut rooms: BTreeMap<&str, Vec<Page<'_>>> = BTreeMap::new();
    for operation in &facts.operations {
        let Call::Page { room, before } = operation.call else { continue };
        if let End::Ok(Answer::Page { messages, head, start }) = operation.end {
            rooms.entry(room).or_default().push((operation.by, *before, *head, messages, *start));
        }
    }
    let tally = report.of(I::I7);
    for (room, mut pages) in rooms {
        let Some(log) = facts.logs.get(room) else { continue };
        let mut fold = Fold::new(log, texts);
        pages.sort_by_key(|(_, _, head, ..)| *head);
        for (by, before, head, messages, start) in pages {
            fold.advance(room, head);
            let first = if start { 1 } else { messages.first().map_or(u64::MAX, |message| message.seq) };
            let last = before.map_or(head, |before| before.saturating_sub(1).min(head));
            let expected = fold.between(first, last);
            let same = messages.len() == expected.len()
                && messages.iter().zip(&expected).all(|(seen, folded)| agrees(seen, folded));
            tally.holds(same, || {
                let differs = messages.iter().zip(&expected).find(|(seen, folded)| !agrees(seen, folded));
                let (seen, wanted) = (messages.len(), expected.len());
                format!("{by} read {room} before {before:?} at head {head}: {seen} messages of {wanted}, {differs:?}")
            });
        }
    }
}

/// I8: sweeps each room in time. Whatever anybody saw or was told is the floor of every read that begins later.
fn not_stale(facts: &Facts<'_>, report: &mut Report) {
    enum Point {
        Seen(u64),
        Read { head: u64, to: Micros },
    }
    let mut rooms: HashMap<&str, Vec<(Micros, &str, Point)>> = HashMap::new();
    for record in facts.records {
        if let What::Push { room, entry } = &record.what {
            rooms.entry(room).or_default().push((record.at, &record.by, Point::Seen(entry.seq)));
        }
    }
    for operation in &facts.operations {
        let mut head_of = |room, head, to| {
            let points: &mut Vec<_> = rooms.entry(room).or_default();
            points.push((operation.from, operation.by, Point::Read { head, to }));
            points.push((to, operation.by, Point::Seen(head)));
        };
        match (operation.end, operation.call.room()) {
            (End::Ok(Answer::Log { head, .. } | Answer::Page { head, .. }), Some(room)) => {
                head_of(room, *head, operation.to);
            }
            (End::Ok(Answer::Ready { rooms, .. }), _) => {
                rooms.iter().for_each(|state| head_of(state.room.as_str(), state.head, operation.to));
            }
            (End::Ok(Answer::Written { seq, .. }), Some(room)) => {
                rooms.entry(room).or_default().push((operation.to, operation.by, Point::Seen(*seq)));
            }
            _ => {}
        }
    }
    let tally = report.of(I::I8);
    for (room, mut points) in rooms {
        points.sort_by_key(|(at, _, point)| (*at, matches!(point, Point::Seen(_))));
        let mut floor = (0, 0, "");
        for (at, by, point) in points {
            match point {
                Point::Seen(seq) if seq > floor.0 => floor = (seq, at, by),
                Point::Read { head, to } if floor.0 > 0 => tally.holds(head >= floor.0, || {
                    let (seq, seen, who) = floor;
                    format!("{who} knew {room}#{seq} at {seen} µs, but {by} read head {head} from {at} to {to} µs")
                }),
                _ => {}
            }
        }
    }
}
