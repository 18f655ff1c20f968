//! What somebody looks for, and where a text has it.

use super::fold::{Folded, fold};
use crate::{Error, limits};

/// Words and phrases, all of which a text must have.
///
/// What has three characters or more may stand anywhere in the text, in the middle of a word too. What has one or two must
/// stand at the beginning of a word, or anywhere in scripts without spaces: `ok` finds `okay` and not `book`, `東京` finds
/// `新東京駅`. This is also what an index of three characters can answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Folded, none empty, each once.
    terms: Vec<Vec<char>>,
}

impl Query {
    /// Reads what somebody typed: words, and `"phrases"` in double quotes. A quote that is not closed reaches to the end.
    ///
    /// # Errors
    /// `bad_request` for more than [`limits::SEARCH_BYTES`] or [`limits::SEARCH_TERMS`].
    pub fn parse(typed: &str) -> Result<Self, Error> {
        if typed.len() > limits::SEARCH_BYTES {
            return Err(Error::bad_request(format!("A search has at most {} bytes.", limits::SEARCH_BYTES)));
        }
        let mut query = Self::default();
        for (at, part) in typed.split(['"', '“', '”', '„']).enumerate() {
            if at % 2 == 1 {
                query.add(part);
            } else {
                part.split_whitespace().for_each(|word| query.add(word));
            }
        }
        if query.terms.len() > limits::SEARCH_TERMS {
            return Err(Error::bad_request(format!("A search has at most {} words.", limits::SEARCH_TERMS)));
        }
        Ok(query)
    }

    /// Nothing is looked for: every text has it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The words and phrases, folded.
    #[must_use]
    pub fn terms(&self) -> &[Vec<char>] {
        &self.terms
    }

    /// Where a text has what is looked for: UTF-16 ranges, in order, apart from each other. None when it lacks anything.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Vec<(u32, u32)>> {
        if self.terms.is_empty() {
            return Some(Vec::new());
        }
        let text = fold(text);
        let mut found = Vec::new();
        for term in &self.terms {
            let before = found.len();
            let mut from = 0;
            while let Some(at) = next(&text, term, from) {
                let end = at + term.len();
                found.push((text.places[at].0, text.places[end - 1].1));
                from = end;
            }
            if found.len() == before {
                return None;
            }
        }
        Some(joined(found))
    }

    fn add(&mut self, part: &str) {
        let chars = fold(part).chars;
        let term = chars.strip_prefix(&[' ']).unwrap_or(&chars);
        let term = term.strip_suffix(&[' ']).unwrap_or(term);
        if !term.is_empty() && !self.terms.iter().any(|other| other == term) {
            self.terms.push(term.to_vec());
        }
    }
}

fn next(text: &Folded, term: &[char], from: usize) -> Option<usize> {
    let last = text.chars.len().checked_sub(term.len())?;
    (from..=last).find(|&at| text.chars[at..at + term.len()] == *term && (term.len() > 2 || text.starts(at)))
}

fn joined(mut ranges: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    ranges.sort_unstable();
    let mut joined: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
    for (start, end) in ranges {
        match joined.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    joined
}
