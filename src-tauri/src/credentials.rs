//! Where the tokens of the sessions are kept between two starts, one for each account: the keyring, or what the user chose
//! instead. Never a file that nobody asked for, and never the webview.

mod keyring;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use confab_client::view::{AccountKey, CredentialStore};
use confab_protocol::account::Secret;
use tokio::sync::Mutex;

use crate::{paths, settings};

pub use keyring::{Keyring, KeyringError, PATIENCE};

/// The token is not where it should be.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The keyring cannot be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The file that the user chose cannot be used.
    #[error("the file for the sign-in cannot be used: {0}")]
    File(#[from] io::Error),
    /// There is no keyring, and the user has not said what to do.
    #[error("there is no keyring on this computer: choose where to keep the sign-in first")]
    NotChosen,
}

/// The store of all tokens. One is chosen for all of them.
#[derive(Debug)]
pub struct Credentials {
    keyring: Keyring,
    /// The tokens' files, where the user chose those: each is named after its account.
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    store: CredentialStore,
    /// The tokens as of now, whatever the store: what `Memory` has, and what a later choice writes down.
    tokens: BTreeMap<AccountKey, Secret>,
}

impl Credentials {
    /// Finds out which store there is and reads the tokens of these accounts from it. `in_file`: the user chose files at an
    /// earlier start.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub async fn open(installation: &str, accounts: &[AccountKey], folder: PathBuf, in_file: bool) -> io::Result<Self> {
        let keyring = Keyring::start()?;
        let state = if in_file {
            let tokens = accounts.iter().filter_map(|key| Some((key.clone(), read(&folder.join(&key.0))?))).collect();
            State { store: CredentialStore::File, tokens }
        } else {
            look_into(&keyring, installation, accounts).await
        };
        Ok(Self { keyring, folder, state: Mutex::new(state) })
    }

    /// Where tokens are kept. `Ask`: nowhere yet.
    pub async fn store(&self) -> CredentialStore {
        self.state.lock().await.store
    }

    /// The token of an account, where there is one.
    pub async fn token(&self, key: &AccountKey) -> Option<Secret> {
        self.state.lock().await.tokens.get(key).cloned()
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

    /// Keeps the token of an account in place of the one before. Where the store fails, the store becomes `Ask`: the user
    /// chooses another one then, and signs in again.
    ///
    /// # Errors
    /// [`CredentialError`] when it is not kept.
    pub async fn keep(&self, key: &AccountKey, token: Secret) -> Result<(), CredentialError> {
        let mut state = self.state.lock().await;
        let kept = self.write(state.store, key, &token).await;
        if kept.is_ok() {
            state.tokens.insert(key.clone(), token);
        } else {
            state.store = CredentialStore::Ask;
        }
        kept
    }

    /// Forgets the token of an account, everywhere that it may be.
    ///
    /// # Errors
    /// [`CredentialError`] when the store still has it.
    pub async fn forget(&self, key: &AccountKey) -> Result<(), CredentialError> {
        let mut state = self.state.lock().await;
        state.tokens.remove(key);
        remove(&self.folder.join(&key.0))?;
        if state.store == CredentialStore::Keyring {
            self.keyring.delete(&entry_of(key)).await?;
        }
        Ok(())
    }

    /// The user's answer: files, or nothing but memory. The tokens that there are go there at once.
    ///
    /// # Errors
    /// [`CredentialError`] when a file cannot be written; the store is then as it was.
    pub async fn choose(&self, choice: Choice) -> Result<CredentialStore, CredentialError> {
        let mut state = self.state.lock().await;
        let chosen = match choice {
            Choice::File => CredentialStore::File,
            Choice::Memory => CredentialStore::Memory,
        };
        for (key, token) in &state.tokens {
            self.write(chosen, key, token).await?;
            if choice == Choice::Memory {
                remove(&self.folder.join(&key.0))?;
            }
        }
        state.store = chosen;
        Ok(chosen)
    }

    async fn write(&self, store: CredentialStore, key: &AccountKey, token: &Secret) -> Result<(), CredentialError> {
        match store {
            CredentialStore::Keyring => Ok(self.keyring.set(&entry_of(key), &token.0).await?),
            CredentialStore::File => {
                paths::own(&self.folder)?;
                Ok(settings::replace(&self.folder.join(&key.0), token.0.as_bytes())?)
            }
            CredentialStore::Memory => Ok(()),
            CredentialStore::Ask | CredentialStore::Browser => Err(CredentialError::NotChosen),
        }
    }
}

/// Moves the file of the time when there was one account, where it is, to the place of that account's.
///
/// # Errors
/// When it cannot be moved.
pub fn adopt(old: &Path, folder: &Path, key: &AccountKey) -> io::Result<()> {
    if !old.exists() {
        return Ok(());
    }
    paths::own(folder)?;
    std::fs::rename(old, folder.join(&key.0))
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

async fn look_into(keyring: &Keyring, installation: &str, accounts: &[AccountKey]) -> State {
    let mut tokens = BTreeMap::new();
    let mut usable = Ok(());
    for key in accounts {
        match keyring.get(&entry_of(key)).await {
            Ok(Some(token)) => drop(tokens.insert(key.clone(), Secret(token))),
            Ok(None) => {}
            Err(error) => {
                usable = Err(error);
                break;
            }
        }
    }
    // A locked keyring says that there is nothing in it.
    if usable.is_ok() && tokens.is_empty() {
        usable = keyring.check(&format!("session {installation} check")).await;
    }
    let store = match usable {
        Ok(()) => CredentialStore::Keyring,
        Err(error) => {
            tracing::info!(%error, "no keyring");
            CredentialStore::Ask
        }
    };
    State { store, tokens }
}

/// The name of an account's entry in the keyring. Keys are made at random, so no two installations share one.
fn entry_of(key: &AccountKey) -> String {
    format!("session {key}")
}

fn read(file: &Path) -> Option<Secret> {
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

fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
