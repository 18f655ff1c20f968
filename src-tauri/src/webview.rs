//! How the engine behind the window is set up. Only WebKitGTK has something to be told; the others are as they should be.

use tauri::{Runtime, WebviewWindow};

/// Draws without OpenGL. There is a policy of WebKit's settings for the same, but with it no wheel turns (2.50).
#[cfg(target_os = "linux")]
const WITHOUT_OPENGL: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";

/// Begins anew without OpenGL where only software would draw with it: it draws each layer and copies it three times, and
/// a sixth of the frames are left. Must be asked before anything else is done; returns when there is nothing to do.
#[cfg(target_os = "linux")]
pub fn prepare() {
    use std::os::unix::process::CommandExt as _;

    if has_gpu() || std::env::var_os(WITHOUT_OPENGL).is_some() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut arguments = std::env::args_os();
    let mut again = std::process::Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    // It ends here, unless that is not possible: then the app is slow, but there.
    let error = again.args(arguments).env(WITHOUT_OPENGL, "1").exec();
    tracing::warn!(%error, "drawing without OpenGL is not possible");
}

/// Begins anew where the engine draws better for it.
#[cfg(not(target_os = "linux"))]
pub const fn prepare() {}

/// Tells the engine what a chat wants of it.
///
/// # Errors
/// When the window is gone.
#[cfg(target_os = "linux")]
pub fn suit<R: Runtime>(window: &WebviewWindow<R>) -> tauri::Result<()> {
    use webkit2gtk::{SettingsExt as _, WebContextExt as _, WebViewExt};

    window.with_webview(|webview| {
        let view = webview.inner();
        if let Some(context) = view.context() {
            // Off unless asked for. The languages are those of the session, as far as dictionaries are installed.
            context.set_spell_checking_enabled(true);
        }
        // Its animation goes to the place that was the right one when it began: what came meanwhile pulls the text away.
        if let Some(settings) = WebViewExt::settings(&view) {
            settings.set_enable_smooth_scrolling(false);
        }
    })
}

/// Tells the engine what a chat wants of it.
///
/// # Errors
/// None here.
#[cfg(not(target_os = "linux"))]
pub const fn suit<R: Runtime>(_: &WebviewWindow<R>) -> tauri::Result<()> {
    Ok(())
}

/// Whether anything can draw but the processor.
#[cfg(target_os = "linux")]
fn has_gpu() -> bool {
    let devices = std::fs::read_dir("/dev/dri").into_iter().flatten().flatten();
    devices.into_iter().any(|device| device.file_name().to_string_lossy().starts_with("renderD"))
}
