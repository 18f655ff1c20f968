//! The system's own dialogs, on behalf of the window.

use std::path::PathBuf;

use confab_client::view::ShellWords;
use directories::UserDirs;
use tauri::async_runtime::{Receiver, channel};
use tauri::{AppHandle, Manager as _, Runtime};
use tauri_plugin_dialog::{DialogExt as _, FileDialogBuilder, FilePath};

use crate::files::Dialogs;
use crate::window::MAIN;

/// The images that the server makes small pictures of.
const IMAGES: [&str; 5] = ["png", "jpg", "jpeg", "gif", "webp"];

/// Dialogs of this app.
pub struct SystemDialogs<R: Runtime>(pub AppHandle<R>);

impl<R: Runtime> Dialogs for SystemDialogs<R> {
    fn open(&self, words: &ShellWords, images: bool, many: bool) -> Receiver<Vec<PathBuf>> {
        let (tell, chosen) = channel(1);
        let title = if images { &words.dialog_picture } else { &words.dialog_files };
        let mut dialog = self.dialog(title);
        if images {
            dialog = dialog.add_filter(&words.dialog_pictures, &IMAGES);
        }
        // A dialog whose answer nobody waits for any more answers in vain.
        if many {
            dialog.pick_files(move |files| drop(tell.try_send(files.into_iter().flatten().filter_map(path).collect())));
        } else {
            dialog.pick_file(move |file| drop(tell.try_send(file.into_iter().filter_map(path).collect())));
        }
        chosen
    }

    fn save(&self, words: &ShellWords, name: &str) -> Receiver<PathBuf> {
        let (tell, chosen) = channel(1);
        let mut dialog = self.dialog(&words.dialog_save).set_file_name(name);
        if let Some(folder) = downloads() {
            dialog = dialog.set_directory(folder);
        }
        dialog.save_file(move |file| {
            if let Some(path) = file.and_then(path) {
                drop(tell.try_send(path));
            }
        });
        chosen
    }
}

impl<R: Runtime> SystemDialogs<R> {
    /// A dialog over the window, not somewhere behind it.
    fn dialog(&self, title: &str) -> FileDialogBuilder<R> {
        let dialog = self.0.dialog().file().set_title(title_of(title));
        match self.0.get_webview_window(MAIN) {
            Some(window) => dialog.set_parent(&window),
            None => dialog,
        }
    }
}

/// Where people look for what they have downloaded.
fn downloads() -> Option<PathBuf> {
    let user = UserDirs::new()?;
    Some(user.download_dir().filter(|folder| folder.is_dir()).unwrap_or(user.home_dir()).to_owned())
}

/// The dialog panics over a NUL, and the page is not believed to send none.
fn title_of(words: &str) -> String {
    words.replace('\0', "")
}

fn path(file: FilePath) -> Option<PathBuf> {
    file.into_path().ok()
}
