//! Where the session's token is kept between two starts: the keyring, or what the user chose instead. Never a file that
//! nobody asked for, and never the webview.

mod keyring;

use std::io;
use std::path::PathBuf;

use confab_client::view::CredentialStore;
use confab_protocol::account::Secret;
use tokio::sync::Mutex;

use crate::settings;

pub use keyring::{Keyring, KeyringError, PATIENCE};

/// The token is not where it should be.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The keyring cannot be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The file that the user chose cannot be used.
    #[error("the file for the token cannot be used: {0}")]
    File(#[from] io::Error),
    /// There is no keyring, and the user has not said what to do.
    #[error("there is no keyring on this computer: choose where to keep the sign-in first")]
    NotChosen,
}

/// The store of one token.
#[derive(Debug)]
pub struct Credentials {
    keyring: Keyring,
    /// The entry's name in the keyring: this installation's own.
    name: String,
    file: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    store: CredentialStore,
    /// The token as of now, whatever the store: what `Memory` has, and what a later choice writes down.
    token: Option<Secret>,
}

impl Credentials {
    /// Finds out which store there is and reads the token from it. `in_file`: the user chose the file at an earlier start.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub async fn open(installation: &str, file: PathBuf, in_file: bool) -> io::Result<Self> {
        let keyring = Keyring::start()?;
        let name = format!("session {installation}");
        let state = if in_file {
            State { store: CredentialStore::File, token: read(&file) }
        } else {
            look_into(&keyring, &name).await
        };
        Ok(Self { keyring, name, file, state: Mutex::new(state) })
    }

    /// Where the token is kept. `Ask`: nowhere yet.
    pub async fn store(&self) -> CredentialStore {
        self.state.lock().await.store
    }

    /// The token, where there is one.
    pub async fn token(&self) -> Option<Secret> {
        self.state.lock().await.token.clone()
    }

    /// Looks whether a token could be kept: to be asked before anybody types a password.
    ///
    /// # Errors
    /// [`CredentialError::NotChosen`] when the user must be asked first.
    pub async fn ready(&self) -> Result<(), CredentialError> {
        match self.store().await {
            CredentialStore::Ask => Err(CredentialError::NotChosen),
            _ => Ok(()),
        }
    }

    /// Keeps a token. Where the store fails, it is kept in memory, and the store becomes `Ask`: a choice made then writes
    /// it down.
    ///
    /// # Errors
    /// [`CredentialError`] when it is only in memory, and that was not chosen.
    pub async fn keep(&self, token: Secret) -> Result<(), CredentialError> {
        let mut state = self.state.lock().await;
        state.token = Some(token);
        let kept = self.write(&state).await;
        if kept.is_err() {
            state.store = CredentialStore::Ask;
        }
        kept
    }

    /// Forgets the token, everywhere that it may be.
    ///
    /// # Errors
    /// [`CredentialError`] when the store still has it.
    pub async fn forget(&self) -> Result<(), CredentialError> {
        let mut state = self.state.lock().await;
        state.token = None;
        remove(&self.file)?;
        if state.store == CredentialStore::Keyring {
            self.keyring.delete(&self.name).await?;
        }
        Ok(())
    }

    /// The user's answer: a file, or nothing but memory. A token that waits is written down at once.
    ///
    /// # Errors
    /// [`CredentialError`] when the file cannot be written; the store is then as it was.
    pub async fn choose(&self, choice: Choice) -> Result<CredentialStore, CredentialError> {
        let mut state = self.state.lock().await;
        let before = state.store;
        state.store = match choice {
            Choice::File => CredentialStore::File,
            Choice::Memory => CredentialStore::Memory,
        };
        if let Err(error) = self.write(&state).await {
            state.store = before;
            return Err(error);
        }
        if choice == Choice::Memory {
            remove(&self.file)?;
        }
        Ok(state.store)
    }

    async fn write(&self, state: &State) -> Result<(), CredentialError> {
        let Some(token) = &state.token else { return Ok(()) };
        match state.store {
            CredentialStore::Keyring => Ok(self.keyring.set(&self.name, &token.0).await?),
            CredentialStore::File => Ok(settings::replace(&self.file, token.0.as_bytes())?),
            CredentialStore::Memory => Ok(()),
            CredentialStore::Ask | CredentialStore::Browser => Err(CredentialError::NotChosen),
        }
    }
}

/// What to do without a keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// A file with owner-only rights.
    File,
    /// Sign in again at each start.
    Memory,
}

async fn look_into(keyring: &Keyring, name: &str) -> State {
    let found = match keyring.get(name).await {
        Ok(Some(token)) => Ok(Some(Secret(token))),
        // A locked keyring says that there is nothing in it.
        Ok(None) => keyring.check(&format!("{name} check")).await.map(|()| None),
        Err(error) => Err(error),
    };
    match found {
        Ok(token) => State { store: CredentialStore::Keyring, token },
        Err(error) => {
            tracing::info!(%error, "no keyring");
            State { store: CredentialStore::Ask, token: None }
        }
    }
}

fn read(file: &std::path::Path) -> Option<Secret> {
    match std::fs::read_to_string(file) {
        Ok(token) => Some(Secret(token)),
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(%error, "the file with the token cannot be read");
            }
            None
        }
    }
}

fn remove(file: &std::path::Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
