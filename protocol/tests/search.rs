//! What a search finds, held to the same table as the TypeScript of the web client.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use confab_protocol::limits;
use confab_protocol::search::{Query, fold, of_term, of_text};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    query: String,
    text: String,
    /// UTF-16 ranges; null: not found.
    found: Option<Vec<(u32, u32)>>,
}

#[test]
fn the_vectors() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("../vectors/search.json")).unwrap();
    for Vector { query, text, found } in vectors {
        assert_eq!(Query::parse(&query).unwrap().find(&text), found, "{query:?} in {text:?}");
    }
}

#[test]
fn queries_are_limited() {
    assert!(Query::parse(&"a".repeat(limits::SEARCH_BYTES)).is_ok());
    assert!(Query::parse(&"a".repeat(limits::SEARCH_BYTES + 1)).is_err());
    let words = |n: usize| (0..n).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
    assert!(
        Query::parse(&words(limits::SEARCH_TERMS)).is_ok() && Query::parse(&words(limits::SEARCH_TERMS + 1)).is_err()
    );
    assert!(Query::parse(" \" \" ").unwrap().is_empty());
}

proptest! {
    /// The index misses nothing: what is in a text has its pieces among the text's.
    #[test]
    fn pieces_of_a_term_are_pieces_of_its_texts(text in "[aé東한 .\u{1}]{0,12}|\\PC{0,12}", query in "[aé東한 .\u{1}]{1,6}", from in 0..12usize, length in 1..8usize) {
        let part: String = text.chars().skip(from).take(length).collect();
        for typed in [format!("\"{}\"", part.replace('"', "")), query] {
            let query = Query::parse(&typed).unwrap();
            if query.find(&text).is_some() {
                let pieces = of_text(&text);
                for term in query.terms() {
                    let of_term = of_term(term);
                    prop_assert!(!of_term.is_empty());
                    prop_assert!(of_term.is_subset(&pieces), "{term:?}: {of_term:?} in {pieces:?}");
                }
            }
        }
    }

    /// Highlights lie inside the text, at the ends of its characters.
    #[test]
    fn ranges_cut_no_character(text in "[aé👍ﬁ東\u{301} ]{0,12}", query in "[aéf👍東 ]{1,3}") {
        let units: Vec<u16> = text.encode_utf16().collect();
        for (start, end) in Query::parse(&query).unwrap().find(&text).unwrap_or_default() {
            prop_assert!(start < end);
            prop_assert!(String::from_utf16(&units[start as usize..end as usize]).is_ok());
        }
        prop_assert_eq!(fold(&text).chars.len(), fold(&text).places.len());
    }
}
