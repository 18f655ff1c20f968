//! I11, I12, I13, I18: what the product's own client draws.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::facts::{End, Facts};
use super::fold::{Fold, Texts, agrees};
use super::report::{Invariant as I, Report};
use crate::history::{Call, Drawn, Folded, Micros, Progress, What};

/// How long after the last fault a client may be behind.
const HEALING: Micros = 10_000_000;
/// What is recorded in a client's own name when its process ends before its time.
const CLIENT_DEATHS: [&str; 2] = ["client-kill", "client-point"];

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    folds(facts, report);
    at_the_head(facts, report);
    once_in_order(facts, report);
    survives(facts, report);
}

/// A view of a room: who, when, what, and up to which `seq`.
type View<'a> = (&'a str, Micros, &'a [Drawn], Option<u64>);

fn views<'a>(facts: &Facts<'a>) -> BTreeMap<&'a str, Vec<View<'a>>> {
    let mut rooms: BTreeMap<&str, Vec<View<'_>>> = BTreeMap::new();
    for record in facts.records {
        if let What::View { room, rows, head } = &record.what {
            rooms.entry(room).or_default().push((&record.by, record.at, rows, *head));
        }
    }
    rooms
}

/// I11: what is drawn as committed is the fold of the log up to the client's head, from the first row on. The head is the
/// last that anybody told of; changes of other clients may have come after it, and no row says so.
fn folds(facts: &Facts<'_>, report: &mut Report) {
    let texts = Texts::of(facts);
    let tally = report.of(I::I11);
    for (room, views) in views(facts) {
        let Some(log) = facts.logs.get(room) else { continue };
        for (by, _, rows, head) in views {
            // Where more is drawn than the run knew of, the client's head is further.
            let Some(head) = head.map(|head| rows.iter().filter_map(|row| row.seq).fold(head, u64::max)) else {
                continue;
            };
            let sent: Vec<Folded> = rows.iter().filter_map(|row| folded(row, facts)).collect();
            let Some(first) = sent.first() else { continue };
            let end = log.last().map_or(head, |entry| entry.seq.max(head));
            let mut fold = Fold::new(log, &texts);
            let mut differs = None;
            let same = (head..=end).any(|at| {
                fold.advance(room, at);
                let expected = fold.between(first.seq, at);
                let same = sent.len() == expected.len() && sent.iter().zip(&expected).all(|(a, b)| agrees(a, b));
                if !same && differs.is_none() {
                    let row = sent.iter().zip(&expected).find(|(a, b)| !agrees(a, b));
                    differs = Some((expected.len(), row.map(|(a, b)| (a.clone(), b.clone()))));
                }
                same
            });
            tally.holds(same, || format!("{by} draws {} in {room} at {head}, of and unlike {differs:?}", sent.len()));
        }
    }
}

/// A drawn row as a folded message.
fn folded(row: &Drawn, facts: &Facts<'_>) -> Option<Folded> {
    let seq = row.seq.filter(|_| row.state == Progress::Sent)?;
    let (_, message) = facts.messages.get(&(row.author.as_str(), row.cid.as_str()))?.first()?;
    let id = message.id.clone()?;
    let edited = row.edited;
    let Drawn { text, deleted, reactions, .. } = row.clone();
    Some(Folded { seq, id, text, edited, deleted, reactions })
}

/// I12: of each client that is there after healing, some view within ten seconds has the last message that was acked
/// before.
fn at_the_head(facts: &Facts<'_>, report: &mut Report) {
    let Some(healed) = facts.records.iter().rev().find(|record| record.what == What::Healed).map(|record| record.at)
    else {
        return;
    };
    let mut heads: HashMap<&str, u64> = HashMap::new();
    for operation in facts.operations.iter().filter(|operation| operation.to <= healed) {
        if let (Call::Send { room, .. }, Some((seq, ..))) = (operation.call, operation.written()) {
            let head = heads.entry(room).or_default();
            *head = seq.max(*head);
        }
    }
    let mut reached: BTreeMap<(&str, &str), (u64, bool)> = BTreeMap::new();
    for (room, views) in views(facts) {
        for (by, at, rows, head) in views {
            let at_most = rows.iter().filter_map(|row| row.seq).max().unwrap_or(0).max(head.unwrap_or(0));
            let (best, after) = reached.entry((by, room)).or_default();
            *after |= at >= healed;
            if at <= healed + HEALING {
                *best = at_most.max(*best);
            }
        }
    }
    let tally = report.of(I::I12);
    for ((by, room), (best, _)) in reached.into_iter().filter(|(_, (_, after))| *after) {
        let Some(head) = heads.get(room) else { continue };
        tally.holds(best >= *head, || format!("{by} was at {best} of {head} in {room} 10 s after healing"));
    }
}

