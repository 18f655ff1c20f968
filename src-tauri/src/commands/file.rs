//! Files: chosen, moved, shown.

use confab_client::view::Picked;
use confab_protocol::account::User;
use confab_protocol::event::WorkspaceUpdate;
use confab_protocol::file::FileInfo;
use confab_protocol::workspace::Workspace;
use confab_protocol::{Answer, FileId, Slug};

use super::TheShell;

/// Lets the user choose files in the system's dialog; none when it was dismissed.
#[tauri::command]
pub async fn pick_files(shell: TheShell<'_>, images: bool, many: bool) -> Answer<Vec<Picked>> {
    shell.pick_files(images, many).await
}

/// Begins to take over a file that the page holds: pasted or dropped.
#[tauri::command]
pub async fn take_file(shell: TheShell<'_>, name: String, bytes: u64) -> Answer<Picked> {
    shell.take_file(name, bytes).await
}

/// The next piece of it, in base64.
#[tauri::command]
pub async fn take_piece(shell: TheShell<'_>, key: String, data: String) -> Answer<()> {
    shell.take_piece(key, data).await
}

/// Forgets a picked file that is not to be uploaded.
#[tauri::command]
pub async fn forget_picked(shell: TheShell<'_>, key: String) -> Answer<()> {
    shell.picks().forget(&key);
    Ok(())
}

/// Begins to upload a picked file; updates tell of it under the same key.
#[tauri::command]
pub async fn upload_file(shell: TheShell<'_>, key: String) -> Answer<()> {
    shell.upload_file(key).await
}

/// Stops a transfer where it is.
#[tauri::command]
pub async fn pause_transfer(shell: TheShell<'_>, key: String) -> Answer<()> {
    shell.session().await?.files()?.pause(&key)
}

/// Goes on with a transfer, or tries it again.
#[tauri::command]
pub async fn resume_transfer(shell: TheShell<'_>, key: String) -> Answer<()> {
    shell.session().await?.files()?.resume(&key)
}

/// Gives a transfer up, or forgets one that has ended.
#[tauri::command]
pub async fn cancel_transfer(shell: TheShell<'_>, key: String) -> Answer<()> {
    shell.cancel_transfer(&key).await
}

/// Saves a file where the user says: the key of the transfer, or null when the dialog was dismissed.
#[tauri::command]
pub async fn download_file(shell: TheShell<'_>, file: FileInfo) -> Answer<Option<String>> {
    shell.download_file(file).await
}

/// Makes an uploaded image the user's picture; null takes it away.
#[tauri::command]
pub async fn set_avatar(shell: TheShell<'_>, file: Option<FileId>) -> Answer<User> {
    shell.session().await?.http()?.set_avatar(file.as_ref()).await
}

/// Gives a workspace an icon: an emoji or an uploaded image; an empty text takes it away.
#[tauri::command]
pub async fn set_icon(shell: TheShell<'_>, slug: Slug, icon: String) -> Answer<Workspace> {
    let change = WorkspaceUpdate { slug, name: None, icon: Some(icon), open: None };
    shell.session().await?.update_workspace(change).await
}
