//! The system's own dialogs, on behalf of the window.

use std::path::PathBuf;

use tauri::async_runtime::{Receiver, channel};
use tauri::{AppHandle, Runtime};
use tauri_plugin_dialog::{DialogExt as _, FilePath};

use crate::files::Dialogs;

/// The images that the server makes small pictures of.
const IMAGES: [&str; 5] = ["png", "jpg", "jpeg", "gif", "webp"];

/// Dialogs of this app.
pub struct SystemDialogs<R: Runtime>(pub AppHandle<R>);

impl<R: Runtime> Dialogs for SystemDialogs<R> {
    fn open(&self, images: bool, many: bool) -> Receiver<Vec<PathBuf>> {
        let (tell, chosen) = channel(1);
        let mut dialog = self.0.dialog().file();
        if images {
            dialog = dialog.add_filter("Images", &IMAGES);
        }
        // A dialog whose answer nobody waits for any more answers in vain.
        if many {
            dialog.pick_files(move |files| drop(tell.try_send(files.into_iter().flatten().filter_map(path).collect())));
        } else {
            dialog.pick_file(move |file| drop(tell.try_send(file.into_iter().filter_map(path).collect())));
        }
        chosen
    }

    fn save(&self, name: &str) -> Receiver<PathBuf> {
        let (tell, chosen) = channel(1);
        let dialog = self.0.dialog().file().set_file_name(name);
        dialog.save_file(move |file| {
            if let Some(path) = file.and_then(path) {
                drop(tell.try_send(path));
            }
        });
        chosen
    }
}

fn path(file: FilePath) -> Option<PathBuf> {
    file.into_path().ok()
}
