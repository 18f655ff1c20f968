//! The pieces of one to three characters by which an index finds texts: each text that a term is in has all of the term's
//! pieces. The reverse is not true, so what an index proposes is still asked.

use std::collections::BTreeSet;

use super::fold::fold;

/// How many pieces of a term are looked up: more of them hardly make it rarer.
const TERM_MAX: usize = 8;

/// All pieces of a text: whatever has three characters without a space, and what has one or two where
/// [`super::Query`] looks for those.
#[must_use]
pub fn of_text(text: &str) -> BTreeSet<String> {
    let text = fold(text);
    let mut pieces = BTreeSet::new();
    for at in 0..text.chars.len() {
        let rest = &text.chars[at..];
        let starts = text.starts(at);
        for length in if starts { 1..=3 } else { 3..=3 } {
            if let Some(piece) = rest.get(..length)
                && !piece.contains(&' ')
            {
                pieces.insert(piece.iter().collect());
            }
        }
    }
    pieces
}

/// Pieces of a term that are in every text with it, none for a term that has none between its spaces.
#[must_use]
pub fn of_term(term: &[char]) -> BTreeSet<String> {
    let mut pieces = BTreeSet::new();
    if term.len() < 3 {
        pieces.insert(term.iter().collect());
        return pieces;
    }
    let mut words = Vec::new();
    let mut at = 0;
    for word in term.split(|&c| c == ' ') {
        words.push((at, word));
        at += word.len() + 1;
    }
    for (at, word) in words {
        match word.len() {
            0 => {}
            // After a space a word begins for certain; at the beginning of the term it may be the end of one.
            1 | 2 if at > 0 => drop(pieces.insert(word.iter().collect())),
            1 | 2 => {}
            _ => {
                // Its ends, and pieces side by side between them.
                let starts = (0..=word.len() - 3).step_by(2).chain([word.len() - 3]);
                pieces.extend(starts.map(|start| word[start..start + 3].iter().collect::<String>()));
            }
        }
        if pieces.len() >= TERM_MAX {
            break;
        }
    }
    pieces
}
