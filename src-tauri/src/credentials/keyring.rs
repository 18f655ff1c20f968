//! The operating system's keyring, on a thread of its own: a locked keyring can hold a caller for minutes, and no caller
//! here waits longer than [`PATIENCE`].

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use keyring::v1::{Entry, Error};
use tokio::sync::oneshot;

/// The longest wait for one answer. Long enough to type a keyring's password at a prompt that is already open, short
/// enough to look at a start page for.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The service name of every entry.
const SERVICE: &str = "Confab";

/// Waiting questions. More than these means that the keyring hangs: further ones are refused at once.
const QUEUE: usize = 4;

/// The keyring cannot be used, now at least.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// There is none, or it is locked.
    #[error("the keyring cannot be used: {0}")]
    Unusable(#[from] Error),
    /// It did not answer in time.
    #[error("the keyring did not answer within {} s", PATIENCE.as_secs())]
    Silent,
}

enum Question {
    Get(String),
    Set(String, String),
    Delete(String),
    Try(String),
}

type Reply = Result<Option<String>, Error>;

/// The thread that talks to the keyring. It ends when this is dropped and the question at hand is answered.
#[derive(Debug)]
pub struct Keyring {
    questions: SyncSender<(Question, oneshot::Sender<Reply>)>,
}

impl Keyring {
    /// Starts the thread. The keyring itself is not touched before the first question.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub fn start() -> std::io::Result<Self> {
        let (questions, inbox) = sync_channel(QUEUE);
        std::thread::Builder::new().name("keyring".into()).spawn(move || serve(&inbox))?;
        Ok(Self { questions })
    }

    /// The secret under that name. A locked keyring answers `None` too: see [`Keyring::check`].
    ///
    /// # Errors
    /// [`KeyringError`] when it cannot be asked.
    pub async fn get(&self, name: &str) -> Result<Option<String>, KeyringError> {
        self.ask(Question::Get(name.into())).await
    }

    /// Keeps a secret under that name.
    ///
    /// # Errors
    /// [`KeyringError`] when it is not kept, or perhaps not.
    pub async fn set(&self, name: &str, secret: &str) -> Result<(), KeyringError> {
        self.ask(Question::Set(name.into(), secret.into())).await.map(drop)
    }

    /// Forgets the secret under that name; it need not exist.
    ///
    /// # Errors
    /// [`KeyringError`] when it is still there, or perhaps is.
    pub async fn delete(&self, name: &str) -> Result<(), KeyringError> {
        self.ask(Question::Delete(name.into())).await.map(drop)
    }

    /// Whether secrets can be kept: writes one under that name, reads it and deletes it. Nothing less tells a locked
    /// keyring from an empty one.
    ///
    /// # Errors
    /// [`KeyringError`] when they cannot.
    pub async fn check(&self, name: &str) -> Result<(), KeyringError> {
        self.ask(Question::Try(name.into())).await.map(drop)
    }

    async fn ask(&self, question: Question) -> Result<Option<String>, KeyringError> {
        let (reply, answer) = oneshot::channel();
        self.questions.try_send((question, reply)).map_err(|_| KeyringError::Silent)?;
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => Ok(answer?),
            Ok(Err(_)) | Err(_) => Err(KeyringError::Silent),
        }
    }
}

fn serve(inbox: &Receiver<(Question, oneshot::Sender<Reply>)>) {
    while let Ok((question, reply)) = inbox.recv() {
        // Nobody waits any more: what was to be kept is then kept elsewhere, and must not appear here later.
        if !reply.is_closed() {
            let _ = reply.send(answer(question));
        }
    }
}

fn answer(question: Question) -> Reply {
    match question {
        Question::Get(name) => match Entry::new(SERVICE, &name)?.get_password() {
            Ok(secret) => Ok(Some(secret)),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        },
        Question::Set(name, secret) => Entry::new(SERVICE, &name)?.set_password(&secret).map(|()| None),
        Question::Delete(name) => match Entry::new(SERVICE, &name)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        },
        Question::Try(name) => {
            let entry = Entry::new(SERVICE, &name)?;
            entry.set_password("can this be read again?")?;
            let read = entry.get_password();
            entry.delete_credential()?;
            read.map(|_| None)
        }
    }
}
