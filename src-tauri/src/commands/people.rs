//! The user themselves, and whom they want to hear of.

use confab_protocol::account::{ProfileChange, Role, User};
use confab_protocol::event::{PersonalSet, ReminderSet};
use confab_protocol::personal::Personal;
use confab_protocol::{Answer, ReminderId, UserId};

use super::TheAccount;

/// Changes the user's own profile.
#[tauri::command]
pub async fn update_profile(account: TheAccount, change: ProfileChange) -> Answer<User> {
    account.session()?.update_profile(&change).await
}

/// Gives somebody another role in the open workspace.
#[tauri::command]
pub async fn update_member(account: TheAccount, user: UserId, role: Role) -> Answer<()> {
    account.session()?.update_member(user, role).await
}

/// Removes somebody from the open workspace.
#[tauri::command]
pub async fn remove_member(account: TheAccount, user: UserId) -> Answer<()> {
    account.session()?.remove_member(user).await
}

/// Replaces when the user wants no signals.
#[tauri::command]
pub async fn set_personal(account: TheAccount, request: PersonalSet) -> Answer<Personal> {
    account.session()?.set_personal(request).await
}

/// Begins or ends to ignore somebody.
#[tauri::command]
pub async fn ignore_user(account: TheAccount, user: UserId, on: bool) -> Answer<Personal> {
    account.session()?.ignore(user, on).await
}

/// Asks to be reminded.
#[tauri::command]
pub async fn set_reminder(account: TheAccount, request: ReminderSet) -> Answer<Personal> {
    account.session()?.set_reminder(request).await
}

/// A reminder was seen, or is not wanted any more.
#[tauri::command]
pub async fn remove_reminder(account: TheAccount, id: ReminderId) -> Answer<Personal> {
    account.session()?.remove_reminder(id).await
}
