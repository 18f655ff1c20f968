//! A client: connects, does what it draws, and begins anew when its link is gone.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio::sync::watch;

use super::board::{Board, Phase};
use super::link::{Link, NoLink};
use super::write::{Change, Writes};
use crate::history::{Call, Journal, Recorder, What, print};
use crate::{Person, cid};

/// What a device does most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// Writes, and everything else.
    Writes,
    /// Reads, and has the lobby open for notifications.
    Reads,
    /// As [`Habit::Writes`]; also makes rooms, invites and kicks.
    Owns,
    /// As [`Habit::Writes`]; also joins and leaves arenas.
    Roams,
}

/// One device of one person.
pub struct Device {
    person: Person,
    addr: SocketAddr,
    habit: Habit,
    board: Arc<Board>,
    recorder: Recorder,
    rng: fastrand::Rng,
    writes: Writes,
    heads: BTreeMap<String, u64>,
}

impl Device {
    /// A device with this name, which comes by this address. What it does follows from `seed`.
    #[must_use]
    pub fn new(
        name: &str,
        person: &Person,
        addr: SocketAddr,
        habit: Habit,
        board: Arc<Board>,
        journal: &Journal,
        seed: u64,
    ) -> Self {
        let recorder = journal.recorder(name);
        let admin = habit == Habit::Owns;
        recorder.note(What::Process { user: person.id.clone(), admin, app: false });
        Self {
            person: person.clone(),
            addr,
            habit,
            board,
            recorder,
            rng: fastrand::Rng::with_seed(seed),
            writes: Writes::default(),
            heads: BTreeMap::new(),
        }
    }

    /// Goes on until [`Phase::Stop`], or until nothing waits any more in [`Phase::Drain`]. False when something still
    /// waited in the end.
    pub async fn run(mut self, mut phase: watch::Receiver<Phase>) -> bool {
        while *phase.borrow() == Phase::Load || (*phase.borrow() == Phase::Drain && !self.writes.is_idle()) {
            let lobby = self.habit == Habit::Reads;
            let (recorder, board) = (self.recorder.clone(), self.board.clone());
            let heads = std::mem::take(&mut self.heads);
            let kept = heads.clone();
            match Link::enter(self.addr, &self.person.token, lobby, recorder, board, heads).await {
                Ok(mut link) => {
                    let lost = self.live(&mut link, &mut phase).await;
                    self.heads = std::mem::take(&mut link.heads);
                    drop(link);
                    self.recorder.note(What::Down);
                    if lost.is_ok() {
                        continue;
                    }
                }
                Err(no) => {
                    self.heads = kept;
                    self.recorder.note(What::Down);
                    if matches!(no, NoLink::Refused(code) if code == "unauthorized") {
                        break;
                    }
                }
            }
            let pause = Duration::from_millis(self.rng.u64(10..150));
            let _ = tokio::time::timeout(pause, phase.wait_for(|phase| *phase == Phase::Stop)).await;
        }
        self.writes.is_idle()
    }

    async fn live(&mut self, link: &mut Link, phase: &mut watch::Receiver<Phase>) -> Result<()> {
        self.writes.repeat_unanswered(link).await?;
        loop {
            if let Some(room) = link.behind.keys().next().cloned() {
                let join = self.rng.u8(..10) < 3 && self.habit != Habit::Roams;
                link.catch_up(&room, join).await?;
                continue;
            }
            let now = *phase.borrow();
            match now {
                Phase::Load => self.act(link).await?,
                Phase::Drain if !self.writes.is_idle() => self.writes.drain(link, &mut self.rng).await?,
                Phase::Drain | Phase::Stop => return Ok(()),
            }
            let pause = Duration::from_millis(self.rng.u64(0..20));
            link.listen(pause).await?;
        }
    }

    /// Draws one thing to do, and does it.
    async fn act(&mut self, link: &mut Link) -> Result<()> {
        if self.habit == Habit::Owns {
            self.make_room(link).await?;
        }
        let reads = self.habit == Habit::Reads;
        match self.rng.u32(..100) {
            0..50 if !reads => self.send(link).await,
            50..56 if !reads => self.edit(link, true).await,
            56..58 => self.edit(link, false).await,
            58..62 => self.delete(link).await,
            62..68 => self.react(link).await,
            68..72 => self.writes.repeat(link, &mut self.rng).await,
            72..75 => self.writes.conflict(link, &mut self.rng).await,
            75..79 => self.mark(link).await,
            79..83 => self.sync(link).await,
            83..87 => self.page(link).await,
            87..90 => self.type_on(link).await,
            90..94 => self.come_and_go(link).await,
            _ => link.listen(Duration::from_millis(self.rng.u64(5..60))).await,
        }
    }

    async fn send(&mut self, link: &mut Link) -> Result<()> {
        let waiting = self.writes.waiting();
        let wanted = self.rng.usize(1..=60).saturating_sub(waiting);
        if let Some(place) = self.board.any_place(&mut self.rng) {
            for _ in 0..self.board.allow(wanted) {
                let whom = &self.board.people[self.rng.usize(..self.board.people.len())];
                let mention = if self.rng.u8(..20) == 0 { format!(" @{}", whom.login) } else { String::new() };
                let text = format!("{} {:08x}{mention}", self.recorder.process(), self.rng.u32(..));
                self.writes.queue(&place.room, &text);
            }
        }
        self.writes.drain(link, &mut self.rng).await
    }

