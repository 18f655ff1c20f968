//! Texts as search sees them: without case, without accents, with single spaces.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// A folded text, and where each of its characters comes from.
#[derive(Debug, Clone, Default)]
pub struct Folded {
    /// The characters.
    pub chars: Vec<char>,
    /// For each of them the UTF-16 range `[start, end)` of the original that it stands for.
    pub places: Vec<(u32, u32)>,
}

/// Folds a text. `É` becomes `e`, `Ａ` (full width) `a`, `ﬁ` two letters; a run of white space and control characters
/// becomes one space.
/// Syllables of Hangul and kana stay whole: their parts are no accents.
#[must_use]
pub fn fold(text: &str) -> Folded {
    let mut folded = Folded::default();
    let mut at = 0_u32;
    for c in text.chars() {
        let place = (at, at + c.len_utf16() as u32);
        at = place.1;
        if c.is_ascii_graphic() {
            folded.push(c.to_ascii_lowercase(), place);
        } else if c.is_whitespace() || c.is_control() {
            folded.space(place);
        } else if is_accent(c) {
            folded.widen(place.1);
        } else if is_whole(c) {
            folded.push(c, place);
        } else {
            decompose_compatible(c, |part| {
                if part.is_whitespace() || part.is_control() {
                    folded.space(place);
                } else if !is_accent(part) {
                    part.to_lowercase().filter(|&low| !is_accent(low)).for_each(|low| folded.push(low, place));
                }
            });
        }
    }
    folded
}

impl Folded {
    fn push(&mut self, c: char, place: (u32, u32)) {
        self.chars.push(c);
        self.places.push(place);
    }

    fn space(&mut self, place: (u32, u32)) {
        if self.chars.last() == Some(&' ') { self.widen(place.1) } else { self.push(' ', place) }
    }

    /// What follows belongs to the last character: an accent of its own, or more white space.
    fn widen(&mut self, end: u32) {
        if let Some(last) = self.places.last_mut() {
            last.1 = end;
        }
    }

    /// Whether something of one or two characters may begin at `at`: see [`super::Query`].
    #[must_use]
    pub fn starts(&self, at: usize) -> bool {
        let Some(&c) = self.chars.get(at) else { return false };
        let before = at.checked_sub(1).and_then(|i| self.chars.get(i)).copied().unwrap_or(' ');
        !before.is_alphanumeric() || !c.is_alphanumeric() || is_dense(c) || is_dense(before)
    }
}

/// Marks that people leave out when they type a word. In other scripts marks are vowels, without which it is another word.
fn is_accent(c: char) -> bool {
    c > '\u{2FF}'
        && is_combining_mark(c)
        && matches!(c, '\u{300}'..='\u{36F}' | '\u{591}'..='\u{5C7}' | '\u{64B}'..='\u{65F}' | '\u{1AB0}'..='\u{1AFF}'
            | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}')
}

/// Hangul syllables and kana, which would fall into parts.
fn is_whole(c: char) -> bool {
    matches!(c, '\u{AC00}'..='\u{D7A3}' | '\u{3040}'..='\u{30FF}')
}

/// Scripts that are written without spaces between words, and Hangul, whose words are short.
fn is_dense(c: char) -> bool {
    matches!(c, '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1100}'..='\u{11FF}' | '\u{1780}'..='\u{17FF}'
        | '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}
