//! Rooms of the open workspace.

use confab_protocol::event::{HistoryPage, RoomCreate, RoomJoined, RoomUpdate};
use confab_protocol::room::Room;
use confab_protocol::workspace::Member;
use confab_protocol::{Answer, RoomId, UserId};

use super::TheShell;

/// Makes a room the one that is looked at: joins it if need be, catches up, and resets its timeline.
#[tauri::command]
pub async fn open_room(shell: TheShell<'_>, room: RoomId) -> Answer<RoomJoined> {
    shell.session().await?.open_room(room).await
}

/// Rooms that could be joined, those joined already too.
#[tauri::command]
pub async fn list_rooms(shell: TheShell<'_>) -> Answer<Vec<Room>> {
    shell.session().await?.list_rooms().await
}

/// Makes a room.
#[tauri::command]
pub async fn create_room(shell: TheShell<'_>, request: RoomCreate) -> Answer<Room> {
    shell.session().await?.create_room(request).await
}

/// Changes a room, or the caller's own settings for it.
#[tauri::command]
pub async fn update_room(shell: TheShell<'_>, request: RoomUpdate) -> Answer<Room> {
    shell.session().await?.update_room(request).await
}

/// Leaves a room.
#[tauri::command]
pub async fn leave_room(shell: TheShell<'_>, room: RoomId) -> Answer<()> {
    shell.session().await?.leave_room(room).await
}

/// Brings members of the workspace into a room.
#[tauri::command]
pub async fn invite_to_room(shell: TheShell<'_>, room: RoomId, users: Vec<UserId>) -> Answer<Room> {
    shell.session().await?.invite_to_room(room, users).await
}

/// Removes someone from a room.
#[tauri::command]
pub async fn kick_from_room(shell: TheShell<'_>, room: RoomId, user: UserId) -> Answer<()> {
    shell.session().await?.kick_from_room(room, user).await
}

/// Who is in a room.
#[tauri::command]
pub async fn room_members(shell: TheShell<'_>, room: RoomId) -> Answer<Vec<Member>> {
    shell.session().await?.room_members(room).await
}

/// The room of exactly these people and the caller.
#[tauri::command]
pub async fn open_direct(shell: TheShell<'_>, users: Vec<UserId>) -> Answer<Room> {
    shell.session().await?.open_direct(users).await
}

/// Loads a page from before what the timeline has; it arrives as an update too.
#[tauri::command]
pub async fn load_older(shell: TheShell<'_>, room: RoomId) -> Answer<HistoryPage> {
    shell.session().await?.load_older(room).await
}
