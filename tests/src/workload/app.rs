//! The product's own client as a process of the history: what it draws is recorded, not what is on its wire.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use confab_client::entrance;
use confab_client::local::Local;
use confab_client::session::Session;
use confab_client::view::{Item, MessageItem, NewMessage, SendState, TimelineChange, Update};
use confab_protocol::RoomId;
use confab_protocol::account::{Secret, SignIn};
use tokio::sync::{mpsc, watch};

use super::board::{Board, Phase};
use crate::history::{Call, Drawn, Journal, Progress, Recorder, What, print};
use crate::{Person, until};

/// How often what is drawn is recorded.
const LOOK: Duration = Duration::from_millis(1_500);
/// So long it stays in one room.
const STAY: Duration = Duration::from_secs(12);
/// How long its outbox may take in the end.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is on its way when all else is quiet has arrived by then.
const QUIET: Duration = Duration::from_secs(2);

/// A desktop app without a window.
pub struct App {
    person: Person,
    addr: SocketAddr,
    board: Arc<Board>,
    recorder: Recorder,
    rng: fastrand::Rng,
    next_place: u64,
}

/// What it draws, by room: rows by their keys.
type Rows = Arc<Mutex<HashMap<RoomId, HashMap<String, MessageItem>>>>;

impl App {
    /// One with this name, which comes by this address.
    #[must_use]
    pub fn new(name: &str, person: &Person, addr: SocketAddr, board: Arc<Board>, journal: &Journal, seed: u64) -> Self {
        let recorder = journal.recorder(name);
        recorder.note(What::Process { user: person.id.clone(), admin: false, app: true });
        Self { person: person.clone(), addr, board, recorder, rng: fastrand::Rng::with_seed(seed), next_place: 0 }
    }

    /// Writes and reads until [`Phase::Stop`]; then waits for its outbox, and records what it draws at rest. False
    /// when something still waited in the end.
    ///
    /// # Errors
    /// When it never comes in.
    pub async fn run(mut self, mut phase: watch::Receiver<Phase>) -> Result<bool> {
        let request = SignIn {
            login: self.person.login.clone(),
            password: Secret(self.person.password.clone()),
            device: Some("torture".into()),
        };
        let address = format!("http://{}", self.addr);
        // The first fault may come first.
        let identity = until("the app signs in", async || entrance::sign_in(&address, &request).await.ok()).await?;
        let (updates, coming) = mpsc::channel(256);
        let session = Session::start(identity, Local::none(), updates);
        let rows = Rows::default();
        let drawing = tokio::spawn(draw(coming, rows.clone()));
        session.open_workspace("general".parse()?).await?;

        let (mut room, mut since) = (None, Instant::now());
        let mut looked = Instant::now();
        while *phase.borrow() == Phase::Load {
            if room.is_none() || since.elapsed() > STAY {
                room = self.enter(&session).await.or(room);
                since = Instant::now();
            }
            if let Some(room) = &room {
                self.write(&session, room).await;
                if looked.elapsed() > LOOK {
                    self.look(&rows, room, None);
                    looked = Instant::now();
                }
            }
            let pause = Duration::from_millis(self.rng.u64(20..250));
            let _ = tokio::time::timeout(pause, phase.wait_for(|phase| *phase != Phase::Load)).await;
        }
        let Some(room) = room else { return Ok(true) };
        let idle = self.rest(&rows, &room, phase).await;
        session.close();
        drawing.abort();
        Ok(idle)
    }

    /// Goes to a room that nobody is thrown out of, and where the log begins with it.
    async fn enter(&mut self, session: &Session) -> Option<RoomId> {
        let place = self.board.any_place(&mut self.rng).filter(|place| !place.arena)?;
        let room: RoomId = place.room.parse().ok()?;
        session.open_room(room.clone()).await.ok()?;
        Some(room)
    }

