//! What the shell does with files: asks the user, and hands paths to the session.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use confab_client::session::Session;
use confab_client::view::{AccountKey, DragOut, Picked, Update, Warning};
use confab_protocol::file::FileInfo;
use confab_protocol::{Answer, Error, ErrorCode, text};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::Shell;
use crate::clipboard::Pasted;
use crate::files::{self, Dialogs, Picks};
use crate::media;

/// How long after the keys were pressed the page may ask what is pasted.
const PASTING: Duration = Duration::from_secs(2);
/// What a picture that is pasted is called, as in browsers.
const PICTURE: &str = "image.png";

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

    /// Saves what was taken over from the page where the user says, and forgets it. False when they do not.
    ///
    /// # Errors
    /// `not_found` for anything but a copy, `unavailable` without a window, `read_only` when it cannot be written there.
    pub async fn save_picked(&self, key: String) -> Answer<bool> {
        // What the page says of it is not believed where it becomes a name.
        let name = text::file_name(&self.picks.copied(&key)?.name);
        let chosen = self.dialogs()?.save(&self.words(), &name).recv().await;
        let saved = chosen.is_some();
        self.with_picks(move |picks| {
            let done = chosen.map_or(Ok(()), |path| picks.save(&key, &path));
            picks.forget(&key);
            done
        })
        .await?;
        Ok(saved)
    }

    /// Takes over what the user dropped on the window, and tells the page.
    pub async fn dropped(&self, paths: Vec<PathBuf>) {
        // What comes back to where it was dragged from was not meant for there.
        let own = dragged(self.paths.cache());
        let paths = paths.into_iter().filter(|path| !path.starts_with(&own));
        // What is no path was the address of something elsewhere.
        let (paths, links): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_absolute());
        let links = links.into_iter().map(|link| link.to_string_lossy().into_owned()).collect();
        let chosen = move |picks: &Picks| Ok(paths.into_iter().map(|path| picks.choose(path)).collect::<Vec<_>>());
        let (files, refused): (Vec<_>, Vec<_>) =
            self.with_picks(chosen).await.unwrap_or_default().into_iter().partition(Result::is_ok);
        self.bridge.send(Update::Dropped { files: files.into_iter().flatten().collect(), links });
        if let Some(error) = refused.into_iter().find_map(Result::err) {
            self.bridge.send(Update::Warning { warning: Warning::Refused { error } });
        }
    }

    /// The user pressed the keys that paste.
    pub fn paste_pressed(&self) {
        *self.pasting.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// What the user pastes that is no text: the files that were copied, or a picture. Nothing to a page that asks without
    /// their having pressed the keys for it: what is in the clipboard is not the page's.
    ///
    /// # Errors
    /// `unavailable` without a window, `too_large` for more than the server takes, `read_only` when the cache takes no file.
    pub async fn paste_files(&self, account: &AccountKey) -> Answer<Vec<Picked>> {
        let pressed = self.pasting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if pressed.is_none_or(|at| at.elapsed() > PASTING) {
            return Ok(Vec::new());
        }
        let window = self.window.get().ok_or_else(no_window)?;
        match window.pasted().recv().await {
            None => Ok(Vec::new()),
            Some(Pasted::Files(paths)) => {
                self.with_picks(move |picks| paths.into_iter().map(|path| picks.choose(path)).collect()).await
            }
            Some(Pasted::Picture(png)) => {
                fits(&self.session(account)?, png.len() as u64)?;
                self.with_picks(move |picks| Ok(vec![picks.copy(PICTURE.to_owned(), &png)?])).await
            }
        }
    }

    /// Lets the user drag a file out of the window, as soon as it is on this computer. What is dragged is a copy of its own.
    ///
    /// # Errors
    /// `unavailable` without a window, `read_only` when the cache takes no file.
    pub async fn drag_file(&self, account: &AccountKey, key: String, file: FileInfo) -> Answer<DragOut> {
        let session = self.session(account)?;
        let folder = dragged(self.paths.cache()).join(media::path_part(&file.id)?);
        let path = folder.join(text::file_name(&file.name));
        spawn_blocking(move || files::make_private(&folder))
            .await
            .map_err(io::Error::other)
            .flatten()
            .map_err(|error| files::unwritable(&error))?;
        if !session.files()?.fetch(key, file, path.clone()).await? {
            return Ok(DragOut::Cancelled);
        }
        let window = self.window.get().ok_or_else(no_window)?;
        let begun = window.drag(path).recv().await.unwrap_or(false);
        Ok(if begun { DragOut::Begun } else { DragOut::Late })
    }

    async fn with_picks<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Picks) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let picks = Arc::clone(&self.picks);
        spawn_blocking(move || work(&picks)).await.map_err(|_| super::internal("The file could not be read."))?
    }

    fn dialogs(&self) -> Answer<&dyn Dialogs> {
        self.dialogs.get().map(|dialogs| &**dialogs).ok_or_else(no_window)
    }
}

fn no_window() -> Error {
    Error::new(ErrorCode::Unavailable, "There is no window to ask in.")
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
pub(super) fn copies(cache: &Path) -> PathBuf {
    cache.join("picked")
}

/// Where copies of what is dragged out of the window are kept, until the next start.
pub(super) fn dragged(cache: &Path) -> PathBuf {
    cache.join("dragged")
}
