//! Engine.IO 4 and Socket.IO 5 spoken by hand over one WebSocket: every frame under the test's control.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::within;

/// A Socket.IO packet from the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Packet {
    /// A namespace was entered.
    Connected {
        /// Which.
        namespace: String,
    },
    /// A namespace was refused.
    Refused {
        /// Which.
        namespace: String,
        /// `message` of the refusal: the bare error code.
        code: String,
    },
    /// The server closed a namespace.
    Disconnected {
        /// Which.
        namespace: String,
    },
    /// An event.
    Event {
        /// In which namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Its one object.
        body: Value,
    },
    /// A reply.
    Ack {
        /// In which namespace.
        namespace: String,
        /// To which emit.
        id: u64,
        /// The reply's one object.
        body: Value,
    },
}

/// A CONNECT was refused with this code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "refused with {}", self.0)
    }
}

impl std::error::Error for Refused {}

/// One connection, any number of namespaces on it. Packets that a test does not ask for wait in order.
#[derive(Debug)]
pub struct Wire {
    stream: WebSocketStream<TcpStream>,
    next_ack: u64,
    waiting: VecDeque<Packet>,
}

impl Wire {
    /// Opens a WebSocket and reads the Engine.IO handshake. No namespace is entered yet.
    ///
    /// # Errors
    /// When the server refuses the upgrade or greets in another way.
    pub async fn open(addr: SocketAddr) -> Result<Self> {
        Self::over(TcpStream::connect(addr).await?, addr, None).await
    }

