//! How common pieces are, by a sample, and which of them are worth being looked up.
//!
//! FTS5 walks through the lists of all that it is asked for side by side. A piece that every second text has makes it walk
//! through half of all texts, and spares hardly a proposal.

use std::collections::BTreeSet;

use crate::store::Result;
use crate::store::sql::{Sql, params};
use crate::store::sqlite::connection::Connection;

/// One text in so many is counted, by chance.
const SAMPLE_BITS: u32 = 4;
/// So many steps through a list take as long as reading a message and asking it.
const STEPS: f64 = 400.0;
/// More than these hardly make proposals rarer.
const CHOSEN_MAX: usize = 12;
/// The row that counts the texts themselves.
const ALL: &str = "";

/// Whether the text of this number is in the sample.
pub(super) fn is_counted(number: i64) -> bool {
    // Multiplied by an odd number whose bits are mixed, the highest bits depend on all of them.
    (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - SAMPLE_BITS) == 0
}

/// Counts the pieces of a text of the sample. What becomes of it later is not followed.
pub(super) async fn add(sql: &mut Connection, pieces: &BTreeSet<String>) -> Result<()> {
    for piece in pieces.iter().map(String::as_str).chain([ALL]) {
        let count = "INSERT INTO search_counts (piece, texts) VALUES (?1, 1) ON CONFLICT (piece) DO UPDATE SET texts = texts + 1";
        sql.execute(count, params![piece]).await?;
    }
    Ok(())
}

/// The pieces that are worth their lists, the rarest first.
pub(super) async fn choose(sql: &mut Connection, pieces: Vec<String>) -> Result<Vec<String>> {
    let all = texts(sql, ALL).await?;
    let mut counted = Vec::with_capacity(pieces.len());
    for piece in pieces {
        counted.push((texts(sql, &piece).await?, piece));
    }
    Ok(worth(all, counted))
}

fn worth(all: f64, mut counted: Vec<(f64, String)>) -> Vec<String> {
    counted.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut chosen = Vec::new();
    let mut proposals = all;
    for (count, piece) in counted {
        let share = (count / all).min(1.0);
        let spared = proposals * (1.0 - share) * STEPS;
        if !chosen.is_empty() && (spared < count || chosen.len() == CHOSEN_MAX) {
            break;
        }
        // Pieces of a word come together. The root stands between that and chance.
        proposals *= if chosen.is_empty() { share } else { share.sqrt() };
        chosen.push(piece);
    }
    chosen
}

/// About how many texts have a piece; never none.
async fn texts(sql: &mut Connection, piece: &str) -> Result<f64> {
    let row = sql.row("SELECT texts FROM search_counts WHERE piece = ?1", params![piece]).await?;
    let counted: u32 = row.map_or(Ok(0), |mut row| row.take(0))?;
    Ok((f64::from(counted) + 0.5) * f64::from(1_u32 << SAMPLE_BITS))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn chosen(pieces: &[(f64, &str)]) -> Vec<String> {
        worth(1_000_000.0, pieces.iter().map(|&(count, piece)| (count, piece.to_owned())).collect())
    }

    #[test]
    fn common_pieces_are_left_aside_where_rare_ones_do() {
        let pieces = [(560_000.0, "rou"), (20_000.0, "usb"), (14_000.0, "agh"), (500_000.0, "ght"), (21_000.0, "sba")];
        assert_eq!(chosen(&pieces), ["agh", "usb", "sba"]);
    }

    #[test]
    fn common_pieces_do_where_there_are_no_others() {
        assert_eq!(chosen(&[(700_000.0, "the"), (500_000.0, "ght")]), ["ght", "the"]);
        assert_eq!(chosen(&[(1_000_000.0, "the")]), ["the"]);
    }

    #[test]
    fn one_text_in_sixteen_is_counted_wherever_its_room_begins() {
        for room in 1..50_i64 {
            let counted = (0..1_600).filter(|seq| is_counted((room << 40) | seq)).count();
            assert!((90..=110).contains(&counted), "{counted} of room {room}");
        }
    }
}
