//! What can go wrong in a store.

use std::path::PathBuf;

use confab_protocol::{Error, ErrorCode};

/// The result of a store's method.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why a store could not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The rules refuse it; the caller hears this error as it is.
    #[error("{0}")]
    Refused(Error),
    /// The disk is full or the database is read-only. Reads go on; writes come back when there is room.
    #[error("the database cannot be written: {0}")]
    ReadOnly(String),
    /// The database cannot be reached or is too busy. The same request may succeed later.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// It would have taken too long, and was ended for that.
    #[error("a read took too long")]
    Interrupted,
    /// The database file is damaged; it must not be served.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// There is no database, but a damaged one that was here was set aside under this name.
    #[error(
        "the database was damaged, and is set aside as {kept}. Put a backup in its place with `confab-server restore \
         BACKUP`, or what can still be read of it with `confab-server restore {kept}`; to begin anew, move it elsewhere",
        kept = .0.display()
    )]
    SetAside(PathBuf),
    /// The database or its library is of a version that this program cannot use.
    #[error("the database cannot be used: {0}")]
    Unsupported(String),
    /// A defect of ours.
    #[error("the database refused a statement: {0}")]
    Internal(String),
}

impl StoreError {
    /// What whoever runs the server can do about it, as the end of a sentence; empty where the error says it itself.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::ReadOnly(_) => ": free some space, or make its directory writable for this user, and start again",
            _ => "",
        }
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<StoreError> for Error {
    /// What the caller hears. Causes are for the log, not for the wire.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(error) => error,
            // Not `read_only`, which is final: an outbox keeps its messages and sends them when there is room again.
            StoreError::ReadOnly(_) => {
                let text = "The server's disk is full or read-only. Nothing was saved.";
                let mut error = Error::new(ErrorCode::Unavailable, text);
                error.retry_after_ms = Some(5_000);
                error
            }
            StoreError::Unavailable(_) | StoreError::Interrupted => {
                let mut error = Error::new(ErrorCode::Unavailable, "The server's database is not reachable right now.");
                error.retry_after_ms = Some(1_000);
                error
            }
            StoreError::Corrupt(_) | StoreError::SetAside(_) | StoreError::Unsupported(_) | StoreError::Internal(_) => {
                Error::new(ErrorCode::Internal, "The server made a mistake. It is in its log.")
            }
        }
    }
}
