//! I1 to I5: what was sent, what was acked, and what is there.

use std::collections::{HashMap, HashSet};

use super::facts::{End, Facts, Operation};
use super::report::{Invariant as I, Report};
use crate::history::{Call, EMPTY, Logged};

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    acked_is_there(facts, report);
    no_phantoms(facts, report);
    once(facts, report);
    another_body(facts, report);
}

/// I1. An operation that a log could not be read for is not judged: a room without a final log is not in the run.
fn acked_is_there(facts: &Facts<'_>, report: &mut Report) {
    let tally = report.of(I::I1);
    for operation in &facts.operations {
        let (Some((seq, id, ts)), Some(room)) = (operation.written(), operation.call.room()) else { continue };
        if !facts.logs.contains_key(room) {
            continue;
        }
        let found = facts.entry(room, seq);
        let same = found.is_some_and(|entry| entry.ts == ts && says(facts, entry, operation, id));
        tally.holds(same, || {
            format!("{} was acked {:?} at {room}#{seq}, but the log has {found:?}", operation.by, operation.call)
        });
    }
}

/// Whether an entry is what this operation asked for.
fn says(facts: &Facts<'_>, entry: &Logged, operation: &Operation<'_>, id: Option<&str>) -> bool {
    let text_is = |text: u64| {
        let gone = entry.id.as_deref().is_some_and(|id| facts.deleted.contains(id));
        entry.text == text || (gone && entry.text == EMPTY)
    };
    let about =
        |kind: &str, id: &str| entry.kind == kind && entry.id.as_deref() == Some(id) && entry.author == operation.user;
    match operation.call {
        Call::Send { cid, text, .. } => {
            about("message", id.unwrap_or_default()) && entry.cid.as_deref() == Some(cid) && text_is(*text)
        }
        Call::Edit { id, text, .. } => about("edit", id) && text_is(*text),
        Call::Delete { id, .. } => about("delete", id),
        Call::React { id, emoji, on, .. } => {
            about("reaction", id) && entry.emoji.as_ref() == Some(emoji) && entry.on == Some(*on)
        }
        _ => false,
    }
}

/// I2. Every message is one that somebody sent, and of which not all attempts failed for good. Edits, deletions and
/// reactions carry no `cid`: each must have an attempt of its author for that message.
fn no_phantoms(facts: &Facts<'_>, report: &mut Report) {
    let mut changes: HashSet<(&str, &str, &str)> = HashSet::new();
    for operation in facts.operations.iter().filter(|operation| !operation.failed_for_good()) {
        match operation.call {
            Call::Edit { id, .. } => drop(changes.insert((operation.user, id, "edit"))),
            Call::Delete { id, .. } => drop(changes.insert((operation.user, id, "delete"))),
            Call::React { id, .. } => drop(changes.insert((operation.user, id, "reaction"))),
            _ => {}
        }
    }
    let tally = report.of(I::I2);
    for (room, log) in &facts.logs {
        for entry in *log {
            let asked = match entry.kind.as_str() {
                "message" => {
                    let cid = entry.cid.as_deref().unwrap_or_default();
                    let attempts = facts.attempts.get(&(entry.author.as_str(), cid)).map_or(&[][..], Vec::as_slice);
                    attempts.iter().any(|attempt| {
                        attempt.call.room() == Some(room)
                            && !attempt.failed_for_good()
                            && says(facts, entry, attempt, entry.id.as_deref())
                    })
                }
                kind @ ("edit" | "delete" | "reaction") => {
                    changes.contains(&(entry.author.as_str(), entry.id.as_deref().unwrap_or_default(), kind))
                }
                // Memberships and names change by the run's own hand too.
                _ => continue,
            };
            tally.holds(asked, || format!("nobody asked for {room}#{}: {entry:?}", entry.seq));
        }
    }
}

/// I3 and I4: at most one entry for each author and `cid`, whether an attempt was unanswered or repeated, and one answer to
/// all attempts.
fn once(facts: &Facts<'_>, report: &mut Report) {
    for ((author, cid), attempts) in &facts.attempts {
        let mut answers: HashMap<&str, (u64, Option<&str>, &str)> = HashMap::new();
        let mut answered = 0;
        for attempt in attempts {
            let (Some(answer), Some(room)) = (attempt.written(), attempt.call.room()) else { continue };
            answered += 1;
            let first = *answers.entry(room).or_insert(answer);
            if answered > 1 {
                report.of(I::I4).holds(first == answer, || {
                    format!("{} was answered {answer:?} for cid {cid} in {room}, and {first:?} before", attempt.by)
                });
            }
        }
        if !attempts.iter().any(|attempt| matches!(attempt.call, Call::Send { .. })) {
            continue;
        }
        let entries = facts.messages.get(&(author, cid)).map_or(0, Vec::len);
        if attempts.iter().any(|attempt| attempt.end == End::Unknown) {
            report.of(I::I3).holds(entries <= 1, || format!("cid {cid} of {author} is in the logs {entries} times"));
        }
        if attempts.len() > 1 {
            report.of(I::I4).holds(entries <= 1, || format!("cid {cid} of {author} is in the logs {entries} times"));
        }
    }
    // Also those that nobody tried twice.
    for ((author, cid), entries) in facts.messages.iter().filter(|(_, entries)| entries.len() > 1) {
        report.of(I::I4).holds(false, || format!("cid {cid} of {author} is in the logs {} times", entries.len()));
    }
}

/// I5. The body that was acked first owns the `cid`; an attempt with another one after that must be refused.
fn another_body(facts: &Facts<'_>, report: &mut Report) {
    let tally = report.of(I::I5);
    for ((_, cid), attempts) in &facts.attempts {
        if attempts.len() < 2 {
            continue;
        }
        let acked = attempts.iter().filter(|attempt| attempt.written().is_some()).min_by_key(|attempt| attempt.to);
        let Some(owner) = acked else { continue };
        for attempt in attempts.iter().filter(|attempt| !attempt.call.same_body(owner.call)) {
            match attempt.end {
                End::Ok(answer) => tally.holds(false, || {
                    format!(
                        "{} got {answer:?} for {:?}, but the cid {cid} is {:?}",
                        attempt.by, attempt.call, owner.call
                    )
                }),
                End::Fail(code) if attempt.from > owner.to => {
                    // Who is outside hears `not_found` before anything else; the rest may be tried again.
                    let known = ["conflict", "not_found", "rate_limited", "unavailable", "internal", "read_only"];
                    tally.holds(known.contains(&code), || {
                        format!("{} was refused {:?} with {code}, not as a conflict", attempt.by, attempt.call)
                    });
                }
                End::Fail(_) | End::Unknown => {}
            }
        }
    }
}
