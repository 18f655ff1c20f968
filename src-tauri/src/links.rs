//! Links that lead out of the app, into the system's browser.

use tauri::Url;
use tauri::async_runtime::spawn_blocking;

#[cfg(target_os = "linux")]
use crate::webview;

/// What a message may open: a page, or a letter. Anything else could start a program with what somebody else wrote.
const OUTWARD: [&str; 3] = ["http", "https", "mailto"];

/// Opens a link that somebody clicked, unless it is of another kind.
pub fn open(url: Url) {
    if !leads_outward(&url) {
        tracing::warn!(scheme = url.scheme(), "a link of this kind is not opened");
        return;
    }
    spawn_blocking(move || {
        if let Err(error) = start(&url) {
            tracing::warn!(%error, "no browser opened the link");
        }
    });
}

/// Starts the browser, in the environment of the session and not in the engine's.
#[cfg(target_os = "linux")]
fn start(url: &Url) -> std::io::Result<()> {
    use std::os::unix::process::CommandExt as _;
    use std::process::Stdio;

    let mut failed = std::io::ErrorKind::NotFound.into();
    for mut command in open::commands(url.as_str()) {
        webview::without_ours(&mut command);
        // What ends the app from a terminal does not end the browser.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        match command.spawn() {
            Ok(mut launcher) => {
                // Some wait for the browser; none is left as a zombie.
                std::thread::spawn(move || launcher.wait());
                return Ok(());
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Starts the browser.
#[cfg(not(target_os = "linux"))]
fn start(url: &Url) -> std::io::Result<()> {
    open::that_detached(url.as_str())
}

fn leads_outward(url: &Url) -> bool {
    OUTWARD.contains(&url.scheme())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_and_letters_are_opened() {
        let outward = |url: &str| leads_outward(&url.parse().unwrap());
        assert!(outward("https://example.org/a?b#c") && outward("http://host:1/") && outward("MAILTO:ada@example.org"));
        for url in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,x",
            "confab://join/h/c",
            "tauri://localhost/",
            "smb://host/x",
        ] {
            assert!(!outward(url), "{url}");
        }
    }
}
