//! I6, I9, I10: the order of a log.

use std::collections::BTreeMap;

use super::facts::{End, Facts, Operation};
use super::report::{Invariant as I, Report};
use crate::history::{Answer, Call, Micros};

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    no_holes(facts, report);
    real_time(facts, report);
    outboxes(facts, report);
}

/// I6, of the final logs and of every page.
fn no_holes(facts: &Facts<'_>, report: &mut Report) {
    let tally = report.of(I::I6);
    for (room, log) in &facts.logs {
        for (place, entry) in (1..).zip(log.iter()) {
            tally.holds(entry.seq == place, || format!("place {place} of {room} has seq {}", entry.seq));
        }
    }
    for operation in &facts.operations {
        let (Call::Sync { room, after } | Call::Join { room, after }) = operation.call else { continue };
        let End::Ok(Answer::Log { entries, head, more, reset: false }) = operation.end else { continue };
        let broken = (*after + 1..).zip(entries).find(|(place, entry)| entry.seq != *place);
        let ends = *more || entries.last().map_or(*after >= *head, |last| last.seq >= *head);
        // `room:join` tells at most one page, and has no `more`.
        let ends = ends || matches!(operation.call, Call::Join { .. });
        tally.holds(broken.is_none() && ends, || {
            format!("{} read {room} after {after} up to {head}: hole {broken:?}, complete {ends}", operation.by)
        });
    }
}

/// I9: sweeps each room in time; what is acked raises the floor for whatever is first tried later.
fn real_time(facts: &Facts<'_>, report: &mut Report) {
    enum Point {
        Acked(u64),
        Tried { seq: u64, key: String },
    }
    let mut rooms: BTreeMap<&str, Vec<(Micros, Point)>> = BTreeMap::new();
    for ((author, cid), attempts) in &facts.attempts {
        let acked = attempts.iter().filter(|attempt| attempt.written().is_some()).min_by_key(|attempt| attempt.to);
        let Some((seq, ..)) = acked.and_then(Operation::written) else { continue };
        let Some((first, acked)) = attempts.first().zip(acked) else { continue };
        let Some(room) = acked.call.room() else { continue };
        let points = rooms.entry(room).or_default();
        points.push((acked.to, Point::Acked(seq)));
        points.push((first.from, Point::Tried { seq, key: format!("{author}/{cid}") }));
    }
    let tally = report.of(I::I9);
    for (room, mut points) in rooms {
        points.sort_by_key(|(at, point)| (*at, matches!(point, Point::Acked(_))));
        let mut floor = 0;
        for (at, point) in points {
            match point {
                Point::Acked(seq) => floor = floor.max(seq),
                Point::Tried { seq, key } if floor > 0 => tally.holds(seq > floor, || {
                    format!("{key} was first sent at {at} µs, after {room}#{floor} was acked, and is #{seq}")
                }),
                Point::Tried { .. } => {}
            }
        }
    }
}

/// I10: in each room, the messages of one device stand in the order of its outbox. What was never acked counts where
/// the log has it.
fn outboxes(facts: &Facts<'_>, report: &mut Report) {
    /// Places in an outbox, and where the log has what stood there.
    type Outbox<'a> = BTreeMap<u64, (u64, &'a str)>;
    let mut devices: BTreeMap<(&str, &str), Outbox<'_>> = BTreeMap::new();
    for ((_, cid), attempts) in &facts.attempts {
        let Some(first) = attempts.first() else { continue };
        let Call::Send { room, place, .. } = first.call else { continue };
        let Some(entries) = facts.messages.get(&(first.user, cid)) else { continue };
        for (_, entry) in entries.iter().filter(|(there, _)| there == room) {
            devices.entry((first.by, room)).or_default().insert(*place, (entry.seq, cid));
        }
    }
    let tally = report.of(I::I10);
    for ((device, room), places) in devices {
        let mut before: Option<(u64, &str)> = None;
        for (seq, cid) in places.into_values() {
            if let Some((earlier, first)) = before {
                tally.holds(seq > earlier, || {
                    format!("{device} sent {first} before {cid}, but {room} has them at #{earlier} and #{seq}")
                });
            }
            before = Some((seq, cid));
        }
    }
}
