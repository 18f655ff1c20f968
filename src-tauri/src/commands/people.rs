//! The user themselves, and whom they want to hear of.

use confab_protocol::account::{ProfileChange, Role, User};
use confab_protocol::event::{PersonalSet, ReminderSet};
use confab_protocol::personal::Personal;
use confab_protocol::{Answer, ReminderId, UserId};

use super::TheShell;

/// Changes the user's own profile.
#[tauri::command]
pub async fn update_profile(shell: TheShell<'_>, change: ProfileChange) -> Answer<User> {
    shell.session().await?.update_profile(&change).await
}

/// Gives somebody another role in the open workspace.
#[tauri::command]
pub async fn update_member(shell: TheShell<'_>, user: UserId, role: Role) -> Answer<()> {
    shell.session().await?.update_member(user, role).await
}

/// Removes somebody from the open workspace.
#[tauri::command]
pub async fn remove_member(shell: TheShell<'_>, user: UserId) -> Answer<()> {
    shell.session().await?.remove_member(user).await
}

/// Replaces when the user wants no signals.
#[tauri::command]
pub async fn set_personal(shell: TheShell<'_>, request: PersonalSet) -> Answer<Personal> {
    shell.session().await?.set_personal(request).await
}

/// Begins or ends to ignore somebody.
#[tauri::command]
pub async fn ignore_user(shell: TheShell<'_>, user: UserId, on: bool) -> Answer<Personal> {
    shell.session().await?.ignore(user, on).await
}

/// Asks to be reminded.
#[tauri::command]
pub async fn set_reminder(shell: TheShell<'_>, request: ReminderSet) -> Answer<Personal> {
    shell.session().await?.set_reminder(request).await
}

/// A reminder was seen, or is not wanted any more.
#[tauri::command]
pub async fn remove_reminder(shell: TheShell<'_>, id: ReminderId) -> Answer<Personal> {
    shell.session().await?.remove_reminder(id).await
}
