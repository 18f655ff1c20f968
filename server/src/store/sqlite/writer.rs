//! The thread that writes: it takes **all** that waits, runs each job in a savepoint of one transaction, commits once
//! and only then answers. So the cost of a commit, one flush of the disk, is shared by everybody who waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use super::connection::Connection;
use super::seal::Seal;
use crate::fault::{self, Mutant};
use crate::store::{Result, StoreError};

/// Jobs that wait. When it is full, the callers wait for a place: their own queues are bounded too.
const QUEUE: usize = 1024;
/// Jobs in one transaction at most, so that the first of them is not answered too late.
const GROUP: usize = 512;

/// The way to the thread. Dropping it waits until what was queued is done and the files are sealed, so that whoever
/// opens them next finds them closed.
pub(super) struct Writer {
    tasks: Option<mpsc::Sender<Task>>,
    commits: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

enum Task {
    Write(Box<dyn Job>),
    /// Nothing is written after this; answered when the files are sealed.
    Close(oneshot::Sender<()>),
}

impl Writer {
    /// Starts the thread; the connection is its own.
    pub fn start(mut connection: Connection, mut seal: Option<Seal>) -> Result<Self> {
        let (tasks, mut waiting) = mpsc::channel(QUEUE);
        let commits = Arc::new(AtomicU64::new(0));
        let counted = commits.clone();
        let thread = thread::Builder::new()
            .name("sqlite-write".into())
            .spawn(move || {
                let mut closing = None;
                while closing.is_none()
                    && let Some(first) = waiting.blocking_recv()
                {
                    let mut group = Vec::new();
                    let mut next = Some(first);
                    while let Some(task) = next {
                        match task {
                            Task::Write(job) => group.push(job),
                            Task::Close(done) => closing = Some(done),
                        }
                        let more = closing.is_none() && group.len() < GROUP;
                        next = more.then(|| waiting.try_recv().ok()).flatten();
                    }
                    if group.is_empty() {
                        break;
                    }
                    if fault::is_mutant(Mutant::AckBeforeCommit) {
                        commit_too_late(&mut connection, group);
                        counted.fetch_add(1, Ordering::SeqCst);
                        continue;
                    }
                    let outcome = commit(&mut connection, &mut group);
                    // Whatever came of it, and before anybody hears of it.
                    counted.fetch_add(1, Ordering::SeqCst);
                    if let Some(seal) = seal.as_mut().filter(|_| outcome.is_ok()) {
                        seal.mark();
                    }
                    for job in group {
                        job.answer(&outcome);
                    }
                    if let Some(seal) = &mut seal {
                        seal.maintain(&connection);
                    }
                }
                if let Some(seal) = seal {
                    seal.close(&connection);
                }
                // Who asked for it may have waited long enough.
                let _ = closing.map(|done| done.send(()));
            })
            .map_err(|e| StoreError::Unavailable(format!("no thread for writing: {e}")))?;
        Ok(Self { tasks: Some(tasks), commits, thread: Some(thread) })
    }

    /// How many transactions there were.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::SeqCst)
    }

    /// Runs something that writes. When it answers `Ok`, that is on the disk; when it answers `Err`, nothing is.
    pub async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Work { work: Some(work), result: None, reply });
        let ended = || StoreError::Unavailable("the store is closed".into());
        let tasks = self.tasks.as_ref().ok_or_else(ended)?;
        tasks.send(Task::Write(job)).await.map_err(|_| ended())?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Ends the thread after what is queued, and waits until the files are sealed. What comes later is `Unavailable`.
    pub async fn close(&self) {
        let (done, sealed) = oneshot::channel();
        if let Some(tasks) = &self.tasks
            && tasks.send(Task::Close(done)).await.is_ok()
        {
            // An error means that it was closed already.
            let _ = sealed.await;
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was told when it happened.
            let _ = thread.join();
        }
    }
}

/// Runs a group in one transaction; a job that is alone needs no savepoint in it. An error means that nothing of it was kept.
fn commit(connection: &mut Connection, group: &mut [Box<dyn Job>]) -> Result<()> {
    if !connection.0.is_autocommit() {
        // What an earlier error left open.
        connection.batch("ROLLBACK")?;
    }
    connection.plain("BEGIN IMMEDIATE")?;
    let result = run_all(connection, group).and_then(|()| connection.plain("COMMIT"));
    if result.is_err() && !connection.0.is_autocommit() {
        // Where even this fails, the next group begins with it.
        let _ = connection.batch("ROLLBACK");
    }
    result
}

/// [`Mutant::AckBeforeCommit`]: what the senders hear is what will be committed, a moment later.
fn commit_too_late(connection: &mut Connection, mut group: Vec<Box<dyn Job>>) {
    let begun = connection.batch("BEGIN IMMEDIATE").and_then(|()| run_all(connection, &mut group));
    for job in group {
        job.answer(&begun);
    }
    thread::sleep(std::time::Duration::from_millis(20));
    // A mutant needs no care: what fails here is lost, which is its purpose.
    let _ = connection.batch(if begun.is_ok() { "COMMIT" } else { "ROLLBACK" });
}

fn run_all(connection: &mut Connection, group: &mut [Box<dyn Job>]) -> Result<()> {
    if let [alone] = &mut *group {
        return alone.run(connection);
    }
    for job in group {
        connection.plain("SAVEPOINT job")?;
        if let Err(error) = job.run(connection) {
            // A full disk ends the whole transaction: then there is nothing left that the others could be kept in.
            if connection.0.is_autocommit() {
                return Err(error);
            }
            connection.plain("ROLLBACK TO SAVEPOINT job")?;
        }
        connection.plain("RELEASE SAVEPOINT job")?;
    }
    Ok(())
}

/// Something to write, and somebody who waits for the answer.
trait Job: Send {
    /// Does it. An error means that its savepoint must be undone.
    fn run(&mut self, connection: &mut Connection) -> Result<()>;
    /// Tells the outcome, once the transaction has one.
    fn answer(self: Box<Self>, outcome: &Result<()>);
}

struct Work<T, F> {
    work: Option<F>,
    result: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F> Job for Work<T, F>
where
    T: Send,
    F: FnOnce(&mut Connection) -> Result<T> + Send,
{
    fn run(&mut self, connection: &mut Connection) -> Result<()> {
        let Some(work) = self.work.take() else { return Ok(()) };
        // A defect in one write must not end the thread that all the others need.
        let result = catch_unwind(AssertUnwindSafe(|| work(connection)))
            .unwrap_or_else(|_| Err(StoreError::Internal("a write panicked".into())));
        let failed = result.as_ref().err().cloned();
        self.result = Some(result);
        failed.map_or(Ok(()), Err)
    }

    fn answer(self: Box<Self>, outcome: &Result<()>) {
        let result = match (outcome, self.result) {
            (_, Some(Err(own))) => Err(own),
            (Err(error), _) => Err(error.clone()),
            (Ok(()), Some(Ok(done))) => Ok(done),
            (Ok(()), None) => Err(StoreError::Internal("a write was committed without being run".into())),
        };
        // Who asked may be gone; what is committed stays.
        let _ = self.reply.send(result);
    }
}
