//! Direct conversations: one room per set of people.

use std::collections::BTreeSet;

use confab_protocol::{Error, RoomId, Slug, UserId};

use super::By;
use super::append::{Effects, add_member};
use super::membership::bring_in;
use super::room::reply_room;
use crate::chat::rules;
use crate::store::read::workspace;
use crate::store::sql::{Sql, join_ids, params};
use crate::store::{Reply, Result};

/// Finds or makes the room of the actor and these others. Naming oneself, or nobody else, is allowed: that room is
/// one's own notebook. Who left the workspace and came back is brought into the room again.
pub(super) async fn open<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    slug: &Slug,
    users: &[UserId],
) -> Result<Reply> {
    let role = workspace::role(sql, slug, by.actor).await?.ok_or_else(Error::not_found)?;
    let (people, key) = people(by.actor, users);
    let found = find(sql, slug, &key).await?;
    let room = match &found {
        Some(room) => room.clone(),
        None => {
            rules::open_direct(Some(role), &people)?;
            make(sql, by, slug, &key).await?
        }
    };
    // The actor first, so that the log begins with who opened the conversation.
    bring_in(sql, effects, by, slug, &room, std::slice::from_ref(by.actor)).await?;
    for user in &people {
        let here = workspace::role(sql, slug, user).await?.is_some();
        if !here && found.is_none() {
            return Err(Error::not_found().into());
        }
        if here && !super::append::is_member(sql, &room, user).await? {
            add_member(sql, effects, &room, user, by).await?;
        }
    }
    reply_room(sql, by, slug, &room, found.is_none()).await
}

/// The room of exactly these people, if there is one.
pub(in crate::store) async fn find<S: Sql>(sql: &mut S, slug: &Slug, key: &str) -> Result<Option<RoomId>> {
    let row = sql.row("SELECT id FROM rooms WHERE slug = ?1 AND direct_key = ?2", params![slug, key]).await?;
    row.map(|mut row| row.take(0)).transpose()
}

/// Everybody in a conversation, sorted and each once, and the text that stands for this set.
pub(in crate::store) fn people(actor: &UserId, others: &[UserId]) -> (Vec<UserId>, String) {
    let people: BTreeSet<&UserId> = others.iter().chain([actor]).collect();
    let key = join_ids(people.iter().map(|user| user.as_str()));
    (people.into_iter().cloned().collect(), key)
}

async fn make<S: Sql>(sql: &mut S, by: By<'_>, slug: &Slug, key: &str) -> Result<RoomId> {
    let room = RoomId::generate();
    sql.execute(
        "INSERT INTO rooms (id, slug, name, topic, kind, preset, archived, deleted, creator, direct_key, members,
            created)
         VALUES (?1, ?2, '', '', 'direct', 0, 0, 0, ?3, ?4, 0, ?5)",
        params![&room, slug, by.actor, key, by.now],
    )
    .await?;
    Ok(room)
}
