//! What one account keeps on this computer: its outbox, durable before anything of it is seen, and a cache, so that the
//! app opens on yesterday's rooms without a network.
//!
//! A thread of its own owns the [`database`]. It takes all that waits in one transaction: with a write of the user in
//! it the transaction is on the disk before anybody is told, without one it may be lost by a power cut, as a whole.
//! What is kept and given back is in [`model`].

pub mod database;
pub mod model;

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use confab_protocol::event::{MessageSearch, SearchPage};
use confab_protocol::search::Wanted;
use confab_protocol::{Cause, Error, ErrorCode, RoomId, Seq, Slug, limits};
use tokio::sync::oneshot;

use crate::outbox::Queued;
use crate::view::Account;
use database::search::Piece;
use database::{Database, LocalError, SetAside};
use model::{Keep, Stored, StoredTimeline};

/// Changes in one transaction.
const GROUP: usize = 256;

/// The way to an account's database, or to none: then everything lives in memory. Cheap to clone; the database is closed
/// with the last clone.
#[derive(Debug, Clone)]
pub struct Local {
    jobs: Option<mpsc::Sender<Job>>,
}

enum Job {
    Keep(Option<Slug>, Vec<Keep>),
    Persist(Slug, Queued, Done<Result<(), Error>>),
    Restore(Option<Slug>, oneshot::Sender<Stored>),
    Recall(Slug, RoomId, Done<Option<StoredTimeline>>),
    Search(Box<Part>, oneshot::Sender<Piece>),
    Waiting(oneshot::Sender<Vec<Slug>>),
    Erase(oneshot::Sender<std::io::Result<()>>),
}

/// A part of a search.
struct Part {
    slug: Slug,
    wanted: Wanted,
    room: Option<RoomId>,
    after: (String, Seq),
}

/// Runs on the database's thread: it must not block.
type Done<T> = Box<dyn FnOnce(T) + Send>;

impl Local {
    /// Opens the database in the file `path`; see [`Database::open`].
    ///
    /// # Errors
    /// As for [`Database::open`], and when the system has no more threads.
    pub fn open(path: &Path) -> Result<(Self, Option<SetAside>), LocalError> {
        let (database, set_aside) = Database::open(path)?;
        let (jobs, inbox) = mpsc::channel();
        thread::Builder::new()
            .name("confab-local".into())
            .spawn(move || run(database, &inbox))
            .map_err(|source| LocalError::Io { path: path.to_owned(), source })?;
        Ok((Self { jobs: Some(jobs) }, set_aside))
    }

    /// Keeps nothing beyond the life of the process.
    #[must_use]
    pub const fn none() -> Self {
        Self { jobs: None }
    }

    /// Changes the cache or the outbox. In order; nobody waits for it. `slug`: none for the lobby.
    pub fn keep(&self, slug: Option<Slug>, changes: Vec<Keep>) {
        if let Some(jobs) = &self.jobs {
            hand(jobs, Job::Keep(slug, changes));
        }
    }

    /// Puts a write of the user into the outbox. `done` is told when it is on the disk, or why it is not.
    pub fn persist(&self, slug: Slug, write: Queued, done: impl FnOnce(Result<(), Error>) + Send + 'static) {
        match &self.jobs {
            None => done(Ok(())),
            Some(jobs) => hand(jobs, Job::Persist(slug, write, Box::new(done))),
        }
    }

    /// Reads a room's timeline.
    pub fn recall(&self, slug: Slug, room: RoomId, done: impl FnOnce(Option<StoredTimeline>) + Send + 'static) {
        match &self.jobs {
            None => done(None),
            Some(jobs) => hand(jobs, Job::Recall(slug, room, Box::new(done))),
        }
    }

    /// What a connection begins with. `slug`: none for the lobby.
    pub async fn restore(&self, slug: Option<Slug>) -> Stored {
        self.ask(|reply| Job::Restore(slug, reply)).await.unwrap_or_default()
    }

    /// The newest messages of a workspace that are kept here and are what is looked for. All of it comes in one page.
    ///
    /// # Errors
    /// `bad_request` as the server would refuse it.
    pub async fn search(&self, slug: Slug, request: &MessageSearch) -> Result<SearchPage, Error> {
        let wanted = Wanted::new(request)?;
        let mut after = (String::new(), 0);
        let mut hits = Vec::new();
        loop {
            let part = Box::new(Part { slug: slug.clone(), wanted: wanted.clone(), room: request.room.clone(), after });
            let Some(piece) = self.ask(|reply| Job::Search(part, reply)).await else { break };
            hits.extend(piece.hits);
            match piece.next {
                Some(next) => after = next,
                None => break,
            }
        }
        hits.sort_by(|a, b| (b.message.ts, &a.room, b.message.seq).cmp(&(a.message.ts, &b.room, a.message.seq)));
        hits.truncate(limits::SEARCH_MAX);
        Ok(SearchPage { hits, cursor: None, incomplete: None })
    }

    /// The workspaces in whose outbox something waits.
    pub async fn waiting(&self) -> Vec<Slug> {
        self.ask(Job::Waiting).await.unwrap_or_default()
    }

