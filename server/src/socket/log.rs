//! Events that write or read a room's log.
//!
//! Writes do not wait for each other: each is queued for commit in the order in which it came, and answered from the
//! commit. A client that sends a hundred at once pays for one fsync.

use std::sync::{Arc, Mutex, PoisonError};

use confab_protocol::answer::to_wire;
use confab_protocol::event::{
    BatchSent, HistoryPage, MessageDelete, MessageEdit, MessagePin, MessageReact, MessageSend, MessageSendBatch,
    MessageSent, MessageThread, PinsReply, ReadMark, ReadMarked, RoomHistory, RoomPins, RoomSync, RoomSynced,
    ThreadPage, Written,
};
use confab_protocol::{Answer, Cid, Error, limits};
use serde_json::Value as Json;

use super::counts;
use super::dispatch::{Caller, parse};
use super::queue::{Event, Rest};
use super::reply::Reply;
use super::space::Space;
use crate::chat::{cid_of, entry_reply};
use crate::store::{Page, Write};

pub fn send(space: &Arc<Space>, event: Event) -> Option<Rest> {
    let Event { caller, body, reply, .. } = event;
    match prepare(&caller, space, body) {
        Ok(write) => submit::<MessageSent>(&caller, write, reply),
        Err(error) => reply.refuse(error),
    }
    None
}

pub fn edit(space: &Arc<Space>, event: Event) -> Option<Rest> {
    write(space, event, |caller, space, request: MessageEdit| {
        caller.peer.app.chat.edit(&space.slug, &caller.peer.user, request)
    })
}

pub fn delete(space: &Arc<Space>, event: Event) -> Option<Rest> {
    write(space, event, |caller, space, request: MessageDelete| {
        Ok(caller.peer.app.chat.delete(&space.slug, &caller.peer.user, request))
    })
}

pub fn react(space: &Arc<Space>, event: Event) -> Option<Rest> {
    write(space, event, |caller, space, request: MessageReact| {
        caller.peer.app.chat.react(&space.slug, &caller.peer.user, request)
    })
}

pub fn pin(space: &Arc<Space>, event: Event) -> Option<Rest> {
    write(space, event, |caller, space, request: MessagePin| {
        Ok(caller.peer.app.chat.pin(&space.slug, &caller.peer.user, request))
    })
}

/// Each message on its own, in order. After one that must be repeated later, the rest of the batch waits with it: an
/// outbox is first in, first out.
pub fn send_batch(space: &Arc<Space>, event: Event) -> Option<Rest> {
    let Event { caller, body, reply, .. } = event;
    let messages = match parse::<MessageSendBatch>(body) {
        Ok(batch) if batch.messages.len() <= limits::BATCH_MAX => batch.messages,
        Ok(_) => {
            reply.refuse(Error::bad_request(format!("A batch has at most {} messages.", limits::BATCH_MAX)));
            return None;
        }
        Err(error) => {
            reply.refuse(error);
            return None;
        }
    };
    let collector = Collector::new(messages.len(), reply);
    let mut stopped: Option<Error> = None;
    for (at, message) in messages.into_iter().enumerate() {
        let cid = cid_of(&message);
        let prepared = match &stopped {
            Some(error) => Err(error.clone()),
            None => prepare(&caller, space, message),
        };
        let submitted = prepared.and_then(|write| {
            let (collector, cid) = (collector.clone(), cid.clone());
            let done = move |result: &Result<_, _>| collector.fill(at, cid, &entry_reply::<MessageSent>(result));
            caller.peer.app.chat.commit.submit(write, Box::new(done))
        });
        if let Err(error) = submitted {
            collector.fill(at, cid, &Err(error.clone()));
            if error.code.is_retryable() {
                stopped = Some(error);
            }
        }
    }
    collector.finish_if_empty();
    None
}

pub async fn sync(caller: Caller, space: Arc<Space>, request: RoomSync) -> Answer<RoomSynced> {
    let chat = &caller.peer.app.chat;
    chat.check_in_room(&space.slug, &caller.peer.user, &request.room).await?;
    let limit = request.limit.unwrap_or(limits::SYNC_MAX).clamp(1, limits::SYNC_MAX);
    Ok(chat.store.entries(&request.room, request.after, limit).await?)
}

