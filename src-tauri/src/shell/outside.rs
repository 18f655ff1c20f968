//! What reaches the user outside of the page, and leads them back into it.

use confab_client::notify::Target;
use confab_client::view::{Place, Settings, Update};

use super::Shell;
use crate::window::Window;

impl Shell {
    /// The window that was opened.
    pub fn set_window(&self, window: Box<dyn Window>) {
        // One window in the life of the process.
        drop(self.window.set(window));
    }

    /// The window came to the front, or went away from it.
    pub fn focused(&self, on: bool) {
        self.notifications.focused(on);
    }

    /// Shows the window, and this message in it.
    pub(crate) fn go(&self, Target { workspace, room, seq }: Target) {
        self.show_window();
        self.bridge.send(Update::Go { workspace, room, seq });
    }

    /// Hands something to the page past the session.
    pub(crate) fn tell_page(&self, update: Update) {
        self.bridge.send(update);
    }

    /// The place that is open, and what the user chose.
    pub(crate) fn place_and_settings(&self) -> (Place, Settings) {
        let now = self.settings.read();
        (now.place, now.settings)
    }

    fn show_window(&self) {
        if let Some(window) = self.window.get() {
            window.show();
        }
    }
}
