//! The threads that read. In WAL mode they never wait for the writer, and each transaction sees one state.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::connection::Connection;
use crate::store::{Result, StoreError};

/// Enough to keep two cores busy while one of them waits for the disk; each costs up to 1 MiB of page cache.
const THREADS: usize = 3;
/// Reads that wait. When it is full, the callers wait for a place: their own queues are bounded too.
const QUEUE: usize = 256;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The way to the threads. They end when it is dropped.
pub(super) struct Readers(mpsc::Sender<Job>);

impl Readers {
    /// Opens the connections and starts a thread for each.
    pub fn start(path: &Path) -> Result<Self> {
        let (sender, receiver) = mpsc::channel::<Job>(QUEUE);
        let receiver = Arc::new(Mutex::new(receiver));
        for n in 0..THREADS {
            let mut connection = Connection::reading(path)?;
            let receiver = Arc::clone(&receiver);
            thread::Builder::new()
                .name(format!("sqlite-read-{n}"))
                .spawn(move || {
                    loop {
                        // The lock is held while waiting: one thread waits for work, the others for the lock.
                        let job = receiver.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
                        let Some(job) = job else { return };
                        job(&mut connection);
                    }
                })
                .map_err(|e| StoreError::Unavailable(format!("no thread for reading: {e}")))?;
        }
        Ok(Self(sender))
    }

    /// Runs something in a transaction of one of the threads.
    pub async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |connection: &mut Connection| {
            // Who asked may be gone: then there is nothing to read for.
            if !reply.is_closed() {
                let _ = reply.send(in_transaction(connection, work));
            }
        });
        let ended = || StoreError::Unavailable("the store is closed".into());
        self.0.send(job).await.map_err(|_| ended())?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }
}

fn in_transaction<T>(connection: &mut Connection, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
    connection.batch("BEGIN")?;
    let work = std::panic::AssertUnwindSafe(|| work(connection));
    let result = std::panic::catch_unwind(work);
    // Nothing was written, so there is nothing that ending it could lose.
    connection.batch("ROLLBACK")?;
    result.unwrap_or_else(|_| Err(StoreError::Internal("a read panicked".into())))
}