/// I13: in every view, each message once, by `seq`, those without one last.
fn once_in_order(facts: &Facts<'_>, report: &mut Report) {
    let tally = report.of(I::I13);
    for (room, views) in views(facts) {
        for (by, at, rows, _) in views {
            let mut seen = HashSet::new();
            let twice = rows.iter().find(|row| !seen.insert((&row.author, &row.cid)));
            let places: Vec<u64> = rows.iter().map(|row| row.seq.unwrap_or(u64::MAX)).collect();
            let order = places.windows(2).all(|pair| pair[0] < pair[1] || pair == [u64::MAX; 2]);
            tally.holds(twice.is_none() && order, || {
                format!("{by} drew {room} at {at} µs with {twice:?} twice, in order: {order}")
            });
        }
    }
}

/// I18: what a client drew before it was killed is in the log once, or still shown as pending or failed by the same
/// user's later client. An edit may instead have been refused, and its user told so.
fn survives(facts: &Facts<'_>, report: &mut Report) {
    if facts.logs.is_empty() {
        // The run did not come to its end, which it says itself: nobody knows what the log has.
        return;
    }
    let killed: HashSet<&str> =
        facts.faults.iter().filter(|fault| CLIENT_DEATHS.contains(&fault.kind)).map(|fault| fault.by).collect();
    let waiting = still_shown(facts);
    let edits = edits(facts);
    let mut warned: HashMap<&str, u64> = HashMap::new();
    for record in facts.records.iter().filter(|record| matches!(record.what, What::Warned { .. })) {
        *warned.entry(&record.by).or_default() += 1;
    }
    let tally = report.of(I::I18);
    for record in facts.records {
        let What::Drew { cid } = &record.what else { continue };
        let by = record.by.as_str();
        if !killed.contains(by) {
            continue;
        }
        let user = facts.user(by);
        let attempts = facts.attempts.get(&(user, cid.as_str())).map_or(&[][..], Vec::as_slice);
        let edit = attempts.iter().find_map(|attempt| match attempt.call {
            Call::Edit { id, text, .. } => Some((attempt, id.as_str(), *text)),
            _ => None,
        });
        let (logged, excused) = match edit {
            // A deletion blanks its edits, and refuses those that come later.
            Some((_, id, _)) if facts.deleted.contains(id) => continue,
            Some((attempt, id, text)) => {
                let logged = edits.get(&(user, id, text)).copied().unwrap_or(0);
                let told = logged == 0 && warned.get_mut(by).is_some_and(take_one);
                (logged, told || matches!(attempt.end, End::Fail(_)))
            }
            None => {
                let logged = facts.messages.get(&(user, cid.as_str())).map_or(0, Vec::len);
                (logged, waiting.get(user).is_some_and(|waiting| waiting.contains(cid.as_str())))
            }
        };
        tally.holds(logged == 1 || (logged == 0 && excused), || {
            format!("{by} drew {cid} and was killed: {logged} times in the log, still shown or refused: {excused}")
        });
    }
}

/// What each user's clients still show as pending or failed in the end; a view from before tells nothing of that.
fn still_shown<'a>(facts: &Facts<'a>) -> HashMap<&'a str, HashSet<&'a str>> {
    let mut shown: HashMap<&str, HashSet<&str>> = HashMap::new();
    for record in facts.records {
        if let What::Waiting { cids } = &record.what {
            shown.entry(facts.user(&record.by)).or_default().extend(cids.iter().map(String::as_str));
        }
    }
    shown
}

/// How often the final logs have each edit, by author, message and text.
fn edits<'a>(facts: &Facts<'a>) -> HashMap<(&'a str, &'a str, u64), usize> {
    let mut edits = HashMap::new();
    for entry in facts.logs.values().flat_map(|log| log.iter()).filter(|entry| entry.kind == "edit") {
        let id = entry.id.as_deref().unwrap_or_default();
        *edits.entry((entry.author.as_str(), id, entry.text)).or_default() += 1;
    }
    edits
}

fn take_one(left: &mut u64) -> bool {
    let any = *left > 0;
    *left -= u64::from(any);
    any
}
