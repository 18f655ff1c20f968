//! Read markers.

use confab_protocol::event::ReadChanged;
use confab_protocol::{RoomId, Seq, UserId};

use crate::store::Result;
use crate::store::read::unread::{self, head};
use crate::store::sql::{Sql, params};

/// Moves a read marker forward, at most to the head; None when the user is not in the room.
pub async fn mark_read<S: Sql>(sql: &mut S, room: &RoomId, user: &UserId, seq: Seq) -> Result<Option<ReadChanged>> {
    let row = sql
        .row(
            concat!(
                "SELECT ",
                head!(),
                ", rm.read FROM rooms r JOIN room_members rm ON rm.room = r.id AND rm.user_id = ?2
                 WHERE r.id = ?1 AND r.deleted = 0"
            ),
            params![room, user],
        )
        .await?;
    let Some(mut row) = row else { return Ok(None) };
    let read = seq.min(row.take(0)?);
    if read > row.take(1)? {
        let mut entry = sql.one("SELECT num FROM log WHERE room = ?1 AND seq = ?2", params![room, read]).await?;
        let num: u64 = entry.take(0)?;
        // Asked again here: with several nodes, another one may have moved it further since.
        sql.execute(
            "UPDATE room_members SET read = ?3, read_num = ?4 WHERE room = ?1 AND user_id = ?2 AND read < ?3",
            params![room, user, read, num],
        )
        .await?;
    }
    unread::marked(sql, room, user).await
}
