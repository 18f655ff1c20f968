//! How the engine behind the window is set up. Only WebKitGTK has something to be told; the others are as they should be.

#[cfg(target_os = "linux")]
use std::process::Command;

use tauri::{Runtime, WebviewWindow};

/// Draws without OpenGL. There is a policy of WebKit's settings for the same, but with it no wheel turns (2.50).
#[cfg(target_os = "linux")]
const WITHOUT_OPENGL: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";

/// What JavaScriptCore is told, for a chat that runs all day.
///
/// - What it takes for the memory of the computer: of the real one it takes a quarter before it collects more than at
///   every doubling, and a garbage collector that comes in time is worth more.
/// - No third and fourth compiler: after a day (`confab-bench --only hours`) they hold 20 to 30 MiB, for a few of the
///   milliseconds in which a room opens (`--only paint`).
/// - No cache of compiled sources: each update of the shell comes to the page as a script, which is never the same twice, and
///   of those it would keep the last 20 MiB.
#[cfg(target_os = "linux")]
const SCRIPTS: [(&str, &str); 3] =
    [("JSC_forceRAMSize", "134217728"), ("JSC_useDFGJIT", "0"), ("JSC_useCodeCache", "0")];

/// What the C library's allocator is told, for the same day: one heap for all threads, since each would get its own and use
/// little of it; and that what is free at the end of it goes back to the system. Together they save 7 MiB of the shell.
#[cfg(target_os = "linux")]
const HEAPS: [(&str, &str); 2] = [("MALLOC_ARENA_MAX", "1"), ("MALLOC_TRIM_THRESHOLD_", "131072")];

/// Which of these the app was begun anew with: what it starts must not have them too. A browser would be slower for it.
#[cfg(target_os = "linux")]
const OURS: &str = "CONFAB_ENGINE_VARIABLES";

/// Begins anew with what the engine reads from its environment alone, unless somebody has set it already:
/// [`SCRIPTS`], [`HEAPS`], and no OpenGL where only software would draw with it: it draws each layer and copies it three
/// times, and a sixth of the frames are left. Must be asked before anything else is done; returns when there is nothing to do.
#[cfg(target_os = "linux")]
pub fn prepare() {
    use std::os::unix::process::CommandExt as _;

    let without_opengl = (!has_gpu()).then_some((WITHOUT_OPENGL, "1"));
    let wanted = SCRIPTS.into_iter().chain(HEAPS).chain(without_opengl);
    let unset: Vec<_> = wanted.filter(|(name, _)| std::env::var_os(name).is_none()).collect();
    let Ok(program) = std::env::current_exe() else { return };
    if unset.is_empty() {
        return;
    }
    let mut arguments = std::env::args_os();
    let mut again = Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    let ours: Vec<_> = unset.iter().map(|(name, _)| *name).collect();
    again.env(OURS, ours.join(","));
    // It ends here, unless that is not possible: then the app is slower and larger, but there.
    let error = again.args(arguments).envs(unset).exec();
    tracing::warn!(%error, "the engine cannot be told what it reads from its environment");
}

/// Begins anew where the engine draws better for it.
#[cfg(not(target_os = "linux"))]
pub const fn prepare() {}

/// Another program gets the environment that the app was started in, without what [`prepare`] added to it for the engine.
#[cfg(target_os = "linux")]
pub fn without_ours(command: &mut Command) {
    let ours = std::env::var(OURS).unwrap_or_default();
    for name in ours.split(',').filter(|name| !name.is_empty()).chain([OURS]) {
        command.env_remove(name);
    }
}

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
