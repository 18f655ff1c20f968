//! A window of Tauri's with nothing in it: what the memory of the app is held against (`confab-bench --only hours`).

fn main() -> tauri::Result<()> {
    tauri::Builder::default().run(tauri::generate_context!("bench/empty/tauri.conf.json"))
}
