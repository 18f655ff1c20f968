//! The façade that a shell holds: one signed-in session with one server.
//!
//! A [`Session`] owns the links (the lobby, the open workspace, and workspaces left with unsent writes), and turns all
//! that happens on them into [`Update`]s. Its calls are what a user can do. All of it is cheap to clone and safe to call
//! from any task.

mod people;
mod state;

use std::sync::Arc;

use confab_protocol::account::{Invite, InviteRequest, Secret, Session as Device};
use confab_protocol::answer::Empty;
use confab_protocol::event::{
    DirectOpen, HistoryPage, MembersReply, MessageDelete, MessageEdit, MessagePin, MessageReact, MessageSearch,
    MessageSend, MessageThread, PinsReply, Request, RoomCreate, RoomInvite, RoomJoined, RoomKick, RoomLeave, RoomList,
    RoomMembers, RoomPins, RoomReply, RoomUpdate, RoomsReply, SearchPage, ThreadPage, WorkspaceArchive,
    WorkspaceCreate, WorkspaceJoin, WorkspaceLeave, WorkspaceList, WorkspaceReply, WorkspaceUpdate, WorkspacesReply,
};
use confab_protocol::file::FileRef;
use confab_protocol::room::Room;
use confab_protocol::workspace::{Member, Presence, Workspace};
use confab_protocol::{Cid, Error, ErrorCode, MessageId, RoomId, Seq, SessionId, Slug, UserId, text};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::connection::Handle;
use crate::files::Transfers;
use crate::http::Http;
use crate::link::Factory;
use crate::link::socketio::SocketIo;
use crate::local::Local;
use crate::machine::workspace::Command;
use crate::outbox::Write;
use crate::view::{Account, Inspection, MessageItem, NewMessage, Thread, Update};
use state::Inner;

/// Who is signed in where, and the proof of it: all that a shell keeps between two starts.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The server and the person; no secret in it.
    pub account: Account,
    /// The bearer token. Belongs into the keyring and nowhere else.
    pub token: Secret,
}

/// One signed-in session. Dropping the last clone closes its links; the server keeps the session.
#[derive(Debug, Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

impl Session {
    /// Starts the session: the lobby's link comes up by itself, and stays up whatever the network does. It begins with
    /// what `local` has of this account; workspaces in which something waits to be sent are connected, unseen.
    ///
    /// `updates` may be as small as one likes (256 is plenty): when the shell does not drain it, updates are dropped
    /// and the whole picture follows as soon as there is room again.
    ///
    /// Must be called in a tokio runtime.
    #[must_use]
    pub fn start(identity: Identity, local: Local, updates: mpsc::Sender<Update>) -> Self {
        Self::start_over(identity, local, updates, Arc::new(SocketIo))
    }

    /// Like [`Session::start`], over links of another make.
    #[must_use]
    pub fn start_over(
        identity: Identity,
        local: Local,
        updates: mpsc::Sender<Update>,
        factory: Arc<dyn Factory>,
    ) -> Self {
        Self { inner: Inner::start(identity, local, updates, factory) }
    }

    /// Who is signed in where.
    #[must_use]
    pub fn account(&self) -> Account {
        self.inner.account.clone()
    }

    /// Sends the whole current picture again: for a webview that was loaded anew.
    pub fn resync(&self) {
        self.inner.each_shown(Handle::resync, Handle::resync);
        if let Ok(files) = self.files() {
            files.resync();
        }
    }

    /// The network came back or the window was looked at: waiting links try again at once, and live ones are asked whether
    /// they still are. Links do so by themselves when another one is live again, and after the computer was asleep.
    pub fn nudge(&self) {
        self.inner.nudge(None);
    }

    /// Shows what goes over the links: [`Update::Inspected`] tells of it from now on. Texts that people wrote are covered
    /// unless `texts` asks for them; tokens always are. May be called again to change that.
    ///
    /// Must be called in a tokio runtime.
    #[must_use]
    pub fn inspect(&self, texts: bool) -> Inspection {
        self.inner.inspect(texts)
    }

