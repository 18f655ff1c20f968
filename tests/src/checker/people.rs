//! I14 to I17: what people have read, and what they may.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::facts::{End, Facts, Operation};
use super::report::{Invariant as I, Report};
use crate::history::{Answer, Call, Logged, Micros, What};

/// The writes of one commit at most: who comes into a room with a commit may be told all of that commit.
const GROUP: u64 = 512;

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    unread(facts, report);
    markers(facts, report);
    rights(facts, report);
    members_only(facts, report);
    kicked(facts, report);
    revoked(facts, report);
}

/// I14: unread is the number of messages of others after the marker that are not deleted; mentions are those that
/// name the reader. Both as of the head that is told with them.
fn unread(facts: &Facts<'_>, report: &mut Report) {
    let mut deletions: HashMap<&str, u64> = HashMap::new();
    for entry in facts.logs.values().flat_map(|log| log.iter()).filter(|entry| entry.kind == "delete") {
        deletions.insert(entry.id.as_deref().unwrap_or_default(), entry.seq);
    }
    let tally = report.of(I::I14);
    for operation in &facts.operations {
        let End::Ok(Answer::Ready { rooms, .. }) = operation.end else { continue };
        for state in rooms {
            let Some(log) = facts.logs.get(state.room.as_str()) else { continue };
            let shown = |entry: &&Logged| {
                let gone = entry.id.as_deref().and_then(|id| deletions.get(id)).is_some_and(|at| *at <= state.head);
                entry.kind == "message" && entry.seq > state.read && entry.seq <= state.head && !gone
            };
            let from = usize::try_from(state.read).unwrap_or(usize::MAX).min(log.len());
            let after: Vec<&Logged> = log[from..].iter().filter(shown).collect();
            let unread = after.iter().filter(|entry| entry.author != operation.user).count() as u64;
            let named = |entry: &&&Logged| entry.mentions.iter().any(|user| user == operation.user);
            let mentions = after.iter().filter(named).count() as u64;
            tally.holds((unread, mentions) == (state.unread, state.mentions), || {
                format!("{} was told {state:?}, but {unread} are unread and {mentions} mention them", operation.by)
            });
        }
    }
    let mut told = HashSet::new();
    for record in facts.records {
        if let What::Notified { room, seq } = &record.what {
            tally.holds(told.insert((&record.by, room, seq)), || {
                format!("{} was notified of {room}#{seq} twice", record.by)
            });
        }
    }
}

/// I15: sweeps each user's marker in each room in time.
fn markers(facts: &Facts<'_>, report: &mut Report) {
    /// From when to when it was asked for, the marker, and the head.
    type Told = (Micros, Micros, u64, u64);
    let mut told: BTreeMap<(&str, &str), Vec<Told>> = BTreeMap::new();
    for operation in &facts.operations {
        let mut mark = |room, read, head| {
            told.entry((operation.user, room)).or_default().push((operation.from, operation.to, read, head));
        };
        match (operation.end, operation.call) {
            (End::Ok(Answer::Read { read }), Call::Mark { room, .. }) => {
                let head = facts.logs.get(room.as_str()).map_or(u64::MAX, |log| log.len() as u64);
                mark(room.as_str(), *read, head);
            }
            (End::Ok(Answer::Ready { rooms, .. }), _) => {
                rooms.iter().for_each(|state| mark(state.room.as_str(), state.read, state.head));
            }
            _ => {}
        }
    }
    let tally = report.of(I::I15);
    for ((user, room), mut told) in told {
        told.sort_unstable();
        let mut ended: Vec<(Micros, u64)> = told.iter().map(|(_, to, read, _)| (*to, *read)).collect();
        ended.sort_unstable();
        let (mut at, mut floor) = (0, 0);
        for (from, _, read, head) in told {
            while let Some((_, done)) = ended.get(at).filter(|(to, _)| *to < from) {
                floor = floor.max(*done);
                at += 1;
            }
            tally.holds(read >= floor && read <= head, || {
                format!("the marker of {user} in {room} is {read} at {from} µs; it was {floor}, and the head is {head}")
            });
        }
    }
}

/// I16, in the logs and in what was answered.
fn rights(facts: &Facts<'_>, report: &mut Report) {
    let may = |user: &str, id: &str, kind: &str| {
        let own = facts.by_id.get(id).is_some_and(|(_, message)| message.author == user);
        own || (kind == "delete" && facts.is_admin(user))
    };
    let tally = report.of(I::I16);
    for (room, log) in &facts.logs {
        let mut deleted = HashSet::new();
        for entry in *log {
            let id = entry.id.as_deref().unwrap_or_default();
            let late = deleted.contains(id);
            match entry.kind.as_str() {
                kind @ ("edit" | "delete") => tally.holds(!late && may(&entry.author, id, kind), || {
                    format!("{room}#{}: {entry:?}; after a deletion: {late}", entry.seq)
                }),
                "reaction" | "pin" => tally.holds(!late, || format!("{room}#{} is after the deletion", entry.seq)),
                _ => {}
            }
            if entry.kind == "delete" {
                deleted.insert(id);
            }
        }
    }
    for operation in &facts.operations {
        let (id, kind) = match operation.call {
            Call::Edit { id, .. } => (id, "edit"),
            Call::Delete { id, .. } => (id, "delete"),
            _ => continue,
        };
        if facts.by_id.contains_key(id.as_str()) && !may(operation.user, id, kind) {
            let refused = !matches!(operation.end, End::Ok(_));
            tally.holds(refused, || format!("{} was allowed {:?}", operation.by, operation.call));
        }
    }
}

