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
            "the log is missing or has holes",
            "SELECT r.id FROM rooms r LEFT JOIN log l ON l.room = r.id
             GROUP BY r.id HAVING COUNT(l.seq) <> COALESCE(MAX(l.seq), -1) ORDER BY r.id",
        ),
        (
            "the log does not count its messages",
            "SELECT room FROM (
                 SELECT room, num, last, COUNT(*) FILTER (WHERE kind = 'message') OVER so_far AS counted,
                     COALESCE(MAX(seq) FILTER (WHERE kind = 'message') OVER so_far, 0) AS newest
                 FROM log WINDOW so_far AS (PARTITION BY room ORDER BY seq)
             ) entry WHERE num <> counted OR last <> newest GROUP BY room ORDER BY room",
        ),
        (
            "something that is no message was changed",
            "SELECT m.room FROM messages m LEFT JOIN log l ON l.room = m.room AND l.seq = m.seq AND l.kind = 'message'
             WHERE l.seq IS NULL GROUP BY m.room ORDER BY m.room",
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
