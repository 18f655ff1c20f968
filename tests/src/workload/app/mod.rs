//! The product's own client as a process of the history: what it draws is recorded, not what is on its wire. It is one
//! process of the history through all lives of the process that runs it.

mod picture;
mod pipe;
mod process;

pub use pipe::{Order, Said};
pub use process::Victim;

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use confab_client::entrance;
use confab_client::fault::Point;
use confab_client::session::Identity;
use confab_client::view::Update;
use confab_protocol::account::{Secret, SignIn};
use confab_protocol::{MessageId, RoomId};
use tokio::sync::watch;

use super::board::{Board, Phase};
use crate::history::{Call, Journal, Recorder, What, print};
use crate::{Person, cid, until};
use picture::Picture;
use process::Process;

/// How long one attempt to sign in may take.
const SIGN_IN: Duration = Duration::from_secs(3);
/// How often what is drawn is recorded.
const LOOK: Duration = Duration::from_millis(1_500);
/// Rows that are recorded then: a window shows fewer, and a history of all of them would be gigabytes.
const SEEN: usize = 200;
/// So long it stays in one room.
const STAY: Duration = Duration::from_secs(12);
/// How long its outbox may take in the end.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is on its way when all else is quiet has arrived by then.
const QUIET: Duration = Duration::from_secs(2);
/// So long a killed client may stay away, in milliseconds.
const AWAY_MS: u64 = 1_500;

/// How a client lives.
#[derive(Debug, Clone)]
pub struct Keeping {
    /// Where its database is, and what it complains about.
    pub dir: PathBuf,
    /// It keeps nothing beyond the life of a process: breaks what is promised, to show that a run notices.
    pub forgetful: bool,
    /// It may be asked to end itself at a point of the client.
    pub points: bool,
}

/// A desktop app without a window.
pub struct App {
    person: Person,
    addr: SocketAddr,
    board: Arc<Board>,
    recorder: Recorder,
    rng: fastrand::Rng,
    keeping: Keeping,
    victim: Arc<Victim>,
    picture: Picture,
    next_place: u64,
    /// Rooms that it wrote to.
    written: BTreeSet<RoomId>,
    /// Edits that were ordered and not seen drawn, by message and new text.
    edits: HashMap<(MessageId, u64), String>,
}

impl App {
    /// One with this name, which comes by this address.
    #[must_use]
    pub fn new(
        name: &str,
        person: &Person,
        addr: SocketAddr,
        board: Arc<Board>,
        journal: &Journal,
        seed: u64,
        keeping: Keeping,
    ) -> Self {
        let recorder = journal.recorder(name);
        recorder.note(What::Process { user: person.id.clone(), admin: false, app: true });
        Self {
            person: person.clone(),
            addr,
            board,
            victim: Arc::new(Victim::new(recorder.clone())),
            recorder,
            rng: fastrand::Rng::with_seed(seed),
            keeping,
            picture: Picture::default(),
            next_place: 0,
            written: BTreeSet::new(),
            edits: HashMap::new(),
        }
    }

    /// What can be killed.
    #[must_use]
    pub fn victim(&self) -> Arc<Victim> {
        self.victim.clone()
    }

