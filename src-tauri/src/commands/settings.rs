//! What the app remembers.

use confab_client::view::{CredentialStore, Place, Settings};
use confab_protocol::Answer;

use super::{TheAccount, TheShell};
use crate::credentials::Choice;

/// Remembers how things should look.
#[tauri::command]
pub async fn save_settings(shell: TheShell<'_>, settings: Settings) -> Answer<()> {
    shell.remember(move |now| now.settings = settings).await
}

/// Remembers where the user is in this account, for the next start.
#[tauri::command]
pub async fn save_place(account: TheAccount, place: Place) -> Answer<()> {
    let TheAccount { shell, key } = account;
    shell.remember(move |now| now.at(&key, place)).await
}

/// The first room since the page was loaded is on the screen.
#[tauri::command]
pub async fn drawn(shell: TheShell<'_>) -> Answer<()> {
    shell.drawn();
    Ok(())
}

/// The user's answer when there is no keyring.
#[tauri::command]
pub async fn choose_credential_store(shell: TheShell<'_>, choice: Choice) -> Answer<CredentialStore> {
    shell.choose_store(choice).await
}
