//! Messages: sent, edited, deleted, reacted to, pinned. Each is judged in full before anything is written.

use confab_protocol::account::Role;
use confab_protocol::log::EntryBody;
use confab_protocol::text::{Wide, mentioned_logins, wide_mention};
use confab_protocol::{Cid, Error, FileId, MessageId, RoomId, Seq, Slug, UserId, limits};
use sha2::{Digest, Sha256};

use super::By;
use super::append::{Effects, Key, append, head, is_member};
use super::file;
use crate::chat::rules::{self, Standing};
use crate::fault;
use crate::store::entry::{MessageExtra, message_id};
use crate::store::read::named;
use crate::store::sql::{Sql, params};
use crate::store::{Reply, Result};

/// How many of the logins in one text are looked up.
const MENTIONS_MAX: usize = 100;

/// Where something is written, and under which of the client's ids.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub slug: &'a Slug,
    pub room: &'a RoomId,
    pub cid: &'a Cid,
}

/// A message to be sent.
#[derive(Clone, Copy)]
pub(super) struct Draft<'a> {
    pub text: &'a str,
    pub reply_to: Option<&'a MessageId>,
    pub thread: Option<&'a MessageId>,
    /// Who is there, where the text says `@here`.
    pub here: &'a [UserId],
    pub files: &'a [FileId],
}

pub(super) async fn send<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    at: At<'_>,
    draft: Draft<'_>,
) -> Result<Reply> {
    let (reply_to, thread) = (draft.reply_to.map(MessageId::as_str), draft.thread.map(MessageId::as_str));
    let mut parts = vec![draft.text, reply_to.unwrap_or_default(), thread.unwrap_or_default()];
    parts.extend(draft.files.iter().map(FileId::as_str));
    let hash = hash(at, "send", &parts);
    let standing = match enter(sql, effects, by, at, &hash).await? {
        Entered::New(standing) => standing,
        Entered::Known(reply) => return Ok(reply),
    };
    rules::write(&standing)?;
    if let Some(id) = draft.reply_to {
        find(sql, at.room, id).await?;
    }
    let root = match draft.thread {
        Some(id) => {
            let root = find(sql, at.room, id).await?;
            rules::answer_in_thread(root.thread.is_some())?;
            Some(root.seq)
        }
        None => None,
    };
    let mut mentions = mentions(sql, at.room, draft.text).await?;
    if let Some(wide) = wide_mention(draft.text).filter(|_| standing.role.is_some_and(|role| role > Role::Guest)) {
        mean_many(sql, at.room, by.actor, wide, draft.here, &mut mentions).await?;
    }
    let files = file::attach(sql, by, draft.files).await?;

    let id = message_id(at.room, head(sql, effects, at.room).await?.seq + 1)?;
    let body = EntryBody::Message {
        id: id.clone(),
        cid: at.cid.clone(),
        author: by.actor.clone(),
        text: draft.text.to_owned(),
        reply_to: draft.reply_to.cloned(),
        thread: draft.thread.cloned(),
        files: files.clone(),
        mentions: mentions.clone(),
    };
    let key = Some(Key { cid: at.cid, hash: &hash });
    let place = append(sql, effects, at.room, by.now, body, key).await?;
    file::link(sql, at.room, place.seq, &files).await?;
    for user in &mentions {
        sql.execute("INSERT INTO mentions (room, user_id, seq) VALUES (?1, ?2, ?3)", params![at.room, user, place.seq])
            .await?;
    }
    if let Some(root) = root {
        sql.execute("INSERT INTO threads (room, root, seq) VALUES (?1, ?2, ?3)", params![at.room, root, place.seq])
            .await?;
        sql.execute(
            "INSERT INTO messages (room, seq, replies, last_reply) VALUES (?1, ?2, 1, ?3)
             ON CONFLICT (room, seq) DO UPDATE SET replies = messages.replies + 1, last_reply = excluded.last_reply",
            params![at.room, root, place.seq],
        )
        .await?;
    }
    if let Some(tally) = &mut effects.tally {
        tally.has_read(at.room, by.actor, place);
    }
    Ok(answer(at, id, place.seq, by))
}

pub(super) async fn edit<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    at: At<'_>,
    id: &MessageId,
    text: &str,
) -> Result<Reply> {
    let hash = hash(at, "edit", &[id.as_str(), text]);
    let standing = match enter(sql, effects, by, at, &hash).await? {
        Entered::New(standing) => standing,
        Entered::Known(reply) => return Ok(reply),
    };
    let message = find_alive(sql, at.room, id).await?;
    rules::edit(&standing, message.author == *by.actor)?;

    let body = EntryBody::Edit { id: id.clone(), text: text.to_owned(), author: by.actor.clone() };
    let key = Some(Key { cid: at.cid, hash: &hash });
    let place = append(sql, effects, at.room, by.now, body, key).await?;
    sql.execute(
        "INSERT INTO messages (room, seq, text, edited_ts) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (room, seq) DO UPDATE SET text = excluded.text, edited_ts = excluded.edited_ts",
        params![at.room, message.seq, text, by.now],
    )
    .await?;
    Ok(answer(at, id.clone(), place.seq, by))
}

