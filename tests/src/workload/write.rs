//! Writes of a device: its outboxes, and changes that are repeated until somebody answers.

use std::collections::{BTreeMap, VecDeque};

use anyhow::Result;
use serde_json::{Value, json};

use super::link::Link;
use crate::cid;
use crate::history::{Call, print};

/// Messages in one batch.
const BATCH: usize = 100;
/// Acked writes that are repeated now and then.
const KEPT: usize = 200;

/// A message in an outbox.
#[derive(Debug, Clone)]
struct Queued {
    body: Value,
    call: Call,
}

/// A write that is not a message of an outbox.
#[derive(Debug, Clone)]
pub struct Change {
    /// The event.
    pub event: &'static str,
    /// Its payload.
    pub body: Value,
    /// What the history says of it.
    pub call: Call,
}

/// All that a device has written and not heard of, and a part of what it has.
#[derive(Debug, Default)]
pub struct Writes {
    outboxes: BTreeMap<String, VecDeque<Queued>>,
    /// Of which nobody knows: comes first on the next link.
    unanswered: Option<Change>,
    acked: VecDeque<Change>,
    next_place: u64,
}

impl Writes {
    /// Puts a message into the outbox of a room.
    pub fn queue(&mut self, room: &str, text: &str) {
        let (cid, place) = (cid(), self.next_place);
        self.next_place += 1;
        let body = json!({ "room": room, "cid": cid, "text": text });
        let call = Call::Send { room: room.to_owned(), cid, place, text: print(text) };
        self.outboxes.entry(room.to_owned()).or_default().push_back(Queued { body, call });
    }

    /// How many messages wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.outboxes.values().map(VecDeque::len).sum()
    }

    /// Whether nothing is unanswered.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting() == 0 && self.unanswered.is_none()
    }

    /// Sends from the front of one outbox; what was answered for good leaves it.
    ///
    /// # Errors
    /// When the link is lost; all of it waits on, under the same `cid`s.
    pub async fn drain(&mut self, link: &mut Link, rng: &mut fastrand::Rng) -> Result<()> {
        self.outboxes.retain(|_, outbox| !outbox.is_empty());
        let rooms: Vec<&String> = self.outboxes.keys().collect();
        if rooms.is_empty() {
            return Ok(());
        }
        let room = rooms[rng.usize(..rooms.len())].clone();
        let Some(outbox) = self.outboxes.get_mut(&room) else { return Ok(()) };
        let count = outbox.len().min(rng.usize(1..=BATCH));
        let front: Vec<Queued> = outbox.iter().take(count).cloned().collect();
        let results = if let [one] = &front[..] {
            vec![link.request("message:send", one.body.clone(), one.call.clone()).await?]
        } else {
            link.batch(front.iter().map(|queued| (queued.body.clone(), queued.call.clone())).collect()).await?
        };
        let mut acked = Vec::new();
        for (queued, result) in front.into_iter().zip(results) {
            if result["ok"] != true && !is_final(&result) {
                // First in, first out: what follows waits with it.
                break;
            }
            outbox.pop_front();
            if result["ok"] == true {
                acked.push(Change { event: "message:send", body: queued.body, call: queued.call });
            }
        }
        acked.into_iter().for_each(|change| self.keep(change));
        Ok(())
    }

    /// Makes a change; when the link is lost meanwhile it is made again on the next one.
    ///
    /// # Errors
    /// When the link is lost.
    pub async fn change(&mut self, link: &mut Link, change: Change) -> Result<()> {
        self.unanswered = Some(change.clone());
        let reply = link.request(change.event, change.body.clone(), change.call.clone()).await?;
        self.unanswered = None;
        if reply["ok"] == true {
            self.keep(change);
        }
        Ok(())
    }

    /// Makes the change of which nobody knows once more.
    ///
    /// # Errors
    /// When the link is lost.
    pub async fn repeat_unanswered(&mut self, link: &mut Link) -> Result<()> {
        match self.unanswered.clone() {
            Some(change) => self.change(link, change).await,
            None => Ok(()),
        }
    }

    /// Writes something once more that was acked, as a client does that lost the ack.
    ///
    /// # Errors
    /// When the link is lost.
    pub async fn repeat(&mut self, link: &mut Link, rng: &mut fastrand::Rng) -> Result<()> {
        if let Some(change) = self.any(rng) {
            link.request(change.event, change.body, change.call).await?;
        }
        Ok(())
    }

    /// Uses a `cid` for something else.
    ///
    /// # Errors
    /// When the link is lost.
    pub async fn conflict(&mut self, link: &mut Link, rng: &mut fastrand::Rng) -> Result<()> {
        let Some(Change { event, mut body, mut call }) = self.any(rng) else { return Ok(()) };
        let Call::Send { text, .. } = &mut call else { return Ok(()) };
        let other = format!("another body {}", rng.u32(..));
        (body["text"], *text) = (json!(other), print(&other));
        link.request(event, body, call).await?;
        Ok(())
    }

    fn any(&self, rng: &mut fastrand::Rng) -> Option<Change> {
        (!self.acked.is_empty()).then(|| self.acked[rng.usize(..self.acked.len())].clone())
    }

    fn keep(&mut self, change: Change) {
        // Old ones stay for long: a retry may come a day later.
        if self.acked.len() >= KEPT {
            self.acked.remove(KEPT / 2);
        }
        self.acked.push_back(change);
    }
}

fn is_final(result: &Value) -> bool {
    let code = result["error"]["code"].as_str().unwrap_or_default();
    // `read_only` is final too: a person must look at the disk, and then at what failed.
    !["", "rate_limited", "unavailable", "internal"].contains(&code)
}
