//! A login session of a test's own: a home, and a D-Bus with a keyring or without.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// What the private session has.
pub enum Session {
    /// A D-Bus with an unlocked keyring.
    Unlocked,
    /// No D-Bus at all.
    Bare,
}

/// The variable that tells a test that it is inside of its session; holds its directory.
const INSIDE: &str = "CONFAB_TEST_SESSION";

/// Runs the body inside of a private session: this very test, in another process.
pub fn within(session: &Session, test: &str, body: impl AsyncFnOnce(&Path)) {
    if let Some(home) = std::env::var_os(INSIDE) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(body(Path::new(&home)));
    }
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = match session {
        Session::Unlocked => {
            let mut command = Command::new("dbus-run-session");
            // An empty password would not unlock it.
            let script =
                "printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null && exec \"$0\" \"$@\"";
            command.args(["--", "bash", "-c", script]).arg(std::env::current_exe().unwrap());
            command
        }
        Session::Bare => {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
            command
        }
    };
    let output = command
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, home.path())
        .env("CONFAB_HOST_BIND", "127.0.0.1:0")
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path().join("share"))
        .env("XDG_RUNTIME_DIR", home.path())
        .env_remove("DISPLAY")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}\n{errors}");
}
