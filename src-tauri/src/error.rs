//! What can go wrong in the shell itself, and how the UI is told: with the protocol's own error, like any refusal.

use confab_protocol::{Cause, Error, ErrorCode};

use crate::credentials::CredentialError;
use crate::embedded::HostError;
use crate::settings::SaveError;

impl From<CredentialError> for Error {
    fn from(error: CredentialError) -> Self {
        let (code, cause) = match error {
            // Not a failure: the UI asks the user, and tries again.
            CredentialError::NotChosen => (ErrorCode::Conflict, Cause::NoKeyring),
            CredentialError::Keyring(_) => (ErrorCode::Conflict, Cause::Keyring),
            CredentialError::File(_) => (ErrorCode::ReadOnly, Cause::SignInFile),
        };
        Error::new(code, sentence(&error)).because(cause)
    }
}

impl From<SaveError> for Error {
    fn from(error: SaveError) -> Self {
        Error::new(ErrorCode::ReadOnly, sentence(&error)).because(Cause::Settings)
    }
}

impl From<HostError> for Error {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Refused(error) => error,
            other => Error::new(ErrorCode::Unavailable, sentence(&other)).because(Cause::Hosting),
        }
    }
}

/// Nobody is signed in, so there is no session to ask.
pub(crate) fn signed_out() -> Error {
    Error::new(ErrorCode::Unauthorized, "Nobody is signed in.")
}

/// Error texts begin in lower case and without a full stop; what people read does not.
fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_sentences() {
        let error = Error::from(CredentialError::NotChosen);
        assert_eq!((error.code, error.cause), (ErrorCode::Conflict, Some(Cause::NoKeyring)));
        assert!(error.message.starts_with("There is no keyring") && error.message.ends_with("first."), "{error}");
    }
}
