//! The writes of one room, in order, with one outstanding request.

use std::collections::VecDeque;

use confab_protocol::answer::{self, Answer};
use confab_protocol::event::{
    BatchSent, MessageDelete, MessageEdit, MessagePin, MessageReact, MessageSend, MessageSendBatch, Request,
};
use confab_protocol::limits::BATCH_MAX;
use confab_protocol::{Cid, Error, ErrorCode, Seq};
use serde::Deserialize;
use serde_json::Value;

use super::{Outcome, Queued, Stage, Write};
use crate::backoff::Backoff;

/// Messages of one batch, in bytes of JSON: half of the smallest frame that a server is likely to allow.
const BATCH_BYTES: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Lane {
    items: VecDeque<Queued>,
    /// The cids of the outstanding request, in its order.
    outstanding: Option<Vec<Cid>>,
    not_before: u64,
    backoff: Backoff,
}

/// What every answer to a write has in common.
#[derive(Deserialize)]
struct Receipt {
    seq: Seq,
}

impl Lane {
    pub(super) const fn new(seed: u64) -> Self {
        Self { items: VecDeque::new(), outstanding: None, not_before: 0, backoff: Backoff::new(seed) }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.items.is_empty() && self.outstanding.is_none()
    }

    pub(super) fn items(&self) -> impl Iterator<Item = &Queued> {
        self.items.iter()
    }

    pub(super) fn push(&mut self, item: Queued) {
        self.items.push_back(item);
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        let waits = self.outstanding.is_none() && self.items.iter().any(is_queued);
        waits.then_some(self.not_before)
    }

    /// The request for the first write that waits, or for as many messages in a row as one batch takes.
    pub(super) fn next(&mut self, now_ms: u64) -> Option<(&'static str, Value)> {
        if self.outstanding.is_some() || now_ms < self.not_before {
            return None;
        }
        let first = self.items.iter().position(is_queued)?;
        let run = self.run_of_messages(first);
        let (event, body) = match &self.items[first].write {
            Write::Send(_) if run.len() > 1 => {
                let messages = run.iter().map(|&at| to_value(&self.items[at].write)).collect();
                (MessageSendBatch::EVENT, serde_json::json!(MessageSendBatch { messages }))
            }
            Write::Send(_) => (MessageSend::EVENT, to_value(&self.items[first].write)),
            Write::Edit(_) => (MessageEdit::EVENT, to_value(&self.items[first].write)),
            Write::Delete(_) => (MessageDelete::EVENT, to_value(&self.items[first].write)),
            Write::React(_) => (MessageReact::EVENT, to_value(&self.items[first].write)),
            Write::Pin(_) => (MessagePin::EVENT, to_value(&self.items[first].write)),
        };
        let sent = if run.is_empty() { vec![first] } else { run };
        for &at in &sent {
            self.items[at].stage = Stage::Sending;
        }
        self.outstanding = Some(sent.iter().map(|&at| self.items[at].write.cid().clone()).collect());
        Some((event, body))
    }

    pub(super) fn answered(&mut self, answer: Answer<Value>, now_ms: u64) -> Vec<Outcome> {
        let Some(cids) = self.outstanding.take() else { return Vec::new() };
        let results = results(answer, cids.len());
        let mut wait = None;
        let mut outcomes = Vec::new();
        for (cid, result) in cids.iter().zip(results) {
            if let Err(error) = &result
                && error.code.is_retryable()
            {
                wait = Some(wait.unwrap_or(0).max(error.retry_after_ms.unwrap_or(0)));
            }
            // Gone already when the log showed it first.
            outcomes.extend(self.settle(cid, result));
        }
        match wait {
            Some(at_least) => self.not_before = now_ms + self.backoff.failed().max(at_least),
            None => {
                self.backoff.reset();
                self.not_before = 0;
            }
        }
        outcomes
    }

    pub(super) fn lost(&mut self) -> Vec<Cid> {
        let cids = self.outstanding.take().unwrap_or_default();
        for item in self.items.iter_mut().filter(|item| item.stage == Stage::Sending) {
            item.stage = Stage::Queued;
        }
        cids
    }

