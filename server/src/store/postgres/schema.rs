//! The schema in the database: its migrations, done by one node at a time.

use confab_protocol::{Epoch, ServerId};

use super::connection::Connection;
use crate::store::sql::{Sql, params};
use crate::store::{Result, StoreError};

/// Each brings the schema from version `i` to `i + 1`. Append only: released ones never change.
const MIGRATIONS: [&str; 9] = [
    include_str!("../../../migrations/postgres/0001_first.sql"),
    include_str!("../../../migrations/postgres/0002_cids_in_order_of_time.sql"),
    include_str!("../../../migrations/postgres/0003_threads_and_pins.sql"),
    include_str!("../../../migrations/postgres/0004_sparse_messages.sql"),
    include_str!("../../../migrations/postgres/0005_search.sql"),
    include_str!("../../../migrations/postgres/0006_people.sql"),
    include_str!("../../../migrations/postgres/0007_files.sql"),
    include_str!("../../../migrations/postgres/0008_files_of_an_owner.sql"),
    include_str!("../../../migrations/postgres/0009_reminders_of_messages.sql"),
];

/// Brings the schema to the version of this program, and gives a new one its identity. A second node that starts at
/// the same time waits, and then finds it done.
pub(super) async fn migrate(connection: &mut Connection) -> Result<()> {
    connection.begin("BEGIN").await?;
    let result = migrate_locked(connection).await;
    connection.end(result).await
}

async fn migrate_locked(connection: &mut Connection) -> Result<()> {
    connection.batch("SELECT pg_advisory_xact_lock(hashtextextended('confab.schema', 0))").await?;
    connection.batch("CREATE TABLE IF NOT EXISTS confab_schema (version BIGINT NOT NULL)").await?;
    let row = connection.row("SELECT MAX(version) FROM confab_schema", params![]).await?;
    let version: i64 = row.map_or(Ok(None), |mut row| row.take(0))?.unwrap_or(0);
    let newest = MIGRATIONS.len() as i64;
    if version > newest {
        return Err(StoreError::Unsupported(format!(
            "the database has version {version}, and this program knows {newest} at most: it was used by a newer one"
        )));
    }
    for (migration, to) in MIGRATIONS.iter().zip(1..).skip_while(|(_, to)| *to <= version) {
        connection.batch(migration).await?;
        connection.execute("INSERT INTO confab_schema (version) VALUES (?1)", params![to]).await?;
    }
    connection
        .execute(
            "INSERT INTO server (one, id, name, epoch, set_up) VALUES (1, ?1, '', ?2, 0) ON CONFLICT DO NOTHING",
            params![&ServerId::generate(), &Epoch::generate()],
        )
        .await?;
    Ok(())
}
