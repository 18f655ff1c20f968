//! The main window, as the shell moves it.

use std::path::PathBuf;

use tauri::async_runtime::{Receiver, channel};
use tauri::{AppHandle, Manager as _, Runtime, WebviewWindow};

use crate::clipboard::{self, Pasted};
use crate::drag;

/// The label of the one window.
pub const MAIN: &str = "main";

/// What the shell does with its window, from any thread.
pub trait Window: Send + Sync {
    /// Brings it to the front, wherever it is. Desktops that let no app come there by itself want the `token` that they gave to
    /// what the user pressed: of xdg-activation on Wayland, a startup id on X11.
    fn show(&self, token: Option<&str>);
    /// Puts it out of sight; the page goes on.
    fn hide(&self);
    /// Whether it is out of sight by [`Window::hide`].
    fn is_hidden(&self) -> bool;
    /// Draws everything in it that large: 1 is as it was meant.
    fn zoom(&self, factor: f64);
    /// What is in the clipboard and no text, if anything is.
    fn pasted(&self) -> Receiver<Pasted>;
    /// Gives a file to the pointer that is pressed on the window; false when none is.
    fn drag(&self, file: PathBuf) -> Receiver<bool>;
    /// Ends the app.
    fn quit(&self);
}

/// The main window of this app.
pub struct MainWindow<R: Runtime>(pub AppHandle<R>);

impl<R: Runtime> MainWindow<R> {
    fn with(&self, act: impl FnOnce(&WebviewWindow<R>) -> tauri::Result<()>) {
        if let Some(window) = self.0.get_webview_window(MAIN)
            && let Err(error) = act(&window)
        {
            tracing::warn!(%error, "the window does not do as it is told");
        }
    }

    /// Shows the desktop its token: GTK asks it for the front with that.
    #[cfg(target_os = "linux")]
    fn present(&self, token: String) {
        use gtk::prelude::GtkWindowExt as _;
        self.with(|window| {
            let its = window.clone();
            window.run_on_main_thread(move || {
                if let Ok(window) = its.gtk_window() {
                    window.set_startup_id(&token);
                }
            })
        });
    }

    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::unused_self, reason = "other systems have no such thing")]
    fn present(&self, _: String) {}
}

/// The token that this process was started with, from what the user pressed: <https://wayland.app/protocols/xdg-activation-v1>.
#[must_use]
pub fn activation() -> Option<String> {
    let given = |name| std::env::var(name).ok().filter(|token| !token.is_empty());
    given("XDG_ACTIVATION_TOKEN").or_else(|| given("DESKTOP_STARTUP_ID"))
}

impl<R: Runtime> Window for MainWindow<R> {
    fn show(&self, token: Option<&str>) {
        if let Some(token) = token {
            self.present(token.to_owned());
        }
        self.with(|window| {
            window.show()?;
            window.unminimize()?;
            window.set_focus()
        });
    }

    fn hide(&self) {
        self.with(WebviewWindow::hide);
    }

    fn is_hidden(&self) -> bool {
        self.0.get_webview_window(MAIN).is_some_and(|window| !window.is_visible().unwrap_or(true))
    }

    fn zoom(&self, factor: f64) {
        self.with(|window| window.set_zoom(factor));
    }

    fn pasted(&self) -> Receiver<Pasted> {
        let (tell, pasted) = channel(1);
        self.with(|window| window.run_on_main_thread(move || clipboard::read(tell)));
        pasted
    }

    fn drag(&self, file: PathBuf) -> Receiver<bool> {
        let (tell, begun) = channel(1);
        self.with(|window| {
            let its = window.clone();
            window.run_on_main_thread(move || {
                // Who asked may be gone.
                let _ = tell.try_send(drag::begin(&its, &file));
            })
        });
        begun
    }

    fn quit(&self) {
        self.0.exit(0);
    }
}