    pub(super) fn remove(&mut self, cid: &Cid) -> Option<Queued> {
        let at = self.position(cid)?;
        self.items.remove(at)
    }

    pub(super) fn reached(&mut self, seq: Seq) -> Vec<Queued> {
        let mut reached = Vec::new();
        self.items.retain(|item| {
            let done = matches!(item.stage, Stage::Committed(at) if at <= seq);
            if done {
                reached.push(item.clone());
            }
            !done
        });
        reached
    }

    pub(super) fn take_failed(&mut self, cid: &Cid) -> Option<Queued> {
        let at = self.position(cid)?;
        if matches!(self.items[at].stage, Stage::Failed(_)) { self.items.remove(at) } else { None }
    }

    fn settle(&mut self, cid: &Cid, result: Result<Seq, Error>) -> Option<Outcome> {
        let at = self.position(cid)?;
        let item = &mut self.items[at];
        let (write, call) = (item.write.clone(), item.call);
        let result = match result {
            Ok(seq) => {
                item.stage = Stage::Committed(seq);
                Some(Ok(seq))
            }
            Err(error) if error.code.is_retryable() => {
                item.stage = Stage::Queued;
                None
            }
            Err(error) => {
                if matches!(write, Write::Send(_)) {
                    item.stage = Stage::Failed(error.clone());
                } else {
                    self.items.remove(at);
                }
                Some(Err(error))
            }
        };
        Some(Outcome { write, call, result })
    }

    /// Where the messages are that one batch can carry, from `first` on. Another kind of write ends the run: it may
    /// concern a message of the run.
    fn run_of_messages(&self, first: usize) -> Vec<usize> {
        let mut run = Vec::new();
        let mut bytes = 0;
        for (at, item) in self.items.iter().enumerate().skip(first) {
            match (&item.write, &item.stage) {
                (Write::Send(message), Stage::Queued) => {
                    bytes += json_bytes(&message.text) + 512;
                    if !run.is_empty() && (bytes > BATCH_BYTES || run.len() >= BATCH_MAX) {
                        break;
                    }
                    run.push(at);
                }
                (_, Stage::Queued) => break,
                _ => {}
            }
        }
        run
    }

    fn position(&self, cid: &Cid) -> Option<usize> {
        self.items.iter().position(|item| item.write.cid() == cid)
    }
}

fn is_queued(item: &Queued) -> bool {
    item.stage == Stage::Queued
}

/// How long a text is in JSON: escapes can make it six times as long.
fn json_bytes(text: &str) -> usize {
    let escaped = text.bytes().filter(|b| matches!(b, 0..0x20 | b'"' | b'\\')).count();
    text.len() + 5 * escaped
}

/// One result for each of `count` writes: those of a batch one by one, or one answer for all.
fn results(answer: Answer<Value>, count: usize) -> Vec<Result<Seq, Error>> {
    let unreadable = || Error::new(ErrorCode::Internal, "The server's answer could not be read.");
    let mut results = match answer {
        Err(error) => vec![Err(error); count],
        Ok(reply) if count > 1 => match serde_json::from_value::<BatchSent>(reply) {
            Ok(batch) => batch.results.into_iter().map(seq_of_wire).collect(),
            Err(_) => Vec::new(),
        },
        Ok(reply) => vec![serde_json::from_value::<Receipt>(reply).map(|r| r.seq).map_err(|_| unreadable())],
    };
    results.resize_with(count, || Err(unreadable()));
    results
}

fn seq_of_wire(result: Value) -> Result<Seq, Error> {
    answer::from_wire::<Receipt>(result).map(|receipt| receipt.seq)
}

/// The payload of a write on its own.
fn to_value(write: &Write) -> Value {
    let value = match write {
        Write::Send(send) => serde_json::to_value(send),
        Write::Edit(edit) => serde_json::to_value(edit),
        Write::Delete(delete) => serde_json::to_value(delete),
        Write::React(react) => serde_json::to_value(react),
        Write::Pin(pin) => serde_json::to_value(pin),
    };
    // Plain structs of strings: there is nothing in them that JSON cannot say.
    value.unwrap_or(Value::Null)
}
