//! What the shell does with files: asks the user, and hands paths to the session.

use std::path::PathBuf;
use std::sync::Arc;

use confab_client::session::Session;
use confab_client::view::{AccountKey, Picked};
use confab_protocol::file::FileInfo;
use confab_protocol::{Answer, Error, ErrorCode, text};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::Shell;
use crate::files::{Dialogs, Picks};

impl Shell {
    /// The dialogs of the window that was opened.
    pub fn set_dialogs(&self, dialogs: Box<dyn Dialogs>) {
        // One window in the life of the process.
        drop(self.dialogs.set(dialogs));
    }

    /// What was picked.
    pub fn picks(&self) -> &Arc<Picks> {
        &self.picks
    }

    /// Lets the user choose.
    ///
    /// # Errors
    /// `unavailable` without a window.
    pub async fn pick_files(&self, images: bool, many: bool) -> Answer<Vec<Picked>> {
        let mut chosen = self.dialogs()?.open(&self.words(), images, many);
        let paths = chosen.recv().await.unwrap_or_default();
        self.with_picks(move |picks| paths.into_iter().map(|path| picks.choose(path)).collect()).await
    }

    /// Begins to take over what the page holds.
    ///
    /// # Errors
    /// `too_large` for more than the server takes.
    pub async fn take_file(&self, account: &AccountKey, name: String, bytes: u64) -> Answer<Picked> {
        fits(&self.session(account)?, bytes)?;
        self.with_picks(move |picks| picks.begin(name, bytes)).await
    }

    /// Takes the next piece of it.
    ///
    /// # Errors
    /// As [`Picks::piece`].
    pub async fn take_piece(&self, key: String, data: String) -> Answer<()> {
        self.with_picks(move |picks| picks.piece(&key, &data)).await
    }

    /// Begins to upload.
    ///
    /// # Errors
    /// `not_found` for a key that was not picked, `too_large` for more than the server takes.
    pub fn upload_file(&self, account: &AccountKey, key: String) -> Answer<()> {
        let (pick, session) = (self.picks.get(&key)?, self.session(account)?);
        fits(&session, pick.bytes)?;
        session.files()?.upload(key, pick.path, pick.name, pick.bytes)
    }

    /// Gives a transfer up; what was copied for it is removed.
    ///
    /// # Errors
    /// `not_found`.
    pub fn cancel_transfer(&self, account: &AccountKey, key: &str) -> Answer<()> {
        self.session(account)?.files()?.cancel(key)?;
        self.picks.forget(key);
        Ok(())
    }

    /// Lets the user choose a place, and begins to download. None when they do not.
    ///
    /// # Errors
    /// `unavailable` without a window.
    pub async fn download_file(&self, account: &AccountKey, file: FileInfo) -> Answer<Option<String>> {
        let session = self.session(account)?;
        // What the page says of it is not believed where it becomes a name.
        let name = text::file_name(&file.name);
        let Some(path) = self.dialogs()?.save(&self.words(), &name).recv().await else { return Ok(None) };
        let key = Uuid::now_v7().simple().to_string();
        session.files()?.download(key.clone(), file, path)?;
        Ok(Some(key))
    }

    async fn with_picks<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Picks) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let picks = Arc::clone(&self.picks);
        spawn_blocking(move || work(&picks)).await.map_err(|_| super::internal("The file could not be read."))?
    }

    fn dialogs(&self) -> Answer<&dyn Dialogs> {
        let none = || Error::new(ErrorCode::Unavailable, "There is no window to ask in.");
        self.dialogs.get().map(|dialogs| &**dialogs).ok_or_else(none)
    }
}

/// Refuses what is more than the server takes.
fn fits(session: &Session, bytes: u64) -> Answer<()> {
    let most = session.file_bytes();
    if bytes <= most {
        return Ok(());
    }
    Err(Error::new(ErrorCode::TooLarge, format!("A file has at most {most} bytes here.")))
}

/// Where copies of what the page holds are kept.
pub(super) fn copies(cache: &std::path::Path) -> PathBuf {
    cache.join("picked")
}
