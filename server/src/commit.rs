//! The group-commit writer: many senders, one transaction, one fsync, then acks, then fan-out.
//!
//! **Invariants.** Persist, then ack, then broadcast. Writes are committed in the order in which they were submitted.
//! Whoever leaves a room is out of its broadcasts before the leave is acked and before any later entry is emitted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use confab_protocol::log::Entry;
use confab_protocol::{Error, ErrorCode, Slug, UserId};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::fault::{self, Point};
use crate::store::{Done, Op, Reply, Store, Write};

/// Writes that may wait; one more is refused with `unavailable`.
const WAITING: usize = 8192;
/// Writes in one transaction. A sender's own socket gets an ack and an entry for each of them in one go, and its
/// buffer ([`crate::socket::BUFFER`]) must hold both.
const GROUP: usize = 256;

/// What a submitted write is told when it is durable, or refused. Runs on the writer's task: it must not block.
pub type Completion = Box<dyn FnOnce(&Result<Done, Error>) + Send>;

/// Who hears of what was committed.
pub trait Audience: Send + Sync + 'static {
    /// Moves people into and out of rooms and namespaces. Called in commit order, before the ack of that write.
    fn settle(&self, about: &About, done: &Done);
    /// Tells everybody else. Called once per group, after all of its acks.
    fn publish(&self, group: Vec<(About, Done)>);
}

/// What a write was about, kept beside it while the store has it.
#[derive(Debug, Clone)]
pub struct About {
    /// Who did it.
    pub actor: UserId,
    /// Whose place in the workspace changed, or who came or went: the actor, but where an admin did it to someone else.
    pub person: UserId,
    /// In which workspace, where that is known.
    pub slug: Option<Slug>,
    /// What kind of write.
    pub kind: Kind,
}

/// The kinds of writes that differ in whom they concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing but entries of a log and memberships of rooms.
    Log,
    /// A room is new.
    RoomMade,
    /// A room's name, topic, archive or mute changed.
    RoomChanged,
    /// A room is gone.
    RoomDeleted,
    /// A workspace is new.
    WorkspaceMade,
    /// A workspace's name, icon or openness changed.
    WorkspaceChanged,
    /// A workspace is closed.
    WorkspaceArchived,
    /// Somebody came into a workspace.
    WorkspaceJoined,
    /// Somebody left a workspace, or was removed from it.
    WorkspaceLeft,
    /// Somebody's role in a workspace changed.
    MemberChanged,
}

/// The way to the writer. Cheap to clone.
#[derive(Clone)]
pub struct Commit {
    queue: mpsc::Sender<Job>,
    counters: Arc<Counters>,
}

/// What the writer has done since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Transactions.
    pub groups: AtomicU64,
    /// Writes in them, refused ones too.
    pub writes: AtomicU64,
    /// Log entries.
    pub entries: AtomicU64,
}

/// The writer's own end.
pub struct Writer {
    queue: mpsc::Receiver<Job>,
    counters: Arc<Counters>,
}

struct Job {
    write: Write,
    done: Completion,
}

/// A queue and its writer.
#[must_use]
pub fn channel() -> (Commit, Writer) {
    let (tx, rx) = mpsc::channel(WAITING);
    let counters = Arc::new(Counters::default());
    (Commit { queue: tx, counters: counters.clone() }, Writer { queue: rx, counters })
}

impl Commit {
    /// Queues a write; `done` is called once, when it is durable or refused. Two writes submitted one after the
    /// other are committed in that order.
    ///
    /// # Errors
    /// `unavailable` when the queue is full or the server is stopping; `done` is then not called.
    pub fn submit(&self, write: Write, done: Completion) -> Result<(), Error> {
        self.queue.try_send(Job { write, done }).map_err(|_| unavailable())
    }

    /// Queues a write and waits until it is durable.
    ///
    /// # Errors
    /// The store's refusal, or `unavailable` when the queue is full or the server is stopping.
    pub async fn write(&self, write: Write) -> Result<Done, Error> {
        let (tx, rx) = oneshot::channel();
        // A caller that went away in the meantime changes nothing: the write stands.
        self.submit(write, Box::new(move |result| drop(tx.send(result.clone()))))?;
        rx.await.map_err(|_| unavailable())?
    }

    /// What was done since the start.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

impl Writer {
    /// Writes until `stop`, then drains what waits, and ends. Everything that was accepted is answered.
    pub async fn run(mut self, store: Arc<dyn Store>, audience: Arc<dyn Audience>, stop: CancellationToken) {
        let mut crowded = false;
        loop {
            let first = tokio::select! {
                biased;
                job = self.queue.recv() => job,
                () = stop.cancelled(), if !self.queue.is_closed() => {
                    self.queue.close();
                    continue;
                }
            };
            let Some(first) = first else { return };
            let jobs = self.gather(first, crowded).await;
            crowded = jobs.len() > 1;
            self.group(jobs, &*store, &*audience).await;
        }
    }

    /// The first of a group, and all that is on its way: what other sockets have received is read before the commit
    /// begins, as long as there is more of it. Those would wait for this commit and then for their own. Who is alone, as in
    /// the last group (`crowded`: that had several), waits for nobody: to yield hands this task to another thread.
    async fn gather(&mut self, first: Job, crowded: bool) -> Vec<Job> {
        let mut jobs = vec![first];
        let mut before = 0;
        loop {
            while jobs.len() < GROUP
                && let Ok(job) = self.queue.try_recv()
            {
                jobs.push(job);
            }
            let alone = jobs.len() == 1 && !crowded;
            if alone || jobs.len() == before || jobs.len() >= GROUP {
                return jobs;
            }
            before = jobs.len();
            tokio::task::yield_now().await;
        }
    }

