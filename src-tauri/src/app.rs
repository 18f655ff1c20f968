//! The window, and the life of the process around it.

use std::sync::Arc;

use tauri::webview::NewWindowResponse;
use tauri::{
    App, Builder, Context, DragDropEvent, Manager, RunEvent, Runtime, Url, WebviewWindowBuilder, WindowEvent, Wry,
};

use crate::clipboard;
use crate::commands;
use crate::dialogs::SystemDialogs;
use crate::frame::Frame;
use crate::headless::stop_signal;
use crate::instance::{First, Wish};
use crate::links;
use crate::media;
use crate::paths::Paths;
use crate::shell::Shell;
use crate::webview;
use crate::window::MainWindow;

/// How this process was started.
#[derive(Debug)]
pub struct Launch {
    pub(crate) first: First,
    pub(crate) wish: Wish,
    /// The window is not to be seen at once.
    pub(crate) hidden: bool,
}

/// Opens the window and runs until it is closed.
///
/// # Errors
/// When the settings cannot be written or the webview cannot start.
pub fn run(paths: Paths, context: Context<Wry>, launch: Launch) -> anyhow::Result<()> {
    let Launch { mut first, wish, hidden } = launch;
    let shell = Shell::open(paths)?;
    shell.grant(wish);
    let again = Arc::clone(&shell);
    first.listen(move |wish| again.grant_later(wish));
    // While the webview starts: the page asks for the same, and finds it done.
    let early = Arc::clone(&shell);
    tauri::async_runtime::spawn(async move {
        if let Err(error) = early.start().await {
            tracing::debug!(%error, "the page will see this as well");
        }
    });
    let app = assemble(Builder::default(), Arc::clone(&shell))
        .setup(move |app| Ok(open_window(app, hidden)?))
        .build(context)?;
    let handle = app.handle().clone();
    tauri::async_runtime::spawn(async move {
        match stop_signal().await {
            Ok(()) => handle.exit(0),
            Err(error) => tracing::warn!(%error, "signals end the app without ado"),
        }
    });
    let code = app.run_return(move |_, event| {
        if let RunEvent::Exit = event {
            tauri::async_runtime::block_on(shell.quit());
        }
    });
    anyhow::ensure!(code == 0, "the app ended with code {code}");
    Ok(())
}

/// What every app of this kind has, also the one without a window in the tests.
pub fn assemble<R: Runtime>(builder: Builder<R>, shell: Arc<Shell>) -> Builder<R> {
    let files = Arc::clone(&shell);
    let front = Arc::clone(&shell);
    builder
        .plugin(tauri_plugin_dialog::init())
        .register_asynchronous_uri_scheme_protocol(media::SCHEME, move |_, request, responder| {
            let shell = Arc::clone(&files);
            tauri::async_runtime::spawn(async move { responder.respond(media::serve(shell, request).await) });
        })
        .on_window_event(move |window, event| match event {
            WindowEvent::Resized(_) | WindowEvent::Moved(_) => front.framed(Frame::of(window, front.frame())),
            WindowEvent::Focused(on) => front.focused(*on),
            // The engine gives the page no files (see `clipboard`), so they come from here.
            WindowEvent::DragDrop(DragDropEvent::Drop { paths, .. }) => {
                let (shell, paths) = (Arc::clone(&front), paths.clone());
                tauri::async_runtime::spawn(async move { shell.dropped(paths).await });
            }
            WindowEvent::CloseRequested { api, .. } => {
                api.prevent_close();
                let shell = Arc::clone(&front);
                tauri::async_runtime::spawn(async move { shell.close().await });
            }
            _ => {}
        })
        .manage(shell)
        .invoke_handler(commands::handler())
}

/// Opens the main window as the configuration describes it. What the webview keeps lies in this installation's own
/// cache, so that two instances never share it.
fn open_window(app: &App, hidden: bool) -> tauri::Result<()> {
    let Some(mut config) = app.config().app.windows.first().cloned() else {
        return Err(tauri::Error::WindowNotFound);
    };
    let shell = app.state::<Arc<Shell>>();
    shell.set_dialogs(Box::new(SystemDialogs(app.handle().clone())));
    shell.set_window(Box::new(MainWindow(app.handle().clone())));
    let webview_data = shell.paths().cache().join("webview");
    if let Some(frame) = shell.frame() {
        frame.apply(&mut config, &app.available_monitors()?);
    }
    config.visible = !hidden;
    let dev_url = app.config().build.dev_url.clone();
    let window = WebviewWindowBuilder::from_config(app.handle(), &config)?
        .data_directory(webview_data)
        // A link with `target=_blank`; the page itself never leaves.
        .on_new_window(|url, _| {
            links::open(url);
            NewWindowResponse::Deny
        })
        .on_document_title_changed(|window, title| {
            // What is unread stands in it, for the taskbar.
            if let Err(error) = window.set_title(&title) {
                tracing::debug!(%error, "the title stays as it was");
            }
        })
        .on_navigation(move |url| is_own_page(url, dev_url.as_ref()))
        .build()?;
    webview::suit(&window)?;
    let pasting = Arc::clone(&shell);
    clipboard::watch(&window, move || pasting.paste_pressed());
    shell.opened();
    let shell = Arc::clone(&shell);
    tauri::async_runtime::spawn(async move {
        shell.enter_tray().await;
        // Nobody could bring it back.
        if hidden && !shell.desktop().tray {
            shell.show_window(None);
        }
    });
    Ok(())
}

/// The window shows the app and nothing else: a page from elsewhere would stand where people trust what they read.
fn is_own_page(url: &Url, dev_url: Option<&Url>) -> bool {
    let embedded = url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost");
    embedded
        || url.as_str() == "about:blank"
        || (tauri::is_dev() && dev_url.is_some_and(|dev| dev.origin() == url.origin()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_stays_at_home() {
        let own = |url: &str| is_own_page(&url.parse().unwrap(), None);
        assert!(own("tauri://localhost/") && own("http://tauri.localhost/index.html"));
        for elsewhere in ["https://example.org/", "http://127.0.0.1:7300/", "file:///etc/passwd", "data:text/html,x"] {
            assert!(!own(elsewhere), "{elsewhere}");
        }
    }
}
