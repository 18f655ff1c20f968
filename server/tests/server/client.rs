//! A Socket.IO client as small as it gets: packets on a WebSocket, nothing done behind the test's back but pongs.

use std::collections::VecDeque;

use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::harness::DEADLINE;

/// One connection with one namespace of interest.
pub struct Client {
    ws: WebSocketStream<MaybeTlsStream<TcpStream>>,
    namespace: String,
    /// Namespaces that it has left, from which something may still be on its way.
    left: Vec<String>,
    next_ack: u64,
    /// Events that came and were not asked for yet, in order.
    pub events: VecDeque<(String, Value)>,
    acks: Vec<(u64, Value)>,
    /// The payload of `workspace:ready` or `lobby:ready`.
    pub ready: Value,
}

/// A packet of the wire.
#[derive(Debug)]
enum Packet {
    Connected,
    Refused(String),
    Disconnected,
    Event(String, Value),
    Ack(u64, Value),
}

impl Client {
    /// Opens a connection without any namespace.
    pub async fn open(base: &str) -> Self {
        let url = format!("{}/socket.io/?EIO=4&transport=websocket", base.replacen("http", "ws", 1));
        let (ws, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let mut client = Self {
            ws,
            namespace: String::new(),
            left: Vec::new(),
            next_ack: 0,
            events: VecDeque::new(),
            acks: Vec::new(),
            ready: Value::Null,
        };
        let open = client.text().await.expect("an open packet");
        assert!(open.starts_with("0{"), "{open}");
        client
    }

    /// Connects to a namespace and waits for its greeting.
    pub async fn join(&mut self, namespace: &str, token: &str) -> Result<(), String> {
        self.connect(namespace, json!({ "token": token, "protocol": 1, "client": "test/1" })).await?;
        let greeting = if namespace == "/" { "lobby:ready" } else { "workspace:ready" };
        let (first, ready) = self.any_event().await;
        assert_eq!(first, greeting, "nothing comes before the greeting");
        self.ready = ready;
        Ok(())
    }

    /// Sends CONNECT; the refusal's message as an error.
    pub async fn connect(&mut self, namespace: &str, auth: Value) -> Result<(), String> {
        self.namespace = namespace.to_owned();
        let auth = if auth.is_null() { String::new() } else { auth.to_string() };
        self.raw(&format!("40{}{auth}", self.prefix())).await;
        match self.packet().await.expect("an answer to CONNECT") {
            Packet::Connected => Ok(()),
            Packet::Refused(message) => Err(message),
            other => panic!("{other:?} before CONNECT was answered"),
        }
    }

    /// Sends CONNECT where the connection may have ended: the refusal's message, or None once it has.
    pub async fn knock(&mut self, namespace: &str, token: &str) -> Option<String> {
        self.namespace = namespace.to_owned();
        self.frame(Message::text(format!("40{}{}", self.prefix(), json!({ "token": token })))).await;
        match self.packet().await? {
            Packet::Refused(message) => Some(message),
            other => panic!("{other:?} of a server that has stopped"),
        }
    }

    /// Leaves its namespace with a word, and keeps the connection.
    pub async fn leave(&mut self) {
        self.raw(&format!("41{}", self.prefix())).await;
        self.left.push(self.namespace.clone());
    }

    /// A request with an ack.
    pub async fn request(&mut self, event: &str, body: Value) -> Value {
        let id = self.send(event, body).await;
        self.ack(id).await
    }

    /// Takes in what has come, without waiting: a client that only sends would be cut off as one that does not read.
    pub fn take_in(&mut self) {
        while let Some(Some(Ok(Message::Text(text)))) = self.ws.next().now_or_never() {
            if let Some(packet) = text.strip_prefix('4').and_then(|packet| self.parse(packet)) {
                self.keep(packet);
            }
        }
    }

    /// A request whose ack is taken later.
    pub async fn send(&mut self, event: &str, body: Value) -> u64 {
        self.send_raw_payload(&format!("{}", json!([event, body]))).await
    }

    /// An event packet with this text behind its header.
    pub async fn send_raw_payload(&mut self, payload: &str) -> u64 {
        let id = self.next_ack;
        self.next_ack += 1;
        self.raw(&format!("42{}{id}{payload}", self.prefix())).await;
        id
    }

    /// Waits for an ack.
    pub async fn ack(&mut self, id: u64) -> Value {
        loop {
            if let Some(at) = self.acks.iter().position(|(got, _)| *got == id) {
                return self.acks.swap_remove(at).1;
            }
            self.step().await;
        }
    }

    /// An ack that has come, without waiting.
    pub fn take_ack(&mut self, id: u64) -> Option<Value> {
        let at = self.acks.iter().position(|(got, _)| *got == id)?;
        Some(self.acks.swap_remove(at).1)
    }

    /// The next event of that name. Those before it are kept.
    pub async fn event(&mut self, name: &str) -> Value {
        self.event_where(name, |_| true).await
    }

    /// The next event of that name that fits.
    pub async fn event_where(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            if let Some(at) = self.events.iter().position(|(got, body)| got == name && fits(body)) {
                return self.events.remove(at).expect("it is there").1;
            }
            self.step().await;
        }
    }

