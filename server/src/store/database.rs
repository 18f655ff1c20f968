//! [`Store`] over any [`Backend`]: which function of [`read`] and [`change`] each method is.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use confab_protocol::account::{Session, User};
use confab_protocol::event::{HistoryPage, PinsReply, ReadChanged, RoomSynced, SearchPage, ThreadPage};
use confab_protocol::file::FileInfo;
use confab_protocol::personal::{Personal, Reminder};
use confab_protocol::room::Room;
use confab_protocol::workspace::{Member, Workspace};
use confab_protocol::{FileId, InviteCode, MessageId, ReminderId, RoomId, Seq, SessionId, Slug, Timestamp, UserId};

use super::search::{self, Index};
use super::{
    Credentials, Done, Identity, InviteRow, NewFile, NewInvite, NewSession, NewUpload, Page, PersonalRow, ProfileRow,
    Result, Search, ServerRow, Store, StoreError, Swept, TokenHash, Unread, UploadRow, Write, change, read,
};

/// How long one search may take.
const SEARCH_LIMIT: Duration = Duration::from_secs(1);

/// What a transaction does, borrowed from the connection that it runs on.
pub(super) type Doing<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// One kind of database: where transactions run, and what the kinds do each in their own way.
pub(super) trait Backend: Send + Sync + 'static {
    /// Its connections.
    type Sql: Index;

    /// Runs something that only reads, on one state of the database.
    fn read<T, F>(&self, work: F) -> impl Future<Output = Result<T>> + Send
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Self::Sql) -> Doing<'a, T> + Send + 'static;

    /// Runs something that writes; durable when this returns `Ok`, undone when it returns `Err`.
    fn change<T, F>(&self, work: F) -> impl Future<Output = Result<T>> + Send
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Self::Sql) -> Doing<'a, T> + Send + 'static;

    /// Commits a group in one transaction, with whatever locks and repetitions that takes.
    fn write(&self, group: Arc<[Write]>) -> impl Future<Output = Result<Vec<Result<Done>>>> + Send;

    /// Runs a search, on one state of the database, for at most so long: `Interrupted` after that. Holds up nothing but other
    /// searches.
    fn look<T, F>(&self, limit: Duration, work: F) -> impl Future<Output = Result<T>> + Send
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Self::Sql) -> Doing<'a, T> + Send + 'static;

    /// Runs something that brings the index for search up to date. None when another node does so at this moment.
    fn build<T, F>(&self, work: F) -> impl Future<Output = Result<Option<T>>> + Send
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Self::Sql) -> Doing<'a, T> + Send + 'static;

    /// See [`Store::changes`].
    fn changes(&self) -> Option<u64>;

    /// Writes a consistent copy of everything into a new SQLite file.
    fn backup(&self, to: PathBuf) -> impl Future<Output = Result<()>> + Send;

    /// See [`Store::close`].
    fn close(&self) -> impl Future<Output = ()> + Send;

    /// See [`Store::damage`].
    fn damage(&self) -> impl Future<Output = StoreError> + Send;

    /// Looks for damage in the files themselves.
    fn check(&self) -> impl Future<Output = Result<Vec<String>>> + Send;
}

/// A store over a backend.
pub(super) struct Database<B>(pub B);

/// Runs one call in one transaction. The call owns its arguments, since it may run on another thread.
macro_rules! run {
    ($backend:expr, $how:ident, |$sql:ident| $call:expr) => {
        $backend.$how(move |$sql| Box::pin(async move { $call.await })).await
    };
}

#[async_trait]
impl<B: Backend> Store for Database<B> {
    async fn server(&self) -> Result<ServerRow> {
        run!(self.0, read, |sql| read::server::server(sql))
    }

    async fn backup(&self, to: &Path) -> Result<()> {
        self.0.backup(to.to_owned()).await
    }

    async fn close(&self) {
        self.0.close().await;
    }

    async fn damage(&self) -> StoreError {
        self.0.damage().await
    }

    async fn renew_epoch(&self) -> Result<()> {
        run!(self.0, change, |sql| change::account::renew_epoch(sql))
    }

