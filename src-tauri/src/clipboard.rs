//! What the user pastes that is no text. Since CVE-2025-13947 (2.50.3) WebKitGTK gives a page neither files that are dropped nor
//! such that are pasted: the shell takes them from the desktop, and the page gets keys of them as from a dialog. Other engines
//! give a page its files.

use std::path::PathBuf;

use tauri::async_runtime::Sender;
use tauri::{Runtime, WebviewWindow};

/// What stands in the clipboard.
#[derive(Debug)]
pub enum Pasted {
    /// Files that were copied.
    Files(Vec<PathBuf>),
    /// A picture, as PNG.
    Picture(Vec<u8>),
}

/// Calls `pressed` whenever the user presses the keys that paste. Only then may the page ask what is in the clipboard.
#[cfg(target_os = "linux")]
pub fn watch<R: Runtime>(window: &WebviewWindow<R>, pressed: impl Fn() + 'static) {
    use gtk::gdk::{ModifierType, keys::constants as key};
    use gtk::glib::Propagation;
    use gtk::prelude::WidgetExt as _;

    let Ok(window) = window.gtk_window() else { return };
    window.connect_key_press_event(move |_, event| {
        let (what, with) = (event.keyval(), event.state());
        let letter = what == key::v || what == key::V;
        if (letter && with.contains(ModifierType::CONTROL_MASK))
            || (what == key::Insert && with.contains(ModifierType::SHIFT_MASK))
        {
            pressed();
        }
        Propagation::Proceed
    });
}

/// The page of another engine does not ask.
#[cfg(not(target_os = "linux"))]
pub fn watch<R: Runtime>(_: &WebviewWindow<R>, _: impl Fn() + 'static) {}

/// Tells what is there, or nothing when it is text: programs put a picture of copied cells beside their words, and then the
/// words are meant. Main thread only.
#[cfg(target_os = "linux")]
pub fn read(tell: Sender<Pasted>) {
    use gtk::gdk::{Atom, SELECTION_CLIPBOARD};

    let clipboard = gtk::Clipboard::get(&SELECTION_CLIPBOARD);
    clipboard.request_uris(move |clipboard, uris| {
        let files: Vec<_> =
            uris.iter().filter_map(|uri| gtk::glib::filename_from_uri(uri).ok()).map(|(path, _)| path).collect();
        if !files.is_empty() {
            drop(tell.try_send(Pasted::Files(files)));
            return;
        }
        clipboard.request_text(move |clipboard, text| {
            if text.is_some_and(|text| !text.is_empty()) {
                return;
            }
            clipboard.request_contents(&Atom::intern("image/png"), move |_, picture| {
                let png = picture.data();
                if !png.is_empty() {
                    drop(tell.try_send(Pasted::Picture(png)));
                }
            });
        });
    });
}

/// Tells nothing.
#[cfg(not(target_os = "linux"))]
pub fn read(_: Sender<Pasted>) {}