    async fn edit(&mut self, link: &mut Link, own: bool) -> Result<()> {
        let author = own.then_some(self.person.id.as_str());
        let Some((room, id, _)) = self.board.recent(&mut self.rng, author) else { return Ok(()) };
        let (cid, text) = (cid(), format!("edited {:08x}", self.rng.u32(..)));
        let body = json!({ "room": room, "id": id, "cid": cid, "text": text });
        let call = Call::Edit { room, cid, id, text: print(&text) };
        self.writes.change(link, Change { event: "message:edit", body, call }).await
    }

    async fn delete(&mut self, link: &mut Link) -> Result<()> {
        // One in four tries what only admins may.
        let author = (self.rng.u8(..4) > 0).then_some(self.person.id.as_str());
        let Some((room, id, _)) = self.board.recent(&mut self.rng, author) else { return Ok(()) };
        let cid = cid();
        let body = json!({ "room": room, "id": id, "cid": cid });
        let call = Call::Delete { room, cid, id };
        self.writes.change(link, Change { event: "message:delete", body, call }).await
    }

    async fn react(&mut self, link: &mut Link) -> Result<()> {
        let Some((room, id, _)) = self.board.recent(&mut self.rng, None) else { return Ok(()) };
        let emoji = ["👍", "🎉", "👀"][self.rng.usize(..3)];
        let (cid, on) = (cid(), self.rng.u8(..3) > 0);
        let body = json!({ "room": room, "id": id, "cid": cid, "emoji": emoji, "on": on });
        let call = Call::React { room, cid, id, emoji: emoji.to_owned(), on };
        self.writes.change(link, Change { event: "message:react", body, call }).await
    }

    async fn mark(&mut self, link: &mut Link) -> Result<()> {
        let Some(place) = self.board.any_place(&mut self.rng) else { return Ok(()) };
        let head = link.heads.get(&place.room).copied().unwrap_or(0);
        // Now and then backwards or too far: the server must not follow.
        let seq = self.rng.u64(..=head + 20);
        let body = json!({ "room": place.room, "seq": seq });
        link.request("read:mark", body, Call::Mark { room: place.room, seq }).await.map(drop)
    }

    async fn sync(&mut self, link: &mut Link) -> Result<()> {
        let Some(place) = self.board.any_place(&mut self.rng) else { return Ok(()) };
        let after = link.heads.get(&place.room).copied().unwrap_or(0).saturating_sub(self.rng.u64(..50));
        let body = json!({ "room": place.room, "after": after });
        link.request("room:sync", body, Call::Sync { room: place.room, after }).await.map(drop)
    }

    async fn page(&mut self, link: &mut Link) -> Result<()> {
        let Some(place) = self.board.any_place(&mut self.rng) else { return Ok(()) };
        let head = link.heads.get(&place.room).copied().unwrap_or(0);
        let before = self.rng.bool().then(|| self.rng.u64(1..=head + 1));
        let mut body = json!({ "room": place.room, "limit": self.rng.u32(1..60) });
        if let Some(before) = before {
            body["before"] = json!(before);
        }
        link.request("room:history", body, Call::Page { room: place.room, before }).await.map(drop)
    }

    async fn type_on(&mut self, link: &mut Link) -> Result<()> {
        let Some(place) = self.board.any_place(&mut self.rng) else { return Ok(()) };
        let on = self.rng.bool();
        let body = json!({ "room": place.room, "on": on });
        link.request("typing:set", body, Call::Typing { room: place.room, on }).await.map(drop)
    }

    async fn come_and_go(&mut self, link: &mut Link) -> Result<()> {
        let Some(room) = self.board.arena() else { return Ok(()) };
        let roamers = &self.board.people[self.board.people.len() - 2..];
        let user = roamers[self.rng.usize(..2)].id.clone();
        match (self.habit, self.rng.bool()) {
            (Habit::Owns, true) => {
                let body = json!({ "room": room, "user": user });
                link.request("room:kick", body, Call::Kick { room, user }).await.map(drop)
            }
            (Habit::Owns, false) => {
                let body = json!({ "room": room, "users": [user] });
                link.request("room:invite", body, Call::Invite { room, user }).await.map(drop)
            }
            (Habit::Roams, true) => {
                link.request("room:leave", json!({ "room": room }), Call::Leave { room }).await.map(drop)
            }
            (Habit::Roams, false) => link.catch_up(&room, true).await,
            (Habit::Writes | Habit::Reads, _) => Ok(()),
        }
    }

    async fn make_room(&mut self, link: &mut Link) -> Result<()> {
        let Some((name, arena)) = self.board.wanted() else { return Ok(()) };
        let members: Vec<&str> = self.board.people.iter().map(|person| person.id.as_str()).collect();
        let body = json!({ "name": name, "kind": "public", "members": members });
        let made = link.ask("room:create", body).await?;
        // Refused, or lost with the link: the next one gets another name.
        if let Some(room) = made["room"]["id"].as_str() {
            self.board.open(room, arena);
        }
        Ok(())
    }
}
