//! The HTTP calls under `/api/v1`. Every answer is the wished-for body or a protocol [`Error`].

use std::time::Duration;

use confab_protocol::account::{Invite, InviteInfo, InviteRequest, ProfileChange, Secret, ServerInfo, Session, User};
use confab_protocol::{Cause, Error, ErrorCode, FileId, InviteCode, SessionId};
use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::trust::{self, Certificate};

/// A peer that does not even accept a connection in this time is not there.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Signing in waits for argon2id behind other sign-ins; nothing else takes longer.
const CALL_LIMIT: Duration = Duration::from_secs(20);
/// A whole picture over a slow link.
const FILE_LIMIT: Duration = Duration::from_secs(120);
/// No answer of these calls is anywhere near this. What is larger is not a Confab server's.
const ANSWER_BYTES: usize = 1024 * 1024;

/// One server's HTTP interface, signed in or not.
#[derive(Debug, Clone)]
pub struct Http {
    base: String,
    token: Option<Secret>,
    certificate: Option<Certificate>,
    client: reqwest::Client,
}

impl Http {
    /// For a server at `base` (scheme, host and port), with the certificate that it must show, if that is known, and the token
    /// of a session if there is one.
    ///
    /// # Errors
    /// `internal` when this system cannot make HTTP calls at all.
    pub fn new(base: &str, certificate: Option<&Certificate>, token: Option<Secret>) -> Result<Self, Error> {
        let builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .timeout(CALL_LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(crate::CLIENT)
            .tls_backend_preconfigured(trust::connector(certificate)?);
        let client = builder
            .build()
            .map_err(|_| Error::new(ErrorCode::Internal, "This app cannot make network connections."))?;
        Ok(Self { base: base.to_owned(), token, certificate: certificate.cloned(), client })
    }

    /// `GET /server`.
    ///
    /// # Errors
    /// The server's refusal, or `unavailable` when it cannot be reached. So for all that follow.
    pub async fn server(&self) -> Result<ServerInfo, Error> {
        self.get("/server").await
    }

    /// `GET /invites/{code}`.
    ///
    /// # Errors
    /// As above; `not_found` for a code that is not live.
    pub async fn invite(&self, code: &InviteCode) -> Result<InviteInfo, Error> {
        self.get(&format!("/invites/{code}")).await
    }

    /// `POST` with a JSON body, such as the calls that sign someone in.
    ///
    /// # Errors
    /// As above.
    pub async fn post<B: Serialize, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, Error> {
        read(self.exchange(self.request(Method::POST, path).json(body)).await?).await
    }

    /// `POST /invites`.
    ///
    /// # Errors
    /// As above.
    pub async fn create_invite(&self, request: &InviteRequest) -> Result<Invite, Error> {
        self.post("/invites", request).await
    }

    /// `PATCH /me`.
    ///
    /// # Errors
    /// As above.
    pub async fn update_profile(&self, change: &ProfileChange) -> Result<User, Error> {
        read(self.exchange(self.request(Method::PATCH, "/me").json(change)).await?).await
    }

    /// `GET /sessions`.
    ///
    /// # Errors
    /// As above.
    pub async fn sessions(&self) -> Result<Vec<Session>, Error> {
        let Sessions { sessions } = self.get("/sessions").await?;
        Ok(sessions)
    }

    /// `DELETE /sessions/{id}`; without an id, the session of this token.
    ///
    /// # Errors
    /// As above.
    pub async fn end_session(&self, id: Option<&SessionId>) -> Result<(), Error> {
        let path = format!("/sessions/{}", id.map_or("current", SessionId::as_str));
        let response = self.exchange(self.request(Method::DELETE, &path)).await?;
        if response.status().is_success() { Ok(()) } else { Err(refusal(response).await) }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        read(self.exchange(self.request(Method::GET, path)).await?).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}/api/v1{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(&token.0),
            None => request,
        }
    }

    /// Sends a request, and reads the answer as JSON.
    ///
    /// # Errors
    /// As above.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Error> {
        read(self.exchange(request).await?).await
    }

    /// Sends a request, and leaves the body of its answer to the caller.
    ///
    /// # Errors
    /// As above.
    pub(crate) async fn open(&self, request: RequestBuilder) -> Result<Response, Error> {
        let response = self.exchange(request).await?;
        if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
    }

    /// `GET /files/{id}`, or its thumb, as it comes: for a view that asks for parts itself.
    ///
    /// # Errors
    /// As above.
    pub async fn file(&self, id: &FileId, thumb: bool, range: Option<&str>) -> Result<Response, Error> {
        let path = format!("/files/{id}{}", if thumb { "/thumb" } else { "" });
        let request = self.request(Method::GET, &path).timeout(FILE_LIMIT);
        self.exchange(match range {
            Some(range) => request.header(reqwest::header::RANGE, range),
            None => request,
        })
        .await
    }

    /// `PATCH /me` with a picture; None takes it away.
    ///
    /// # Errors
    /// As above; `bad_request` unless it is an image that the caller uploaded.
    pub async fn set_avatar(&self, file: Option<&FileId>) -> Result<User, Error> {
        self.ask(self.request(Method::PATCH, "/me").json(&serde_json::json!({ "avatar": file }))).await
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<Response, Error> {
        let error = match request.send().await {
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        tracing::debug!(address = self.base, %error, "no answer");
        if trust::broke_in(&error)
            && let Some(distrust) = trust::distrust(&self.base, self.certificate.as_ref()).await
        {
            return Err(distrust);
        }
        let message = if error.is_timeout() {
            format!("The server at {} does not answer in time.", self.base)
        } else {
            format!("No server answers at {}. Is it running, and on this network?", self.base)
        };
        Err(Error::new(ErrorCode::Unavailable, message))
    }
}

#[derive(Deserialize)]
struct Sessions {
    sessions: Vec<Session>,
}

#[derive(Deserialize)]
struct Refusal {
    error: Error,
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, Error> {
    if !response.status().is_success() {
        return Err(refusal(response).await);
    }
    serde_json::from_slice(&body(response).await?).map_err(|_| not_confab())
}

async fn refusal(response: Response) -> Error {
    let status = response.status();
    let location = response.headers().get(reqwest::header::LOCATION).map(reqwest::header::HeaderValue::as_bytes);
    if status.is_redirection() && location.is_some_and(|location| location.starts_with(b"https://")) {
        let message = "That server speaks TLS only: its address begins with https.";
        return Error::new(ErrorCode::Forbidden, message).because(Cause::NeedsTls);
    }
    match body(response).await.map(|body| serde_json::from_slice::<Refusal>(&body)) {
        Ok(Ok(refusal)) => refusal.error,
        Ok(Err(_)) if status.is_server_error() => {
            Error::new(ErrorCode::Unavailable, "The server cannot answer at the moment.")
        }
        Ok(Err(_)) => not_confab(),
        Err(error) => error,
    }
}

/// The body, unless it is larger than any that we ask for.
async fn body(mut response: Response) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(not_confab()),
            Ok(None) => return Ok(body),
            Err(_) => {
                return Err(Error::new(ErrorCode::Unavailable, "The connection broke in the middle of an answer."));
            }
        }
    }
}

fn not_confab() -> Error {
    Error::new(ErrorCode::Unavailable, "Something answers there, but it is not a Confab server.")
        .because(Cause::NotConfab)
}
