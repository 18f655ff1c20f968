//! The build script of the root package: the capabilities, and one permission per command.

#[path = "src/commands/names.rs"]
mod names;

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    println!("cargo:rerun-if-changed=src-tauri/src/commands/names.rs");
    println!("cargo:rerun-if-changed=src-tauri/isolation");
    // A new asset does not rebuild the app by itself. Without embedded assets the directory need not exist, and a
    // missing one would rebuild everything each time.
    if !tauri_build::is_dev() {
        println!("cargo:rerun-if-changed=ui/dist");
    }
    let attributes =
        tauri_build::Attributes::new().capabilities_path_pattern("./src-tauri/capabilities/**/*").app_manifest(
            tauri_build::AppManifest::new()
                .commands(names::COMMANDS)
                // None are written by hand. By default Tauri would watch permissions/, into which this very script
                // generates one per command: the second build of every clone would link the app again.
                .permissions_path_pattern("./src-tauri/permissions/*.toml"),
        );
    if let Err(error) = tauri_build::try_build(attributes) {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}
