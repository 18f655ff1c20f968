//! The desktop around the window.

use confab_client::view::{Desktop, ShellWords};
use confab_protocol::Answer;

use super::TheShell;
use crate::tray::Badge;

/// What the desktop says about the app.
#[tauri::command]
pub async fn desktop(shell: TheShell<'_>) -> Answer<Desktop> {
    Ok(shell.desktop())
}

/// Shows on the app's icon whether something is unread, and how much of it is for the user; `tip` says the same.
#[tauri::command]
pub async fn set_badge(shell: TheShell<'_>, unread: bool, mentions: u64, tip: String) -> Answer<()> {
    let badge = match mentions {
        0 if unread => Badge::Unread,
        0 => Badge::None,
        count => Badge::Mentions(count),
    };
    shell.set_badge(badge, tip).await;
    Ok(())
}

/// Gives the shell the words that it says outside of the page, in the page's language.
#[tauri::command]
pub async fn set_words(shell: TheShell<'_>, words: ShellWords) -> Answer<()> {
    shell.set_words(words).await
}

/// The user's answer to whether they want to quit.
#[tauri::command]
pub async fn quit(shell: TheShell<'_>, really: bool) -> Answer<()> {
    shell.answer_quit(really);
    Ok(())
}

/// Starts the app with the desktop from now on, or no longer.
#[tauri::command]
pub async fn set_autostart(shell: TheShell<'_>, on: bool) -> Answer<()> {
    shell.set_autostart(on)
}

/// Draws everything that large, in percent.
#[tauri::command]
pub async fn set_zoom(shell: TheShell<'_>, percent: u64) -> Answer<()> {
    shell.set_zoom(percent).await
}
