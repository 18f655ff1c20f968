//! The supervised task around a machine: it owns the link, the clock and the calls that wait for an answer.
//!
//! One per open namespace. The machine decides; this does: opens links, drops them, sends, waits.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use confab_protocol::event::UnreadChanged;
use confab_protocol::{Error, ErrorCode, Limits, RoomId, Slug, Timestamp, UserId};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::fault::{self, Point};
use crate::feed::Feed;
use crate::link::{Down, Events, Factory, Link, LinkEvent, Target};
use crate::local::Local;
use crate::local::model::Keep;
use crate::machine::{CallId, Effect, Input, Machine, Now};
use crate::outbox::Queued;
use crate::view::{LinkState, Update};

/// Orders that wait for the task. Callers wait when there are more.
const ORDERS: usize = 256;
/// Between two ticks of a machine at least: a machine whose deadline lies in the past must not spin.
const TICK: Duration = Duration::from_millis(5);

/// How often it is looked whether the computer was asleep.
const WATCH: Duration = Duration::from_secs(5);
/// The clock on the wall goes on while a computer sleeps, the one that measures time here does not. This much more on the
/// wall than was measured, and links are looked after at once.
const ASLEEP: Duration = Duration::from_secs(5);

/// What a namespace tells the rest of the session.
pub trait Hub: Send + Sync + 'static {
    /// What is unread in a room of some workspace changed.
    fn unread(&self, signal: UnreadChanged);
    /// Whom the caller ignores from now on.
    fn ignored(&self, users: Vec<UserId>);
    /// The server's database is another one.
    fn new_epoch(&self);
    /// The server's limits.
    fn limits(&self, limits: Limits);
    /// The link of this namespace is live: the others may try again, too.
    fn live(&self, namespace: &str);
    /// As many writes wait in this namespace now. Answers with how many wait in all.
    fn pending(&self, namespace: &str, pending: usize) -> usize;
    /// How many writes wait in all.
    fn pending_in_all(&self) -> usize;
    /// The session is over.
    fn signed_out(&self, error: Error);
}

/// What a connection is made of beside its machine.
pub struct Parts {
    /// Makes its links.
    pub factory: Arc<dyn Factory>,
    /// Where they go.
    pub target: Target,
    /// Where its updates go.
    pub feed: Feed,
    /// The rest of the session.
    pub hub: Arc<dyn Hub>,
    /// What outlives the process.
    pub local: Local,
    /// The workspace, unless it is the lobby.
    pub slug: Option<Slug>,
    /// Ends it.
    pub stop: CancellationToken,
}

/// How the session talks to a connection.
#[derive(Debug, Clone)]
pub struct Handle<C> {
    orders: mpsc::Sender<Order<C>>,
    stop: CancellationToken,
}

type Reply = oneshot::Sender<Result<Value, Error>>;

#[derive(Debug)]
enum Order<C> {
    Request(&'static str, Value, Reply),
    Command(C, Option<Reply>),
    Nudge,
    Resync,
    Show,
    Hide,
}

impl<C> Handle<C> {
    /// Asks the server, and waits for its answer.
    ///
    /// # Errors
    /// The refusal, or `unavailable` when the server cannot be reached.
    pub async fn request(&self, event: &'static str, body: Value) -> Result<Value, Error> {
        let (reply, answer) = oneshot::channel();
        self.answered(Order::Request(event, body, reply), answer).await
    }

    /// Has the machine do something, and waits for its answer.
    ///
    /// # Errors
    /// The refusal, or `unavailable` when the connection is being closed.
    pub async fn command(&self, command: C) -> Result<Value, Error> {
        let (reply, answer) = oneshot::channel();
        self.answered(Order::Command(command, Some(reply)), answer).await
    }

    /// Tells the machine something that a later signal would make good.
    pub fn tell(&self, command: C) {
        let _ = self.orders.try_send(Order::Command(command, None));
    }

    /// There is reason to believe that the network is back.
    pub fn nudge(&self) {
        let _ = self.orders.try_send(Order::Nudge);
    }

    /// Sends the whole picture to the shell again.
    pub fn resync(&self) {
        let _ = self.orders.try_send(Order::Resync);
    }