    /// The same over a TCP connection that the test made, with an `Origin` header if it wants one.
    ///
    /// # Errors
    /// When the server refuses the upgrade or greets in another way.
    pub async fn over(tcp: TcpStream, host: SocketAddr, origin: Option<&str>) -> Result<Self> {
        let mut request = format!("ws://{host}/socket.io/?EIO=4&transport=websocket").into_client_request()?;
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", HeaderValue::from_str(origin)?);
        }
        let (stream, _) = within("the WebSocket upgrade", client_async(request, tcp)).await??;
        let mut wire = Self { stream, next_ack: 0, waiting: VecDeque::new() };
        let hello = wire.frame().await?.context("closed before the handshake")?;
        let Message::Text(hello) = hello else { bail!("the handshake is text, not {hello:?}") };
        let hello = hello.strip_prefix('0').with_context(|| format!("not an OPEN packet: {hello}"))?;
        let hello: Value = serde_json::from_str(hello)?;
        ensure!(hello["sid"].is_string() && hello["pingInterval"].is_u64(), "not a handshake: {hello}");
        Ok(wire)
    }

    /// Enters a namespace with a token. The outer error is trouble, the inner one a refusal.
    ///
    /// # Errors
    /// When neither a yes nor a no comes.
    pub async fn connect(&mut self, namespace: &str, token: &str) -> Result<Result<(), Refused>> {
        let auth = json!({ "token": token, "protocol": 1, "client": "confab-tests/1" });
        self.connect_with(namespace, &auth.to_string()).await
    }

    /// Enters a namespace with whatever stands in `auth`.
    ///
    /// # Errors
    /// When neither a yes nor a no comes.
    pub async fn connect_with(&mut self, namespace: &str, auth: &str) -> Result<Result<(), Refused>> {
        self.text(&format!("40{}{auth}", prefix(namespace))).await?;
        let answer = self
            .packet(&format!("an answer to CONNECT {namespace}"), |packet| match packet {
                Packet::Connected { namespace: n } | Packet::Refused { namespace: n, .. } => n == namespace,
                _ => false,
            })
            .await?;
        Ok(match answer {
            Packet::Refused { code, .. } => Err(Refused(code)),
            _ => Ok(()),
        })
    }

    /// Emits without wanting a reply.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn emit(&mut self, namespace: &str, event: &str, body: Value) -> Result<()> {
        self.text(&format!("42{}{}", prefix(namespace), json!([event, body]))).await
    }

    /// Emits with an ack id and does not wait; the id is for [`Wire::reply`].
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn ask(&mut self, namespace: &str, event: &str, body: Value) -> Result<u64> {
        self.ask_raw(namespace, &json!([event, body]).to_string()).await
    }

    /// As [`Wire::ask`] with whatever stands in `payload`.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn ask_raw(&mut self, namespace: &str, payload: &str) -> Result<u64> {
        let id = self.next_ack;
        self.next_ack += 1;
        self.text(&format!("42{}{id}{payload}", prefix(namespace))).await?;
        Ok(id)
    }

    /// The reply to an emit.
    ///
    /// # Errors
    /// When none comes.
    pub async fn reply(&mut self, namespace: &str, id: u64) -> Result<Value> {
        let found = self
            .packet(
                &format!("the reply to emit {id} in {namespace}"),
                |packet| matches!(packet, Packet::Ack { namespace: n, id: i, .. } if n == namespace && *i == id),
            )
            .await?;
        let Packet::Ack { body, .. } = found else { bail!("not an ack") };
        ensure!(body["ok"].is_boolean(), "a reply is an object with `ok`, not {body}");
        Ok(body)
    }

    /// Emits and gives the reply, whatever it says.
    ///
    /// # Errors
    /// When none comes.
    pub async fn request(&mut self, namespace: &str, event: &str, body: Value) -> Result<Value> {
        let id = self.ask(namespace, event, body).await?;
        self.reply(namespace, id).await
    }

    /// Emits and gives the reply, which must be a yes.
    ///
    /// # Errors
    /// When it is a no.
    pub async fn ok(&mut self, namespace: &str, event: &str, body: Value) -> Result<Value> {
        let reply = self.request(namespace, event, body).await?;
        ensure!(reply["ok"] == true, "{event} must succeed, but answered {reply}");
        Ok(reply)
    }

    /// Emits; the reply must be a no with this code.
    ///
    /// # Errors
    /// When it is anything else.
    pub async fn refused(&mut self, code: &str, namespace: &str, event: &str, body: Value) -> Result<()> {
        let said = body.to_string();
        let reply = self.request(namespace, event, body).await?;
        ensure!(
            reply["ok"] == false && reply["error"]["code"] == code && reply["error"]["message"].is_string(),
            "{event} {said:.200} must be refused with {code}, but answered {reply}"
        );
        Ok(())
    }

    /// The next event of this name.
    ///
    /// # Errors
    /// When none comes.
    pub async fn push(&mut self, namespace: &str, event: &str) -> Result<Value> {
        self.push_where(namespace, event, |_| true).await
    }

    /// The next event of this name of which `matches` holds. Those of which it does not are dropped.
    ///
    /// # Errors
    /// When none comes.
    pub async fn push_where(
        &mut self,
        namespace: &str,
        event: &str,
        matches: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        loop {
            let found = self
                .packet(
                    &format!("the event {event} in {namespace}"),
                    |p| matches!(p, Packet::Event { namespace: n, name, .. } if n == namespace && name == event),
                )
                .await?;
            if let Packet::Event { body, .. } = found
                && matches(&body)
            {
                return Ok(body);
            }
        }
    }

    /// All events of this name that came so far, oldest first. A `link:ping` round trip makes sure that what the
    /// server emitted before now is here.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn pushed(&mut self, namespace: &str, event: &str) -> Result<Vec<Value>> {
        self.ok(namespace, "link:ping", json!({})).await?;
        let mut found = Vec::new();
        self.waiting.retain(|packet| match packet {
            Packet::Event { namespace: n, name, body } if n == namespace && name == event => {
                found.push(body.clone());
                false
            }
            _ => true,
        });
        Ok(found)
    }

    /// Reads all that is on its way: the events of this name, oldest first. Ends when the server answers a ping, or is gone.
    /// Pings anew while nothing comes, since a server may have dropped the reply to a reader that was stalled.
    ///
    /// # Errors
    /// When neither happens.
    pub async fn drain(&mut self, namespace: &str, event: &str) -> Result<Vec<Value>> {
        let mut found = Vec::new();
        let reading = async {
            let asked = self.next_ack;
            while self.ask(namespace, "link:ping", json!({})).await.is_ok() {
                while let Ok(next) = tokio::time::timeout(Duration::from_secs(1), self.next()).await {
                    match next {
                        Ok(Some(Packet::Event { namespace: n, name, body })) if n == namespace && name == event => {
                            found.push(body)
                        }
                        Ok(Some(Packet::Ack { id, .. })) if id >= asked => return,
                        Ok(Some(_)) => {}
                        Ok(None) | Err(_) => return,
                    }
                }
            }
        };
        within("the rest of what was on its way", reading).await?;
        Ok(found)
    }

    /// Waits until the server closes a namespace or the whole connection.
    ///
    /// # Errors
    /// When it does neither.
    pub async fn ended(&mut self, namespace: &str) -> Result<()> {
        self.packet_or_end(
            &format!("the end of {namespace}"),
            |p| matches!(p, Packet::Disconnected { namespace: n } if n == namespace),
        )
        .await?;
        Ok(())
    }

    /// Waits until the connection is closed. What still came is kept.
    ///
    /// # Errors
    /// When it stays open.
    pub async fn closed(&mut self) -> Result<()> {
        within("the end of the connection", async { while let Ok(Some(_)) = self.next().await {} }).await
    }

    /// Sends a text frame as it is: the Engine.IO type digit stands in it.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn text(&mut self, frame: &str) -> Result<()> {
        Ok(within("sending a frame", self.stream.send(Message::text(frame))).await??)
    }

    /// Sends a binary frame as it is.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn binary(&mut self, frame: Vec<u8>) -> Result<()> {
        Ok(within("sending a frame", self.stream.send(Message::binary(frame))).await??)
    }

    /// What calls that wanted something else have put aside, oldest first. All of it came before what is next.
    pub fn take_aside(&mut self) -> VecDeque<Packet> {
        std::mem::take(&mut self.waiting)
    }

    async fn packet(&mut self, what: &str, wanted: impl Fn(&Packet) -> bool) -> Result<Packet> {
        self.packet_or_end(what, wanted).await?.with_context(|| format!("the connection was closed, no {what}"))
    }

    async fn packet_or_end(&mut self, what: &str, wanted: impl Fn(&Packet) -> bool) -> Result<Option<Packet>> {
        if let Some(at) = self.waiting.iter().position(&wanted) {
            return Ok(self.waiting.remove(at));
        }
        loop {
            match within(what, self.next()).await?? {
                None => return Ok(None),
                Some(packet) if wanted(&packet) => return Ok(Some(packet)),
                Some(packet) => self.waiting.push_back(packet),
            }
        }
    }

    /// The next Socket.IO packet; pings are answered on the way. None when the connection is closed. May be dropped
    /// while it waits: nothing is lost. Packets that other calls put aside are not looked at: see
    /// [`Wire::take_aside`].
    ///
    /// # Errors
    /// When something else than Socket.IO comes.
    pub async fn next(&mut self) -> Result<Option<Packet>> {
        loop {
            let Some(frame) = self.frame().await? else { return Ok(None) };
            let Message::Text(text) = frame else { bail!("an unexpected frame: {frame:?}") };
            match text.as_bytes().first() {
                Some(b'2') => self.stream.send(Message::text("3")).await?,
                Some(b'1') => return Ok(None),
                Some(b'4') => return parse(&text[1..]).map(Some),
                Some(b'6') => {}
                _ => bail!("an unexpected Engine.IO packet: {text}"),
            }
        }
    }

    async fn frame(&mut self) -> Result<Option<Message>> {
        loop {
            match within("a frame", self.stream.next()).await? {
                None | Some(Err(_) | Ok(Message::Close(_))) => return Ok(None),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => return Ok(Some(message)),
            }
        }
    }
}