    async fn write(&mut self, session: &Session, room: &RoomId) {
        for _ in 0..self.board.allow(self.rng.usize(0..4)) {
            let text = format!("{} {:08x}", self.recorder.process(), self.rng.u32(..));
            let message =
                NewMessage { room: room.clone(), text: text.clone(), reply_to: None, thread: None, files: Vec::new() };
            // A full outbox says so; then nothing was drawn.
            let Ok(key) = session.send(message).await else { return };
            let cid = key.rsplit_once('/').map_or(key.as_str(), |(_, cid)| cid).to_owned();
            self.recorder.note(What::Drew { cid: cid.clone() });
            // Its acks stay inside the client: to the history each of its sends is unanswered.
            let call = Call::Send { room: room.to_string(), cid, place: self.next_place, text: print(&text) };
            self.next_place += 1;
            let op = self.recorder.invoke(call);
            self.recorder.info(op);
        }
    }

    async fn rest(&self, rows: &Rows, room: &RoomId, mut phase: watch::Receiver<Phase>) -> bool {
        let end = Instant::now() + PATIENCE;
        let mut stopped = None;
        loop {
            self.look(rows, room, None);
            let idle = waiting(rows) == 0;
            let quiet = stopped.is_some_and(|since: Instant| since.elapsed() > QUIET);
            if (idle && quiet) || Instant::now() > end {
                self.look(rows, room, Some(self.board.head(room.as_str())).filter(|_| idle));
                return idle;
            }
            let stop = phase.wait_for(|phase| *phase == Phase::Stop);
            if stopped.is_some() {
                tokio::time::sleep(Duration::from_millis(300)).await;
            } else if tokio::time::timeout(Duration::from_millis(300), stop).await.is_ok() {
                stopped = Some(Instant::now());
            }
        }
    }

    fn look(&self, rows: &Rows, room: &RoomId, head: Option<u64>) {
        let rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut items: Vec<&MessageItem> = rows.get(room).into_iter().flat_map(HashMap::values).collect();
        items.sort_by_key(|item| (item.seq.is_none(), item.seq, item.order));
        let rows = items.into_iter().map(drawn).collect();
        self.recorder.note(What::View { room: room.to_string(), rows, head });
    }
}

async fn draw(mut coming: mpsc::Receiver<Update>, rows: Rows) {
    while let Some(update) = coming.recv().await {
        let Update::Timeline { room, change, .. } = update else { continue };
        let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = rows.entry(room).or_default();
        let items = match change {
            TimelineChange::Reset { items, .. } => {
                rows.clear();
                items
            }
            TimelineChange::Older { items, .. } | TimelineChange::Upsert { items } => items,
            TimelineChange::Remove { keys } => {
                rows.retain(|key, _| !keys.contains(key));
                Vec::new()
            }
        };
        for item in items {
            if let Item::Message(message) = item {
                rows.insert(message.key.clone(), message);
            }
        }
    }
}

fn waiting(rows: &Rows) -> usize {
    let rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
    let messages = rows.values().flat_map(HashMap::values);
    messages.filter(|message| matches!(message.state, SendState::Queued | SendState::Sending)).count()
}

fn drawn(item: &MessageItem) -> Drawn {
    let mut reactions: Vec<String> = item
        .reactions
        .iter()
        .flat_map(|reaction| reaction.users.iter().map(move |user| format!("{} {user}", reaction.emoji)))
        .collect();
    reactions.sort();
    let (author, cid) = item.key.rsplit_once('/').unwrap_or(("", &item.key));
    Drawn {
        cid: cid.to_owned(),
        author: author.to_owned(),
        seq: item.seq,
        text: print(&item.text),
        edited: item.edited_ts.is_some(),
        deleted: item.deleted,
        reactions,
        state: match item.state {
            SendState::Queued | SendState::Sending => Progress::Pending,
            SendState::Sent => Progress::Sent,
            SendState::Failed { .. } => Progress::Failed,
        },
    }
}
