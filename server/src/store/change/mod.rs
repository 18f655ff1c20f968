//! Everything that changes the database, by noun, inside a transaction that the caller commits.

pub(super) mod account;
mod append;
pub(super) mod direct;
pub(super) mod file;
mod membership;
mod message;
pub(super) mod personal;
pub(super) mod reading;
mod room;
mod tally;
pub(super) mod workspace;

use confab_protocol::{Timestamp, UserId};

use super::sql::Sql;
use super::{Done, Op, Reply, Result, StoreError, Write};
use crate::fault::{self, Point};
use append::Effects;
use tally::Tally;

/// Who does it, and when.
#[derive(Clone, Copy)]
struct By<'a> {
    actor: &'a UserId,
    now: Timestamp,
}

/// Does a group of writes in order, each refused or done on its own. An `Err` is one of the database: the caller
/// must roll back everything.
pub(super) async fn group<S: Sql>(sql: &mut S, group: &[Write]) -> Result<Vec<Result<Done>>> {
    let mut results = Vec::with_capacity(group.len());
    let mut tally = Tally::default();
    for write in group {
        let guarded = may_refuse_late(&write.op);
        let result = if guarded {
            tally.settle(sql).await?;
            sql.control("SAVEPOINT one_write").await?;
            one(sql, &mut Effects::default(), write).await
        } else {
            let mut effects = Effects::with(tally);
            let result = one(sql, &mut effects, write).await;
            tally = effects.tally.unwrap_or_default();
            result
        };
        match &result {
            Err(StoreError::Refused(_)) if guarded => {
                sql.control("ROLLBACK TO SAVEPOINT one_write").await?;
                sql.control("RELEASE SAVEPOINT one_write").await?;
            }
            Ok(_) if guarded => sql.control("RELEASE SAVEPOINT one_write").await?,
            Ok(_) | Err(StoreError::Refused(_)) => {}
            Err(error) => return Err(error.clone()),
        }
        results.push(result);
    }
    tally.settle(sql).await?;
    Ok(results)
}

/// The hot writes judge everything before they change anything, and so need no savepoint of their own.
fn may_refuse_late(op: &Op) -> bool {
    !matches!(op, Op::Send { .. } | Op::Edit { .. } | Op::Delete { .. } | Op::React { .. } | Op::Pin { .. })
}

async fn one<S: Sql>(sql: &mut S, effects: &mut Effects, write: &Write) -> Result<Done> {
    let by = By { actor: &write.actor, now: write.now };
    fault::reach(Point::BeforeInsert);
    let reply = reply(sql, effects, by, &write.op).await?;
    fault::reach(Point::AfterInsert);
    Ok(effects.done(reply))
}

async fn reply<S: Sql>(sql: &mut S, effects: &mut Effects, by: By<'_>, op: &Op) -> Result<Reply> {
    match op {
        Op::SetUp { server_name, owner, session } => {
            workspace::set_up(sql, effects, by, server_name, owner, session).await
        }
        Op::SignUp { user, session, invite } => {
            workspace::sign_up(sql, effects, by, user, session.as_ref(), invite.as_ref()).await
        }
        Op::Redeem { invite } => workspace::redeem(sql, effects, by, invite).await,
        Op::CreateWorkspace { slug, name, icon, open } => {
            workspace::create(sql, effects, by, workspace::New { slug, name, icon: icon.as_deref(), open: *open }).await
        }
        Op::UpdateWorkspace { slug, name, icon, open } => {
            workspace::update(sql, by, slug, name.as_deref(), icon.as_deref(), *open).await
        }
        Op::ArchiveWorkspace { slug } => workspace::archive(sql, by, slug).await,
        Op::JoinWorkspace { slug } => workspace::join(sql, effects, by, slug).await,
        Op::LeaveWorkspace { slug } => workspace::leave(sql, effects, by, slug).await,
        Op::UpdateMember { slug, user, role } => workspace::update_member(sql, by, slug, user, *role).await,
        Op::RemoveMember { slug, user } => workspace::remove(sql, effects, by, slug, user).await,
        Op::CreateRoom { slug, name, kind, topic, members } => {
            let new = room::New { slug, name, kind: *kind, topic, preset: false };
            room::create(sql, effects, by, new, members).await
        }
        Op::OpenDirect { slug, users } => direct::open(sql, effects, by, slug, users).await,
        Op::UpdateRoom { slug, room, name, topic, archived, level } => {
            let change =
                room::Change { name: name.as_deref(), topic: topic.as_deref(), archived: *archived, level: *level };
            room::update(sql, effects, by, slug, room, change).await
        }
        Op::DeleteRoom { slug, room } => room::delete(sql, effects, by, slug, room).await,
        Op::JoinRoom { slug, room } => membership::join(sql, effects, by, slug, room).await,
        Op::LeaveRoom { slug, room } => membership::leave(sql, effects, by, slug, room).await,
        Op::InviteToRoom { slug, room, users } => membership::invite(sql, effects, by, slug, room, users).await,
        Op::Kick { slug, room, user } => membership::kick(sql, effects, by, slug, room, user).await,
        Op::Send { slug, room, cid, text, reply_to, thread, here, files } => {
            let (reply_to, thread) = (reply_to.as_ref(), thread.as_ref());
            let draft = message::Draft { text, reply_to, thread, here, files };
            message::send(sql, effects, by, message::At { slug, room, cid }, draft).await
        }
        Op::Edit { slug, room, id, cid, text } => {
            message::edit(sql, effects, by, message::At { slug, room, cid }, id, text).await
        }
        Op::Delete { slug, room, id, cid } => {
            message::delete(sql, effects, by, message::At { slug, room, cid }, id).await
        }
        Op::React { slug, room, id, cid, emoji, on } => {
            message::react(sql, effects, by, message::At { slug, room, cid }, id, emoji, *on).await
        }
        Op::Pin { slug, room, id, cid, on } => {
            message::pin(sql, effects, by, message::At { slug, room, cid }, id, *on).await
        }
    }
}
