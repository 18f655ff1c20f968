//! What both machines share: connecting with backoff, the heartbeat, and requests answered by `rid`.

use std::collections::{BTreeMap, VecDeque};

use confab_protocol::answer::{self, Answer};
use confab_protocol::event::{LinkPing, REQUEST_ANSWERED, Request};
use confab_protocol::{Cause, Error, ErrorCode};
use serde_json::{Map, Value};

use super::{CallId, Effect, Now};
use crate::backoff::Backoff;
use crate::link::{Frame, LinkEvent};
use crate::view::{LinkState, Update};

/// How long the server may take for each step of connecting at first: the answer to CONNECT, the ready event.
const STEP_LIMIT_MS: u64 = 6_000;
/// A link that reports nothing at all for this much longer is dead. Its own limit for the network is shorter.
const NETWORK_LIMIT_MS: u64 = 9_000;
/// And after so many failures in a row as many times that. A crowd that comes back to a slow server would give up just before
/// its turn, each time anew, and keep it busy with greetings that nobody waits for any more.
const PATIENCE: [u64; 4] = [1, 1, 2, 4];
/// Silence of the server while a request waits. Passing it costs the link: the answer may be lost, or all of the connection.
pub const REQUEST_LIMIT_MS: u64 = 4_000;
/// From a request to its answer on a link that speaks of other things meanwhile. The server is there, and has much to do, as
/// after a restart: to come back with the same request would be the same work again, and once more for the greeting.
const BUSY_LIMIT_MS: u64 = 20_000;
/// Silence after which the server is asked whether it is still there. Nothing reports a lost network.
pub const SILENCE_MS: u64 = 10_000;
/// How long a link must have been live before the next failure counts as the first.
const STEADY_MS: u64 = 10_000;
/// How long a call waits for the link to come up.
pub const PATIENCE_MS: u64 = 10_000;
/// How many calls wait for it.
const HELD_MAX: usize = 64;

/// One namespace's link as its machine sees it. `P` says what a request of the machine's own was for.
#[derive(Debug)]
pub struct Wire<P> {
    namespace: String,
    phase: Phase,
    backoff: Backoff,
    last_rid: u64,
    requests: BTreeMap<u64, Asked<P>>,
    held: VecDeque<Held>,
    heard_at: u64,
}

#[derive(Debug, Clone, PartialEq)]
enum Phase {
    Idle,
    Connecting { until: u64 },
    Greeting { until: u64 },
    Live { since: u64 },
    Waiting { until: u64 },
    Refused(Error),
}

#[derive(Debug)]
enum Purpose<P> {
    Ping,
    Call(CallId),
    Own(P),
}

/// A request under way.
#[derive(Debug)]
struct Asked<P> {
    purpose: Purpose<P>,
    at: u64,
}

impl<P> Asked<P> {
    /// When the link is given up for it, by when the server was last heard.
    fn deadline(&self, heard_at: u64) -> u64 {
        (self.at.max(heard_at) + REQUEST_LIMIT_MS).min(self.at + BUSY_LIMIT_MS)
    }
}

#[derive(Debug)]
struct Held {
    call: CallId,
    event: &'static str,
    body: Value,
    until: u64,
}

/// What is left for the machine to do about a report of the link.
#[derive(Debug)]
pub enum Report<P> {
    /// Nothing.
    Handled,
    /// An event of the namespace.
    Push {
        /// Its name.
        event: String,
        /// What it carries.
        body: Value,
    },
    /// A request of the machine's own was answered.
    Answered(P, Answer<Value>),
    /// The link is lost, and with it the answers to these.
    Lost(Vec<P>),
    /// The server refused the CONNECT for good; the answers to these are lost with the link.
    Refused(Error, Vec<P>),
}

impl<P> Wire<P> {
    /// A link to this namespace, not yet begun.
    #[must_use]
    pub fn new(namespace: String, seed: u64) -> Self {
        Self {
            namespace,
            phase: Phase::Idle,
            backoff: Backoff::of_link(seed),
            last_rid: 0,
            requests: BTreeMap::new(),
            held: VecDeque::new(),
            heard_at: 0,
        }
    }

