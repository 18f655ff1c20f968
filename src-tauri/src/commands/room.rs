//! Rooms of the open workspace.

use confab_protocol::event::{RoomCreate, RoomJoined, RoomUpdate};
use confab_protocol::room::Room;
use confab_protocol::workspace::Member;
use confab_protocol::{Answer, RoomId, UserId};

use super::TheAccount;

/// Makes a room the one that is looked at: joins it if need be, catches up, and resets its timeline.
#[tauri::command]
pub async fn open_room(account: TheAccount, room: RoomId) -> Answer<RoomJoined> {
    account.session()?.open_room(room).await
}

/// Rooms that could be joined, those joined already too.
#[tauri::command]
pub async fn list_rooms(account: TheAccount) -> Answer<Vec<Room>> {
    account.session()?.list_rooms().await
}

/// Makes a room.
#[tauri::command]
pub async fn create_room(account: TheAccount, request: RoomCreate) -> Answer<Room> {
    account.session()?.create_room(request).await
}

/// Changes a room, or the caller's own settings for it.
#[tauri::command]
pub async fn update_room(account: TheAccount, request: RoomUpdate) -> Answer<Room> {
    account.session()?.update_room(request).await
}

/// Leaves a room.
#[tauri::command]
pub async fn leave_room(account: TheAccount, room: RoomId) -> Answer<()> {
    account.session()?.leave_room(room).await
}

/// Brings members of the workspace into a room.
#[tauri::command]
pub async fn invite_to_room(account: TheAccount, room: RoomId, users: Vec<UserId>) -> Answer<Room> {
    account.session()?.invite_to_room(room, users).await
}

/// Removes someone from a room.
#[tauri::command]
pub async fn kick_from_room(account: TheAccount, room: RoomId, user: UserId) -> Answer<()> {
    account.session()?.kick_from_room(room, user).await
}

/// Who is in a room.
#[tauri::command]
pub async fn room_members(account: TheAccount, room: RoomId) -> Answer<Vec<Member>> {
    account.session()?.room_members(room).await
}

/// The room of exactly these people and the caller.
#[tauri::command]
pub async fn open_direct(account: TheAccount, users: Vec<UserId>) -> Answer<Room> {
    account.session()?.open_direct(users).await
}

/// Loads a page from before what the timeline has; it arrives as an update.
#[tauri::command]
pub async fn load_older(account: TheAccount, room: RoomId) -> Answer<()> {
    account.session()?.load_older(room).await.map(drop)
}
