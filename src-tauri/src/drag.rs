//! A file on its way out of the window, to whatever the user drops it on.

use std::path::Path;

use tauri::{Runtime, WebviewWindow};

/// Gives the file to the pointer, if its first button is pressed. Main thread only.
///
/// The crate `drag` does the same for more systems, but its Linux half knows X11 only.
#[cfg(target_os = "linux")]
pub fn begin<R: Runtime>(window: &WebviewWindow<R>, file: &Path) -> bool {
    use std::cell::RefCell;
    use std::rc::Rc;

    use gtk::gdk::{DragAction, ModifierType};
    use gtk::glib::object::ObjectExt as _;
    use gtk::prelude::{SeatExt as _, WidgetExt as _};

    const FIRST_BUTTON: i32 = 1;

    let (Ok(window), Ok(uri)) = (window.gtk_window(), gtk::glib::filename_to_uri(file, None)) else { return false };
    let pointer = window.display().default_seat().and_then(|seat| seat.pointer());
    let Some((surface, pointer)) = window.window().zip(pointer) else { return false };
    let (_, _, _, pressed) = surface.device_position(&pointer);
    if !pressed.contains(ModifierType::BUTTON1_MASK) {
        return false;
    }
    let targets = gtk::TargetList::new(&[]);
    targets.add_uri_targets(0);
    let asked = window.connect_drag_data_get(move |_, _, data, _, _| {
        data.set_uris(&[uri.as_str()]);
    });
    // The window is the source of this drag only.
    let signals = Rc::new(RefCell::new(vec![asked]));
    let ended = {
        let signals = Rc::clone(&signals);
        window
            .connect_drag_end(move |window, _| signals.take().into_iter().for_each(|signal| window.disconnect(signal)))
    };
    signals.borrow_mut().push(ended);
    // No event: the page has seen it, long ago. GDK takes the grab that the pointer has now.
    let begun = window.drag_begin_with_coordinates(&targets, DragAction::COPY, FIRST_BUTTON, None, -1, -1).is_some();
    if !begun {
        signals.take().into_iter().for_each(|signal| window.disconnect(signal));
    }
    begun
}

/// Not on this system yet.
#[cfg(not(target_os = "linux"))]
pub fn begin<R: Runtime>(_: &WebviewWindow<R>, _: &Path) -> bool {
    false
}