    /// Writes and reads until [`Phase::Stop`]; then waits for its outbox, and records what it draws at rest. False
    /// when something still waited in the end.
    ///
    /// # Errors
    /// When it never comes in, or dies of itself.
    pub async fn run(mut self, mut phase: watch::Receiver<Phase>) -> Result<bool> {
        let request = SignIn {
            login: self.person.login.clone(),
            password: Secret(self.person.password.clone()),
            device: Some("torture".into()),
        };
        let address = format!("http://{}", self.addr);
        // The first fault may come first, and hold up an attempt for longer than the run waits.
        let attempt = async || tokio::time::timeout(SIGN_IN, entrance::sign_in(&address, &request)).await.ok()?.ok();
        let identity = until("the app signs in", attempt).await?;
        let mut process = self.start(&identity, None).await?;
        let (mut room, mut since) = (None, Instant::now());
        let mut looked = Instant::now();
        while *phase.borrow() == Phase::Load {
            if room.is_none() || since.elapsed() > STAY {
                room = self.enter(&mut process).await.or(room);
                since = Instant::now();
            }
            if let Some(room) = &room {
                self.write(&mut process, room).await;
                if looked.elapsed() > LOOK {
                    self.look(room, None);
                    looked = Instant::now();
                }
            }
            let pause = Duration::from_millis(self.rng.u64(20..250));
            process = self.hear_for(process, pause, &identity, room.as_ref(), &mut phase).await?;
        }
        let Some(room) = room else { return process.quit().await.map(|()| true) };
        self.rest(process, &identity, &room, phase).await
    }

    /// A new life on what the one before left on the disk.
    async fn start(&mut self, identity: &Identity, room: Option<&RoomId>) -> Result<Process> {
        let point = Point::ALL[self.rng.usize(..Point::ALL.len())];
        let nth = self.rng.u32(1..20);
        let crash = (self.keeping.points && self.rng.bool()).then(|| format!("{point:?}@{nth}"));
        let mut process = Process::start(&self.victim, &self.keeping.dir, self.keeping.forgetful, crash)?;
        self.picture = Picture::default();
        let Identity { account, token } = identity;
        let workspace = "general".parse()?;
        process.tell(&Order::Begin { account: account.clone(), token: token.0.clone(), workspace }).await;
        if let Some(room) = room {
            process.tell(&Order::Open { room: room.clone() }).await;
        }
        Ok(process)
    }

    /// Goes to a room that nobody is thrown out of, and where the log begins with it.
    async fn enter(&mut self, process: &mut Process) -> Option<RoomId> {
        let place = self.board.any_place(&mut self.rng).filter(|place| !place.arena)?;
        let room: RoomId = place.room.parse().ok()?;
        process.tell(&Order::Open { room: room.clone() }).await;
        Some(room)
    }

    async fn write(&mut self, process: &mut Process, room: &RoomId) {
        for _ in 0..self.board.allow(self.rng.usize(0..4)) {
            let text = format!("{} {:08x}", self.recorder.process(), self.rng.u32(..));
            let Ok(cid) = cid().parse() else { return };
            // Its acks stay inside the client: to the history each of its sends is unanswered. Whether it ever comes to
            // the client's disk is open until the client says so.
            let (place, print) = (self.next_place, print(&text));
            self.next_place += 1;
            let call = Call::Send { room: room.to_string(), cid: format!("{cid}"), place, text: print };
            let _ = self.recorder.invoke(call);
            self.written.insert(room.clone());
            process.tell(&Order::Send { room: room.clone(), cid, text }).await;
        }
        if self.rng.u8(..6) == 0 {
            self.change(process).await;
        }
    }

    /// Edits, deletes or reacts to one of its user's messages.
    async fn change(&mut self, process: &mut Process) {
        let Some((room, id, _)) = self.board.recent(&mut self.rng, Some(&self.person.id)) else { return };
        let (Ok(to), Ok(message)) = (room.parse::<RoomId>(), id.parse::<MessageId>()) else { return };
        // What happens to changes in a room that one is thrown out of is for those who are never killed.
        if self.board.arena().is_some_and(|arena| arena == room) {
            return;
        }
        let cid = cid();
        match self.rng.u8(..8) {
            0 => {
                let op = self.recorder.invoke(Call::Delete { room, cid, id });
                process.tell(&Order::Delete { room: to, id: message, op }).await;
            }
            1..=2 => {
                let (emoji, on) = ("🚀".to_owned(), self.rng.bool());
                let op = self.recorder.invoke(Call::React { room, cid, id, emoji: emoji.clone(), on });
                process.tell(&Order::React { room: to, id: message, emoji, on, op }).await;
            }
            _ => {
                let text = format!("{} edited {:08x}", self.recorder.process(), self.rng.u32(..));
                self.edits.insert((message.clone(), print(&text)), cid.clone());
                let op = self.recorder.invoke(Call::Edit { room, cid, id, text: print(&text) });
                process.tell(&Order::Edit { room: to, id: message, text, op }).await;
            }
        }
    }