    /// Nobody looks any more: nothing is recorded.
    pub fn stop_inspecting(&self) {
        self.inner.stop_inspecting();
    }

    /// Ends the session on the server, closes the links, and erases what this computer kept of the account.
    /// `Update::SignedOut` without an error follows. The token is worthless afterwards, even when the server could not be
    /// told (the error then says so).
    ///
    /// # Errors
    /// The server could not be reached: it still holds the session.
    pub async fn sign_out(&self) -> Result<(), Error> {
        let told = match self.inner.http() {
            Ok(http) => http.end_session(None).await,
            Err(error) => Err(error),
        };
        self.inner.end(None);
        if let Err(error) = self.inner.local.erase().await {
            tracing::warn!(%error, "what was kept of the account is still there");
        }
        // A session that the server does not know any more has ended, too.
        told.or_else(|error| if error.code == ErrorCode::Unauthorized { Ok(()) } else { Err(error) })
    }

    /// Closes the links and leaves the session on the server. No update follows.
    pub fn close(&self) {
        self.inner.close();
    }

    /// Makes an invitation.
    ///
    /// # Errors
    /// The server's refusal, or `unavailable` when it cannot be reached.
    pub async fn create_invite(&self, request: &InviteRequest) -> Result<Invite, Error> {
        self.inner.http()?.create_invite(request).await
    }

    /// The user's signed-in devices.
    ///
    /// # Errors
    /// As for [`Session::create_invite`].
    pub async fn sessions(&self) -> Result<Vec<Device>, Error> {
        self.inner.http()?.sessions().await
    }

    /// Signs another device out.
    ///
    /// # Errors
    /// As for [`Session::create_invite`].
    pub async fn revoke_session(&self, id: &SessionId) -> Result<(), Error> {
        self.inner.http()?.end_session(Some(id)).await
    }

    // --- files ---

    /// Uploads and downloads of this session.
    ///
    /// # Errors
    /// `internal` when this system cannot make HTTP calls at all.
    pub fn files(&self) -> Result<&Transfers, Error> {
        self.inner.files.as_ref().map_err(Clone::clone)
    }

    /// The HTTP calls of this session, for what the shell shows of files.
    ///
    /// # Errors
    /// As [`Session::files`].
    pub fn http(&self) -> Result<&Http, Error> {
        self.inner.http()
    }