    /// Lets its updates through to the shell, or keeps them back.
    pub async fn show(&self, shown: bool) {
        let _ = self.orders.send(if shown { Order::Show } else { Order::Hide }).await;
    }

    /// Ends the connection.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    async fn answered(&self, order: Order<C>, answer: oneshot::Receiver<Result<Value, Error>>) -> Result<Value, Error> {
        if self.orders.send(order).await.is_err() {
            return Err(closing());
        }
        answer.await.unwrap_or_else(|_| Err(closing()))
    }
}

/// Starts a connection; its link comes up by itself. Must be called in a tokio runtime.
pub fn start<M: Machine>(machine: M, parts: Parts) -> Handle<M::Command> {
    let (orders_in, orders) = mpsc::channel(ORDERS);
    let handle = Handle { orders: orders_in, stop: parts.stop.clone() };
    let (stored_in, stored) = mpsc::unbounded_channel();
    let connection = Connection {
        machine,
        parts,
        link: None,
        events: None,
        calls: BTreeMap::new(),
        last_call: 0,
        started: Instant::now(),
        stored: stored_in,
    };
    tokio::spawn(connection.run(orders, stored));
    handle
}

/// What the local database answers, as many at most as were asked.
type Stored<M> = mpsc::UnboundedReceiver<Input<<M as Machine>::Command>>;

struct Connection<M: Machine> {
    machine: M,
    parts: Parts,
    link: Option<Box<dyn Link>>,
    events: Option<Events>,
    calls: BTreeMap<CallId, Reply>,
    last_call: u64,
    started: Instant,
    /// From the local database's thread.
    stored: mpsc::UnboundedSender<Input<M::Command>>,
}

impl<M: Machine> Connection<M> {
    async fn run(mut self, mut orders: mpsc::Receiver<Order<M::Command>>, mut stored: Stored<M>) {
        let stop = self.parts.stop.clone();
        let restored = self.parts.local.restore(self.parts.slug.clone()).await;
        self.step(Input::Restore(Box::new(restored)));
        self.step(Input::Start);
        let mut earliest = Instant::now();
        let mut watch = interval(WATCH);
        watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut offset = Offset::now(self.started);
        loop {
            let due = self.machine.deadline().map(|ms| (self.started + Duration::from_millis(ms)).max(earliest));
            tokio::select! {
                () = stop.cancelled() => return,
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
                Some(input) = stored.recv() => self.step(input),
                event = next(&mut self.events) => self.step(Input::Link(event)),
                () = until(due) => {
                    earliest = Instant::now() + TICK;
                    self.step(Input::Tick);
                }
                _ = watch.tick() => {
                    let before = std::mem::replace(&mut offset, Offset::now(self.started));
                    if offset.0.abs_diff(before.0) > ASLEEP {
                        self.step(Input::Nudge);
                    }
                }
                shell_is_there = self.parts.feed.room(), if self.parts.feed.is_waiting() => {
                    if !shell_is_there {
                        return;
                    }
                    self.catch_up();
                }
            }
        }
    }

    fn obey(&mut self, order: Order<M::Command>) {
        match order {
            Order::Request(event, body, reply) => {
                let call = self.expect(Some(reply));
                self.step(Input::Request { call, event, body });
            }
            Order::Command(command, reply) => {
                let call = self.expect(reply);
                self.step(Input::Command { call, command });
            }
            Order::Nudge => self.step(Input::Nudge),
            Order::Resync => self.parts.feed.start_over(),
            Order::Show => self.parts.feed.show(),
            Order::Hide => self.parts.feed.hide(),
        }
    }

    fn expect(&mut self, reply: Option<Reply>) -> CallId {
        self.last_call += 1;
        let call = CallId(self.last_call);
        if let Some(reply) = reply {
            self.calls.insert(call, reply);
        }
        call
    }

