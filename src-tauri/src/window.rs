//! The main window, as the shell moves it.

use tauri::{AppHandle, Manager as _, Runtime, WebviewWindow};

/// The label of the one window.
pub const MAIN: &str = "main";

/// What the shell does with its window, from any thread.
pub trait Window: Send + Sync {
    /// Brings it to the front, wherever it is.
    fn show(&self);
    /// Puts it out of sight; the page goes on.
    fn hide(&self);
    /// Whether it is out of sight by [`Window::hide`].
    fn is_hidden(&self) -> bool;
    /// Draws everything in it that large: 1 is as it was meant.
    fn zoom(&self, factor: f64);
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
}

impl<R: Runtime> Window for MainWindow<R> {
    fn show(&self) {
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

    fn quit(&self) {
        self.0.exit(0);
    }
}
