//! A server with one room, the network to it, and a shell that draws: all in memory, all of it scripted.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use confab_client::link::{Down, Frame, LinkEvent};
use confab_client::local::database::Database;
use confab_client::local::model::Keep;
use confab_client::machine::workspace::{Command, Workspace};
use confab_client::machine::{CallId, Effect, Input, Machine, Now};
use confab_client::outbox::Queued;
use confab_client::view::{Item, LinkState, MessageItem, SendState, TimelineChange, Update};
use confab_protocol::answer::to_wire;
use confab_protocol::event::{
    BatchSent, HistoryPage, MessageDelete, MessageEdit, MessagePin, MessageReact, MessageSend, MessageSent,
    RoomHistory, RoomJoin, RoomSync, RoomSynced, Written,
};
use confab_protocol::fold::Fold;
use confab_protocol::log::{Entry, EntryBody, MembershipChange};
use confab_protocol::{Answer, Cid, Error, ErrorCode, MessageId, RoomId, Seq, Slug, Timestamp, UserId};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Small pages and an early reset, so that short histories reach all of the code.
const SYNC: usize = 3;
const PAGE: usize = 4;
const RESET_AFTER: u64 = 12;

pub struct World {
    pub machine: Workspace,
    pub ui: Ui,
    pub log: Vec<Entry>,
    pub replies: BTreeMap<CallId, Result<Value, Error>>,
    pub pending: usize,
    /// Events on their way to the client; None while there is no link.
    pub to_client: Option<VecDeque<LinkEvent>>,
    pub to_server: VecDeque<Frame>,
    /// The server refuses the next requests with this, once each.
    pub refusals: VecDeque<Error>,
    /// What was asked of it, in order.
    pub asked: Vec<&'static str>,
    /// It answers a join with the newest page, as servers do since there is `page`.
    pub joins_with_page: bool,
    /// It refuses all messages for the time being.
    pub refuses_sends: bool,
    /// What this computer keeps.
    pub local: Database,
    /// What it was told to keep and a power cut would lose.
    unsynced: Vec<Keep>,
    /// Its disk takes nothing.
    pub disk_is_full: bool,
    pub epoch: &'static str,
    /// Every attempt to connect fails at once.
    pub unplugged: bool,
    /// How often it was tried.
    pub attempts: u32,
    now: u64,
    written: HashMap<Cid, (Value, Value)>,
    calls: u64,
}

/// What a shell has drawn from the updates.
#[derive(Default)]
pub struct Ui {
    pub items: BTreeMap<String, Item>,
    pub live: bool,
    pub start: bool,
    pub read: Option<(Seq, u64)>,
    /// Members, and how many of them are there.
    pub count: Option<(u64, u64)>,
}

pub fn slug() -> Slug {
    "w".parse().unwrap()
}

pub fn me() -> UserId {
    "me".parse().unwrap()
}

pub fn other() -> UserId {
    "other".parse().unwrap()
}

pub fn room() -> RoomId {
    "room".parse().unwrap()
}

impl World {
    /// Everybody is in the room; nothing has been written.
    pub fn new(seed: u64) -> Self {
        let mut world = Self {
            machine: Workspace::new(slug(), me(), seed),
            ui: Ui::default(),
            log: Vec::new(),
            replies: BTreeMap::new(),
            pending: 0,
            to_client: None,
            to_server: VecDeque::new(),
            refusals: VecDeque::new(),
            asked: Vec::new(),
            joins_with_page: seed.is_multiple_of(2),
            refuses_sends: false,
            local: Database::in_memory().unwrap(),
            unsynced: Vec::new(),
            disk_is_full: false,
            epoch: "e1",
            unplugged: false,
            attempts: 0,
            now: 1_000,
            written: HashMap::new(),
            calls: 0,
        };
        world.commit(EntryBody::Membership { user: me(), change: MembershipChange::Joined, author: me() });
        world.step(Input::Start);
        world
    }

    pub fn command(&mut self, command: Command) -> CallId {
        self.calls += 1;
        let call = CallId(self.calls);
        self.step(Input::Command { call, command });
        call
    }

