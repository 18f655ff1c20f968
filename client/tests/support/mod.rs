//! A Socket.IO server in a few lines that does exactly what a test says, also what no real server would.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// No wait of a test takes longer, whatever the machine does beside it.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("it happens in time")
}

/// A listening server.
pub struct Server {
    listener: TcpListener,
}

/// One client's WebSocket on it.
pub struct Peer {
    pub socket: WebSocketStream<TcpStream>,
    /// The namespace of its CONNECT.
    pub namespace: String,
    /// The auth payload of its CONNECT.
    pub auth: Value,
}

impl Server {
    /// On a free port.
    pub async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub fn address(&self) -> String {
        format!("http://{}", self.local_addr())
    }

    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// Closes the next connection before a word was said.
    pub async fn turn_away(&self) {
        drop(soon(self.listener.accept()).await.unwrap());
    }

    /// The next client, up to and including its CONNECT, which is not answered.
    pub async fn accept(&self) -> Peer {
        soon(async {
            let (stream, _) = self.listener.accept().await.unwrap();
            let socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            let mut peer = Peer { socket, namespace: String::new(), auth: Value::Null };
            let open =
                json!({"sid": "s", "upgrades": [], "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 100000});
            peer.send(format!("0{open}")).await;
            loop {
                let packet = peer.receive().await.expect("a CONNECT");
                // The library opens with a pong.
                let Some(connect) = packet.strip_prefix("40") else { continue };
                let (namespace, auth) = connect.split_once(',').unwrap_or(("/", connect));
                peer.namespace = namespace.to_owned();
                peer.auth = serde_json::from_str(auth).unwrap_or(Value::Null);
                return peer;
            }
        })
        .await
    }
}

impl Peer {
    pub async fn send(&mut self, packet: String) {
        self.socket.send(Message::text(packet)).await.unwrap();
    }

    /// The next packet; none at the end of the connection.
    pub async fn receive(&mut self) -> Option<String> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// An event with an object and one binary attachment, in the form that the protocol gives it.
    pub async fn push_binary(&mut self, event: &str, body: Value, attachment: &[u8]) {
        let namespace = self.prefix();
        let body = json!([event, body, {"_placeholder": true, "num": 0}]);
        self.send(format!("451-{namespace}{body}")).await;
        self.socket.send(Message::binary(attachment.to_vec())).await.unwrap();
    }

    /// The next event: its name and its payload.
    pub async fn event(&mut self) -> (String, Value) {
        soon(async {
            loop {
                let packet = self.receive().await.expect("an event");
                let Some(at) = packet.find('[').filter(|_| packet.starts_with("42")) else { continue };
                let mut event: Vec<Value> = serde_json::from_str(&packet[at..]).unwrap();
                return (event[0].as_str().unwrap().to_owned(), event.swap_remove(1));
            }
        })
        .await
    }

    /// Answers the next request that carries an ack id.
    pub async fn answer_any(&mut self) {
        let header = format!("42{}", self.prefix());
        let id = soon(async {
            loop {
                let packet = self.receive().await.expect("a request");
                let id = packet.strip_prefix(&header).and_then(|rest| rest.split('[').next());
                if let Some(id) = id.filter(|id| !id.is_empty()) {
                    return id.to_owned();
                }
            }
        });
        let id = id.await;
        let namespace = self.prefix();
        self.send(format!("43{namespace}{id}[{{\"ok\":true}}]")).await;
    }

    pub async fn answer_connect(&mut self) {
        let namespace = self.prefix();
        self.send(format!("40{namespace}{{\"sid\":\"n\"}}")).await;
    }

    pub async fn refuse(&mut self, code: &str) {
        let namespace = self.prefix();
        self.send(format!("44{namespace}{}", json!({"message": code}))).await;
    }

    pub async fn push(&mut self, event: &str, body: Value) {
        let namespace = self.prefix();
        self.send(format!("42{namespace}{}", json!([event, body]))).await;
    }

    fn prefix(&self) -> String {
        if self.namespace == "/" { String::new() } else { format!("{},", self.namespace) }
    }
}
