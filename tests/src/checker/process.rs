//! I19 to I24: the server as a process, and what comes and goes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::facts::{End, Facts};
use super::report::{Invariant as I, Report};
use crate::history::{Answer, Call, Micros, What};

const SECOND: Micros = 1_000_000;
/// Ping interval, ping timeout, and two seconds: by then a dead link is known to be dead.
const NOTICED: Micros = 47 * SECOND;
/// Typing ends by itself after six seconds; two more for a busy machine.
const TYPING: Micros = 8 * SECOND;
/// Kinds of entries that a log may hold.
const KINDS: [&str; 7] = ["message", "edit", "delete", "reaction", "pin", "membership", "room"];
/// A few descriptors and threads come and go with the time of day.
const SPARE: u64 = 4;
/// What an allocator may keep of a load, in KiB, beside half of what was there.
const SPARE_KIB: u64 = 24 * 1024;

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    recovered(facts, report);
    epochs(facts, report);
    presence(facts, report);
    typing(facts, report);
    clocks(facts, report);
    resources(facts, report);
}

fn recovered(facts: &Facts<'_>, report: &mut Report) {
    for record in facts.records {
        if let What::Recovered { state, missing } = &record.what {
            report.of(I::I19).holds(missing.is_empty(), || format!("state {state} lacks {missing:?}"));
        }
        // Damage is never served. What did not touch anything that counts may be.
        if let What::Damaged { what, served, aside, missing } = &record.what {
            let harmless = *served && missing.is_empty();
            report.of(I::I7).holds(harmless || (*aside && !served), || {
                format!("{what}: served {served}, set aside {aside}, without {missing:?}")
            });
        }
    }
}

fn epochs(facts: &Facts<'_>, report: &mut Report) {
    let tally = report.of(I::I20);
    let mut lives: BTreeMap<u32, &str> = BTreeMap::new();
    for record in facts.records {
        match &record.what {
            What::Epoch { life, epoch } => {
                if let Some(known) = lives.get(life) {
                    tally.holds(known == epoch, || format!("life {life} had epoch {known}, and then {epoch}"));
                } else {
                    let stranger = lives.values().all(|known| known != epoch);
                    if !lives.is_empty() {
                        tally.holds(stranger, || format!("life {life} has the epoch of an earlier one: {epoch}"));
                    }
                    lives.insert(*life, epoch);
                }
            }
            What::Resynced { stale } => {
                tally.holds(*stale == 0, || format!("{} still draws {stale} rows of another epoch", record.by));
            }
            _ => {}
        }
    }
}

/// I21, by what `workspace:ready` tells of others. Judged only where no fault makes a link's state unknown.
fn presence(facts: &Facts<'_>, report: &mut Report) {
    let mut links: HashMap<&str, Vec<(Micros, Micros)>> = HashMap::new();
    let mut open: HashMap<&str, Micros> = HashMap::new();
    let mut gone: HashMap<&str, Vec<Micros>> = HashMap::new();
    for record in facts.records {
        match record.what {
            What::Up => drop(open.insert(&record.by, record.at)),
            What::Down => {
                let user = facts.user(&record.by);
                gone.entry(user).or_default().push(record.at);
                if let Some(up) = open.remove(record.by.as_str()) {
                    links.entry(user).or_default().push((up, record.at));
                }
            }
            _ => {}
        }
    }
    for (process, up) in open {
        links.entry(facts.user(process)).or_default().push((up, Micros::MAX));
    }
    let restarts: Vec<Micros> = facts.faults.iter().filter(|f| f.kind == "kill").map(|f| f.to).collect();
    let mut entered: HashMap<&str, Vec<Micros>> = HashMap::new();
    for operation in facts.operations.iter().filter(|operation| *operation.call == Call::Enter) {
        entered.entry(operation.user).or_default().push(operation.from);
    }
    let users: BTreeSet<&str> = facts.devices.values().map(|device| device.user).collect();
    let tally = report.of(I::I21);
    for operation in &facts.operations {
        let End::Ok(Answer::Ready { present, .. }) = operation.end else { continue };
        let (from, to) = (operation.from, operation.to);
        for user in users.iter().copied() {
            let links = links.get(user).map_or(&[][..], Vec::as_slice);
            let shown = present.iter().any(|there| there == user);
            let here = links.iter().any(|(up, down)| *up < from && *down > to && !facts.faulty(*up, to));
            if here {
                tally.holds(shown, || format!("{user} has a link, but {} was told they are away", operation.by));
                continue;
            }
            // Nobody came since, so the last loss is the last sign of them.
            let last = gone.get(user).and_then(|gone| gone.iter().filter(|at| **at < from).max().copied());
            let came = entered.get(user).map_or(&[][..], Vec::as_slice);
            let comes = came.iter().any(|at| *at <= to && last.is_none_or(|last| *at > last));
            let Some(last) = last.filter(|_| !comes && links.iter().all(|(_, down)| *down < from)) else { continue };
            let restart = restarts.iter().filter(|at| **at > last && **at < Micros::MAX).min();
            let known = (last + NOTICED).min(restart.map_or(Micros::MAX, |at| at + 2 * SECOND));
            if from > known {
                tally.holds(!shown, || {
                    format!("{user} was gone at {last} µs, but {} was told at {from} µs they are there", operation.by)
                });
            }
        }
    }
}