    pub fn step(&mut self, input: Input<Command>) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let now = Now { ms: self.now, wall: Timestamp::from_millis(self.now.cast_signed()) };
            for effect in self.machine.step(input, now) {
                inputs.extend(self.perform(effect));
            }
        }
    }

    fn perform(&mut self, effect: Effect) -> Option<Input<Command>> {
        match effect {
            Effect::Connect { .. } if self.unplugged => {
                self.attempts += 1;
                return Some(Input::Link(LinkEvent::Down(Down::Closed("unplugged".into()))));
            }
            Effect::Connect { .. } => {
                self.to_server.clear();
                let push = LinkEvent::Push { event: "workspace:ready".into(), body: self.ready() };
                self.to_client = Some(VecDeque::from([LinkEvent::Up, push]));
            }
            Effect::Kill => {
                self.to_client = None;
                self.to_server.clear();
            }
            Effect::Emit(frame) => self.to_server.push_back(frame),
            Effect::Update(update) => self.ui.draw(update),
            Effect::Reply { call, answer } => {
                assert!(self.replies.insert(call, answer).is_none(), "answered twice");
            }
            Effect::Pending(pending) => self.pending = pending,
            Effect::Unread(_) | Effect::Ignored(_) | Effect::NewEpoch | Effect::Limits(_) => {}
            Effect::SignedOut(error) => panic!("signed out: {error}"),
            Effect::Keep(changes) => self.unsynced.extend(changes),
            Effect::Persist(write) => {
                let cid = write.write.cid().clone();
                if self.disk_is_full {
                    let error = Error::new(ErrorCode::Unavailable, "the disk is full");
                    return Some(Input::Persisted(cid, Err(error)));
                }
                self.sync(Some(&write));
                return Some(Input::Persisted(cid, Ok(())));
            }
            Effect::Recall(room) => {
                self.sync(None);
                let stored = self.local.timeline(&slug(), &room).unwrap();
                return Some(Input::Recalled(room, stored));
            }
        }
        None
    }

    fn sync(&mut self, write: Option<&Queued>) {
        let slug = slug();
        let kept: Vec<_> = self.unsynced.drain(..).collect();
        let kept = kept.iter().map(|change| (Some(&slug), change));
        self.local.persist(kept, write.map(|write| (&slug, write))).unwrap();
    }

    /// The process ends and another one begins. After a power cut, what was not yet on the disk is gone.
    pub fn restart(&mut self, power_cut: bool) {
        if power_cut {
            self.unsynced.clear();
        }
        self.sync(None);
        self.machine = Workspace::new(slug(), me(), self.now);
        (self.ui, self.pending, self.to_client) = (Ui::default(), 0, None);
        self.to_server.clear();
        let stored = self.local.workspace(&slug()).unwrap();
        self.step(Input::Restore(Box::new(stored)));
        self.step(Input::Start);
        self.command(Command::OpenRoom(room()));
    }

    /// The server's database is replaced by a backup, in which the log ends at `head`.
    pub fn restore_backup(&mut self, head: usize, epoch: &'static str) {
        self.cut();
        self.log.truncate(head);
        let log = &self.log;
        self.written.retain(|cid, _| {
            log.iter().any(|entry| matches!(&entry.body, EntryBody::Message { cid: known, .. } if known == cid))
        });
        self.epoch = epoch;
    }

    /// Time passes, tick by tick.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        let mut ticks = 0;
        while let Some(at) = self.machine.deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.step(Input::Tick);
            ticks += 1;
            assert!(ticks < 10_000 + ms / 1_000, "the machine spins");
        }
        self.now = end;
    }

    /// One event reaches the client.
    pub fn deliver(&mut self) -> bool {
        let Some(event) = self.to_client.as_mut().and_then(VecDeque::pop_front) else { return false };
        self.step(Input::Link(event));
        true
    }

    /// One request reaches the server.
    pub fn serve(&mut self) -> bool {
        let Some(frame) = self.to_server.pop_front() else { return false };
        let entries = self.log.len();
        self.asked.push(frame.event);
        let answer = match self.refusals.pop_front() {
            Some(error) => Err(error),
            None => self.answer(frame.event, Value::Object(frame.body.clone())),
        };
        if let Some(rid) = frame.body.get("rid") {
            let mut body = to_wire(&answer);
            body["rid"] = rid.clone();
            self.push("request:answered", body);
        }
        // Persist, then ack, then broadcast.
        for at in entries..self.log.len() {
            self.push("room:entry", json!(self.log[at]));
        }
        true
    }

    /// The network breaks.
    pub fn cut(&mut self) {
        if self.to_client.take().is_some() {
            self.to_server.clear();
            self.step(Input::Link(LinkEvent::Down(Down::Closed("cut".into()))));
        }
    }

    /// Network and server do what they do for a while.
    pub fn work_for(&mut self, ms: u64) {
        for _ in 0..=ms / 500 {
            while self.serve() || self.deliver() {}
            self.pass(500);
        }
    }

    /// Everything works from now on, until nothing more happens.
    pub fn heal(&mut self) {
        self.refusals.clear();
        for _ in 0..2_000 {
            while self.serve() || self.deliver() {}
            // A link that lost its greeting is quiet too, until its time is up.
            if self.pending == 0 && self.ui.live && self.is_at_rest() {
                return;
            }
            self.pass(500);
        }
        panic!("the client does not come to rest");
    }

    /// Somebody else writes.
    pub fn others_write(&mut self, body: EntryBody) {
        self.commit(body);
        self.push("room:entry", json!(self.log.last()));
    }

    pub fn push(&mut self, event: &str, body: Value) {
        if let Some(queue) = &mut self.to_client {
            queue.push_back(LinkEvent::Push { event: event.into(), body });
        }
    }

    pub fn head(&self) -> Seq {
        self.log.len() as Seq
    }

    pub fn fold(&self) -> Fold {
        let mut fold = Fold::default();
        for entry in &self.log {
            fold.apply(entry.clone());
        }
        fold
    }

    /// Nothing is due but the heartbeat.
    fn is_at_rest(&self) -> bool {
        self.machine.deadline().is_none_or(|at| at >= self.now + 7_000)
    }

    pub fn commit(&mut self, body: EntryBody) -> (Seq, Timestamp) {
        let seq = self.head() + 1;
        let ts = Timestamp::from_millis(seq.cast_signed() * 1_000);
        self.log.push(Entry { room: room(), seq, ts, body });
        (seq, ts)
    }

    fn answer(&mut self, event: &str, body: Value) -> Answer<Value> {
        match event {
            "message:send" if self.refuses_sends => Err(Error::new(ErrorCode::RateLimited, "later")),
            "message:send" => self.send(parse(body)),
            "message:send_batch" => {
                let messages: Vec<MessageSend> = parse(body["messages"].clone());
                let results = messages.into_iter().map(|message| to_wire(&self.send(message))).collect();
                Ok(json!(BatchSent { results }))
            }
            "message:edit" => {
                let MessageEdit { id, cid, text, .. } = parse(body);
                self.write(cid, EntryBody::Edit { id, text, author: me() })
            }
            "message:delete" => {
                let MessageDelete { id, cid, .. } = parse(body);
                self.write(cid, EntryBody::Delete { id, author: me() })
            }
            "message:react" => {
                let MessageReact { id, cid, emoji, on, .. } = parse(body);
                self.write(cid, EntryBody::Reaction { id, emoji, on, author: me() })
            }
            "message:pin" => {
                let MessagePin { id, cid, on, .. } = parse(body);
                self.write(cid, EntryBody::Pin { id, on, author: me() })
            }
            "room:join" => {
                let RoomJoin { after, page, .. } = parse(body);
                let (entries, reset) = after.map_or((Vec::new(), false), |after| self.after(after));
                let page = page.filter(|_| self.joins_with_page && (reset || after.is_none())).map(|_| self.page(None));
                let mut joined = json!({"room": self.state(), "members": 2, "online": 1, "entries": entries, "head": self.head(), "reset": reset});
                if let Some(page) = page {
                    joined["page"] = json!(page);
                }
                Ok(joined)
            }
            "room:sync" => {
                let RoomSync { after, .. } = parse(body);
                let (entries, reset) = self.after(after);
                let more = entries.last().is_some_and(|entry| entry.seq < self.head());
                Ok(json!(RoomSynced { entries, head: self.head(), more, reset }))
            }
            "room:history" => {
                let RoomHistory { before, .. } = parse(body);
                Ok(json!(self.page(before)))
            }
            "room:members" => Ok(json!({"members": [member("me"), member("other")]})),
            "read:mark" => Ok(json!({"read": body["seq"]})),
            _ => Ok(json!({})),
        }
    }

    fn send(&mut self, message: MessageSend) -> Answer<Value> {
        let MessageSend { cid, text, reply_to, thread, files, .. } = message.clone();
        if let Some((body, answer)) = self.written.get(&cid) {
            return if *body == json!(message) { Ok(answer.clone()) } else { Err(Error::conflict("another body")) };
        }
        if text.starts_with("refuse") {
            return Err(Error::new(ErrorCode::Forbidden, "refused"));
        }
        let id: MessageId = format!("m{}", self.head() + 1).parse().unwrap();
        let body = EntryBody::Message {
            id: id.clone(),
            cid: cid.clone(),
            author: me(),
            text,
            reply_to,
            thread,
            files: files.iter().filter_map(|file| file.info().cloned()).collect(),
            mentions: Vec::new(),
        };
        let (seq, ts) = self.commit(body);
        let answer = json!(MessageSent { cid: cid.clone(), id, seq, ts });
        self.written.insert(cid, (json!(message), answer.clone()));
        Ok(answer)
    }

    fn write(&mut self, cid: Cid, body: EntryBody) -> Answer<Value> {
        if let Some((_, answer)) = self.written.get(&cid) {
            return Ok(answer.clone());
        }
        let (seq, ts) = self.commit(body);
        let answer = json!(Written { cid: cid.clone(), seq, ts });
        self.written.insert(cid, (Value::Null, answer.clone()));
        Ok(answer)
    }

    fn after(&self, after: Seq) -> (Vec<Entry>, bool) {
        if self.head() - after.min(self.head()) > RESET_AFTER {
            return (Vec::new(), true);
        }
        (self.log.iter().filter(|entry| entry.seq > after).take(SYNC).cloned().collect(), false)
    }

    fn page(&self, before: Option<Seq>) -> HistoryPage {
        let fold = self.fold();
        let before = before.unwrap_or(Seq::MAX);
        let mut messages: Vec<_> =
            fold.messages().rev().filter(|message| message.seq < before).take(PAGE + 1).cloned().collect();
        let start = messages.len() <= PAGE;
        messages.truncate(PAGE);
        messages.reverse();
        let from = if start { 0 } else { messages[0].seq };
        let notices = fold.notices().filter(|notice| (from..before).contains(&notice.seq)).cloned().collect();
        HistoryPage { messages, notices, head: self.head(), start }
    }

    fn state(&self) -> Value {
        json!({"id": "room", "name": "room", "topic": "", "kind": "public", "archived": false, "members": 2,
               "head": self.head(), "read": 1, "unread": 0, "mentions": 0, "muted": false})
    }

    fn ready(&self) -> Value {
        json!({
            "workspace": {"slug": "w", "name": "W", "icon": null, "role": "member", "open": true, "unread": 0, "mentions": 0},
            "me": member("me"), "rooms": [self.state()], "members": [member("me"), member("other")],
            "heads": {"room": self.head()}, "epoch": self.epoch,
        })
    }
}