    /// Deletes all of it: whoever signs out leaves nothing behind, unsent messages included.
    ///
    /// # Errors
    /// When the file cannot be deleted.
    pub async fn erase(&self) -> std::io::Result<()> {
        self.ask(Job::Erase).await.unwrap_or(Ok(()))
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.jobs.as_ref()?.send(job(reply)).ok()?;
        answer.await.ok()
    }
}

/// The file of an account in `directory`. Named after server and person, so that signing in again finds it; a server
/// cannot choose the name of another one's file.
#[must_use]
pub fn file_of(directory: &Path, account: &Account) -> PathBuf {
    let mut name = String::new();
    for byte in format!("{}#{}", account.address, account.user.id).bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'#' => name.push(byte.into()),
            // Capitals too: not all file systems tell them apart.
            _ => name.push_str(&format!("%{byte:02x}")),
        }
    }
    directory.join(name + ".db")
}

/// The account's server is at another address now: what was kept goes with it. The database must be closed.
///
/// # Errors
/// When a file cannot be renamed; what is at the new name already stays.
pub fn moved(directory: &Path, before: &Account, now: &Account) -> std::io::Result<()> {
    let (from, to) = (file_of(directory, before), file_of(directory, now));
    if from == to || to.exists() {
        return Ok(());
    }
    for (from, to) in database::files(&from).into_iter().zip(database::files(&to)) {
        if from.exists() {
            std::fs::rename(from, to)?;
        }
    }
    Ok(())
}

fn hand(jobs: &mpsc::Sender<Job>, job: Job) {
    if let Err(mpsc::SendError(job)) = jobs.send(job) {
        refuse(job);
    }
}

fn run(mut database: Database, inbox: &mpsc::Receiver<Job>) {
    while let Ok(first) = inbox.recv() {
        let mut group = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next.take() {
            match job {
                job @ (Job::Keep(..) | Job::Persist(..)) => group.push(job),
                other => {
                    write(&mut database, std::mem::take(&mut group));
                    match other {
                        Job::Erase(reply) => {
                            let _ = reply.send(database.erase());
                            return inbox.iter().for_each(refuse);
                        }
                        other => read(&mut database, other),
                    }
                }
            }
            if group.len() < GROUP {
                next = inbox.try_recv().ok();
            }
        }
        write(&mut database, group);
    }
}

/// The account was signed out, and its database is gone. What is asked by dropping the question is answered by that.
fn refuse(job: Job) {
    match job {
        Job::Persist(_, _, done) => done(Err(not_kept("this account was signed out"))),
        Job::Recall(_, _, done) => done(None),
        Job::Keep(..) | Job::Restore(..) | Job::Search(..) | Job::Waiting(_) | Job::Erase(_) => {}
    }
}

fn write(database: &mut Database, group: Vec<Job>) {
    // A write keeps its place among the changes before it; those after it may as well share its transaction.
    let kept = group.iter().filter_map(|job| match job {
        Job::Keep(slug, changes) => Some(changes.iter().map(move |change| (slug.as_ref(), change))),
        _ => None,
    });
    let writes = group.iter().filter_map(|job| match job {
        Job::Persist(slug, write, _) => Some((slug, write)),
        _ => None,
    });
    let durable = writes.clone().next().is_some();
    let result = match (durable, group.is_empty()) {
        (_, true) => Ok(()),
        (true, _) => database.persist(kept.flatten(), writes),
        (false, _) => database.keep(kept.flatten()),
    };
    if let Err(error) = &result {
        tracing::warn!(%error, "this computer does not take what is to be kept");
    }
    let result = result.map_err(|error| not_kept(&error));
    for job in group {
        if let Job::Persist(_, _, done) = job {
            done(result.clone());
        }
    }
}

fn read(database: &mut Database, job: Job) {
    // Whoever asked may have gone.
    match job {
        Job::Restore(slug, reply) => {
            let stored = match &slug {
                None => database.lobby(),
                Some(slug) => database.workspace(slug),
            };
            let _ = reply.send(readable(stored));
        }
        Job::Recall(slug, room, done) => done(readable(database.timeline(&slug, &room))),
        Job::Search(part, reply) => {
            let Part { slug, wanted, room, after } = *part;
            let _ = reply.send(readable(database.search(&slug, &wanted, room.as_ref(), &after)));
        }
        Job::Waiting(reply) => {
            let _ = reply.send(readable(database.waiting()));
        }
        Job::Keep(..) | Job::Persist(..) | Job::Erase(_) => {}
    }
}

fn readable<T: Default>(result: Result<T, LocalError>) -> T {
    result.unwrap_or_else(|error| {
        tracing::warn!(%error, "what was kept on this computer cannot be read");
        T::default()
    })
}

fn not_kept(why: impl std::fmt::Display) -> Error {
    let message = format!(
        "This computer could not keep your message, so it was not sent: {why}. Free some disk space, then send it again."
    );
    Error::new(ErrorCode::Unavailable, message).because(Cause::NotKept)
}