    fn changes(&self) -> Option<u64> {
        self.0.changes()
    }

    async fn check(&self) -> Result<Vec<String>> {
        let mut findings = self.0.check().await?;
        findings.extend(run!(self.0, read, |sql| read::server::check(sql))?);
        Ok(findings)
    }

    async fn ready(&self) -> Result<()> {
        run!(self.0, change, |sql| change::account::probe(sql))
    }

    async fn write(&self, group: Vec<Write>) -> Result<Vec<Result<Done>>> {
        self.0.write(group.into()).await
    }

    async fn identity(&self, token: &TokenHash) -> Result<Option<Identity>> {
        let token = *token;
        run!(self.0, read, |sql| read::account::identity(sql, &token))
    }

    async fn credentials(&self, login: &str) -> Result<Option<Credentials>> {
        let login = login.to_owned();
        run!(self.0, read, |sql| read::account::credentials(sql, &login))
    }

    async fn user(&self, user: &UserId) -> Result<Option<User>> {
        let user = user.clone();
        run!(self.0, read, |sql| read::account::user(sql, &user))
    }

    async fn users(&self, after: Option<&str>, limit: usize) -> Result<Vec<User>> {
        let after = after.map(str::to_owned);
        run!(self.0, read, |sql| read::account::users(sql, after.as_deref(), limit))
    }

    async fn update_profile(&self, user: &UserId, change: ProfileRow) -> Result<User> {
        let user = user.clone();
        run!(self.0, change, |sql| change::account::update_profile(sql, &user, &change))
    }

    async fn set_password(&self, user: &UserId, hash: &str) -> Result<()> {
        let (user, hash) = (user.clone(), hash.to_owned());
        run!(self.0, change, |sql| change::account::set_password(sql, &user, &hash))
    }

    async fn create_session(&self, session: NewSession) -> Result<()> {
        run!(self.0, change, |sql| change::account::create_session(sql, &session))
    }

    async fn sessions(&self, user: &UserId) -> Result<Vec<Session>> {
        let user = user.clone();
        run!(self.0, read, |sql| read::account::sessions(sql, &user))
    }

    async fn delete_session(&self, user: &UserId, session: &SessionId) -> Result<bool> {
        let (user, session) = (user.clone(), session.clone());
        run!(self.0, change, |sql| change::account::delete_session(sql, &user, &session))
    }

    async fn delete_sessions(&self, user: &UserId, keep: Option<&SessionId>) -> Result<Vec<SessionId>> {
        let (user, keep) = (user.clone(), keep.cloned());
        run!(self.0, change, |sql| change::account::delete_sessions(sql, &user, keep.as_ref()))
    }

    async fn touch_sessions(&self, seen: Vec<(SessionId, Timestamp)>) -> Result<()> {
        run!(self.0, change, |sql| change::account::touch_sessions(sql, &seen))
    }

    async fn personal(&self, user: &UserId) -> Result<Personal> {
        let user = user.clone();
        run!(self.0, read, |sql| read::personal::personal(sql, &user))
    }

    async fn set_personal(&self, user: &UserId, row: PersonalRow) -> Result<Personal> {
        let user = user.clone();
        run!(self.0, change, |sql| change::personal::set(sql, &user, &row))
    }

    async fn ignore(&self, user: &UserId, other: &UserId, on: bool) -> Result<Personal> {
        let (user, other) = (user.clone(), other.clone());
        run!(self.0, change, |sql| change::personal::ignore(sql, &user, &other, on))
    }

    async fn add_reminder(&self, user: &UserId, reminder: Reminder) -> Result<Personal> {
        let user = user.clone();
        run!(self.0, change, |sql| change::personal::add_reminder(sql, &user, &reminder))
    }

    async fn remove_reminder(&self, user: &UserId, id: &ReminderId) -> Result<Personal> {
        let (user, id) = (user.clone(), id.clone());
        run!(self.0, change, |sql| change::personal::remove_reminder(sql, &user, &id))
    }

    async fn is_invisible(&self, user: &UserId) -> Result<bool> {
        let user = user.clone();
        run!(self.0, read, |sql| read::personal::is_invisible(sql, &user))
    }

