//! The desktop shell: the only crate that knows Tauri.
