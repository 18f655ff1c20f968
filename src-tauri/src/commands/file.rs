//! Files: chosen, moved, shown.

use confab_client::view::{DragOut, Picked};
use confab_protocol::account::User;
use confab_protocol::file::FileInfo;
use confab_protocol::{Answer, FileId};

use tauri::ipc::Response;

use super::{TheAccount, TheShell};
use crate::media;

/// Lets the user choose files in the system's dialog; none when it was dismissed.
#[tauri::command]
pub async fn pick_files(shell: TheShell<'_>, images: bool, many: bool) -> Answer<Vec<Picked>> {
    shell.pick_files(images, many).await
}

/// Begins to take over a file that the page holds: pasted or dropped.
#[tauri::command]
pub async fn take_file(account: TheAccount, name: String, bytes: u64) -> Answer<Picked> {
    account.shell.take_file(&account.key, name, bytes).await
}

/// Takes over what the user pastes and the engine keeps from the page: files that were copied, or a picture.
#[tauri::command]
pub async fn paste_files(account: TheAccount) -> Answer<Vec<Picked>> {
    account.shell.paste_files(&account.key).await
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
pub async fn upload_file(account: TheAccount, key: String) -> Answer<()> {
    account.shell.upload_file(&account.key, key)
}

/// Stops a transfer where it is.
#[tauri::command]
pub async fn pause_transfer(account: TheAccount, key: String) -> Answer<()> {
    account.session()?.files()?.pause(&key)
}

/// Goes on with a transfer, or tries it again.
#[tauri::command]
pub async fn resume_transfer(account: TheAccount, key: String) -> Answer<()> {
    account.session()?.files()?.resume(&key)
}

/// Gives a transfer up, or forgets one that has ended.
#[tauri::command]
pub async fn cancel_transfer(account: TheAccount, key: String) -> Answer<()> {
    account.shell.cancel_transfer(&account.key, &key)
}

/// Saves a file where the user says: the key of the transfer, or null when the dialog was dismissed.
#[tauri::command]
pub async fn download_file(account: TheAccount, file: FileInfo) -> Answer<Option<String>> {
    account.shell.download_file(&account.key, file).await
}

/// Lets the user drag a file out of the window; while it is on its way here, its transfer has this key.
#[tauri::command]
pub async fn drag_file(account: TheAccount, key: String, file: FileInfo) -> Answer<DragOut> {
    account.shell.drag_file(&account.key, key, file).await
}

/// A part of a sound or a film, from there on.
#[tauri::command]
pub async fn file_part(account: TheAccount, id: FileId, at: u64) -> Answer<Response> {
    media::part(&account.session()?, &id, at).await.map(Response::new)
}

/// Makes an uploaded image the user's picture; null takes it away.
#[tauri::command]
pub async fn set_avatar(account: TheAccount, file: Option<FileId>) -> Answer<User> {
    account.session()?.http()?.set_avatar(file.as_ref()).await
}
