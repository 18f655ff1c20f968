//! The HTTP side of the contract, as any client would call it.

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::DEADLINE;

/// Calls under `/api/v1`, in somebody's name or in nobody's.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    http: reqwest::Client,
    token: Option<String>,
}

impl Api {
    /// For a server at `base`, such as `http://127.0.0.1:7300`; nobody is signed in.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(base: &str) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(DEADLINE).build()?;
        Ok(Self { base: base.into(), http, token: None })
    }

    /// The same server, in the name of who holds this token.
    #[must_use]
    pub fn as_user(&self, token: &str) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// One call under `/api/v1`: the status and the body, null when it is not JSON.
    ///
    /// # Errors
    /// When there is no answer at all.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// A call that must succeed.
    ///
    /// # Errors
    /// When the status is not 2xx; the answer is in the message.
    pub async fn ok(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let (status, answer) = self.call(method.clone(), path, body).await?;
        ensure!((200..300).contains(&status), "{method} {path} answered {status}: {answer}");
        Ok(answer)
    }

    /// A call that must be refused, with this status and this code in the error object.
    ///
    /// # Errors
    /// When it succeeds, or is refused in another way.
    pub async fn refused(
        &self,
        status: u16,
        code: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<()> {
        let (got, answer) = self.call(method.clone(), path, body).await?;
        ensure!(
            got == status && answer["error"]["code"] == code && answer["error"]["message"].is_string(),
            "{method} {path} must answer {status} {code}, but answered {got}: {answer}"
        );
        Ok(())
    }

    /// Uploads a file: its description, to go with a message.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn upload(&self, name: &str, mime: &str, content: Vec<u8>) -> Result<Value> {
        let mut request = self.http.post(format!("{}/api/v1/files?name={name}", self.base)).body(content);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let answer = request.header("content-type", mime).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status == 201, "POST /files answered {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }

    /// A page outside `/api/v1`: status and text.
    ///
    /// # Errors
    /// When there is no answer at all.
    pub async fn page(&self, path: &str) -> Result<(u16, String)> {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// `GET /server`.
    ///
    /// # Errors
    /// When it does not answer 200.
    pub async fn server(&self) -> Result<Value> {
        self.ok(Method::GET, "/server", None).await
    }

    /// Claims a fresh server: `{token, user}` of the owner.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn setup(&self, setup_token: &str, login: &str, password: &str) -> Result<Value> {
        let body = json!({
            "setup_token": setup_token, "server_name": "Test server",
            "login": login, "display_name": capital(login), "password": password,
        });
        self.ok(Method::POST, "/setup", Some(body)).await
    }

    /// Makes an invitation to a workspace: its code.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn invite(&self, workspace: &str) -> Result<String> {
        let made = self.ok(Method::POST, "/invites", Some(json!({ "workspace": workspace }))).await?;
        Ok(made["code"].as_str().context("an invite has a code")?.to_owned())
    }

    /// Makes an account with an invitation: `{token, user}`.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn account(&self, login: &str, password: &str, invite: &str) -> Result<Value> {
        let body = json!({
            "login": login, "display_name": capital(login), "password": password, "invite": invite,
        });
        self.ok(Method::POST, "/accounts", Some(body)).await
    }

    /// Signs in: `{token, user}`.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn sign_in(&self, login: &str, password: &str, device: &str) -> Result<Value> {
        let body = json!({ "login": login, "password": password, "device": device });
        self.ok(Method::POST, "/sessions", Some(body)).await
    }
}

fn capital(login: &str) -> String {
    let mut letters = login.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
