//! What reaches the user outside of the page, and leads them back into it: the window, notifications, the tray.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use confab_client::notify::Target;
use confab_client::view::{AccountKey, Desktop, Place, Settings, ShellWords, Update, Warning};
use confab_protocol::event::PersonalSet;
use confab_protocol::{Answer, Cause, Error, ErrorCode};
use tokio::task::JoinSet;

use super::Shell;
use crate::autostart::Autostart;
use crate::clock;
use crate::frame::Frame;
use crate::instance::Wish;
use crate::settings::ZOOM;
use crate::tray::Badge;
use crate::window::Window;

/// The smallest and the largest zoom, in percent.
const ZOOMS: (u16, u16) = (50, 300);

impl Shell {
    /// The window that was opened.
    pub fn set_window(&self, window: Box<dyn Window>) {
        // One window in the life of the process.
        drop(self.window.set(window));
    }

    /// Puts an icon into the tray, where there is one.
    pub async fn enter_tray(self: &Arc<Self>) {
        self.tray.start(Arc::downgrade(self)).await;
    }

    /// The window came to the front, or went away from it.
    pub fn focused(&self, on: bool) {
        self.notifications.focused(on);
    }

    /// What the desktop says.
    pub fn desktop(&self) -> Desktop {
        Desktop {
            tray: self.tray.is_visible(),
            autostart: self.autostart.as_ref().map(Autostart::is_on),
            zoom: self.settings.read().zoom,
        }
    }

    /// Starts the app with the desktop from now on, or no longer.
    ///
    /// # Errors
    /// `read_only` when the desktop's folder cannot be written to.
    pub fn set_autostart(&self, on: bool) -> Answer<()> {
        let Some(autostart) = &self.autostart else { return Err(Error::not_found()) };
        autostart.set(on).map_err(|error| Error::new(ErrorCode::ReadOnly, error.to_string()).because(Cause::Disk))
    }

    /// Draws everything that large, in percent, also at the next start.
    ///
    /// # Errors
    /// `read_only` when it could not be written down.
    pub async fn set_zoom(&self, percent: u64) -> Answer<()> {
        let percent = u16::try_from(percent).unwrap_or(u16::MAX).clamp(ZOOMS.0, ZOOMS.1);
        self.zoom(percent);
        self.remember(move |now| now.zoom = percent).await
    }

    /// The window is open: it is as large as it was.
    pub fn opened(&self) {
        let zoom = self.settings.read().zoom;
        if zoom != ZOOM {
            self.zoom(zoom);
        }
    }

    fn zoom(&self, percent: u16) {
        if let Some(window) = self.window.get() {
            window.zoom(f64::from(percent) / f64::from(ZOOM));
        }
    }