    /// Listens for so long, or until the phase changes; gives a new life to a client that was killed meanwhile.
    async fn hear_for(
        &mut self,
        mut process: Process,
        pause: Duration,
        identity: &Identity,
        room: Option<&RoomId>,
        phase: &mut watch::Receiver<Phase>,
    ) -> Result<Process> {
        let now = *phase.borrow();
        let end = tokio::time::Instant::now() + pause;
        loop {
            let said = tokio::select! {
                said = process.hear() => said?,
                _ = phase.wait_for(|phase| *phase != now) => return Ok(process),
                () = tokio::time::sleep_until(end) => return Ok(process),
            };
            let Some(said) = said else {
                process.dead().await.with_context(|| self.recorder.process().to_owned())?;
                tokio::time::sleep(Duration::from_millis(self.rng.u64(..AWAY_MS))).await;
                return self.start(identity, room).await;
            };
            self.heard(said);
        }
    }

    fn heard(&mut self, said: Said) {
        match said {
            Said::Accepted { cid } => self.recorder.note(What::Drew { cid: cid.to_string() }),
            // A full outbox says so; then nothing was drawn.
            Said::Refused { op: Some(op), code, .. } => self.recorder.fail(op, code),
            Said::Refused { .. } => {}
            Said::Draw { update } => {
                if let Update::Warning { warning } = &*update {
                    self.recorder.note(What::Warned { text: format!("{warning:?}") });
                }
                for drawn in self.picture.draw(*update) {
                    if let Some(cid) = self.edits.remove(&drawn) {
                        self.recorder.note(What::Drew { cid });
                    }
                }
            }
        }
    }

    async fn rest(
        &mut self,
        mut process: Process,
        identity: &Identity,
        room: &RoomId,
        mut phase: watch::Receiver<Phase>,
    ) -> Result<bool> {
        let end = Instant::now() + PATIENCE;
        let mut stopped = None;
        let idle = loop {
            self.look(room, None);
            if *phase.borrow() == Phase::Stop {
                stopped = stopped.or_else(|| Some(Instant::now()));
            }
            let idle = self.picture.pending == 0;
            let quiet = stopped.is_some_and(|since: Instant| since.elapsed() > QUIET);
            if (idle && quiet) || self.picture.signed_out || Instant::now() > end {
                break idle && !self.picture.signed_out;
            }
            process = self.hear_for(process, Duration::from_millis(300), identity, Some(room), &mut phase).await?;
        };
        self.look(room, Some(self.board.head(room.as_str())).filter(|_| idle));
        // What it could not send is shown in the rooms that it wrote to.
        for room in std::mem::take(&mut self.written) {
            process.tell(&Order::Open { room: room.clone() }).await;
            let patience = Instant::now() + QUIET;
            while !self.picture.has(&room) && Instant::now() < patience {
                process = self.hear_for(process, Duration::from_millis(20), identity, Some(&room), &mut phase).await?;
            }
        }
        self.recorder.note(What::Waiting { cids: self.picture.unsent() });
        process.quit().await?;
        Ok(idle)
    }

    /// Records what it draws: all of it at rest, the newest rows while it goes on.
    fn look(&self, room: &RoomId, head: Option<u64>) {
        if self.picture.has(room) {
            let mut rows = self.picture.rows(room);
            if head.is_none() {
                rows.drain(..rows.len().saturating_sub(SEEN));
            }
            self.recorder.note(What::View { room: room.to_string(), rows, head });
        }
    }
}
