//! The pieces by which an index finds texts: each text that a term is in has all of the term's pieces. The reverse is not
//! true, so what an index proposes is still asked.
//!
//! A piece is one to three characters of a word, or a **seam**: the end of a word and the beginning of the next, by which
//! phrases are found among all the texts that have the same words somewhere.

use std::collections::BTreeSet;

use super::fold::fold;

/// Stands in seams for the space, and is in no other piece but by chance: it is of no script.
const SEAM: char = '\u{E001}';

/// Characters of either word in a seam. With more of them fewer phrases would have one, with fewer they would hardly part texts.
const SEAM_SIDE: usize = 2;

/// All pieces of a text: whatever has three characters without a space, what has one or two where
/// [`super::Query`] looks for those, and the seams.
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
    let words: Vec<&[char]> = text.chars.split(|&c| c == ' ').collect();
    pieces.extend(words.windows(2).filter_map(|pair| seam(pair[0], pair[1])));
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
    let words: Vec<&[char]> = term.split(|&c| c == ' ').collect();
    let last = words.len() - 1;
    for (n, word) in words.iter().enumerate() {
        match word.len() {
            0 => {}
            // After a space a word begins for certain; at the beginning of the term it may be the end of one.
            1 | 2 if n > 0 => drop(pieces.insert(word.iter().collect())),
            1 | 2 => {}
            _ => pieces.extend(word.windows(3).map(|piece| piece.iter().collect::<String>())),
        }
    }
    for (n, pair) in words.windows(2).enumerate() {
        // The first and the last word may go on in the text: what they show of themselves must fill their side.
        let known = (n > 0 || pair[0].len() >= SEAM_SIDE) && (n + 1 < last || pair[1].len() >= SEAM_SIDE);
        if known {
            pieces.extend(seam(pair[0], pair[1]));
        }
    }
    pieces
}

/// None where there is no word on one side: at the ends of a text.
fn seam(before: &[char], after: &[char]) -> Option<String> {
    let before = &before[before.len().saturating_sub(SEAM_SIDE)..];
    let after = &after[..after.len().min(SEAM_SIDE)];
    let ends = |word: &[char]| !word.is_empty();
    (ends(before) && ends(after)).then(|| before.iter().chain([&SEAM]).chain(after).collect())
}
