//! A page of a log: bounded in rows, and in bytes.

use confab_protocol::Seq;
use confab_protocol::limits::PAGE_BYTES;

use crate::store::sql::{Row, Value};

/// Rows that are read at once. Of the longest messages that is 2 MiB; of short ones a whole page is four reads.
const PIECE: usize = 128;
/// What a row is on the wire beside its texts, generously: names of fields, numbers, the room's id.
const ROW_BYTES: usize = 256;

/// A page that is being filled, piece by piece, so that a page of long messages is neither sent nor read as a whole.
#[derive(Debug)]
pub struct Fill {
    /// The rows so far, in the order in which they were read.
    pub rows: Vec<Row>,
    /// There are more rows than the page has.
    pub more: bool,
    limit: usize,
    bytes: usize,
    asked: usize,
    exhausted: bool,
}

impl Fill {
    /// A page of at most so many rows, which ends with the row that makes it as large as `PAGE_BYTES / share`.
    #[must_use]
    pub fn new(limit: usize, share: usize) -> Self {
        Self { rows: Vec::new(), more: false, limit, bytes: PAGE_BYTES / share, asked: 0, exhausted: false }
    }

    /// How many rows to read next; None when the page is done. One row more than fits tells whether there are more.
    pub fn wants(&mut self) -> Option<usize> {
        self.asked = PIECE.min((self.limit - self.rows.len()).saturating_add(1));
        (!self.more && !self.exhausted).then_some(self.asked)
    }

    /// Takes what was read.
    pub fn take(&mut self, rows: Vec<Row>) {
        self.exhausted = rows.len() < self.asked;
        for row in rows {
            if self.rows.len() >= self.limit || self.bytes == 0 {
                self.more = true;
                return;
            }
            self.bytes = self.bytes.saturating_sub(weight(&row));
            self.rows.push(row);
        }
    }

    /// The `seq` of the last row so far, which is in this column.
    pub fn last(&self, column: usize) -> Option<Seq> {
        match self.rows.last()?.0.get(column)? {
            Value::Int(seq) => (*seq).try_into().ok(),
            _ => None,
        }
    }
}

fn weight(row: &Row) -> usize {
    let texts = row.0.iter().map(|value| if let Value::Text(text) = value { text.len() } else { 0 });
    ROW_BYTES + texts.sum::<usize>()
}
