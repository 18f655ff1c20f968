//! Messages, and the small signals around them.

use confab_client::view::{MessageItem, NewMessage, Thread};
use confab_protocol::event::{MessageSearch, SearchPage};
use confab_protocol::workspace::Presence;
use confab_protocol::{Answer, MessageId, RoomId, Seq};

use super::TheShell;

/// Queues a message: its echo arrives as an update at once, whatever the network does. Answers with its key.
#[tauri::command]
pub async fn send(shell: TheShell<'_>, message: NewMessage) -> Answer<String> {
    shell.session().await?.send(message).await
}

/// Replaces the text of a message.
#[tauri::command]
pub async fn edit(shell: TheShell<'_>, room: RoomId, id: MessageId, text: String) -> Answer<()> {
    shell.session().await?.edit(room, id, text).await
}

/// Deletes a message.
#[tauri::command]
pub async fn delete(shell: TheShell<'_>, room: RoomId, id: MessageId) -> Answer<()> {
    shell.session().await?.delete(room, id).await
}

/// Puts a reaction on a message, or takes it off.
#[tauri::command]
pub async fn react(shell: TheShell<'_>, room: RoomId, id: MessageId, emoji: String, on: bool) -> Answer<()> {
    shell.session().await?.react(room, id, emoji, on).await
}

/// Pins a message to its room, or takes it off.
#[tauri::command]
pub async fn pin(shell: TheShell<'_>, room: RoomId, id: MessageId, on: bool) -> Answer<()> {
    shell.session().await?.pin(room, id, on).await
}

/// The newest answers of a thread before `before`, under the message that it began with.
#[tauri::command]
pub async fn thread(shell: TheShell<'_>, room: RoomId, id: MessageId, before: Option<Seq>) -> Answer<Thread> {
    shell.session().await?.thread(room, id, before).await
}

/// What is pinned to a room, oldest first.
#[tauri::command]
pub async fn pins(shell: TheShell<'_>, room: RoomId) -> Answer<Vec<MessageItem>> {
    shell.session().await?.pins(room).await
}

/// Looks for messages on the server.
#[tauri::command]
pub async fn search(shell: TheShell<'_>, request: MessageSearch) -> Answer<SearchPage> {
    shell.session().await?.search(request).await
}

/// Looks for messages among what this computer keeps, also without a network.
#[tauri::command]
pub async fn search_local(shell: TheShell<'_>, request: MessageSearch) -> Answer<SearchPage> {
    shell.session().await?.search_local(request).await
}

/// Puts a failed message back into the queue.
#[tauri::command]
pub async fn retry(shell: TheShell<'_>, room: RoomId, key: String) -> Answer<()> {
    shell.session().await?.retry(room, key).await
}

/// Drops a failed message.
#[tauri::command]
pub async fn discard(shell: TheShell<'_>, room: RoomId, key: String) -> Answer<()> {
    shell.session().await?.discard(room, key).await
}

/// Moves the read marker forward.
#[tauri::command]
pub async fn mark_read(shell: TheShell<'_>, room: RoomId, seq: Seq) -> Answer<()> {
    shell.session().await?.mark_read(room, seq).await
}

/// Tells the others in a room that the user types there or in a thread of it, or has stopped.
#[tauri::command]
pub async fn set_typing(shell: TheShell<'_>, room: RoomId, on: bool, thread: Option<MessageId>) -> Answer<()> {
    shell.session().await?.set_typing(room, thread, on).await
}

/// Tells whether the user is at this device.
#[tauri::command]
pub async fn set_presence(shell: TheShell<'_>, state: Presence) -> Answer<()> {
    shell.session().await?.set_presence(state).await
}
