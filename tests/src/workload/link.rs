//! One link of a device: every request, its end and every push goes into the history.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::HALL;
use super::board::Board;
use crate::history::{Answer, Call, Folded, Recorder, RoomState, Sight, What};
use crate::{Packet, Wire};

/// A request that is not answered in this time ends the link.
const PATIENCE: Duration = Duration::from_secs(4);

/// A link that records.
pub struct Link {
    wire: Wire,
    recorder: Recorder,
    board: Arc<Board>,
    /// The contiguous part of each log that this device has.
    pub heads: BTreeMap<String, u64>,
    /// Rooms of which something is known to be missing.
    pub behind: BTreeMap<String, u64>,
}

/// Why a device has no link.
#[derive(Debug)]
pub enum NoLink {
    /// The server said no, with this code.
    Refused(String),
    /// It did not answer.
    Lost,
}

impl Link {
    /// CONNECTs to the workspace as one recorded operation, and to the lobby when asked. `heads` is what the device
    /// has from before.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn enter(
        addr: SocketAddr,
        token: &str,
        lobby: bool,
        recorder: Recorder,
        board: Arc<Board>,
        heads: BTreeMap<String, u64>,
    ) -> Result<Self, NoLink> {
        let op = recorder.invoke(Call::Enter);
        let entering = async {
            let mut wire = Wire::open(addr).await?;
            let refused = wire.connect(HALL, token).await?.err();
            if refused.is_none() && lobby {
                wire.connect("/", token).await??;
            }
            let ready = if refused.is_none() { wire.push(HALL, "workspace:ready").await? } else { Value::Null };
            anyhow::Ok((wire, refused, ready))
        };
        match tokio::time::timeout(PATIENCE, entering).await {
            Ok(Ok((wire, None, ready))) => {
                let answer = ready_answer(&ready).map_err(|_| NoLink::Lost)?;
                let mut link = Self { wire, recorder, board, heads, behind: BTreeMap::new() };
                if let Answer::Ready { rooms, .. } = &answer {
                    rooms.iter().for_each(|state| link.head(&state.room, state.head));
                }
                link.recorder.ok(op, answer);
                link.recorder.note(What::Up);
                // The workspace goes on while the lobby is entered.
                for packet in link.wire.take_aside() {
                    hear(packet, &link.recorder, &link.board, &mut link.heads, &mut link.behind)
                        .map_err(|_| NoLink::Lost)?;
                }
                Ok(link)
            }
            Ok(Ok((_, Some(refused), _))) => {
                recorder.fail(op, refused.0.clone());
                Err(NoLink::Refused(refused.0))
            }
            Ok(Err(_)) | Err(_) => {
                recorder.info(op);
                Err(NoLink::Lost)
            }
        }
    }

    /// One recorded operation, and what was answered, a yes or a no.
    ///
    /// # Errors
    /// When the link is lost; the outcome is then unknown.
    pub async fn request(&mut self, event: &str, body: Value, call: Call) -> Result<Value> {
        let op = self.recorder.invoke(call.clone());
        match self.ask(event, body).await {
            Ok(reply) => {
                self.settle(op, &call, &reply);
                Ok(reply)
            }
            Err(error) => {
                self.recorder.info(op);
                Err(error)
            }
        }
    }

    /// A batch of sends, each an operation of its own; gives one result for each.
    ///
    /// # Errors
    /// When the link is lost; all outcomes are then unknown.
    pub async fn batch(&mut self, messages: Vec<(Value, Call)>) -> Result<Vec<Value>> {
        let ops: Vec<(u64, &Call)> =
            messages.iter().map(|(_, call)| (self.recorder.invoke(call.clone()), call)).collect();
        let bodies: Vec<&Value> = messages.iter().map(|(body, _)| body).collect();
        let reply = match self.ask("message:send_batch", json!({ "messages": bodies })).await {
            Ok(reply) => reply,
            Err(error) => {
                ops.iter().for_each(|(op, _)| self.recorder.info(*op));
                return Err(error);
            }
        };
        let results: Vec<Value> = match reply["results"].as_array() {
            Some(results) if results.len() == ops.len() => results.clone(),
            // Refused as a whole: each of them was.
            _ => vec![reply.clone(); ops.len()],
        };
        for ((op, call), result) in ops.iter().zip(&results) {
            self.settle(*op, call, result);
        }
        Ok(results)
    }

    /// A request that is not an operation of the history.
    ///
    /// # Errors
    /// When the link is lost.
    pub async fn ask(&mut self, event: &str, body: Value) -> Result<Value> {
        let asking = async {
            let id = self.wire.ask(HALL, event, body).await?;
            loop {
                let packet = self.wire.next().await?.context("closed")?;
                match packet {
                    Packet::Ack { id: answered, body, .. } if answered == id => return Ok(body),
                    other => hear(other, &self.recorder, &self.board, &mut self.heads, &mut self.behind)?,
                }
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.context("no answer")?
    }

    /// Hears what comes for a while.
    ///
    /// # Errors
    /// When the link is lost.
    pub async fn listen(&mut self, time: Duration) -> Result<()> {
        let end = tokio::time::Instant::now() + time;
        while let Ok(packet) = tokio::time::timeout_at(end, self.wire.next()).await {
            let packet = packet?.context("closed")?;
            hear(packet, &self.recorder, &self.board, &mut self.heads, &mut self.behind)?;
        }
        Ok(())
    }

    /// Reads on in a log until nothing is known to be missing, by `room:sync` or `room:join`.
    ///
    /// # Errors
    /// When the link is lost.
    pub async fn catch_up(&mut self, room: &str, join: bool) -> Result<()> {
        loop {
            let after = self.heads.get(room).copied().unwrap_or(0);
            let (event, call) = if join {
                ("room:join", Call::Join { room: room.to_owned(), after })
            } else {
                ("room:sync", Call::Sync { room: room.to_owned(), after })
            };
            let reply = self.request(event, json!({ "room": room, "after": after }), call).await?;
            if reply["reset"] != false {
                // Too far behind, or outside.
                self.behind.remove(room);
                return Ok(());
            }
            if let Some(last) = reply["entries"].as_array().and_then(|entries| entries.last()) {
                self.heads.insert(room.to_owned(), last["seq"].as_u64().unwrap_or(after));
            }
            if reply["more"] != true {
                self.behind.remove(room);
                return Ok(());
            }
        }
    }

    /// Records the end of an operation.
    fn settle(&mut self, op: u64, call: &Call, reply: &Value) {
        if reply["ok"] != true {
            return self.recorder.fail(op, reply["error"]["code"].as_str().unwrap_or("no code"));
        }
        match answer(call, reply) {
            Ok(answer) => {
                if let (Answer::Written { seq, .. }, Some(room)) = (&answer, call.room()) {
                    self.board.seen(room, *seq);
                }
                self.recorder.ok(op, answer);
            }
            // An answer that cannot be read is one that breaks the contract: it shows as a write that went wrong.
            Err(error) => self.recorder.fail(op, format!("unreadable: {error:#}")),
        }
    }

    fn head(&mut self, room: &str, head: u64) {
        if self.heads.get(room).copied().unwrap_or(0) < head {
            self.behind.insert(room.to_owned(), head);
        }
    }
}

/// What of an answer the history keeps.
fn answer(call: &Call, reply: &Value) -> Result<Answer> {
    let number = |name: &str| reply[name].as_u64().with_context(|| format!("no {name} in {reply}"));
    let word = |name: &str| reply[name].as_str().map(str::to_owned);
    Ok(match call {
        Call::Send { .. } | Call::Edit { .. } | Call::Delete { .. } | Call::React { .. } => Answer::Written {
            id: word("id"),
            seq: number("seq")?,
            ts: word("ts").with_context(|| format!("no ts in {reply}"))?,
        },
        Call::Sync { .. } | Call::Join { .. } => Answer::Log {
            entries: Sight::all(&reply["entries"])?,
            head: number("head")?,
            more: reply["more"] == true,
            reset: reply["reset"] == true,
        },
        Call::Page { .. } => Answer::Page {
            messages: reply["messages"]
                .as_array()
                .context("messages")?
                .iter()
                .map(Folded::read)
                .collect::<Result<_>>()?,
            head: number("head")?,
            start: reply["start"] == true,
        },
        Call::Mark { .. } => Answer::Read { read: number("read")? },
        Call::Leave { .. } | Call::Invite { .. } | Call::Kick { .. } | Call::Typing { .. } => Answer::Done,
        Call::Enter | Call::Revoke { .. } => bail!("not a request on a link"),
    })
}

fn ready_answer(ready: &Value) -> Result<Answer> {
    let state = |room: &Value| {
        let number = |name: &str| room[name].as_u64().with_context(|| format!("no {name} in {room}"));
        anyhow::Ok(RoomState {
            room: room["id"].as_str().context("a room has an id")?.to_owned(),
            head: number("head")?,
            read: number("read")?,
            unread: number("unread")?,
            mentions: number("mentions")?,
        })
    };
    let rooms = ready["rooms"].as_array().context("rooms")?.iter().map(state).collect::<Result<_>>()?;
    let here = ready["members"].as_array().context("members")?.iter().filter(|m| m["presence"] != "offline");
    Ok(Answer::Ready { rooms, present: here.filter_map(|m| m["id"].as_str().map(str::to_owned)).collect() })
}

fn hear(
    packet: Packet,
    recorder: &Recorder,
    board: &Board,
    heads: &mut BTreeMap<String, u64>,
    behind: &mut BTreeMap<String, u64>,
) -> Result<()> {
    let Packet::Event { name, body, .. } = packet else {
        return if let Packet::Disconnected { namespace } = packet { bail!("{namespace} was closed") } else { Ok(()) };
    };
    let word = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    match name.as_str() {
        "room:entry" => {
            let (room, entry) = (word("room"), Sight::read(&body)?);
            recorder.note(What::Push { room: room.clone(), entry });
            board.seen(&room, entry.seq);
            if body["kind"] == "message" {
                board.remember(&room, &word("id"), &word("author"));
            }
            let head = heads.entry(room.clone()).or_default();
            if entry.seq == *head + 1 {
                *head = entry.seq;
            } else if entry.seq > *head {
                behind.insert(room, entry.seq);
            }
        }
        "room:heads" => {
            for (room, head) in body["heads"].as_object().into_iter().flatten() {
                let head = head.as_u64().unwrap_or(0);
                if heads.get(room).copied().unwrap_or(0) < head {
                    behind.insert(room.clone(), head);
                }
            }
        }
        "typing:changed" => {
            recorder.note(What::Typing { room: word("room"), user: word("user"), on: body["on"] == true });
        }
        "mention:received" => {
            recorder.note(What::Notified { room: word("room"), seq: body["seq"].as_u64().unwrap_or(0) });
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio::net::TcpListener;
    use tokio_tungstenite::accept_async;
    use tokio_tungstenite::tungstenite::Message;

    use super::*;
    use crate::history::Journal;

    fn entry(seq: u64) -> String {
        let body = json!({ "room": "r", "seq": seq, "kind": "message", "id": "m", "author": "u", "text": "" });
        format!("42/general,{}", json!(["room:entry", body]))
    }

    /// A server that tells of an entry before it lets the device into the lobby, and of one after it.
    async fn serve(listener: TcpListener) -> Result<()> {
        let mut socket = accept_async(listener.accept().await?.0).await?;
        socket.send(Message::text(r#"0{"sid":"s","pingInterval":25000}"#)).await?;
        let ready = json!(["workspace:ready", { "rooms": [], "members": [] }]);
        for said in [
            vec!["40/general,{}".to_owned(), format!("42/general,{ready}"), entry(1)],
            vec!["40{}".to_owned(), entry(2)],
        ] {
            socket.next().await.context("a CONNECT")??;
            for packet in said {
                socket.send(Message::text(packet)).await?;
            }
        }
        while socket.next().await.is_some() {}
        Ok(())
    }

    #[tokio::test]
    async fn what_comes_while_the_lobby_is_entered_is_heard() -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let server = tokio::spawn(serve(listener));
        let dir = tempfile::tempdir()?;
        let journal = Journal::begin(dir.path())?;
        let board = Arc::new(Board::new(Vec::new(), 1));
        let entered = Link::enter(addr, "token", true, journal.recorder("ada"), board, BTreeMap::new()).await;
        let mut link = entered.map_err(|why| anyhow::anyhow!("{why:?}"))?;
        while link.heads.get("r") != Some(&2) {
            let packet = link.wire.next().await?.context("closed")?;
            hear(packet, &link.recorder, &link.board, &mut link.heads, &mut link.behind)?;
            assert!(link.behind.is_empty(), "a hole: {:?}", link.behind);
        }
        drop(link);
        server.await??;
        let pushed = |what: &What| if let What::Push { entry, .. } = what { Some(entry.seq) } else { None };
        let pushed: Vec<u64> = journal.finish()?.records.iter().filter_map(|record| pushed(&record.what)).collect();
        assert_eq!(pushed, [1, 2]);
        Ok(())
    }
}
