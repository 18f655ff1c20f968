//! A server in this process, and the people who use it.

use std::time::Duration;

use confab_server::{Config, Handle, Shutdown, serve};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::client::Client;

/// How long anything may take before a test fails.
pub const DEADLINE: Duration = Duration::from_secs(20);
/// The setup token of every test server.
pub const SETUP: &str = "setup-token-of-the-tests";

/// A running server with its data directory.
pub struct Server {
    pub handle: Handle,
    pub base: String,
    pub http: reqwest::Client,
    config: Config,
    _dir: Option<TempDir>,
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: String,
    pub token: String,
}

impl Server {
    /// One without an owner, with a configuration of the test's.
    pub async fn bare(configure: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::new(dir.path().join("data"));
        config.setup_token = Some(confab_protocol::account::Secret(SETUP.into()));
        configure(&mut config);
        Self::serve(config, Some(dir)).await
    }

    /// One with an owner, who is answered too.
    pub async fn with(configure: impl FnOnce(&mut Config)) -> (Self, Person) {
        let server = Self::bare(configure).await;
        let owner = server.set_up().await;
        (server, owner)
    }

    /// The default one with an owner.
    pub async fn start() -> (Self, Person) {
        Self::with(|_| {}).await
    }

    /// Ends it and starts it again on the same data.
    pub async fn restart(self) -> Self {
        let Self { handle, config, _dir, .. } = self;
        handle.stop();
        tokio::time::timeout(DEADLINE, handle.finished()).await.expect("it ends").expect("and well");
        Self::serve(config, _dir).await
    }

    /// Its data directory.
    pub fn data(&self) -> &std::path::Path {
        &self.config.data
    }

    pub async fn set_up(&self) -> Person {
        let body = json!({
            "setup_token": SETUP, "server_name": "Test", "login": "ada", "display_name": "Ada",
            "password": "correct horse"
        });
        let (status, answer) = self.call(Method::POST, "/setup", None, Some(body)).await;
        assert_eq!(status, 201, "{answer}");
        Person::of(&answer)
    }

    /// A member of `/general` with an account.
    pub async fn member(&self, by: &Person, login: &str) -> Person {
        let invite = self.invite(by, json!({ "workspace": "general" })).await;
        let body = json!({ "login": login, "display_name": login, "password": "correct horse", "invite": invite });
        let (status, answer) = self.call(Method::POST, "/accounts", None, Some(body)).await;
        assert_eq!(status, 201, "{answer}");
        Person::of(&answer)
    }

    pub async fn invite(&self, by: &Person, body: Value) -> String {
        let (status, answer) = self.call(Method::POST, "/invites", Some(by), Some(body)).await;
        assert_eq!(status, 201, "{answer}");
        answer["code"].as_str().unwrap().to_owned()
    }

    /// An API call: its status and JSON.
    pub async fn call(&self, method: Method, path: &str, who: Option<&Person>, body: Option<Value>) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.base));
        if let Some(person) = who {
            request = request.bearer_auth(&person.token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    /// A socket in a namespace, after its first event.
    pub async fn connect(&self, namespace: &str, person: &Person) -> Client {
        let mut client = Client::open(&self.base).await;
        client.join(namespace, &person.token).await.expect("it is let in");
        client
    }

    /// The code with which a CONNECT is refused.
    pub async fn refusal(&self, namespace: &str, auth: Value) -> String {
        let mut client = Client::open(&self.base).await;
        client.connect(namespace, auth).await.expect_err("it is refused")
    }

    async fn serve(config: Config, dir: Option<TempDir>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let handle = serve(config.clone(), listener, Shutdown::new()).await.unwrap();
        let base = format!("http://{}", handle.addr());
        Self { handle, base, http: reqwest::Client::new(), config, _dir: dir }
    }
}

impl Person {
    pub fn of(answer: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        Self { id: text(&answer["user"]["id"]), token: text(&answer["token"]) }
    }
}

/// The code of a refused reply; empty for any other.
pub fn code(reply: &Value) -> &str {
    reply["error"]["code"].as_str().unwrap_or_default()
}

/// The id of a room by name, out of `workspace:ready`.
pub fn room(ready: &Value, name: &str) -> String {
    let rooms = ready["rooms"].as_array().unwrap();
    let found = rooms.iter().find(|room| room["name"] == name).unwrap_or_else(|| panic!("no {name} in {ready}"));
    found["id"].as_str().unwrap().to_owned()
}