pub(super) async fn delete<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    at: At<'_>,
    id: &MessageId,
) -> Result<Reply> {
    let hash = hash(at, "delete", &[id.as_str()]);
    let standing = match enter(sql, effects, by, at, &hash).await? {
        Entered::New(standing) => standing,
        Entered::Known(reply) => return Ok(reply),
    };
    let message = find_alive(sql, at.room, id).await?;
    rules::delete(&standing, message.author == *by.actor)?;

    let body = EntryBody::Delete { id: id.clone(), author: by.actor.clone() };
    let key = Some(Key { cid: at.cid, hash: &hash });
    let place = append(sql, effects, at.room, by.now, body, key).await?;
    // Deleted means gone: from the fold, and from the log that it was folded from.
    let at_message = params![at.room, message.seq];
    sql.execute(
        "INSERT INTO messages (room, seq, deleted) VALUES (?1, ?2, 1)
         ON CONFLICT (room, seq) DO UPDATE SET deleted = 1, pinned = 0, text = NULL, edited_ts = NULL",
        at_message,
    )
    .await?;
    sql.execute("UPDATE log SET text = '' WHERE room = ?1 AND seq = ?2", at_message).await?;
    sql.execute("UPDATE log SET text = '' WHERE message = ?1 AND kind = 'edit'", params![id]).await?;
    file::unlink(sql, at.room, message.seq).await?;
    sql.execute("DELETE FROM reactions WHERE room = ?1 AND seq = ?2", at_message).await?;
    for user in message.mentions {
        sql.execute(
            "DELETE FROM mentions WHERE room = ?1 AND user_id = ?2 AND seq = ?3",
            params![at.room, &user, message.seq],
        )
        .await?;
    }
    Ok(answer(at, id.clone(), place.seq, by))
}

pub(super) async fn react<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    at: At<'_>,
    id: &MessageId,
    emoji: &str,
    on: bool,
) -> Result<Reply> {
    let hash = hash(at, "react", &[id.as_str(), emoji, if on { "on" } else { "off" }]);
    let standing = match enter(sql, effects, by, at, &hash).await? {
        Entered::New(standing) => standing,
        Entered::Known(reply) => return Ok(reply),
    };
    rules::write(&standing)?;
    let message = find_alive(sql, at.room, id).await?;
    let rows = sql
        .query(
            "SELECT emoji, MIN(place) FROM reactions WHERE room = ?1 AND seq = ?2 GROUP BY emoji",
            params![at.room, message.seq],
        )
        .await?;
    let mut distinct = 0;
    let mut stands_at: Option<Seq> = None;
    for mut row in rows {
        distinct += 1;
        if row.take::<String>(0)? == emoji {
            stands_at = Some(row.take(1)?);
        }
    }
    if on && stands_at.is_none() {
        rules::new_emoji(distinct)?;
    }

    let body = EntryBody::Reaction { id: id.clone(), emoji: emoji.to_owned(), on, author: by.actor.clone() };
    let key = Some(Key { cid: at.cid, hash: &hash });
    let seq = append(sql, effects, at.room, by.now, body, key).await?.seq;
    if on {
        sql.execute(
            "INSERT INTO reactions (room, seq, emoji, user_id, place, put) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (room, seq, emoji, user_id) DO NOTHING",
            params![at.room, message.seq, emoji, by.actor, stands_at.unwrap_or(seq), seq],
        )
        .await?;
    } else {
        sql.execute(
            "DELETE FROM reactions WHERE room = ?1 AND seq = ?2 AND emoji = ?3 AND user_id = ?4",
            params![at.room, message.seq, emoji, by.actor],
        )
        .await?;
    }
    Ok(answer(at, id.clone(), seq, by))
}

pub(super) async fn pin<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    at: At<'_>,
    id: &MessageId,
    on: bool,
) -> Result<Reply> {
    let hash = hash(at, "pin", &[id.as_str(), if on { "on" } else { "off" }]);
    let standing = match enter(sql, effects, by, at, &hash).await? {
        Entered::New(standing) => standing,
        Entered::Known(reply) => return Ok(reply),
    };
    rules::write(&standing)?;
    let message = find_alive(sql, at.room, id).await?;
    if on && !message.pinned {
        let mut count =
            sql.one("SELECT COUNT(*) FROM messages WHERE room = ?1 AND pinned = 1", params![at.room]).await?;
        rules::new_pin(count.take(0)?)?;
    }

    let body = EntryBody::Pin { id: id.clone(), on, author: by.actor.clone() };
    let key = Some(Key { cid: at.cid, hash: &hash });
    let place = append(sql, effects, at.room, by.now, body, key).await?;
    sql.execute(
        "INSERT INTO messages (room, seq, pinned) VALUES (?1, ?2, ?3)
         ON CONFLICT (room, seq) DO UPDATE SET pinned = excluded.pinned",
        params![at.room, message.seq, on],
    )
    .await?;
    Ok(answer(at, id.clone(), place.seq, by))
}

/// A write under a `cid` that is new, or one that was committed before.
enum Entered {
    New(Standing),
    Known(Reply),
}

