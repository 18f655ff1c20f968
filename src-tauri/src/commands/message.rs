//! Messages, and the small signals around them.

use confab_client::view::{MessageItem, NewMessage, Thread};
use confab_protocol::event::{MessageSearch, SearchPage};
use confab_protocol::workspace::Presence;
use confab_protocol::{Answer, MessageId, RoomId, Seq};

use super::TheAccount;

/// Queues a message: its echo arrives as an update at once, whatever the network does. Answers with its key.
#[tauri::command]
pub async fn send(account: TheAccount, message: NewMessage) -> Answer<String> {
    account.session()?.send(message).await
}

/// Replaces the text of a message.
#[tauri::command]
pub async fn edit(account: TheAccount, room: RoomId, id: MessageId, text: String) -> Answer<()> {
    account.session()?.edit(room, id, text).await
}

/// Deletes a message.
#[tauri::command]
pub async fn delete(account: TheAccount, room: RoomId, id: MessageId) -> Answer<()> {
    account.session()?.delete(room, id).await
}

/// Puts a reaction on a message, or takes it off.
#[tauri::command]
pub async fn react(account: TheAccount, room: RoomId, id: MessageId, emoji: String, on: bool) -> Answer<()> {
    account.session()?.react(room, id, emoji, on).await
}

/// Pins a message to its room, or takes it off.
#[tauri::command]
pub async fn pin(account: TheAccount, room: RoomId, id: MessageId, on: bool) -> Answer<()> {
    account.session()?.pin(room, id, on).await
}

/// The newest answers of a thread before `before`, under the message that it began with.
#[tauri::command]
pub async fn thread(account: TheAccount, room: RoomId, id: MessageId, before: Option<Seq>) -> Answer<Thread> {
    account.session()?.thread(room, id, before).await
}

/// What is pinned to a room, oldest first.
#[tauri::command]
pub async fn pins(account: TheAccount, room: RoomId) -> Answer<Vec<MessageItem>> {
    account.session()?.pins(room).await
}

/// Looks for messages on the server.
#[tauri::command]
pub async fn search(account: TheAccount, request: MessageSearch) -> Answer<SearchPage> {
    account.session()?.search(request).await
}

/// Looks for messages among what this computer keeps, also without a network.
#[tauri::command]
pub async fn search_local(account: TheAccount, request: MessageSearch) -> Answer<SearchPage> {
    account.session()?.search_local(request).await
}

/// Puts a failed message back into the queue.
#[tauri::command]
pub async fn retry(account: TheAccount, room: RoomId, key: String) -> Answer<()> {
    account.session()?.retry(room, key).await
}

/// Drops a failed message.
#[tauri::command]
pub async fn discard(account: TheAccount, room: RoomId, key: String) -> Answer<()> {
    account.session()?.discard(room, key).await
}

/// Moves the read marker forward.
#[tauri::command]
pub async fn mark_read(account: TheAccount, room: RoomId, seq: Seq) -> Answer<()> {
    account.session()?.mark_read(room, seq).await
}

/// Tells the others in a room that the user types there or in a thread of it, or has stopped.
#[tauri::command]
pub async fn set_typing(account: TheAccount, room: RoomId, on: bool, thread: Option<MessageId>) -> Answer<()> {
    account.session()?.set_typing(room, thread, on).await
}

/// Tells whether the user is at this device.
#[tauri::command]
pub async fn set_presence(account: TheAccount, state: Presence) -> Answer<()> {
    account.session()?.set_presence(state).await
}
