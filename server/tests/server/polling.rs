//! Long-polling, by hand: what a client sends that never gets a WebSocket through.

use std::time::Instant;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::harness::{DEADLINE, Person, Server};

/// A session that hears something only when it polls.
pub struct Poller {
    http: reqwest::Client,
    url: String,
}

impl Poller {
    pub async fn open(server: &Server) -> Self {
        // A connection that waits for its next request may be closed by the server at any time.
        let http = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
        let url = format!("{}/socket.io/?EIO=4&transport=polling", server.base);
        let open = http.get(&url).send().await.unwrap().text().await.unwrap();
        let open: Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
        Self { http, url: format!("{url}&sid={}", open["sid"].as_str().unwrap()) }
    }

    pub async fn post(&self, packets: String) -> u16 {
        self.http.post(&self.url).body(packets).send().await.unwrap().status().as_u16()
    }

    /// The packets of one poll, a ping among them answered: the first is sent whenever the server comes to it. None once the
    /// session is gone.
    pub async fn poll(&self) -> Option<Vec<String>> {
        let polling = self.http.get(&self.url).send();
        let response = tokio::time::timeout(DEADLINE, polling).await.expect("a poll ends").unwrap();
        if response.status() != 200 {
            return None;
        }
        let packets: Vec<_> = response.text().await.unwrap().split('\u{1e}').map(str::to_owned).collect();
        if packets.iter().any(|packet| packet == "2") {
            self.post("3".into()).await;
        }
        Some(packets)
    }

    /// Polls until a packet begins like this; the rest of it.
    pub async fn until(&self, start: &str) -> String {
        loop {
            for packet in self.poll().await.expect("the session lives") {
                if let Some(rest) = packet.strip_prefix(start) {
                    return rest.to_owned();
                }
            }
        }
    }

    pub async fn join(&self, namespace: &str, person: &Person) {
        let auth = json!({ "token": person.token, "protocol": 1 });
        assert_eq!(self.post(format!("40{namespace},{auth}")).await, 200);
        self.until(&format!("42{namespace},[\"workspace:ready\"")).await;
    }
}

#[tokio::test]
async fn everything_works_without_a_websocket() {
    let (server, owner) = Server::start().await;
    let poller = Poller::open(&server).await;
    poller.join("/general", &owner).await;
    let rooms = server.connect("/general", &owner).await;
    let general = crate::harness::room(&rooms.ready, "general");
    let body = json!({ "room": general, "cid": "p", "text": "polled" });
    poller.post(format!("42/general,7{}", json!(["message:send", body]))).await;
    let ack: Value = serde_json::from_str(&poller.until("43/general,7").await).unwrap();
    assert_eq!(ack[0]["ok"], true, "{ack}");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let (server, _) = Server::start().await;
    let poller = Poller::open(&server).await;
    assert_eq!(poller.post(format!("42[\"x\",\"{}\"]", "x".repeat(200 * 1024))).await, 413);
}

#[tokio::test]
async fn a_polling_session_without_a_namespace_is_closed_in_time() {
    let (server, owner) = Server::with(|config| config.limits.handshake_seconds = 1).await;
    let poller = Poller::open(&server).await;
    poller.join("/general", &owner).await;
    poller.post("41/general,".into()).await;
    let deadline = Instant::now() + DEADLINE;
    while let Some(packets) = poller.poll().await {
        if packets.iter().any(|packet| packet == "1") {
            break;
        }
        assert!(Instant::now() < deadline, "it is still open");
    }
}

#[tokio::test]
async fn a_revoked_polling_session_ends() {
    let (server, owner) = Server::start().await;
    let poller = Poller::open(&server).await;
    poller.join("/general", &owner).await;
    let (status, _) = server.call(reqwest::Method::DELETE, "/sessions/current", Some(&owner), None).await;
    assert_eq!(status, 200);
    let deadline = Instant::now() + DEADLINE;
    while poller.poll().await.is_some_and(|packets| !packets.iter().any(|packet| packet == "1")) {
        assert!(Instant::now() < deadline, "it is still open");
    }
}

/// Whether a WebSocket that carries this cookie and no token is let into the lobby.
pub async fn websocket_with_cookie(base: &str, cookie: &str, origin: Option<&str>) -> bool {
    let url = format!("{}/socket.io/?EIO=4&transport=websocket", base.replacen("http", "ws", 1));
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    let (mut ws, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    ws.send(Message::text("40{\"protocol\":1}")).await.unwrap();
    loop {
        let frame = tokio::time::timeout(DEADLINE, ws.next()).await.unwrap().unwrap().unwrap();
        let text = frame.into_text().unwrap();
        if let Some(packet) = text.strip_prefix('4') {
            return packet.starts_with("0{");
        }
    }
}
