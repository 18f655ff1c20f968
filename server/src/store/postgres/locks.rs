//! What a group of writes locks before it does anything, so that several nodes can write at once and never wait for
//! each other in a circle: first, for anything but messages, **one lock for the whole structure** (who is where, which
//! rooms there are), then **all rooms in the order of their ids**. Nothing else is waited for later.
//!
//! The locks also make the facts hold until the commit: whoever leaves a room or archives it holds that room, and so a
//! message is either before that or refused.

use std::collections::BTreeSet;

use confab_protocol::account::Role;
use confab_protocol::{InviteCode, RoomId, Slug};

use super::connection::Connection;
use crate::chat::rules;
use crate::store::change::{direct, workspace};
use crate::store::read::account as people;
use crate::store::sql::{Sql, params};
use crate::store::{Op, Result, Write};

/// Takes the locks of a group.
pub(super) async fn take(connection: &mut Connection, group: &[Write]) -> Result<()> {
    let mut rooms = BTreeSet::new();
    if group.iter().any(|write| !is_message(&write.op)) {
        connection.batch("SELECT pg_advisory_xact_lock(hashtextextended('confab.structure', 0))").await?;
    }
    for write in group {
        match named_room(&write.op) {
            Some(room) => {
                rooms.insert(room.clone());
            }
            None => rooms.extend(found_rooms(connection, write).await?),
        }
    }
    if !rooms.is_empty() {
        let ids: Vec<&str> = rooms.iter().map(RoomId::as_str).collect();
        // Not FOR UPDATE: that would also stop whoever only refers to the room.
        connection.rows("SELECT id FROM rooms WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", &[&ids]).await?;
    }
    Ok(())
}

fn is_message(op: &Op) -> bool {
    matches!(op, Op::Send { .. } | Op::Edit { .. } | Op::Delete { .. } | Op::React { .. } | Op::Pin { .. })
}

fn named_room(op: &Op) -> Option<&RoomId> {
    match op {
        Op::UpdateRoom { room, .. }
        | Op::DeleteRoom { room, .. }
        | Op::JoinRoom { room, .. }
        | Op::LeaveRoom { room, .. }
        | Op::InviteToRoom { room, .. }
        | Op::Kick { room, .. }
        | Op::Send { room, .. }
        | Op::Edit { room, .. }
        | Op::Delete { room, .. }
        | Op::React { room, .. }
        | Op::Pin { room, .. } => Some(room),
        _ => None,
    }
}

/// The rooms that a write will come to without naming them. The structure is locked: they stay the same.
async fn found_rooms(connection: &mut Connection, write: &Write) -> Result<Vec<RoomId>> {
    match &write.op {
        Op::SignUp { user, invite: Some(code), .. } => invited(connection, code, user.guest).await,
        Op::SignUp { invite: None, .. } => match workspace::FIRST.parse() {
            Ok(slug) => workspace::preset_rooms(connection, &slug).await,
            Err(_) => Ok(Vec::new()),
        },
        Op::Redeem { invite } => {
            let guest = people::user(connection, &write.actor).await?.is_some_and(|user| user.guest);
            invited(connection, invite, guest).await
        }
        Op::JoinWorkspace { slug } => workspace::preset_rooms(connection, slug).await,
        Op::LeaveWorkspace { slug } => workspace::own_rooms(connection, slug, &write.actor).await,
        Op::RemoveMember { slug, user } => workspace::own_rooms(connection, slug, user).await,
        Op::ArchiveWorkspace { slug } => all_rooms(connection, slug).await,
        Op::OpenDirect { slug, users } => {
            let (_, key) = direct::people(&write.actor, users);
            Ok(direct::find(connection, slug, &key).await?.into_iter().collect())
        }
        _ => Ok(Vec::new()),
    }
}

async fn invited(connection: &mut Connection, code: &InviteCode, guest: bool) -> Result<Vec<RoomId>> {
    let Some(invitation) = workspace::invitation(connection, code).await? else { return Ok(Vec::new()) };
    let guest = rules::invited_role(invitation.role, guest) == Role::Guest;
    workspace::invited_rooms(connection, &invitation, guest).await
}

async fn all_rooms(connection: &mut Connection, slug: &Slug) -> Result<Vec<RoomId>> {
    let rows = connection.query("SELECT id FROM rooms WHERE slug = ?1", params![slug]).await?;
    rows.into_iter().map(|mut row| row.take(0)).collect()
}
