//! The main window, as the shell moves it.

use tauri::{AppHandle, Manager as _, Runtime, WebviewWindow};

/// The label of the one window.
pub const MAIN: &str = "main";

/// What the shell does with its window, from any thread.
pub trait Window: Send + Sync {
    /// Brings it to the front, wherever it is.
    fn show(&self);
}

/// The main window of this app.
pub struct MainWindow<R: Runtime>(pub AppHandle<R>);

impl<R: Runtime> Window for MainWindow<R> {
    fn show(&self) {
        let Some(window) = self.0.get_webview_window(MAIN) else { return };
        let bring = |window: &WebviewWindow<R>| {
            window.show()?;
            window.unminimize()?;
            window.set_focus()
        };
        if let Err(error) = bring(&window) {
            tracing::warn!(%error, "the window does not come to the front");
        }
    }
}