pub async fn history(caller: Caller, space: Arc<Space>, request: RoomHistory) -> Answer<HistoryPage> {
    let chat = &caller.peer.app.chat;
    let page = match (request.before, request.around) {
        (None, None) => Page::Latest,
        (Some(before), None) => Page::Before(before),
        (None, Some(around)) => Page::Around(around),
        (Some(_), Some(_)) => return Err(Error::bad_request("Either `before` or `around`, not both.")),
    };
    chat.check_in_room(&space.slug, &caller.peer.user, &request.room).await?;
    let limit = request.limit.unwrap_or(50).clamp(1, limits::HISTORY_MAX);
    Ok(chat.store.history(&request.room, page, limit).await?)
}

pub async fn thread(caller: Caller, space: Arc<Space>, request: MessageThread) -> Answer<ThreadPage> {
    let chat = &caller.peer.app.chat;
    chat.check_in_room(&space.slug, &caller.peer.user, &request.room).await?;
    let limit = request.limit.unwrap_or(limits::HISTORY_MAX).clamp(1, limits::HISTORY_MAX);
    let page = chat.store.thread(&request.room, &request.id, request.before, limit).await?;
    page.ok_or_else(Error::not_found)
}

pub async fn pins(caller: Caller, space: Arc<Space>, request: RoomPins) -> Answer<PinsReply> {
    let chat = &caller.peer.app.chat;
    chat.check_in_room(&space.slug, &caller.peer.user, &request.room).await?;
    Ok(chat.store.pins(&request.room, request.before).await?)
}

pub async fn mark_read(caller: Caller, space: Arc<Space>, request: ReadMark) -> Answer<ReadMarked> {
    let (app, user) = (&caller.peer.app, &caller.peer.user);
    app.chat.check_in_room(&space.slug, user, &request.room).await?;
    let marked = app.chat.store.mark_read(&request.room, user, request.seq).await?.ok_or_else(Error::not_found)?;
    counts::read_changed(app, &space.slug, user, &caller.sock, &marked);
    app.counts.read(&space.slug, &request.room, user);
    Ok(ReadMarked { read: marked.read })
}

fn prepare(caller: &Caller, space: &Space, body: Json) -> Result<Write, Error> {
    let peer = &caller.peer;
    // Counted before it is read, so that malformed ones are not free.
    peer.app.rates.message(&peer.user)?;
    let request = parse::<MessageSend>(body)?;
    space.typing.stop(&request.room, &peer.user);
    peer.app.chat.send(&space.slug, &peer.user, request, |room| space.here(room))
}

fn write<R: confab_protocol::event::Request<Reply = Written>>(
    space: &Arc<Space>,
    event: Event,
    make: impl FnOnce(&Caller, &Space, R) -> Result<Write, Error>,
) -> Option<Rest> {
    let Event { caller, body, reply, .. } = event;
    match parse::<R>(body).and_then(|request| make(&caller, space, request)) {
        Ok(write) => submit::<Written>(&caller, write, reply),
        Err(error) => reply.refuse(error),
    }
    None
}

fn submit<T>(caller: &Caller, write: Write, reply: Reply)
where
    T: From<crate::chat::Answered> + serde::Serialize,
{
    // The reply is shared with the refusal below: whoever comes first takes it.
    let slot = Arc::new(Mutex::new(Some(reply)));
    let taken = slot.clone();
    let take = |slot: &Mutex<Option<Reply>>| slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    let submitted = caller.peer.app.chat.commit.submit(
        write,
        Box::new(move |result| {
            if let Some(reply) = take(&taken) {
                reply.answer(&entry_reply::<T>(result));
            }
        }),
    );
    if let Err(error) = submitted
        && let Some(reply) = take(&slot)
    {
        reply.refuse(error);
    }
}

/// The results of a batch, filled in as its messages are committed.
struct Collector {
    inner: Mutex<Collected>,
}

struct Collected {
    results: Vec<Json>,
    missing: usize,
    reply: Option<Reply>,
}

impl Collector {
    fn new(count: usize, reply: Reply) -> Arc<Self> {
        let inner = Collected { results: vec![Json::Null; count], missing: count, reply: Some(reply) };
        Arc::new(Self { inner: Mutex::new(inner) })
    }

    fn fill(&self, at: usize, cid: Option<Cid>, answer: &Answer<MessageSent>) {
        let mut wire = to_wire(answer);
        if let (Json::Object(fields), Some(cid)) = (&mut wire, cid) {
            fields.entry("cid").or_insert_with(|| Json::String(cid.into()));
        }
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.results[at] = wire;
        inner.missing -= 1;
        inner.finish();
    }

    fn finish_if_empty(&self) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).finish();
    }
}

impl Collected {
    fn finish(&mut self) {
        if self.missing == 0
            && let Some(reply) = self.reply.take()
        {
            reply.answer(&Ok(BatchSent { results: std::mem::take(&mut self.results) }));
        }
    }
}
