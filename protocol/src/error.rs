//! The closed list of error codes, and the error object that acks and HTTP answers carry.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Why a request was refused. Clients switch on this; the message is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The payload does not parse, or a value is out of its range.
    BadRequest,
    /// No valid token.
    Unauthorized,
    /// Signed in, but not allowed to do this.
    Forbidden,
    /// No such thing, or not one that the caller may see: the two look the same.
    NotFound,
    /// Taken, or the same `cid` with another body.
    Conflict,
    /// Over one of the [`crate::Limits`].
    TooLarge,
    /// Too many; try again after `retry_after_ms`.
    RateLimited,
    /// No event of this name.
    UnknownEvent,
    /// The server cannot do this now: starting, draining, or its queues are full. Retry.
    Unavailable,
    /// What was asked for cannot be written where it would have to be kept. The server says `unavailable` instead, which
    /// may be tried again.
    ReadOnly,
    /// A defect of the server. Retry.
    Internal,
}

impl ErrorCode {
    /// The code as it stands on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::RateLimited => "rate_limited",
            Self::UnknownEvent => "unknown_event",
            Self::Unavailable => "unavailable",
            Self::ReadOnly => "read_only",
            Self::Internal => "internal",
        }
    }

    /// The code of that name, where there is one: how a CONNECT_ERROR's message is read.
    #[must_use]
    pub fn from_wire(name: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::from(name)).ok()
    }

    /// Whether the same request may succeed later. All other codes are final.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable | Self::Internal)
    }

    /// The HTTP status that carries this code.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound | Self::UnknownEvent => 404,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
            Self::ReadOnly => 507,
        }
    }
}

/// A refusal: what every failed ack and HTTP answer carries under `error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema, thiserror::Error)]
#[error("{message} ({})", code.as_str())]
pub struct Error {
    /// What kind of refusal.
    pub code: ErrorCode,
    /// A sentence for people that says what to do. Never contains secrets or message bodies.
    pub message: String,
    /// Only with `rate_limited` and `unavailable`: when to try again, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub retry_after_ms: Option<u64>,
    /// Which sentence it is, where the code says too little: for clients that say it in another language. One that is not
    /// known is none.
    #[serde(default, deserialize_with = "known", skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[schemars(with = "Option<String>")]
    pub cause: Option<Cause>,
}

/// What a refusal is about. Those that a client makes itself never cross the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// `too_large`: the caller's files have taken what one account may have (`limits.account_bytes`).
    Quota,
    /// Made by a client: there is no keyring, and nobody has said where to keep the sign-in.
    NoKeyring,
    /// Made by a client: the keyring cannot be used.
    Keyring,
    /// Made by a client: the file for the sign-in cannot be used.
    SignInFile,
    /// Made by a client: the settings could not be saved.
    Settings,
    /// Made by a client: the server inside the app did not start.
    Hosting,
    /// Made by a client: no address.
    Address,
    /// Made by a client: an invite link that is cut off.
    InviteLink,
    /// Made by a client: what answers at an address is something else.
    NotConfab,
    /// Made by a client: a server shows another certificate than the one that is pinned.
    CertificateChanged,
    /// Made by a client: nobody whom the system trusts vouches for a server's certificate.
    CertificateUnknown,
    /// Made by a client: a server speaks TLS only, and was asked without.
    NeedsTls,
    /// Made by a client: something is chosen for an upload that is no file.
    NotAFile,
    /// Made by a client: a file of this computer cannot be read or written.
    Disk,
    /// Made by a client: a file has changed while it was uploaded.
    FileChanged,
    /// Made by a client: a download is not what the server said.
    FileBroken,
    /// Made by a client: more files are on their way than it takes at once.
    TooManyFiles,
    /// Made by a client: too much waits to be sent already.
    OutboxFull,
    /// Made by a client: what was written could not be kept on this computer, so it was not sent.
    NotKept,
    /// Made by a client: the session was ended elsewhere.
    SessionEnded,
}

fn known<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Cause>, D::Error> {
    let cause = Option::<serde_json::Value>::deserialize(from)?;
    Ok(cause.and_then(|cause| serde_json::from_value(cause).ok()))
}

impl Error {
    /// An error with a message for people.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after_ms: None, cause: None }
    }

    /// The same, and which sentence it is.
    #[must_use]
    pub fn because(self, cause: Cause) -> Self {
        Self { cause: Some(cause), ..self }
    }

    /// The one answer for what is missing and for what the caller may not see.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, "There is nothing here under that id.")
    }

    /// A payload that does not parse or is out of range; `why` says which part.
    pub fn bad_request(why: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadRequest, why)
    }

    /// Signed in, but without the right to do this.
    pub fn forbidden(why: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, why)
    }

    /// Taken, or the same `cid` with another body.
    pub fn conflict(why: impl Into<String>) -> Self {
        Self::new(ErrorCode::Conflict, why)
    }

    /// Too many requests; the same one may succeed after `retry_after_ms`.
    #[must_use]
    pub fn rate_limited(retry_after_ms: u64) -> Self {
        Self {
            code: ErrorCode::RateLimited,
            message: "Too many requests. Wait a moment and try again.".into(),
            retry_after_ms: Some(retry_after_ms),
            cause: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_on_the_wire_are_the_closed_list() {
        let names = [
            "bad_request",
            "unauthorized",
            "forbidden",
            "not_found",
            "conflict",
            "too_large",
            "rate_limited",
            "unknown_event",
            "unavailable",
            "read_only",
            "internal",
        ];
        for name in names {
            let code = ErrorCode::from_wire(name).expect(name);
            assert_eq!(code.as_str(), name);
            assert_eq!(serde_json::to_value(code).unwrap(), name);
        }
        assert_eq!(ErrorCode::from_wire("teapot"), None);
    }

    #[test]
    fn a_cause_that_is_not_known_is_none() {
        let error = Error::bad_request("That is no address.").because(Cause::Address);
        let mut wire = serde_json::to_value(&error).unwrap();
        assert_eq!((&wire["cause"], serde_json::from_value(wire.clone()).unwrap()), (&"address".into(), error));
        for other in ["teapot".into(), serde_json::Value::Null, 7.into()] {
            wire["cause"] = other;
            assert_eq!(serde_json::from_value::<Error>(wire.clone()).unwrap().cause, None, "{wire}");
        }
        assert!(
            serde_json::to_value(Error::not_found()).unwrap().get("cause").is_none(),
            "old clients see what they saw"
        );
    }
}