fn prefix(namespace: &str) -> String {
    if namespace == "/" { String::new() } else { format!("{namespace},") }
}

/// Reads a Socket.IO packet: `<type>[/namespace,][id][json]`.
fn parse(packet: &str) -> Result<Packet> {
    let (kind, rest) = packet.split_at_checked(1).context("an empty Socket.IO packet")?;
    let (namespace, rest) = match rest.strip_prefix('/') {
        None => ("/".to_owned(), rest),
        Some(_) => {
            let (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
            (namespace.to_owned(), rest)
        }
    };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (id, json) = rest.split_at(digits);
    let body: Value = if json.is_empty() { Value::Null } else { serde_json::from_str(json)? };
    Ok(match kind {
        "0" => Packet::Connected { namespace },
        "1" => Packet::Disconnected { namespace },
        "2" => {
            let items = body
                .as_array()
                .filter(|items| items.len() == 2)
                .with_context(|| format!("not one object: {packet}"))?;
            let name = items[0].as_str().context("an event's name is a string")?.to_owned();
            ensure!(items[1].is_object(), "every event carries exactly one JSON object, not {packet}");
            Packet::Event { namespace, name, body: items[1].clone() }
        }
        "3" => {
            let items = body
                .as_array()
                .filter(|items| items.len() == 1)
                .with_context(|| format!("not one object: {packet}"))?;
            Packet::Ack { namespace, id: id.parse()?, body: items[0].clone() }
        }
        "4" => Packet::Refused { namespace, code: body["message"].as_str().unwrap_or_default().to_owned() },
        _ => bail!("an unexpected Socket.IO packet: {packet}"),
    })
}
