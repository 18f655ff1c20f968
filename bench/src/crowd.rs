//! Many clients in one room, and how much reached them.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::link::{ENTRY, Link, Sender};

/// As many handshakes are under way at once.
const AT_ONCE: usize = 64;

#[derive(Debug, Default)]
struct Count {
    delivered: Cell<u64>,
    wanted: Cell<u64>,
    lost: Cell<usize>,
    reached: Notify,
}

/// Clients that are in the room and count what reaches them.
#[derive(Debug)]
pub struct Crowd {
    /// The room that all are in.
    pub room: String,
    count: Rc<Count>,
    members: Vec<JoinHandle<()>>,
    senders: Vec<Sender>,
}

impl Crowd {
    /// Connects `size` clients, taking the tokens in turn, and joins all of them to the room `general`.
    ///
    /// # Errors
    /// When one is refused.
    pub async fn gather(addr: SocketAddr, tokens: &[String], size: usize) -> Result<Self> {
        let (first, room) = Link::enter(addr, &tokens[0], None).await?;
        let mut links = vec![first];
        let mut coming = FuturesUnordered::new();
        for n in 1..size {
            coming.push(Link::enter(addr, &tokens[n % tokens.len()], Some(&room)));
            if coming.len() >= AT_ONCE
                && let Some(link) = coming.next().await
            {
                links.push(link?.0);
            }
        }
        while let Some(link) = coming.next().await {
            links.push(link?.0);
        }
        drop(coming);
        let senders = links.iter().take(AT_ONCE).map(Link::sender).collect();
        let count = Rc::new(Count::default());
        let members = links.into_iter().map(|link| tokio::task::spawn_local(listen(link, count.clone()))).collect();
        Ok(Self { room, count, members, senders })
    }

    /// The first of them can speak; at most 64 can.
    #[must_use]
    pub fn senders(&self) -> &[Sender] {
        &self.senders
    }

    /// How many entries reached all of them together.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.count.delivered.get()
    }

    /// Waits until this many entries were delivered in all.
    ///
    /// # Errors
    /// When they are not within 30 s: some were lost.
    pub async fn wait_for(&self, deliveries: u64) -> Result<()> {
        self.count.wanted.set(deliveries);
        let enough = async {
            while self.count.delivered.get() < deliveries {
                self.count.reached.notified().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), enough).await;
        waited.with_context(|| format!("{} of {deliveries} entries were delivered", self.delivered()))?;
        ensure!(self.count.lost.get() == 0, "{} clients were disconnected", self.count.lost.get());
        Ok(())
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for member in &self.members {
            member.abort();
        }
    }
}

impl Count {
    fn add(&self, n: u64) {
        let delivered = self.delivered.get() + n;
        self.delivered.set(delivered);
        if delivered >= self.wanted.get() {
            self.reached.notify_waiters();
            self.reached.notify_one();
        }
    }
}

async fn listen(mut link: Link, count: Rc<Count>) {
    loop {
        let mut entries = 0;
        let read = link.read(|packet| entries += u64::from(packet.starts_with(ENTRY))).await;
        if entries > 0 {
            count.add(entries);
        }
        if read.is_err() {
            count.lost.set(count.lost.get() + 1);
            count.reached.notify_one();
            return;
        }
    }
}
