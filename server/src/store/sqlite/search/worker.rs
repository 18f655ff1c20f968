//! A thread with a connection to the index of its own, which it opens when there is something to do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::file;
use crate::store::sqlite::connection::Connection;
use crate::store::{Result, StoreError};

/// Searches that wait. One more is `Unavailable` at once: who searches as they type will ask again.
const QUEUE: usize = 32;

/// Is given the connection, or told why there is none.
type Job = Box<dyn FnOnce(Result<&mut Connection>) + Send>;

enum Task {
    Work(Job),
    Close(oneshot::Sender<()>),
}

/// The way to the thread, which ends when it is dropped.
pub(super) struct Worker(mpsc::Sender<Task>);

impl Worker {
    /// Starts the thread, which gives way to all others by so much ([`rustix::process::nice`]). `life`: when it has changed, the
    /// connection is opened anew.
    pub fn start(name: &str, nice: i32, main: PathBuf, path: PathBuf, life: Arc<AtomicU64>) -> Result<Self> {
        let (tasks, mut waiting) = mpsc::channel(QUEUE);
        thread::Builder::new()
            .name(name.into())
            .spawn(move || {
                // Linux has a niceness for each thread. Where it is refused, the thread is only less polite.
                let _ = rustix::process::nice(nice);
                let mut open: Option<(u64, Connection)> = None;
                while let Some(task) = waiting.blocking_recv() {
                    match task {
                        Task::Close(done) => {
                            drop(open);
                            // Who asked for it may have waited long enough.
                            let _ = done.send(());
                            return;
                        }
                        Task::Work(work) => {
                            let now = life.load(Ordering::SeqCst);
                            if open.as_ref().is_none_or(|(life, _)| *life != now) {
                                open = None;
                                match file::open(&path, &main) {
                                    Ok(connection) => open = Some((now, connection)),
                                    Err(error) => {
                                        work(Err(error));
                                        continue;
                                    }
                                }
                            }
                            if let Some((_, connection)) = &mut open {
                                work(Ok(connection));
                            }
                        }
                    }
                }
            })
            .map_err(|e| StoreError::Unavailable(format!("no thread for search: {e}")))?;
        Ok(Self(tasks))
    }

    /// Runs something on the thread.
    pub async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = move |connection: Result<&mut Connection>| {
            // Who asked may be gone: then there is nothing to look for.
            if reply.is_closed() {
                return;
            }
            let result = connection.and_then(|connection| {
                catch_unwind(AssertUnwindSafe(|| work(connection)))
                    .unwrap_or_else(|_| Err(StoreError::Internal("a search panicked".into())))
            });
            let _ = reply.send(result);
        };
        self.0
            .try_send(Task::Work(Box::new(job)))
            .map_err(|_| StoreError::Unavailable("too many searches wait, or the store is closed".into()))?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the store is closed".into())))
    }

    /// Ends the thread, and waits until its connection is closed.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.0.send(Task::Close(done)).await.is_ok() {
            // An error means that it was closed already.
            let _ = closed.await;
        }
    }
}