    /// The largest file that the server takes, in bytes.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.inner.limits().file_bytes
    }

    /// Changes a workspace: its name, icon or openness.
    ///
    /// # Errors
    /// As for [`Session::create_workspace`].
    pub async fn update_workspace(&self, request: WorkspaceUpdate) -> Result<Workspace, Error> {
        let WorkspaceReply { workspace } = self.ask_lobby(&request).await?;
        Ok(workspace)
    }

    // --- namespace ---

    /// Switches to a workspace. Answers at once; its link comes up, and an [`Update::Workspace`] follows. What is
    /// wrong with it arrives as an [`Update::Link`].
    ///
    /// # Errors
    /// `unauthorized` after the session ended.
    pub async fn open_workspace(&self, slug: Slug) -> Result<(), Error> {
        self.inner.open_workspace(slug).await
    }

    /// Makes a workspace.
    ///
    /// # Errors
    /// The server's refusal; `unavailable` when the link did not come up in time.
    pub async fn create_workspace(&self, request: WorkspaceCreate) -> Result<Workspace, Error> {
        let WorkspaceReply { workspace } = self.ask_lobby(&request).await?;
        Ok(workspace)
    }

    /// The caller's workspaces and the open ones.
    ///
    /// # Errors
    /// As for [`Session::create_workspace`].
    pub async fn list_workspaces(&self) -> Result<Vec<Workspace>, Error> {
        let WorkspacesReply { workspaces } = self.ask_lobby(&WorkspaceList {}).await?;
        Ok(workspaces)
    }

    /// Joins an open workspace.
    ///
    /// # Errors
    /// As for [`Session::create_workspace`].
    pub async fn join_workspace(&self, slug: Slug) -> Result<Workspace, Error> {
        let WorkspaceReply { workspace } = self.ask_lobby(&WorkspaceJoin { slug }).await?;
        Ok(workspace)
    }

    /// Closes a workspace to everybody. What was written stays on the server.
    ///
    /// # Errors
    /// As for [`Session::create_workspace`]; `forbidden` for all but its owner and the admins of the server.
    pub async fn archive_workspace(&self, slug: Slug) -> Result<(), Error> {
        let Empty {} = self.ask_lobby(&WorkspaceArchive { slug: slug.clone() }).await?;
        self.inner.leave_workspace(&slug);
        Ok(())
    }

    /// Leaves a workspace.
    ///
    /// # Errors
    /// As for [`Session::create_workspace`].
    pub async fn leave_workspace(&self, slug: Slug) -> Result<(), Error> {
        let Empty {} = self.ask_lobby(&WorkspaceLeave { slug: slug.clone() }).await?;
        self.inner.leave_workspace(&slug);
        Ok(())
    }

    // --- room, in the open workspace ---

    /// Makes a room the one that is looked at: joins it if need be, catches up, and resets its timeline.
    ///
    /// # Errors
    /// The server's refusal; `unavailable` when the link did not come up in time. The room stays the one that is
    /// looked at, and its timeline comes with the link.
    pub async fn open_room(&self, room: RoomId) -> Result<RoomJoined, Error> {
        decode(self.command(Command::OpenRoom(room)).await?)
    }

    /// Rooms that could be joined, those joined already too.
    ///
    /// # Errors
    /// The server's refusal; `unavailable` when the link did not come up in time. So for all that follow.
    pub async fn list_rooms(&self) -> Result<Vec<Room>, Error> {
        let RoomsReply { rooms } = self.ask(&RoomList {}).await?;
        Ok(rooms)
    }

    /// Makes a room.
    ///
    /// # Errors
    /// As for [`Session::list_rooms`].
    pub async fn create_room(&self, request: RoomCreate) -> Result<Room, Error> {
        let RoomReply { room } = self.ask(&request).await?;
        Ok(room)
    }

    /// Changes a room, or the caller's own settings for it.
    ///
    /// # Errors
    /// As for [`Session::list_rooms`].
    pub async fn update_room(&self, request: RoomUpdate) -> Result<Room, Error> {
        let RoomReply { room } = self.ask(&request).await?;
        Ok(room)
    }

    /// Leaves a room.
    ///
    /// # Errors
    /// As for [`Session::list_rooms`].
    pub async fn leave_room(&self, room: RoomId) -> Result<(), Error> {
        let Empty {} = self.ask(&RoomLeave { room }).await?;
        Ok(())
    }

    /// Brings members of the workspace into a room.
    ///
    /// # Errors
    /// As for [`Session::list_rooms`].
    pub async fn invite_to_room(&self, room: RoomId, users: Vec<UserId>) -> Result<Room, Error> {
        let RoomReply { room } = self.ask(&RoomInvite { room, users }).await?;
        Ok(room)
    }

    /// Removes someone from a room.
    ///
    /// # Errors
    /// As for [`Session::list_rooms`].
    pub async fn kick_from_room(&self, room: RoomId, user: UserId) -> Result<(), Error> {
        let Empty {} = self.ask(&RoomKick { room, user }).await?;
        Ok(())
    }

    /// Who is in a room.
    ///
    /// # Errors
    /// As for [`Session::list_rooms`].
    pub async fn room_members(&self, room: RoomId) -> Result<Vec<Member>, Error> {
        let MembersReply { members } = self.ask(&RoomMembers { room }).await?;
        Ok(members)
    }

    /// The room of exactly these people and the caller.
    ///
    /// # Errors
    /// As for [`Session::list_rooms`].
    pub async fn open_direct(&self, users: Vec<UserId>) -> Result<Room, Error> {
        let RoomReply { room } = self.ask(&DirectOpen { users }).await?;
        Ok(room)
    }

    /// Loads a page from before what the timeline has; it arrives as an `older` change too.
    ///
    /// # Errors
    /// As for [`Session::list_rooms`]; `bad_request` for a room that was not opened.
    pub async fn load_older(&self, room: RoomId) -> Result<HistoryPage, Error> {
        decode(self.command(Command::LoadOlder(room)).await?)
    }

    /// The newest answers of a thread before `before`, under the message that it began with.
    ///
    /// # Errors
    /// As for [`Session::list_rooms`].
    pub async fn thread(&self, room: RoomId, id: MessageId, before: Option<Seq>) -> Result<Thread, Error> {
        let ThreadPage { messages, start, .. } = self.ask(&MessageThread { room, id, before, limit: None }).await?;
        Ok(Thread { messages: messages.iter().map(MessageItem::committed).collect(), start })
    }

    /// What is pinned to a room, oldest first.
    ///
    /// # Errors
    /// As for [`Session::list_rooms`].
    pub async fn pins(&self, room: RoomId) -> Result<Vec<MessageItem>, Error> {
        let mut pinned = Vec::new();
        let mut before = None;
        loop {
            let PinsReply { messages, start, .. } = self.ask(&RoomPins { room: room.clone(), before }).await?;
            before = messages.first().map(|message| message.seq);
            pinned.splice(0..0, messages.iter().map(MessageItem::committed));
            if start || before.is_none() {
                return Ok(pinned);
            }
        }
    }

    /// Looks for messages in the rooms of the open workspace that the user is in: asks the server.
    ///
    /// # Errors
    /// As for [`Session::list_rooms`].
    pub async fn search(&self, request: MessageSearch) -> Result<SearchPage, Error> {
        self.ask(&request).await
    }

    /// The same among what this computer keeps, at once and without a network: the newest hits, in one page.
    ///
    /// # Errors
    /// `bad_request`, or `unavailable` when no workspace is open.
    pub async fn search_local(&self, request: MessageSearch) -> Result<SearchPage, Error> {
        self.inner.local.search(self.inner.shown()?, &request).await
    }

    // --- message ---

    /// Queues a message: its echo arrives as an update at once, whatever the network does. Answers with its key.
    ///
    /// # Errors
    /// `bad_request` or `too_large` for a text that the server would refuse; `unavailable` when the outbox is full or
    /// no workspace is open.
    pub async fn send(&self, message: NewMessage) -> Result<String, Error> {
        self.send_as(Cid::generate(), message).await
    }

    /// Like [`Session::send`], under a `cid` of the caller's, who can tell by it what became of the message even if this
    /// process ends before it answers.
    ///
    /// # Errors
    /// As for [`Session::send`].
    pub async fn send_as(&self, cid: Cid, message: NewMessage) -> Result<String, Error> {
        let NewMessage { room, text, reply_to, thread, files } = message;
        let text = if files.is_empty() {
            self.checked(&text)?
        } else {
            text::message_with_files(&text, self.inner.limits().message_bytes)?
        };
        let files = files.into_iter().map(FileRef::Info).collect();
        let send = MessageSend { room, cid, text, reply_to, thread, files };
        decode(self.command(Command::Write(Write::Send(send))).await?)
    }

    /// Replaces the text of a message; shown at once. Resolves when the server has answered, which may take as long
    /// as the network is away.
    ///
    /// # Errors
    /// The server's refusal; what was shown is then taken back.
    pub async fn edit(&self, room: RoomId, id: MessageId, text: String) -> Result<(), Error> {
        let text = self.checked(&text)?;
        self.write(Write::Edit(MessageEdit { room, id, cid: Cid::generate(), text })).await
    }

    /// Deletes a message; otherwise like [`Session::edit`].
    ///
    /// # Errors
    /// As for [`Session::edit`].
    pub async fn delete(&self, room: RoomId, id: MessageId) -> Result<(), Error> {
        self.write(Write::Delete(MessageDelete { room, id, cid: Cid::generate() })).await
    }

    /// Puts a reaction on a message, or takes it off; otherwise like [`Session::edit`].
    ///
    /// # Errors
    /// As for [`Session::edit`].
    pub async fn react(&self, room: RoomId, id: MessageId, emoji: String, on: bool) -> Result<(), Error> {
        self.write(Write::React(MessageReact { room, id, cid: Cid::generate(), emoji, on })).await
    }

    /// Pins a message to its room, or takes it off; otherwise like [`Session::edit`].
    ///
    /// # Errors
    /// As for [`Session::edit`].
    pub async fn pin(&self, room: RoomId, id: MessageId, on: bool) -> Result<(), Error> {
        self.write(Write::Pin(MessagePin { room, id, cid: Cid::generate(), on })).await
    }

    /// Puts a failed message back into the queue.
    ///
    /// # Errors
    /// `not_found` when no failed message has that key.
    pub async fn retry(&self, room: RoomId, key: String) -> Result<(), Error> {
        self.command(Command::Retry(room, cid_of(&key)?)).await.map(drop)
    }

    /// Drops a failed message.
    ///
    /// # Errors
    /// `not_found` when no failed message has that key.
    pub async fn discard(&self, room: RoomId, key: String) -> Result<(), Error> {
        self.command(Command::Discard(room, cid_of(&key)?)).await.map(drop)
    }

    /// Moves the read marker forward. Shown at once, told to the server as soon as the link allows.
    ///
    /// # Errors
    /// `unavailable` when no workspace is open. So for the two that follow.
    pub async fn mark_read(&self, room: RoomId, seq: Seq) -> Result<(), Error> {
        self.command(Command::MarkRead(room, seq)).await.map(drop)
    }

    /// Tells the others in a room that the user types there or in a thread of it, or has stopped. May be called at every key press.
    ///
    /// # Errors
    /// As for [`Session::mark_read`].
    pub async fn set_typing(&self, room: RoomId, thread: Option<MessageId>, on: bool) -> Result<(), Error> {
        self.command(Command::Typing(room, thread, on)).await.map(drop)
    }

    /// Tells whether the user is at this device. Kept over reconnects.
    ///
    /// # Errors
    /// As for [`Session::mark_read`].
    pub async fn set_presence(&self, state: Presence) -> Result<(), Error> {
        self.command(Command::Presence(state)).await.map(drop)
    }

    async fn ask_lobby<R: Request>(&self, request: &R) -> Result<R::Reply, Error> {
        let lobby = self.inner.lobby()?;
        decode(lobby.request(R::EVENT, encode(request)?).await?)
    }

    async fn ask<R: Request>(&self, request: &R) -> Result<R::Reply, Error> {
        let workspace = self.inner.workspace()?;
        decode(workspace.request(R::EVENT, encode(request)?).await?)
    }

    async fn command(&self, command: Command) -> Result<Value, Error> {
        self.inner.workspace()?.command(command).await
    }

    async fn write(&self, write: Write) -> Result<(), Error> {
        self.command(Command::Write(write)).await.map(drop)
    }

    /// A message's text as the server will have it, so that nothing changes when the echo becomes the message.
    fn checked(&self, text: &str) -> Result<String, Error> {
        text::message(text, self.inner.limits().message_bytes)
    }
}

fn encode<R: Request>(request: &R) -> Result<Value, Error> {
    serde_json::to_value(request).map_err(|_| Error::bad_request("That request cannot be written."))
}

fn decode<T: DeserializeOwned>(reply: Value) -> Result<T, Error> {
    serde_json::from_value(reply).map_err(|_| Error::new(ErrorCode::Internal, "The server's answer could not be read."))
}

/// The cid in a row's key, `author/cid`.
fn cid_of(key: &str) -> Result<Cid, Error> {
    let cid = key.rsplit_once('/').and_then(|(_, cid)| cid.parse().ok());
    cid.ok_or_else(|| Error::new(ErrorCode::NotFound, "That message is not waiting any more."))
}
