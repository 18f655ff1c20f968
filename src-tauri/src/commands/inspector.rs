//! Looking at the links.

use confab_client::view::Inspection;
use confab_protocol::Answer;

use super::{TheAccount, TheShell};

/// Shows what goes over the links of the account, in updates, until it is stopped; `texts` with what people wrote.
#[tauri::command]
pub async fn inspect(account: TheAccount, texts: bool) -> Answer<Inspection> {
    Ok(account.session()?.inspect(texts))
}

/// Nobody looks any more.
#[tauri::command]
pub async fn stop_inspecting(account: TheAccount) -> Answer<()> {
    account.session()?.stop_inspecting();
    Ok(())
}

/// Saves what the page has handed over under this key (`take_file`) where the user says; false when they do not.
#[tauri::command]
pub async fn save_picked(shell: TheShell<'_>, key: String) -> Answer<bool> {
    shell.save_picked(key).await
}
