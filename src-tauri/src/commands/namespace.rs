//! Workspaces: each is a namespace.

use confab_protocol::event::WorkspaceCreate;
use confab_protocol::workspace::Workspace;
use confab_protocol::{Answer, Slug};

use super::TheShell;

/// Switches to a workspace: its link comes up, and an update with its rooms and members follows.
#[tauri::command]
pub async fn open_workspace(shell: TheShell<'_>, slug: Slug) -> Answer<()> {
    shell.session().await?.open_workspace(slug).await
}

/// Makes a workspace.
#[tauri::command]
pub async fn create_workspace(shell: TheShell<'_>, request: WorkspaceCreate) -> Answer<Workspace> {
    shell.session().await?.create_workspace(request).await
}

/// The caller's workspaces and the open ones.
#[tauri::command]
pub async fn list_workspaces(shell: TheShell<'_>) -> Answer<Vec<Workspace>> {
    shell.session().await?.list_workspaces().await
}

/// Joins an open workspace.
#[tauri::command]
pub async fn join_workspace(shell: TheShell<'_>, slug: Slug) -> Answer<Workspace> {
    shell.session().await?.join_workspace(slug).await
}

/// Leaves a workspace.
#[tauri::command]
pub async fn leave_workspace(shell: TheShell<'_>, slug: Slug) -> Answer<()> {
    shell.session().await?.leave_workspace(slug).await
}
