//! Writing to a room's log: what a payload becomes before it is queued.

use confab_protocol::event::{MessageDelete, MessageEdit, MessagePin, MessageReact, MessageSend, MessageSent, Written};
use confab_protocol::file::FileRef;
use confab_protocol::limits::FILES_MAX;
use confab_protocol::text::Wide;
use confab_protocol::{Cid, Error, FileId, RoomId, Slug, UserId, text};

use super::{Chat, now, unexpected_reply};
use crate::store::{Done, Op, Reply, Write};

impl Chat {
    /// The write behind `message:send`. Checks the shape only: whether the author may send is decided inside the
    /// transaction, so that a kick that was committed before wins. `here` is asked who is there, where `@here` is said.
    ///
    /// # Errors
    /// `bad_request` or `too_large`.
    pub fn send(
        &self,
        slug: &Slug,
        user: &UserId,
        request: MessageSend,
        here: impl FnOnce(&RoomId) -> Vec<UserId>,
    ) -> Result<Write, Error> {
        let files = files_of(&request)?;
        let check = if files.is_empty() { text::message } else { text::message_with_files };
        let text = check(&request.text, self.limits.message_bytes)?;
        let MessageSend { room, cid, reply_to, thread, .. } = request;
        let here = if text::wide_mention(&text) == Some(Wide::Here) { here(&room) } else { Vec::new() };
        Ok(write(user, Op::Send { slug: slug.clone(), room, cid, text, reply_to, thread, here, files }))
    }

    /// The write behind `message:edit`.
    ///
    /// # Errors
    /// `bad_request` or `too_large`.
    pub fn edit(&self, slug: &Slug, user: &UserId, request: MessageEdit) -> Result<Write, Error> {
        let text = text::message(&request.text, self.limits.message_bytes)?;
        let MessageEdit { room, id, cid, .. } = request;
        Ok(write(user, Op::Edit { slug: slug.clone(), room, id, cid, text }))
    }

    /// The write behind `message:delete`.
    #[must_use]
    pub fn delete(&self, slug: &Slug, user: &UserId, request: MessageDelete) -> Write {
        let MessageDelete { room, id, cid } = request;
        write(user, Op::Delete { slug: slug.clone(), room, id, cid })
    }

    /// The write behind `message:react`.
    ///
    /// # Errors
    /// `bad_request`.
    pub fn react(&self, slug: &Slug, user: &UserId, request: MessageReact) -> Result<Write, Error> {
        text::emoji(&request.emoji)?;
        let MessageReact { room, id, cid, emoji, on } = request;
        Ok(write(user, Op::React { slug: slug.clone(), room, id, cid, emoji, on }))
    }

    /// The write behind `message:pin`.
    #[must_use]
    pub fn pin(&self, slug: &Slug, user: &UserId, request: MessagePin) -> Write {
        let MessagePin { room, id, cid, on } = request;
        write(user, Op::Pin { slug: slug.clone(), room, id, cid, on })
    }
}

/// What a log write is answered with.
///
/// # Errors
/// The refusal, or `internal`.
pub fn entry_reply<T: From<Answered>>(result: &Result<Done, Error>) -> Result<T, Error> {
    match result {
        Ok(Done { reply: Reply::Entry { cid, id, seq, ts, .. }, .. }) => {
            Ok(Answered(MessageSent { cid: cid.clone(), id: id.clone(), seq: *seq, ts: *ts }).into())
        }
        Ok(_) => Err(unexpected_reply()),
        Err(error) => Err(error.clone()),
    }
}

/// A committed entry, before it takes the form of one of the replies.
pub struct Answered(MessageSent);

impl From<Answered> for MessageSent {
    fn from(answered: Answered) -> Self {
        answered.0
    }
}

impl From<Answered> for Written {
    fn from(Answered(MessageSent { cid, seq, ts, .. }): Answered) -> Self {
        Self { cid, seq, ts }
    }
}

/// The files that a message names, each once.
fn files_of(request: &MessageSend) -> Result<Vec<FileId>, Error> {
    if request.files.len() > FILES_MAX {
        return Err(Error::bad_request(format!("A message carries at most {FILES_MAX} files.")));
    }
    let mut files: Vec<FileId> = Vec::with_capacity(request.files.len());
    for file in request.files.iter().map(FileRef::id) {
        if files.contains(file) {
            return Err(Error::bad_request("A message carries a file once."));
        }
        files.push(file.clone());
    }
    Ok(files)
}

fn write(user: &UserId, op: Op) -> Write {
    Write { actor: user.clone(), now: now(), op }
}

/// The `cid` of a message that could not be read otherwise, so that its refusal in a batch can be told apart.
pub fn cid_of(message: &serde_json::Value) -> Option<Cid> {
    message.get("cid")?.as_str()?.parse().ok()
}