/// I17: nobody is pushed an entry that was written while they were outside. Decided by places in the log, not by
/// time: a push may be on its way for long.
fn members_only(facts: &Facts<'_>, report: &mut Report) {
    let mut moves: HashMap<(&str, &str), Vec<(u64, bool)>> = HashMap::new();
    for (room, log) in &facts.logs {
        for entry in log.iter().filter(|entry| entry.kind == "membership") {
            let inside = matches!(entry.change.as_deref(), Some("joined" | "invited"));
            moves.entry((room, entry.user.as_deref().unwrap_or_default())).or_default().push((entry.seq, inside));
        }
    }
    let tally = report.of(I::I17);
    for record in facts.records {
        let What::Push { room, entry } = &record.what else { continue };
        let Some(moves) = moves.get(&(room.as_str(), facts.user(&record.by))) else { continue };
        // Who never left was never to be spared anything.
        if moves.iter().all(|(_, inside)| *inside) {
            continue;
        }
        let before = moves.partition_point(|(seq, _)| *seq < entry.seq);
        let inside = before > 0 && moves[before - 1].1;
        let comes = moves[before..].iter().any(|(seq, inside)| *inside && *seq <= entry.seq + GROUP);
        tally.holds(inside || comes, || {
            format!("{} was pushed {room}#{}, outside since {:?}", record.by, entry.seq, moves[..before].last())
        });
    }
}

/// I17: after a kick or a leave was acked, and until somebody may have brought them back, nothing in that room is
/// answered with yes.
fn kicked(facts: &Facts<'_>, report: &mut Report) {
    let mut of_user: HashMap<&str, Vec<&Operation<'_>>> = HashMap::new();
    let mut entrances: HashMap<(&str, &str), Vec<&Operation<'_>>> = HashMap::new();
    for operation in &facts.operations {
        of_user.entry(operation.user).or_default().push(operation);
        match operation.call {
            Call::Join { room, .. } => entrances.entry((room, operation.user)).or_default().push(operation),
            Call::Invite { room, user } => entrances.entry((room, user)).or_default().push(operation),
            _ => {}
        }
    }
    let tally = report.of(I::I17);
    for exit in facts.operations.iter().filter(|operation| matches!(operation.end, End::Ok(_))) {
        let (room, user) = match exit.call {
            Call::Kick { room, user } => (room.as_str(), user.as_str()),
            Call::Leave { room } => (room.as_str(), exit.user),
            _ => continue,
        };
        let entrances = entrances.get(&(room, user)).map_or(&[][..], Vec::as_slice);
        let until = entrances.iter().filter(|e| e.to >= exit.from).map(|e| e.from).min().unwrap_or(Micros::MAX);
        let own = of_user.get(user).map_or(&[][..], Vec::as_slice);
        let begin = own.partition_point(|operation| operation.from <= exit.to);
        for operation in own[begin..].iter().take_while(|o| o.from < until).filter(|o| o.to < until) {
            let End::Ok(answer) = operation.end else { continue };
            let shown = match (answer, operation.call.room()) {
                (Answer::Ready { rooms, .. }, _) => rooms.iter().any(|state| state.room == room),
                (_, Some(there)) => there == room,
                _ => false,
            };
            tally.holds(!shown, || {
                format!(
                    "{user} left {room} by {:?} at {} µs, then {:?} was allowed",
                    exit.call, exit.to, operation.call
                )
            });
        }
    }
}

/// I17: after a session was revoked, its device is answered nothing, and is pushed nothing that was sent later.
fn revoked(facts: &Facts<'_>, report: &mut Report) {
    let mut ends: HashMap<&str, Micros> = HashMap::new();
    for operation in &facts.operations {
        if let (Call::Revoke { process }, End::Ok(_)) = (operation.call, operation.end) {
            ends.entry(process).or_insert(operation.to);
        }
    }
    let tally = report.of(I::I17);
    for operation in &facts.operations {
        let Some(end) = ends.get(operation.by).filter(|end| operation.from > **end) else { continue };
        tally.holds(!matches!(operation.end, End::Ok(_)), || {
            format!("{} was revoked at {end} µs, then {:?} was answered", operation.by, operation.call)
        });
    }
    for record in facts.records {
        let What::Push { room, entry } = &record.what else { continue };
        let Some(end) = ends.get(record.by.as_str()).filter(|end| record.at > **end) else { continue };
        let Some(logged) = facts.entry(room, entry.seq) else { continue };
        let key = (logged.author.as_str(), logged.cid.as_deref().unwrap_or_default());
        let sent = facts.attempts.get(&key).and_then(|attempts| attempts.first()).map(|attempt| attempt.from);
        tally.holds(sent.is_none_or(|sent| sent <= *end), || {
            format!("{} was revoked at {end} µs, and pushed {room}#{} that was sent later", record.by, entry.seq)
        });
    }
}