    /// Whether the ready event of the present link has come: only then may anything be sent.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live { .. })
    }

    /// Begins to connect, unless that goes on already. A refused link tries again.
    pub fn start(&mut self, now: Now, out: &mut Vec<Effect>) {
        if matches!(self.phase, Phase::Idle | Phase::Waiting { .. } | Phase::Refused(_)) {
            self.connect(now, out);
        }
    }

    /// Tries again at once when it is waiting, and asks a silent link whether it is still there.
    pub fn nudge(&mut self, now: Now, out: &mut Vec<Effect>) {
        match self.phase {
            Phase::Waiting { .. } => self.connect(now, out),
            // The server may be itself again.
            Phase::Refused(Error { cause: Some(Cause::CertificateChanged), .. }) => self.connect(now, out),
            Phase::Live { .. } => self.ping(now, out),
            _ => {}
        }
    }

    /// Takes a report of the link.
    pub fn report(&mut self, event: LinkEvent, now: Now, out: &mut Vec<Effect>) -> Report<P> {
        self.heard_at = now.ms;
        match event {
            LinkEvent::Up => {
                self.phase = Phase::Greeting { until: now.ms + self.step_limit_ms() };
                Report::Handled
            }
            LinkEvent::Push { event, body } if event == REQUEST_ANSWERED => self.answered(body, out),
            LinkEvent::Push { event, body } => Report::Push { event, body },
            LinkEvent::Down(down) => {
                tracing::debug!(namespace = self.namespace, %down, "link lost");
                Report::Lost(self.lose(now, 0, out))
            }
            LinkEvent::Refused(error) if error.code.is_retryable() => {
                let wait = error.retry_after_ms.unwrap_or_default();
                Report::Lost(self.lose(now, wait, out))
            }
            LinkEvent::Refused(error) => {
                let lost = self.drop_link(&error, out);
                for held in std::mem::take(&mut self.held) {
                    out.push(Effect::Reply { call: held.call, answer: Err(error.clone()) });
                }
                self.phase = Phase::Refused(error.clone());
                out.push(Effect::Update(self.link_update(now)));
                Report::Refused(error, lost)
            }
        }
    }

    /// The ready event came: the link is live, and the calls that waited for it go out.
    pub fn ready(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.phase = Phase::Live { since: now.ms };
        self.backoff.worked();
        out.push(Effect::Update(self.link_update(now)));
        for Held { call, event, body, .. } in std::mem::take(&mut self.held) {
            self.send(event, body, Purpose::Call(call), now, out);
        }
    }

    /// Passes a call on to the server, as soon as there is a link.
    pub fn call(&mut self, call: CallId, event: &'static str, body: Value, now: Now, out: &mut Vec<Effect>) {
        match &self.phase {
            _ if !body.is_object() => {
                let error = Error::bad_request("A request carries one object.");
                out.push(Effect::Reply { call, answer: Err(error) });
            }
            Phase::Live { .. } => self.send(event, body, Purpose::Call(call), now, out),
            Phase::Refused(error) => out.push(Effect::Reply { call, answer: Err(error.clone()) }),
            _ if self.held.len() >= HELD_MAX => out.push(Effect::Reply { call, answer: Err(unreachable()) }),
            _ => self.held.push_back(Held { call, event, body, until: now.ms + PATIENCE_MS }),
        }
    }

    /// Sends a request of the machine's own. Only on a live link.
    pub fn ask<R: Request>(&mut self, request: &R, purpose: P, now: Now, out: &mut Vec<Effect>) {
        self.send(R::EVENT, to_value(request), Purpose::Own(purpose), now, out);
    }

    /// Sends a request of the machine's own whose type is known only by name. Only on a live link.
    pub fn ask_named(&mut self, event: &'static str, body: Value, purpose: P, now: Now, out: &mut Vec<Effect>) {
        self.send(event, body, Purpose::Own(purpose), now, out);
    }

    /// Sends something whose answer nobody needs. Without a live link it is lost.
    pub fn tell<R: Request>(&self, request: &R, out: &mut Vec<Effect>) {
        if let (true, Value::Object(body)) = (self.is_live(), to_value(request)) {
            out.push(Effect::Emit(Frame { event: R::EVENT, body }));
        }
    }

    /// Does what is due. Answers with what was lost when that costs the link.
    pub fn tick(&mut self, now: Now, out: &mut Vec<Effect>) -> Report<P> {
        while let Some(Held { call, .. }) = self.held.pop_front_if(|held| held.until <= now.ms) {
            out.push(Effect::Reply { call, answer: Err(unreachable()) });
        }
        let overdue = match self.phase {
            Phase::Connecting { until } | Phase::Greeting { until } => until <= now.ms,
            Phase::Live { .. } => self.requests.values().any(|asked| asked.deadline(self.heard_at) <= now.ms),
            Phase::Waiting { until } if until <= now.ms => {
                self.connect(now, out);
                false
            }
            _ => false,
        };
        if overdue {
            tracing::debug!(namespace = self.namespace, phase = ?self.phase, "link silent");
            return Report::Lost(self.lose(now, 0, out));
        }
        if self.is_live() && self.heard_at + SILENCE_MS <= now.ms {
            self.ping(now, out);
        }
        Report::Handled
    }

    /// When [`Wire::tick`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let phase = match self.phase {
            Phase::Connecting { until } | Phase::Greeting { until } | Phase::Waiting { until } => Some(until),
            Phase::Live { .. } => {
                let answer = self.requests.values().map(|asked| asked.deadline(self.heard_at)).min();
                // A ping is a request too: with one under way, its limit is what counts.
                answer.or(Some(self.heard_at + SILENCE_MS))
            }
            Phase::Idle | Phase::Refused(_) => None,
        };
        phase.into_iter().chain(self.held.front().map(|held| held.until)).min()
    }

    /// How the link is, for the shell.
    #[must_use]
    pub fn link_update(&self, now: Now) -> Update {
        let state = match &self.phase {
            Phase::Idle => LinkState::Closed,
            Phase::Connecting { .. } | Phase::Greeting { .. } => LinkState::Connecting,
            Phase::Live { .. } => LinkState::Live,
            Phase::Waiting { until } => {
                LinkState::Waiting { retry_in_ms: until.saturating_sub(now.ms), attempt: self.backoff.attempt() }
            }
            Phase::Refused(error) => LinkState::Refused { error: error.clone() },
        };
        Update::Link { namespace: self.namespace.clone(), state }
    }

    fn connect(&mut self, now: Now, out: &mut Vec<Effect>) {
        let limit_ms = self.step_limit_ms();
        self.phase = Phase::Connecting { until: now.ms + NETWORK_LIMIT_MS + limit_ms };
        out.push(Effect::Connect { limit_ms });
        out.push(Effect::Update(self.link_update(now)));
    }

    fn step_limit_ms(&self) -> u64 {
        let failures = usize::try_from(self.backoff.attempt()).unwrap_or(usize::MAX);
        STEP_LIMIT_MS * PATIENCE[failures.min(PATIENCE.len() - 1)]
    }

    fn lose(&mut self, now: Now, at_least_ms: u64, out: &mut Vec<Effect>) -> Vec<P> {
        if let Phase::Live { since } = self.phase
            && since + STEADY_MS <= now.ms
        {
            self.backoff.reset();
        }
        let wait = self.backoff.failed().max(at_least_ms);
        let lost = self.drop_link(&unreachable(), out);
        self.phase = Phase::Waiting { until: now.ms + wait };
        out.push(Effect::Update(self.link_update(now)));
        lost
    }

    fn drop_link(&mut self, error: &Error, out: &mut Vec<Effect>) -> Vec<P> {
        out.push(Effect::Kill);
        let mut lost = Vec::new();
        for Asked { purpose, .. } in std::mem::take(&mut self.requests).into_values() {
            match purpose {
                Purpose::Ping => {}
                Purpose::Call(call) => out.push(Effect::Reply { call, answer: Err(error.clone()) }),
                Purpose::Own(own) => lost.push(own),
            }
        }
        lost
    }

    fn ping(&mut self, now: Now, out: &mut Vec<Effect>) {
        // Any request under way tests the link as well as a ping would.
        if self.requests.is_empty() {
            self.send(LinkPing::EVENT, to_value(&LinkPing {}), Purpose::Ping, now, out);
        }
    }

    fn send(&mut self, event: &'static str, body: Value, purpose: Purpose<P>, now: Now, out: &mut Vec<Effect>) {
        let Value::Object(mut body) = body else { return };
        self.last_rid += 1;
        body.insert("rid".into(), rid(self.last_rid).into());
        self.requests.insert(self.last_rid, Asked { purpose, at: now.ms });
        out.push(Effect::Emit(Frame { event, body }));
    }

    fn answered(&mut self, mut body: Value, out: &mut Vec<Effect>) -> Report<P> {
        let number = body.get("rid").and_then(Value::as_str).and_then(|rid| rid.strip_prefix('r')?.parse().ok());
        // Unknown: the answer to a request of an earlier link. Its sender has been told that it is lost.
        let Some(Asked { purpose, .. }) = number.and_then(|number: u64| self.requests.remove(&number)) else {
            return Report::Handled;
        };
        if let Some(fields) = body.as_object_mut() {
            fields.remove("rid");
        }
        let answer = answer::from_wire::<Value>(body);
        match purpose {
            Purpose::Ping => Report::Handled,
            Purpose::Call(call) => {
                out.push(Effect::Reply { call, answer });
                Report::Handled
            }
            Purpose::Own(own) => Report::Answered(own, answer),
        }
    }
}