fn member(id: &str) -> Value {
    json!({"id": id, "login": id, "display_name": id, "role": "member", "bot": false, "guest": false, "presence": "online"})
}

fn parse<T: DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).expect("the client keeps to the protocol")
}

impl Ui {
    fn draw(&mut self, update: Update) {
        match update {
            Update::Timeline { change, .. } => self.change(change),
            Update::Read { read, unread, .. } => self.read = Some((read, unread)),
            Update::RoomCount { members, online, .. } => self.count = Some((members, online)),
            Update::Link { state, .. } => self.live = state == LinkState::Live,
            _ => {}
        }
    }

    fn change(&mut self, change: TimelineChange) {
        match change {
            TimelineChange::Reset { items, start } => {
                self.items.clear();
                self.start = start;
                self.put(items, true);
            }
            TimelineChange::Older { items, start } => {
                let first = self.items.values().filter_map(seq).min().unwrap_or(Seq::MAX);
                assert!(items.iter().filter_map(seq).all(|seq| seq < first), "older is older");
                self.start = start;
                self.put(items, true);
            }
            TimelineChange::Upsert { mut items } => {
                let first = self.items.values().filter_map(seq).min().unwrap_or(0);
                items.retain(|item| {
                    self.start || self.items.contains_key(key_of(item)) || seq(item).is_none_or(|seq| seq > first)
                });
                self.put(items, false);
            }
            TimelineChange::Remove { keys } => {
                for key in keys {
                    assert!(self.items.remove(&key).is_some(), "{key} was never drawn");
                }
            }
        }
    }

