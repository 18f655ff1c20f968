//! The desktop app's binary, built by the root package: the context belongs to the package whose build script made it.

// No console window beside the app on Windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    confab_desktop::main(|| tauri::generate_context!())
}