    async fn next_status_end(&self) -> Result<Option<Timestamp>> {
        run!(self.0, read, |sql| read::personal::next_status_end(sql))
    }

    async fn end_statuses(&self, now: Timestamp) -> Result<Vec<User>> {
        run!(self.0, change, |sql| change::personal::end_statuses(sql, now))
    }

    async fn create_invite(&self, invite: NewInvite) -> Result<()> {
        run!(self.0, change, |sql| change::account::create_invite(sql, &invite))
    }

    async fn invite(&self, code: &InviteCode, now: Timestamp) -> Result<Option<InviteRow>> {
        let code = code.clone();
        run!(self.0, read, |sql| read::account::invite(sql, &code, now))
    }

    async fn invites(&self, user: &UserId, now: Timestamp) -> Result<Vec<InviteRow>> {
        let user = user.clone();
        run!(self.0, read, |sql| read::account::invites(sql, &user, now))
    }

    async fn delete_invite(&self, code: &InviteCode) -> Result<bool> {
        let code = code.clone();
        run!(self.0, change, |sql| change::account::delete_invite(sql, &code))
    }

    async fn slugs(&self) -> Result<Vec<Slug>> {
        run!(self.0, read, |sql| read::workspace::slugs(sql))
    }

    async fn workspaces(&self, user: &UserId) -> Result<Vec<Workspace>> {
        let user = user.clone();
        run!(self.0, read, |sql| read::workspace::workspaces(sql, &user))
    }

    async fn listed_workspaces(&self, user: &UserId) -> Result<Vec<Workspace>> {
        let user = user.clone();
        run!(self.0, read, |sql| read::workspace::listed(sql, &user))
    }

    async fn workspace(&self, slug: &Slug, user: &UserId) -> Result<Option<Workspace>> {
        let (slug, user) = (slug.clone(), user.clone());
        run!(self.0, read, |sql| read::workspace::workspace(sql, &slug, &user))
    }

    async fn members(&self, slug: &Slug) -> Result<Vec<Member>> {
        let slug = slug.clone();
        run!(self.0, read, |sql| read::workspace::members(sql, &slug))
    }

    async fn member(&self, slug: &Slug, user: &UserId) -> Result<Option<Member>> {
        let (slug, user) = (slug.clone(), user.clone());
        run!(self.0, read, |sql| read::workspace::member(sql, &slug, &user))
    }

    async fn slugs_of(&self, user: &UserId) -> Result<Vec<Slug>> {
        let user = user.clone();
        run!(self.0, read, |sql| read::workspace::slugs_of(sql, &user))
    }

    async fn create_file(&self, file: NewFile, upload: Option<&FileId>) -> Result<()> {
        let upload = upload.cloned();
        run!(self.0, change, |sql| change::file::create(sql, &file, upload.as_ref()))
    }

    async fn visible_file(&self, file: &FileId, user: &UserId) -> Result<Option<FileInfo>> {
        let (file, user) = (file.clone(), user.clone());
        run!(self.0, read, |sql| read::file::visible(sql, &file, &user))
    }

    async fn use_as_picture(&self, file: &FileId, user: &UserId, now: Timestamp) -> Result<bool> {
        let (file, user) = (file.clone(), user.clone());
        run!(self.0, change, |sql| change::file::use_as_picture(sql, &file, &user, now))
    }

    async fn has_content(&self, sha256: &str) -> Result<bool> {
        let sha256 = sha256.to_owned();
        run!(self.0, read, |sql| read::file::has_content(sql, &sha256))
    }

    async fn stored_bytes(&self, owner: &UserId) -> Result<u64> {
        let owner = owner.clone();
        run!(self.0, read, |sql| read::file::stored_bytes(sql, &owner))
    }

    async fn begin_upload(&self, upload: NewUpload) -> Result<()> {
        run!(self.0, change, |sql| change::file::begin_upload(sql, &upload))
    }

    async fn upload(&self, upload: &FileId, user: &UserId) -> Result<Option<UploadRow>> {
        let (upload, user) = (upload.clone(), user.clone());
        run!(self.0, read, |sql| read::file::upload(sql, &upload, &user))
    }