    fn step(&mut self, input: Input<M::Command>) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let now = self.now();
            for effect in self.machine.step(input, now) {
                inputs.extend(self.perform(effect).map(|down| Input::Link(LinkEvent::Down(down))));
            }
        }
    }

    /// Does it. Answers with what that did to the link.
    fn perform(&mut self, effect: Effect) -> Option<Down> {
        match effect {
            Effect::Connect { limit_ms } => {
                let mut target = self.parts.target.clone();
                target.handshake.members = self.machine.members_tag();
                let opened = self.parts.factory.open(target, Duration::from_millis(limit_ms));
                (self.link, self.events) = (Some(opened.link), Some(opened.events));
            }
            Effect::Kill => (self.link, self.events) = (None, None),
            Effect::Emit(frame) => {
                if frame.event.starts_with("message:") {
                    fault::reach(Point::BeforeSend);
                }
                if let Err(down) = self.link.as_ref()?.emit(frame) {
                    (self.link, self.events) = (None, None);
                    return Some(down);
                }
            }
            Effect::Update(update) => {
                if matches!(update, Update::Link { state: LinkState::Live, .. }) {
                    self.parts.hub.live(&self.parts.target.namespace);
                }
                let drawn = matches!(update, Update::Timeline { .. });
                self.parts.feed.push(update);
                if drawn {
                    fault::reach(Point::AfterDraw);
                }
            }
            Effect::Reply { call, answer } => {
                // Whoever asked may have given up.
                let _ = self.calls.remove(&call).map(|reply| reply.send(answer));
            }
            Effect::Persist(write) => self.persist(write),
            Effect::Keep(changes) => {
                point_of(&changes).into_iter().for_each(fault::reach);
                self.parts.local.keep(self.parts.slug.clone(), changes);
            }
            Effect::Recall(room) => self.recall(room),
            Effect::Pending(pending) => {
                let pending = self.parts.hub.pending(&self.parts.target.namespace, pending);
                self.parts.feed.push_always(Update::Outbox { pending });
            }
            Effect::Unread(signal) => self.parts.hub.unread(signal),
            Effect::Ignored(users) => self.parts.hub.ignored(users),
            Effect::NewEpoch => self.parts.hub.new_epoch(),
            Effect::Limits(limits) => self.parts.hub.limits(limits),
            Effect::SignedOut(error) => self.parts.hub.signed_out(error),
        }
        None
    }

    fn persist(&self, write: Queued) {
        let (slug, stored, cid) = (self.parts.slug.clone(), self.stored.clone(), write.write.cid().clone());
        // The lobby writes nothing.
        let Some(slug) = slug else { return };
        // Once this connection has ended nobody waits any more; what is on the disk goes out with the next one.
        fault::reach(Point::BeforePersist);
        self.parts.local.persist(slug, write, move |result| {
            fault::reach(Point::AfterPersist);
            drop(stored.send(Input::Persisted(cid, result)));
        });
    }

    fn recall(&self, room: RoomId) {
        let (slug, stored, id) = (self.parts.slug.clone(), self.stored.clone(), room.clone());
        let Some(slug) = slug else { return };
        self.parts.local.recall(slug, room, move |timeline| drop(stored.send(Input::Recalled(id, timeline))));
    }

    fn catch_up(&mut self) {
        let now = self.now();
        let (machine, hub) = (&self.machine, &self.parts.hub);
        self.parts.feed.catch_up(|| {
            let mut picture = machine.picture(now);
            picture.push(Update::Outbox { pending: hub.pending_in_all() });
            picture
        });
    }

    fn now(&self) -> Now {
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = Timestamp::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX));
        Now { ms, wall }
    }
}

/// By how much the clock on the wall is ahead of the measured time.
#[derive(Clone, Copy)]
struct Offset(Duration);

impl Offset {
    fn now(started: Instant) -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(wall.saturating_sub(started.elapsed()))
    }
}

async fn next(events: &mut Option<Events>) -> LinkEvent {
    match events {
        Some(events) => events.recv().await.unwrap_or(LinkEvent::Down(Down::Closed("the link ended".into()))),
        None => std::future::pending().await,
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Where a write or a page stands when these changes are about to be kept.
fn point_of(changes: &[Keep]) -> Option<Point> {
    changes.iter().find_map(|change| match change {
        Keep::WriteGone(_) | Keep::WriteFailed(..) => Some(Point::AfterAck),
        Keep::Timeline(_, part) if part.messages.len() > 1 => Some(Point::InPage),
        _ => None,
    })
}

fn closing() -> Error {
    Error::new(ErrorCode::Unavailable, "This workspace is being closed.")
}
