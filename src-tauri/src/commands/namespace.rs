//! Workspaces: each is a namespace.

use confab_protocol::event::{WorkspaceCreate, WorkspaceUpdate};
use confab_protocol::workspace::Workspace;
use confab_protocol::{Answer, Slug};

use super::TheAccount;

/// Switches to a workspace: its link comes up, and an update with its rooms and members follows.
#[tauri::command]
pub async fn open_workspace(account: TheAccount, slug: Slug) -> Answer<()> {
    account.session()?.open_workspace(slug).await
}

/// Makes a workspace.
#[tauri::command]
pub async fn create_workspace(account: TheAccount, request: WorkspaceCreate) -> Answer<Workspace> {
    account.session()?.create_workspace(request).await
}

/// The caller's workspaces and the open ones.
#[tauri::command]
pub async fn list_workspaces(account: TheAccount) -> Answer<Vec<Workspace>> {
    account.session()?.list_workspaces().await
}

/// Joins an open workspace.
#[tauri::command]
pub async fn join_workspace(account: TheAccount, slug: Slug) -> Answer<Workspace> {
    account.session()?.join_workspace(slug).await
}

/// Changes a workspace's name, icon (an emoji or an uploaded image; an empty text takes it away), or who may join.
#[tauri::command]
pub async fn update_workspace(account: TheAccount, request: WorkspaceUpdate) -> Answer<Workspace> {
    account.session()?.update_workspace(request).await
}

/// Closes a workspace to everybody. What was written stays on the server.
#[tauri::command]
pub async fn archive_workspace(account: TheAccount, slug: Slug) -> Answer<()> {
    account.session()?.archive_workspace(slug).await
}

/// Leaves a workspace.
#[tauri::command]
pub async fn leave_workspace(account: TheAccount, slug: Slug) -> Answer<()> {
    account.session()?.leave_workspace(slug).await
}
