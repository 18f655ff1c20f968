//! Where a message is, by its id.

use confab_protocol::{MessageId, RoomId, Seq};

use crate::store::Result;
use crate::store::entry::named_seq;
use crate::store::sql::{Sql, params};

/// The `seq` of a room's message; None when the room has none of this id.
pub async fn find<S: Sql>(sql: &mut S, room: &RoomId, id: &MessageId) -> Result<Option<Seq>> {
    if let Some(seq) = named_seq(room, id) {
        let found = sql
            .row(
                "SELECT 1 FROM log WHERE room = ?1 AND seq = ?2 AND kind = 'message' AND message IS NULL",
                params![room, seq],
            )
            .await?;
        return Ok(found.map(|_| seq));
    }
    // One that was sent when ids were random.
    let found = sql.row("SELECT room, seq FROM log WHERE message = ?1 AND kind = 'message'", params![id]).await?;
    let Some(mut found) = found else { return Ok(None) };
    let seq = found.take(1)?;
    Ok((found.take::<RoomId>(0)? == *room).then_some(seq))
}
