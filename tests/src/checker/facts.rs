//! A history, looked up by what the checks ask for.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::history::{Answer, Call, History, Logged, Micros, Record, What};

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End<'a> {
    /// With this answer.
    Ok(&'a Answer),
    /// Refused with this code.
    Fail(&'a str),
    /// Unknown: it may have happened at any time since, or never.
    Unknown,
}

/// One attempt of a client to do something.
#[derive(Debug, Clone, Copy)]
pub struct Operation<'a> {
    /// Which process.
    pub by: &'a str,
    /// In whose name; empty when that is not told.
    pub user: &'a str,
    /// What was asked.
    pub call: &'a Call,
    /// When.
    pub from: Micros,
    /// When the end was seen; the end of time when it is unknown.
    pub to: Micros,
    /// How it ended.
    pub end: End<'a>,
}

/// Somebody's device.
#[derive(Debug, Clone, Copy)]
pub struct Device<'a> {
    /// Whose.
    pub user: &'a str,
    /// May do what only admins may.
    pub admin: bool,
}

/// An author and the author's id of a write.
pub type Key<'a> = (&'a str, &'a str);

/// All of it.
pub struct Facts<'a> {
    /// The lines.
    pub records: &'a [Record],
    /// Operations in the order of their invocation.
    pub operations: Vec<Operation<'a>>,
    /// Devices by process.
    pub devices: HashMap<&'a str, Device<'a>>,
    /// Final logs by room.
    pub logs: BTreeMap<&'a str, &'a [Logged]>,
    /// All attempts at a write, by its key, in the order of their invocation.
    pub attempts: BTreeMap<Key<'a>, Vec<Operation<'a>>>,
    /// Messages of the final logs, by key.
    pub messages: HashMap<Key<'a>, Vec<(&'a str, &'a Logged)>>,
    /// Messages of the final logs, by the server's id.
    pub by_id: HashMap<&'a str, (&'a str, &'a Logged)>,
    /// Ids of messages with a deletion in the final logs.
    pub deleted: HashSet<&'a str>,
    /// Faults, in the order in which they began.
    pub faults: Vec<Fault<'a>>,
}

/// A time during which something was broken on purpose.
#[derive(Debug, Clone, Copy)]
pub struct Fault<'a> {
    /// By whom it was recorded: what concerns one client is recorded in its name.
    pub by: &'a str,
    /// What kind.
    pub kind: &'a str,
    /// When it began.
    pub from: Micros,
    /// When it was over; the end of time when that is not told.
    pub to: Micros,
}

impl<'a> Facts<'a> {
    /// Reads a history once.
    #[must_use]
    pub fn of(history: &'a History) -> Self {
        let records = &history.records[..];
        let mut facts = Self {
            records,
            operations: Vec::new(),
            devices: HashMap::new(),
            logs: BTreeMap::new(),
            attempts: BTreeMap::new(),
            messages: HashMap::new(),
            by_id: HashMap::new(),
            deleted: HashSet::new(),
            faults: Vec::new(),
        };
        let mut places: HashMap<u64, usize> = HashMap::new();
        for record in records {
            facts.read(record, &mut places);
        }
        for operation in &facts.operations {
            if let Some(cid) = operation.call.cid() {
                facts.attempts.entry((operation.user, cid)).or_default().push(*operation);
            }
        }
        for (room, log) in &facts.logs {
            for entry in *log {
                match (entry.kind.as_str(), entry.id.as_deref()) {
                    ("message", Some(id)) => {
                        let cid = entry.cid.as_deref().unwrap_or_default();
                        facts.messages.entry((&entry.author, cid)).or_default().push((room, entry));
                        facts.by_id.insert(id, (room, entry));
                    }
                    ("delete", Some(id)) => drop(facts.deleted.insert(id)),
                    _ => {}
                }
            }
        }
        facts
    }

    /// The final entry at a place.
    #[must_use]
    pub fn entry(&self, room: &str, seq: u64) -> Option<&'a Logged> {
        let log = self.logs.get(room)?;
        // A log with holes is I6's concern; here each entry is found wherever it stands.
        let guess = usize::try_from(seq).ok()?.checked_sub(1)?;
        log.get(guess).filter(|entry| entry.seq == seq).or_else(|| log.iter().find(|entry| entry.seq == seq))
    }

    /// The user behind a process; empty when it is not told.
    #[must_use]
    pub fn user(&self, process: &str) -> &'a str {
        self.devices.get(process).map_or("", |device| device.user)
    }

    /// Whether a user is an admin.
    #[must_use]
    pub fn is_admin(&self, user: &str) -> bool {
        self.devices.values().any(|device| device.user == user && device.admin)
    }

    /// Whether a fault was on at any time of this span; not one of a single client.
    #[must_use]
    pub fn faulty(&self, from: Micros, to: Micros) -> bool {
        let mut shared = self.faults.iter().filter(|fault| !self.devices.contains_key(fault.by));
        shared.any(|fault| fault.from <= to && fault.to >= from)
    }

    /// Whether one of these faults was on at any time of this span.
    #[must_use]
    pub fn faulty_by(&self, kinds: &[&str], from: Micros, to: Micros) -> bool {
        self.faults.iter().any(|fault| kinds.contains(&fault.kind) && fault.from <= to && fault.to >= from)
    }

    fn read(&mut self, record: &'a Record, places: &mut HashMap<u64, usize>) {
        let by = record.by.as_str();
        match &record.what {
            What::Process { user, admin, .. } => {
                self.devices.insert(by, Device { user, admin: *admin });
            }
            What::Invoke { op, call } => {
                places.insert(*op, self.operations.len());
                let (user, end) = (self.user(by), End::Unknown);
                self.operations.push(Operation { by, user, call, from: record.at, to: Micros::MAX, end });
            }
            What::Ok { op, answer } => self.end(places, *op, record.at, End::Ok(answer)),
            What::Fail { op, code } => self.end(places, *op, record.at, End::Fail(code)),
            What::Fault { fault } => {
                self.faults.push(Fault { by, kind: fault, from: record.at, to: Micros::MAX });
            }
            What::Mended { fault } => {
                let open = self.faults.iter_mut().rev().find(|f| f.kind == fault && f.by == by && f.to == Micros::MAX);
                if let Some(open) = open {
                    open.to = record.at;
                }
            }
            What::Log { room, entries } => drop(self.logs.insert(room, entries)),
            _ => {}
        }
    }

    fn end(&mut self, places: &HashMap<u64, usize>, op: u64, at: Micros, end: End<'a>) {
        if let Some(place) = places.get(&op) {
            let operation = &mut self.operations[*place];
            (operation.to, operation.end) = (at, end);
        }
    }
}

impl<'a> Operation<'a> {
    /// Place, id and time of a committed write.
    #[must_use]
    pub fn written(&self) -> Option<(u64, Option<&'a str>, &'a str)> {
        match self.end {
            End::Ok(Answer::Written { id, seq, ts }) => Some((*seq, id.as_deref(), ts)),
            _ => None,
        }
    }

    /// Refused in a way that repeating does not change.
    #[must_use]
    pub fn failed_for_good(&self) -> bool {
        matches!(self.end, End::Fail(code) if !["rate_limited", "unavailable", "internal"].contains(&code))
    }
}