    async fn group(&self, jobs: Vec<Job>, store: &dyn Store, audience: &dyn Audience) {
        let mut writes = Vec::with_capacity(jobs.len());
        let mut waiting = Vec::with_capacity(jobs.len());
        for Job { write, done } in jobs {
            waiting.push((About::of(&write), done));
            writes.push(write);
        }
        let results = persist(store, writes).await;
        fault::reach(Point::AfterCommit);
        let committed = acknowledge(waiting, results, audience);
        fault::reach(Point::AfterAck);
        self.count(&committed);
        audience.publish(committed);
    }

    fn count(&self, committed: &[(About, Done)]) {
        self.counters.groups.fetch_add(1, Ordering::Relaxed);
        self.counters.writes.fetch_add(committed.len() as u64, Ordering::Relaxed);
        let entries: usize = committed.iter().map(|(_, done)| done.entries.len()).sum();
        self.counters.entries.fetch_add(entries as u64, Ordering::Relaxed);
    }
}

/// The first of the three steps: nobody hears of anything before this has returned.
async fn persist(store: &dyn Store, writes: Vec<Write>) -> Vec<Result<Done, Error>> {
    let count = writes.len();
    let started = std::time::Instant::now();
    match store.write(writes).await {
        Ok(results) => results
            .into_iter()
            .map(|result| {
                result.map_err(|error| {
                    if !matches!(error, crate::store::StoreError::Refused(_)) {
                        tracing::error!(%error, "a write failed");
                    }
                    error.into()
                })
            })
            .collect(),
        Err(error) => {
            tracing::error!(%error, writes = count, duration_ms = started.elapsed().as_millis(), "a commit failed");
            let error = Error::from(error);
            vec![Err(error); count]
        }
    }
}

/// The second step: memberships first, so that nothing reaches who has left, then the ack; write by write in order.
fn acknowledge(
    waiting: Vec<(About, Completion)>,
    results: Vec<Result<Done, Error>>,
    audience: &dyn Audience,
) -> Vec<(About, Done)> {
    let mut committed = Vec::with_capacity(results.len());
    for ((mut about, completion), result) in waiting.into_iter().zip(results) {
        if let Ok(done) = &result {
            about.learn(&done.reply);
            audience.settle(&about, done);
        }
        completion(&result);
        if let Ok(done) = result {
            committed.push((about, done));
        }
    }
    committed
}

impl About {
    fn of(write: &Write) -> Self {
        use Kind as K;
        let (slug, kind) = match &write.op {
            Op::SetUp { .. } => (None, K::WorkspaceMade),
            Op::SignUp { .. } | Op::Redeem { .. } => (None, K::WorkspaceJoined),
            Op::CreateWorkspace { slug, .. } => (Some(slug), K::WorkspaceMade),
            Op::UpdateWorkspace { slug, .. } => (Some(slug), K::WorkspaceChanged),
            Op::ArchiveWorkspace { slug } => (Some(slug), K::WorkspaceArchived),
            Op::JoinWorkspace { slug } => (Some(slug), K::WorkspaceJoined),
            Op::LeaveWorkspace { slug } | Op::RemoveMember { slug, .. } => (Some(slug), K::WorkspaceLeft),
            Op::UpdateMember { slug, .. } => (Some(slug), K::MemberChanged),
            Op::CreateRoom { slug, .. } | Op::OpenDirect { slug, .. } => (Some(slug), K::RoomMade),
            Op::UpdateRoom { slug, .. } => (Some(slug), K::RoomChanged),
            Op::DeleteRoom { slug, .. } => (Some(slug), K::RoomDeleted),
            Op::JoinRoom { slug, .. }
            | Op::LeaveRoom { slug, .. }
            | Op::InviteToRoom { slug, .. }
            | Op::Kick { slug, .. }
            | Op::Send { slug, .. }
            | Op::Edit { slug, .. }
            | Op::Delete { slug, .. }
            | Op::React { slug, .. }
            | Op::Pin { slug, .. } => (Some(slug), K::Log),
        };
        let person = match &write.op {
            Op::RemoveMember { user, .. } | Op::UpdateMember { user, .. } => user,
            _ => &write.actor,
        };
        Self { actor: write.actor.clone(), person: person.clone(), slug: slug.cloned(), kind }
    }

    /// Takes from the reply what the request did not name.
    fn learn(&mut self, reply: &Reply) {
        match reply {
            Reply::Person { workspace: Some((slug, _)), .. } => self.slug = Some(slug.clone()),
            Reply::Workspace { slug, .. } => self.slug = Some(slug.clone()),
            _ => {}
        }
    }
}

/// The rooms and seqs that a group of committed writes moved.
pub fn entries(group: &[(About, Done)]) -> impl Iterator<Item = (&Slug, &Entry)> {
    group
        .iter()
        .filter_map(|(about, done)| Some((about.slug.as_ref()?, &done.entries)))
        .flat_map(|(slug, entries)| entries.iter().map(move |entry| (slug, entry)))
}

fn unavailable() -> Error {
    let mut error = Error::new(ErrorCode::Unavailable, "The server is too busy to save this right now.");
    error.retry_after_ms = Some(500);
    error
}