/// What comes first in every write to a log. Someone outside the room hears `not_found`, whatever they wrote before.
/// After that a known `cid` is answered, so that a retry gets its answer even if the room was archived or the message
/// deleted since. Everything else is judged for new writes only.
async fn enter<S: Sql>(sql: &mut S, effects: &mut Effects, by: By<'_>, at: At<'_>, hash: &[u8]) -> Result<Entered> {
    let tally = effects.tally.get_or_insert_default();
    let standing = tally.standing(sql, at.slug, at.room, by.actor).await?;
    rules::be_inside(&standing)?;
    let known = sql
        .row("SELECT hash, message, seq, ts FROM log WHERE author = ?1 AND cid = ?2", params![by.actor, at.cid])
        .await?;
    let Some(mut known) = known else { return Ok(Entered::New(standing)) };
    let (seq, ts) = (known.take(2)?, known.take(3)?);
    if fault::forgets(ts) {
        return Ok(Entered::New(standing));
    }
    if known.take::<Vec<u8>>(0)? != hash {
        return Err(Error::conflict("This cid was used for something else.").into());
    }
    // The hash says that it was in this room.
    let id = known.take::<Option<MessageId>>(1)?.map_or_else(|| message_id(at.room, seq), Ok)?;
    Ok(Entered::Known(Reply::Entry { cid: at.cid.clone(), id, seq, ts, repeated: true }))
}

fn answer(at: At<'_>, id: MessageId, seq: Seq, by: By<'_>) -> Reply {
    Reply::Entry { cid: at.cid.clone(), id, seq, ts: by.now, repeated: false }
}

struct Found {
    seq: Seq,
    author: UserId,
    deleted: bool,
    pinned: bool,
    /// The thread that it answers in.
    thread: Option<MessageId>,
    mentions: Vec<UserId>,
}

async fn find<S: Sql>(sql: &mut S, room: &RoomId, id: &MessageId) -> Result<Found> {
    let seq = named::find(sql, room, id).await?.ok_or_else(Error::not_found)?;
    let mut row = sql
        .one(
            "SELECT l.author, COALESCE(m.deleted, 0), COALESCE(m.pinned, 0), l.extra FROM log l
             LEFT JOIN messages m ON m.room = l.room AND m.seq = l.seq WHERE l.room = ?1 AND l.seq = ?2",
            params![room, seq],
        )
        .await?;
    let extra = row.take::<Option<String>>(3)?;
    let MessageExtra { thread, mentions, .. } = MessageExtra::read(extra.as_deref())?;
    let (deleted, pinned) = (row.take(1)?, row.take(2)?);
    Ok(Found { seq, author: row.take(0)?, deleted, pinned, thread, mentions })
}

/// A message that is not deleted: what is deleted is no longer there to be changed.
async fn find_alive<S: Sql>(sql: &mut S, room: &RoomId, id: &MessageId) -> Result<Found> {
    let found = find(sql, room, id).await?;
    if found.deleted { Err(Error::not_found().into()) } else { Ok(found) }
}

/// The members of the room whom a text mentions, in order.
async fn mentions<S: Sql>(sql: &mut S, room: &RoomId, text: &str) -> Result<Vec<UserId>> {
    let mut found = Vec::new();
    for login in mentioned_logins(text).iter().take(MENTIONS_MAX) {
        let row = sql
            .row(
                "SELECT u.id FROM users u JOIN room_members rm ON rm.user_id = u.id AND rm.room = ?2
                 WHERE u.login = ?1",
                params![login, room],
            )
            .await?;
        if let Some(mut row) = row {
            found.push(row.take(0)?);
        }
    }
    Ok(found)
}

/// Adds everybody whom `@room` or `@here` means: by name while they are few, as [`UserId::everybody`] beyond that.
async fn mean_many<S: Sql>(
    sql: &mut S,
    room: &RoomId,
    author: &UserId,
    wide: Wide,
    here: &[UserId],
    mentions: &mut Vec<UserId>,
) -> Result<()> {
    let rows = sql
        .query(
            "SELECT user_id FROM room_members WHERE room = ?1 ORDER BY user_id LIMIT ?2",
            params![room, limits::NAMED_MAX + 2],
        )
        .await?;
    let members = rows.into_iter().map(|mut row| row.take(0)).collect::<Result<Vec<UserId>>>()?;
    if members.len() > limits::NAMED_MAX + 1 && (wide == Wide::Room || here.len() > limits::NAMED_MAX) {
        mentions.push(UserId::everybody());
        return Ok(());
    }
    for user in if wide == Wide::Room { &members } else { here } {
        if user != author && !mentions.contains(user) && is_member(sql, room, user).await? {
            mentions.push(user.clone());
        }
    }
    Ok(())
}

/// Of everything that makes two writes the same: the kind, the room and the body. Lengths keep the parts apart.
fn hash(at: At<'_>, kind: &str, body: &[&str]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in [kind, at.room.as_str()].iter().chain(body) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    // Half of it tells accidents apart, and there is nothing to gain from a forged one: it is one's own cid.
    hash.finalize()[..16].to_vec()
}