    fn put(&mut self, items: Vec<Item>, fresh: bool) {
        let newest = self.items.values().filter_map(seq).max().unwrap_or(0);
        for item in items {
            let key = key_of(&item).to_owned();
            let before = self.items.insert(key.clone(), item.clone());
            let at = seq(&item);
            if let Some(before) = before.as_ref().and_then(seq) {
                assert_eq!(Some(before), at, "{key} never moves once it has its place");
            } else if !fresh && let Some(at) = at {
                assert!(at > newest, "{key} at {at} was drawn after {newest}");
            }
        }
        let seqs: Vec<_> = self.items.values().filter_map(seq).collect();
        assert_eq!(seqs.iter().collect::<BTreeSet<_>>().len(), seqs.len(), "one row for each place");
    }

    /// The messages as they stand, from top to bottom.
    pub fn messages(&self) -> Vec<&MessageItem> {
        let mut messages: Vec<_> = self
            .items
            .values()
            .filter_map(|item| match item {
                Item::Message(message) => Some(message),
                Item::Notice(_) => None,
            })
            .collect();
        messages.sort_by_key(|message| (message.seq.unwrap_or(Seq::MAX), message.order));
        messages
    }

    pub fn failed(&self) -> Vec<&MessageItem> {
        self.messages().into_iter().filter(|message| matches!(message.state, SendState::Failed { .. })).collect()
    }
}

fn key_of(item: &Item) -> &str {
    match item {
        Item::Message(message) => &message.key,
        Item::Notice(notice) => &notice.key,
    }
}

fn seq(item: &Item) -> Option<Seq> {
    match item {
        Item::Message(message) => message.seq,
        Item::Notice(notice) => Some(notice.seq),
    }
}