fn typing(facts: &Facts<'_>, report: &mut Report) {
    let end = facts.records.last().map_or(0, |record| record.at);
    let renewals: Vec<(Micros, &str, &str)> = facts
        .operations
        .iter()
        .filter_map(|operation| match operation.call {
            Call::Typing { room, on: true } => Some((operation.to.min(end), operation.user, room.as_str())),
            _ => None,
        })
        .collect();
    let tally = report.of(I::I22);
    let mut any = false;
    for (at, record) in facts.records.iter().enumerate() {
        let What::Typing { room, user, on: true } = &record.what else { continue };
        any = true;
        let renewed = renewals.iter().filter(|(_, who, place)| who == user && place == room).map(|(at, ..)| *at);
        let until = renewed.filter(|at| *at <= record.at + TYPING).max().unwrap_or(0).max(record.at) + TYPING;
        if until > end || facts.faulty(record.at, until) {
            continue;
        }
        let own = facts.records[at + 1..].iter().filter(|later| later.by == record.by);
        let mut before = own.take_while(|later| later.at <= until);
        let over = before.any(|later| match &later.what {
            What::Down => true,
            What::Typing { room: r, user: u, on } => !on && r == room && u == user,
            _ => false,
        });
        tally.holds(over, || {
            format!("{} was told at {} µs that {user} types, and never that it ended", record.by, record.at)
        });
    }
    let typed = !renewals.is_empty();
    for (room, log) in facts.logs.iter().filter(|_| any || typed) {
        let stranger = log.iter().find(|entry| !KINDS.contains(&entry.kind.as_str()));
        tally.holds(stranger.is_none(), || format!("the log of {room} holds {stranger:?}"));
    }
}

/// I23 has no rule of its own: when the clock jumped, everything that depends on time or order must hold.
fn clocks(facts: &Facts<'_>, report: &mut Report) {
    let jumps = facts.faults.iter().filter(|fault| fault.kind == "clock").count();
    let concerned = [I::I1, I::I3, I::I4, I::I5, I::I6, I::I7, I::I8, I::I9, I::I10, I::I14, I::I15];
    let broken: Vec<_> = report.violated().into_iter().filter(|i| concerned.contains(i)).collect();
    for _ in 0..jumps {
        report.of(I::I23).holds(broken.is_empty(), || format!("the clock jumped, and {broken:?} do not hold"));
    }
}

fn resources(facts: &Facts<'_>, report: &mut Report) {
    let mut before = None;
    for record in facts.records {
        let What::Gauge { when, rss_kib, descriptors, tasks } = &record.what else { continue };
        let now = (*rss_kib, *descriptors, *tasks);
        match (when.as_str(), before) {
            ("before", _) => before = Some(now),
            ("after", Some((rss, open, threads))) => {
                let back = now.0 <= rss + rss / 2 + SPARE_KIB && now.1 <= open + SPARE && now.2 <= threads + SPARE;
                report.of(I::I24).holds(back, || {
                    format!("before (KiB, descriptors, tasks): {:?}, after: {now:?}", (rss, open, threads))
                });
            }
            _ => {}
        }
    }
}
