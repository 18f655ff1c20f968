//! The server itself, and whether its tables agree with each other.

use crate::store::sql::{Sql, params};
use crate::store::{Result, ServerRow};

/// Who this server is.
pub async fn server<S: Sql>(sql: &mut S) -> Result<ServerRow> {
    let mut row = sql.one("SELECT id, name, epoch, set_up FROM server", params![]).await?;
    Ok(ServerRow { id: row.take(0)?, name: row.take(1)?, epoch: row.take(2)?, set_up: row.take(3)? })
}

/// What must always hold between the tables: a finding for each room that breaks it.
pub async fn check<S: Sql>(sql: &mut S) -> Result<Vec<String>> {
    let broken = [
        (
            "the log has holes or ends elsewhere than its head",
            "SELECT r.id FROM rooms r LEFT JOIN (SELECT room, COUNT(*) AS n, MAX(seq) AS last FROM log GROUP BY room) l
             ON l.room = r.id WHERE r.head <> COALESCE(l.n, 0) OR r.head <> COALESCE(l.last, 0) ORDER BY r.id",
        ),
        (
            "the messages are not those of the log",
            "SELECT r.id FROM rooms r
             LEFT JOIN (SELECT room, COUNT(*) AS n FROM log WHERE kind = 'message' GROUP BY room) l ON l.room = r.id
             LEFT JOIN (SELECT room, COUNT(*) AS n, MAX(num) AS last FROM messages GROUP BY room) m ON m.room = r.id
             WHERE r.messages <> COALESCE(l.n, 0) OR r.messages <> COALESCE(m.n, 0)
                OR r.messages <> COALESCE(m.last, 0) ORDER BY r.id",
        ),
        (
            "the number of members is wrong",
            "SELECT r.id FROM rooms r LEFT JOIN (SELECT room, COUNT(*) AS n FROM room_members GROUP BY room) m
             ON m.room = r.id WHERE r.members <> COALESCE(m.n, 0) ORDER BY r.id",
        ),
    ];
    let mut findings = Vec::new();
    for (what, query) in broken {
        for mut row in sql.query(query, params![]).await? {
            findings.push(format!("room {}: {what}", row.take::<String>(0)?));
        }
    }
    Ok(findings)
}