/// What a call is answered with while the server is out of reach.
#[must_use]
pub fn unreachable() -> Error {
    Error::new(ErrorCode::Unavailable, "The server cannot be reached at the moment.")
}

fn rid(number: u64) -> String {
    format!("r{number}")
}

/// Requests are plain structs of ours: they always become an object.
fn to_value<R: Request>(request: &R) -> Value {
    serde_json::to_value(request).unwrap_or_else(|_| Value::Object(Map::new()))
}

#[cfg(test)]
mod tests {
    use confab_protocol::Timestamp;

    use super::*;
    use crate::link::Down;

    #[test]
    fn whoever_failed_before_waits_longer_until_it_was_live_for_a_while() {
        let mut now = Now { ms: 0, wall: Timestamp::from_millis(0) };
        let mut wire = Wire::<()>::new("/".into(), 7);
        let mut limits = Vec::new();
        let mut connects = |out: &mut Vec<Effect>| {
            let limit = |effect| if let Effect::Connect { limit_ms } = effect { Some(limit_ms) } else { None };
            limits.extend(out.drain(..).filter_map(limit));
        };
        let mut out = Vec::new();
        wire.start(now, &mut out);
        for _ in 0..5 {
            connects(&mut out);
            now.ms = wire.deadline().unwrap();
            assert!(matches!(wire.tick(now, &mut out), Report::Lost(_)), "a link that reports nothing is dead");
            now.ms = wire.deadline().unwrap();
            wire.tick(now, &mut out);
        }
        wire.report(LinkEvent::Up, now, &mut out);
        wire.ready(now, &mut out);
        now.ms += STEADY_MS;
        wire.report(LinkEvent::Down(Down::Closed("again".into())), now, &mut out);
        now.ms = wire.deadline().unwrap();
        wire.tick(now, &mut out);
        connects(&mut out);
        assert_eq!(limits, [6_000, 6_000, 12_000, 24_000, 24_000, 24_000, 6_000]);
    }
}
