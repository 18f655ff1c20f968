//! From a packet to a handler: the one entry of every event of every namespace.

use std::sync::Arc;

use confab_protocol::event::{LinkPing, MessageSend, MessageSendBatch, Request};
use confab_protocol::{Answer, Error, ErrorCode};
use serde_json::Value as Json;
use socketioxide::handler::{MessageHandler, Value};

use super::peer::{Peer, Place};
use super::queue::{self, Event, Rest};
use super::reply::Reply;
use super::{lobby, workspace};
use crate::fanout::{Adapter, Sock};

/// Who asks: what every handler is called with.
#[derive(Clone)]
pub struct Caller {
    /// The socket that asks.
    pub sock: Sock,
    /// Who that is.
    pub peer: Arc<Peer>,
}

/// The one message handler of a socket, as its fallback: a closure per event and socket would cost memory, and this
/// way an unknown event is answered too. Implemented by hand, since socketioxide's own implementation for closures
/// spawns a task per event.
pub struct Dispatch(pub Arc<Peer>);

impl MessageHandler<Adapter, Dispatch> for Dispatch {
    fn call(&self, sock: Sock, packet: Value, ack: Option<i64>) {
        receive(&Caller { sock, peer: self.0.clone() }, &packet, ack);
    }
}

fn receive(caller: &Caller, packet: &Value, ack: Option<i64>) {
    let peer = &caller.peer;
    let mut reply = Reply::new(caller.sock.clone(), peer.clone(), ack);
    let (name, body) = match read(packet) {
        Ok(read) => read,
        Err(error) => return reply.refuse(error),
    };
    if let Some(rid) = body.as_ref().ok().and_then(|body| body.get("rid")?.as_str()) {
        reply.set_rid(rid.to_owned());
    }
    let counted_as_message = name == MessageSend::EVENT || name == MessageSendBatch::EVENT;
    if !counted_as_message && let Err(error) = peer.app.rates.event(&peer.events, name == LinkPing::EVENT) {
        return reply.refuse(error);
    }
    let events = match &peer.place {
        Place::Lobby => lobby::EVENTS,
        Place::Space(_) => workspace::EVENTS,
    };
    if name == LinkPing::EVENT {
        return reply.answer(&body.map(|_| confab_protocol::answer::Empty {}));
    }
    if !events.contains(&name.as_str()) {
        return reply.refuse(Error::new(ErrorCode::UnknownEvent, "There is no event of that name here."));
    }
    match body {
        Err(error) => reply.refuse(error),
        Ok(body) => {
            let event = Event { caller: caller.clone(), name, body, bytes: packet.len(), reply };
            queue::push(event, handle);
        }
    }
}

fn handle(event: Event) -> Option<Rest> {
    match &event.caller.peer.place {
        Place::Lobby => lobby::handle(event),
        Place::Space(space) => workspace::handle(space.clone(), event),
    }
}

/// The name and the payload of an event packet. The payload is one object, or the reason why it is none.
fn read(packet: &Value) -> Result<(String, Result<Json, Error>), Error> {
    let Value::Str(text, attachments) = packet else {
        return Err(Error::bad_request("Binary packets are not events."));
    };
    let items: Vec<Json> = serde_json::from_str(text.as_str())
        .map_err(|_| Error::bad_request("The payload is not JSON that can be read."))?;
    let mut items = items.into_iter();
    let Some(Json::String(name)) = items.next() else {
        return Err(Error::bad_request("An event begins with its name."));
    };
    let body = match (items.next(), items.next(), attachments) {
        (_, _, Some(attachments)) if !attachments.is_empty() => {
            Err(Error::bad_request("An event carries one JSON object and no binary data."))
        }
        (Some(body @ Json::Object(_)), None, _) => Ok(body),
        _ => Err(Error::bad_request("An event carries exactly one JSON object.")),
    };
    Ok((name, body))
}

/// Reads a payload.
///
/// # Errors
/// `bad_request` that says which field.
pub fn parse<R: Request>(body: Json) -> Answer<R> {
    serde_json::from_value(body).map_err(|error| Error::bad_request(format!("{}: {error}.", R::EVENT)))
}

/// Reads a payload and leaves the rest to an async handler.
pub fn later<R, F, Fut>(event: Event, handler: F) -> Option<Rest>
where
    R: Request,
    R::Reply: Send + Sync,
    F: FnOnce(Caller, R) -> Fut,
    Fut: Future<Output = Answer<R::Reply>> + Send + 'static,
{
    let Event { caller, body, reply, .. } = event;
    match parse::<R>(body) {
        Ok(request) => {
            let work = handler(caller, request);
            Some(Box::pin(async move { reply.answer(&work.await) }))
        }
        Err(error) => {
            reply.refuse(error);
            None
        }
    }
}