    /// Where the window was last.
    pub fn frame(&self) -> Option<Frame> {
        *self.frame.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The window was moved.
    pub fn framed(&self, frame: Option<Frame>) {
        *self.frame.lock().unwrap_or_else(PoisonError::into_inner) = frame;
    }

    pub(super) async fn keep_frame(&self) {
        let frame = self.frame();
        if let Err(error) = self.remember(move |now| now.frame = frame).await {
            tracing::warn!(%error, "where the window is will not be remembered");
        }
    }

    /// What a later start was given. False when this app is about to end: the later one takes its place.
    pub fn grant_later(&self, wish: Wish) -> bool {
        if self.leaving.load(Ordering::Relaxed) {
            return false;
        }
        self.show_window(wish.activation.as_deref());
        self.grant(wish);
        true
    }

    /// What the start was given.
    pub fn grant(&self, Wish { link, .. }: Wish) {
        if let Some(link) = link {
            self.bridge.send(Update::Join { link });
        }
    }

    /// How much is unread, as the page counts it, and says it.
    pub async fn set_badge(&self, badge: Badge, tip: String) {
        self.tray.set_badge(badge, tip).await;
    }

    /// What the shell says itself, in the page's language.
    #[must_use]
    pub fn words(&self) -> Arc<ShellWords> {
        Arc::clone(&self.words.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The page speaks another language: so does the shell, at once and at the next start.
    ///
    /// # Errors
    /// `read_only` when they could not be written down; they are spoken all the same.
    pub async fn set_words(&self, words: ShellWords) -> Answer<()> {
        *self.words.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(words.clone());
        self.tray.draw().await;
        self.remember(move |now| now.words = words).await
    }

    /// Brings the window to the front, with the token of what the user pressed, where there is one.
    pub fn show_window(&self, token: Option<&str>) {
        if let Some(window) = self.window.get() {
            window.show(token);
        }
    }

    /// The user closed the window: the app stays in the tray if it is in one, and ends otherwise.
    pub async fn close(&self) {
        if self.settings.read().settings.close_to_tray && self.tray.is_visible() {
            if let Some(window) = self.window.get() {
                window.hide();
            }
            self.focused(false);
            self.keep_frame().await;
        } else {
            self.ask_to_quit().await;
        }
    }

    /// The tray is gone: a window that was left in it comes back.
    pub(crate) fn leave_tray(&self) {
        if let Some(window) = self.window.get()
            && window.is_hidden()
        {
            window.show(None);
        }
    }

    /// Ends the app; while others are connected to its server, only after the page has asked. Whoever asks again before it
    /// was answered means it.
    pub async fn ask_to_quit(&self) {
        let others = self.others().await;
        if others > 0 && self.bridge.is_open() && !self.quitting.swap(true, Ordering::Relaxed) {
            self.show_window(None);
            self.bridge.send(Update::Quitting { others });
        } else {
            self.answer_quit(true);
        }
    }

    /// The user's answer.
    pub fn answer_quit(&self, really: bool) {
        self.quitting.store(false, Ordering::Relaxed);
        if really && let Some(window) = self.window.get() {
            self.leave();
            window.quit();
        }
    }

    /// Nothing is granted from now on.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// Begins or ends not to disturb, from the tray: on all servers that can be reached. One that cannot has nothing to
    /// disturb with.
    pub(crate) async fn set_quiet(&self, on: bool) {
        let mut asked = JoinSet::new();
        for (key, session) in self.sessions() {
            let personal = self.notifications.personal(&key);
            let (quiet, invisible) = (personal.quiet, personal.invisible);
            let request = PersonalSet { dnd_until: on.then(clock::tomorrow), quiet, invisible };
            asked.spawn(async move { session.set_personal(request).await });
        }
        let answers = asked.join_all().await;
        if let Some(error) = nobody_did(answers) {
            // Where they pressed nothing can be said.
            self.show_window(None);
            self.bridge.send(Update::Warning { warning: Warning::Refused { error } });
        }
    }

    /// The page shows this message of an account.
    pub(crate) fn go(&self, key: &AccountKey, Target { workspace, room, seq }: Target) {
        self.tell_page(key, Update::Go { workspace, room, seq });
    }

    /// The place that is looked at, if it is in this account, and what the user chose.
    pub(crate) fn place_and_settings(&self, key: &AccountKey) -> (Option<Place>, Settings) {
        let now = self.settings.read();
        let place = now.seat(key).filter(|_| now.front.as_ref() == Some(key)).map(|seat| seat.place.clone());
        (place, now.settings)
    }

    /// The server's name, where there are several to tell apart.
    pub(crate) fn name_among_several(&self, key: &AccountKey) -> Option<String> {
        let several = self.sessions().len() > 1;
        self.settings.read().seat(key).filter(|_| several).map(|seat| seat.account.server_name.clone())
    }

    /// How many people besides this one are connected to the server of this app.
    async fn others(&self) -> usize {
        let Some(hosting) = self.embedded.hosting().await else { return 0 };
        let accounts = self.sessions().into_iter().map(|(_, session)| session.account());
        let me = accounts.into_iter().find(|account| account.address == hosting.address).map(|account| account.user.id);
        self.embedded.others(me.as_ref()).await
    }
}

/// Why nothing came of it, when nobody did what was asked.
fn nobody_did<T>(answers: Vec<Answer<T>>) -> Option<Error> {
    let mut errors = Vec::new();
    for answer in answers {
        match answer {
            Ok(_) => return None,
            Err(error) => errors.push(error),
        }
    }
    errors.pop()
}
