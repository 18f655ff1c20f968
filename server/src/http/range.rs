//! `Range` and `If-None-Match`: one part of a file, or all of it.

use axum::http::HeaderValue;

/// What a request wants of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All. Also what is answered to several parts at once, and to what is no range.
    All,
    /// From this byte to that one, both in it.
    Some {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: u64,
    },
    /// A part that does not exist.
    Beyond,
}

/// The part that a `Range` header names, of a file of this length.
pub fn of(header: Option<&HeaderValue>, length: u64) -> Part {
    let Some(range) = header.and_then(|value| value.to_str().ok()) else { return Part::All };
    let Some((from, to)) = range.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Part::All;
    };
    let number = |text: &str| -> Option<Option<u64>> {
        match text.trim() {
            "" => Some(None),
            // A number too large for us is beyond any file.
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => Some(Some(digits.parse().unwrap_or(u64::MAX))),
            _ => None,
        }
    };
    match (number(from), number(to)) {
        (Some(Some(first)), Some(last)) => {
            let last = last.unwrap_or(u64::MAX);
            if last < first {
                Part::All
            } else if first >= length {
                Part::Beyond
            } else {
                Part::Some { first, last: last.min(length - 1) }
            }
        }
        (Some(None), Some(Some(count))) if count > 0 && length > 0 => {
            Part::Some { first: length.saturating_sub(count), last: length - 1 }
        }
        (Some(None), Some(Some(_))) => Part::Beyond,
        _ => Part::All,
    }
}

/// Whether an `If-None-Match` header names this tag.
pub fn names(header: Option<&HeaderValue>, tag: &str) -> bool {
    let Some(tags) = header.and_then(|value| value.to_str().ok()) else { return false };
    tags.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == tag || one == "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_within_the_file_or_refused() {
        let of = |range: &str, length| of(Some(&HeaderValue::from_str(range).unwrap()), length);
        let some = |first, last| Part::Some { first, last };
        assert_eq!(of("bytes=0-", 10), some(0, 9));
        assert_eq!(of("bytes=2-4", 10), some(2, 4));
        assert_eq!(of("bytes=2-400", 10), some(2, 9));
        assert_eq!(of("bytes=-3", 10), some(7, 9));
        assert_eq!(of("bytes=-30", 10), some(0, 9));
        for beyond in ["bytes=10-", "bytes=99999999999999999999999-", "bytes=-0"] {
            assert_eq!(of(beyond, 10), Part::Beyond, "{beyond}");
        }
        assert_eq!((of("bytes=0-", 0), of("bytes=-1", 0)), (Part::Beyond, Part::Beyond));
        for nonsense in ["bytes=4-2", "bytes=a-b", "bytes=", "bytes=0-1,3-4", "lines=0-1", "bytes=-"] {
            assert_eq!(of(nonsense, 10), Part::All, "{nonsense}");
        }
    }
}
