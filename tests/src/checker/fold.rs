//! Folding, written anew from the words of `PROTOCOL.md`, so that it can disagree with the product's.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::facts::Facts;
use crate::history::{Call, EMPTY, Folded, Logged};

/// The messages of one log, folded from its first entries, entry by entry.
pub(super) struct Fold<'a> {
    log: &'a [Logged],
    texts: &'a Texts<'a>,
    at: usize,
    messages: BTreeMap<u64, State>,
    places: HashMap<&'a str, u64>,
}

/// What was sent as the text of each message and edit. A deletion blanks the log, so the log alone cannot tell how a
/// message read before.
pub(super) struct Texts<'a> {
    sent: HashMap<(&'a str, &'a str), u64>,
    edits: HashMap<(&'a str, u64), u64>,
}

#[derive(Clone)]
struct State {
    id: String,
    text: u64,
    edited: bool,
    deleted: bool,
    reactions: BTreeSet<String>,
}

impl<'a> Texts<'a> {
    pub(super) fn of(facts: &Facts<'a>) -> Self {
        let (mut sent, mut edits) = (HashMap::new(), HashMap::new());
        for operation in &facts.operations {
            match operation.call {
                Call::Send { cid, text, .. } => {
                    // Conflicting bodies come later than the one that owns the cid.
                    sent.entry((operation.user, cid.as_str())).or_insert(*text);
                }
                Call::Edit { room, text, .. } => {
                    if let Some((seq, ..)) = operation.written() {
                        edits.insert((room.as_str(), seq), *text);
                    }
                }
                _ => {}
            }
        }
        Self { sent, edits }
    }

    /// How an entry read before a deletion; None when that cannot be told.
    pub(super) fn before_deletion(&self, room: &str, entry: &Logged) -> Option<u64> {
        match entry.kind.as_str() {
            _ if entry.text != EMPTY => Some(entry.text),
            "message" => self.sent.get(&(entry.author.as_str(), entry.cid.as_deref()?)).copied(),
            "edit" => self.edits.get(&(room, entry.seq)).copied(),
            _ => None,
        }
    }
}

impl<'a> Fold<'a> {
    pub(super) fn new(log: &'a [Logged], texts: &'a Texts<'a>) -> Self {
        Self { log, texts, at: 0, messages: BTreeMap::new(), places: HashMap::new() }
    }

    /// Goes on to this head. Heads must come in ascending order.
    pub(super) fn advance(&mut self, room: &str, head: u64) {
        while let Some(entry) = self.log.get(self.at).filter(|entry| entry.seq <= head) {
            self.at += 1;
            self.apply(room, entry);
        }
    }

    /// The messages from one place to another, both included. A text of 0 is one that cannot be told.
    pub(super) fn between(&self, from: u64, to: u64) -> Vec<Folded> {
        let folded = |(seq, state): (&u64, &State)| Folded {
            seq: *seq,
            id: state.id.clone(),
            text: state.text,
            edited: state.edited,
            deleted: state.deleted,
            reactions: state.reactions.iter().cloned().collect(),
        };
        if from > to { Vec::new() } else { self.messages.range(from..=to).map(folded).collect() }
    }

    fn apply(&mut self, room: &str, entry: &'a Logged) {
        let Some(id) = entry.id.as_deref() else { return };
        let text = self.texts.before_deletion(room, entry).unwrap_or(0);
        if entry.kind == "message" {
            self.places.insert(id, entry.seq);
            let state = State { id: id.to_owned(), text, edited: false, deleted: false, reactions: BTreeSet::new() };
            self.messages.insert(entry.seq, state);
            return;
        }
        let Some(state) = self.places.get(id).and_then(|seq| self.messages.get_mut(seq)) else { return };
        if state.deleted {
            return;
        }
        match entry.kind.as_str() {
            "edit" => (state.text, state.edited) = (text, true),
            "delete" => {
                (state.text, state.edited, state.deleted) = (EMPTY, false, true);
                state.reactions.clear();
            }
            "reaction" => {
                let reaction = format!("{} {}", entry.emoji.as_deref().unwrap_or_default(), entry.author);
                if entry.on == Some(true) {
                    state.reactions.insert(reaction);
                } else {
                    state.reactions.remove(&reaction);
                }
            }
            _ => {}
        }
    }
}

/// Whether a message is as folded. What cannot be told agrees with anything.
pub(super) fn agrees(seen: &Folded, folded: &Folded) -> bool {
    Folded { text: seen.text, ..folded.clone() } == *seen && (folded.text == 0 || folded.text == seen.text)
}