    async fn cancel_upload(&self, upload: &FileId, user: &UserId) -> Result<bool> {
        let (upload, user) = (upload.clone(), user.clone());
        run!(self.0, change, |sql| change::file::cancel_upload(sql, &upload, &user))
    }

    async fn sweep_files(&self, before: Timestamp) -> Result<Swept> {
        run!(self.0, change, |sql| change::file::sweep(sql, before))
    }

    async fn rooms(&self, slug: &Slug, user: &UserId) -> Result<Vec<Room>> {
        let (slug, user) = (slug.clone(), user.clone());
        run!(self.0, read, |sql| read::room::rooms(sql, &slug, &user))
    }

    async fn listed_rooms(&self, slug: &Slug, user: &UserId) -> Result<Vec<Room>> {
        let (slug, user) = (slug.clone(), user.clone());
        run!(self.0, read, |sql| read::room::listed(sql, &slug, &user))
    }

    async fn room(&self, slug: &Slug, room: &RoomId, user: &UserId) -> Result<Option<(Room, bool)>> {
        let (slug, room, user) = (slug.clone(), room.clone(), user.clone());
        run!(self.0, read, |sql| read::room::room(sql, &slug, &room, &user))
    }

    async fn room_for(&self, room: &RoomId, users: &[UserId]) -> Result<Vec<(UserId, Room)>> {
        let (room, users) = (room.clone(), users.to_vec());
        run!(self.0, read, |sql| read::room::room_for(sql, &room, &users))
    }

    async fn room_members(&self, room: &RoomId) -> Result<Vec<Member>> {
        let room = room.clone();
        run!(self.0, read, |sql| read::workspace::room_members(sql, &room))
    }

    async fn room_ids(&self, slug: &Slug, user: &UserId) -> Result<Vec<RoomId>> {
        let (slug, user) = (slug.clone(), user.clone());
        run!(self.0, read, |sql| read::room::ids(sql, &slug, &user))
    }

    async fn entries(&self, room: &RoomId, after: Seq, limit: usize) -> Result<RoomSynced> {
        let room = room.clone();
        run!(self.0, read, |sql| read::log::entries(sql, &room, after, limit))
    }

    async fn history(&self, room: &RoomId, page: Page, limit: usize) -> Result<HistoryPage> {
        let room = room.clone();
        run!(self.0, read, |sql| read::log::history(sql, &room, page, limit))
    }

    async fn thread(
        &self,
        room: &RoomId,
        message: &MessageId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Option<ThreadPage>> {
        let (room, message) = (room.clone(), message.clone());
        run!(self.0, read, |sql| read::thread::thread(sql, &room, &message, before, limit))
    }

    async fn pins(&self, room: &RoomId, before: Option<Seq>) -> Result<PinsReply> {
        let room = room.clone();
        run!(self.0, read, |sql| read::thread::pins(sql, &room, before))
    }

    async fn search(&self, slug: &Slug, user: &UserId, wanted: Search) -> Result<SearchPage> {
        let (slug, user, end) = (slug.clone(), user.clone(), Instant::now() + SEARCH_LIMIT);
        let look = self.0.look(SEARCH_LIMIT, move |sql| {
            Box::pin(async move { search::look::page(sql, &slug, &user, &wanted, end).await })
        });
        look.await
    }

    async fn index(&self, entries: usize) -> Result<bool> {
        let build = self.0.build(move |sql| Box::pin(async move { search::build::some(sql, entries).await }));
        Ok(build.await?.unwrap_or(false))
    }

    async fn mark_read(&self, room: &RoomId, user: &UserId, seq: Seq) -> Result<Option<ReadChanged>> {
        let (room, user) = (room.clone(), user.clone());
        run!(self.0, change, |sql| change::reading::mark_read(sql, &room, &user, seq))
    }

    async fn unread(&self, room: &RoomId, users: &[UserId]) -> Result<Vec<Unread>> {
        let (room, users) = (room.clone(), users.to_vec());
        run!(self.0, read, |sql| read::unread::unread(sql, &room, &users))
    }
}