    /// The next event, whatever it is.
    pub async fn any_event(&mut self) -> (String, Value) {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            self.step().await;
        }
    }

    /// Everything that the server sent before it answered this: what has not come by then will not come.
    pub async fn fence(&mut self) {
        let pong = self.request("link:ping", json!({})).await;
        assert_eq!(pong, json!({ "ok": true }));
    }

    /// The events of that name that have come, without waiting.
    pub fn seen(&self, name: &str) -> Vec<&Value> {
        self.events.iter().filter(|(got, _)| got == name).map(|(_, body)| body).collect()
    }

    /// Waits until the server takes this socket out of the namespace or closes the connection.
    pub async fn dismissed(&mut self) {
        loop {
            match self.packet().await {
                None | Some(Packet::Disconnected) => return,
                Some(packet) => self.keep(packet),
            }
        }
    }

    /// Waits until the server closes the connection.
    pub async fn closed(&mut self) {
        while let Some(packet) = self.packet().await {
            self.keep(packet);
        }
    }

    /// A text frame as it is.
    pub async fn raw(&mut self, text: &str) {
        self.ws.send(Message::text(text)).await.unwrap();
    }

    /// A frame of any kind; whether it could be sent.
    pub async fn frame(&mut self, message: Message) -> bool {
        self.ws.send(message).await.is_ok()
    }

    fn prefix(&self) -> String {
        if self.namespace == "/" { String::new() } else { format!("{},", self.namespace) }
    }

    async fn step(&mut self) {
        let packet = self.packet().await.expect("the connection stays open");
        self.keep(packet);
    }

    fn keep(&mut self, packet: Packet) {
        match packet {
            Packet::Event(name, body) => self.events.push_back((name, body)),
            Packet::Ack(id, body) => self.acks.push((id, body)),
            Packet::Connected | Packet::Refused(_) | Packet::Disconnected => {}
        }
    }

    async fn packet(&mut self) -> Option<Packet> {
        loop {
            let text = self.text().await?;
            if text == "2" {
                // A ping. The server may be closing already.
                let _ = self.ws.send(Message::text("3")).await;
            } else if let Some(packet) = text.strip_prefix('4').and_then(|packet| self.parse(packet)) {
                return Some(packet);
            }
        }
    }

    /// The next text frame; None once the connection is closed.
    async fn text(&mut self) -> Option<String> {
        loop {
            let frame = tokio::time::timeout(DEADLINE, self.ws.next()).await.expect("something comes in time");
            match frame {
                Some(Ok(Message::Text(text))) => return Some(text.as_str().to_owned()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// A packet, unless it was on its way from a namespace that was left.
    fn parse(&self, packet: &str) -> Option<Packet> {
        let (kind, rest) = packet.split_at(1);
        let (namespace, rest) = match rest.strip_prefix('/') {
            Some(_) => rest.split_once(',').unwrap_or((rest, "")),
            None => ("/", rest),
        };
        if namespace != self.namespace && self.left.iter().any(|left| left == namespace) {
            return None;
        }
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (ack, data) = rest.split_at(digits);
        let data: Value = serde_json::from_str(data).unwrap_or(Value::Null);
        Some(match kind {
            "0" => Packet::Connected,
            "1" => Packet::Disconnected,
            "2" => Packet::Event(data[0].as_str().unwrap().to_owned(), data[1].clone()),
            "3" => Packet::Ack(ack.parse().unwrap(), data[0].clone()),
            "4" => Packet::Refused(data["message"].as_str().unwrap().to_owned()),
            _ => panic!("{packet}"),
        })
    }
}
