//! Who types where: told at most every 50 ms, over by itself after six seconds. Never kept, never logged.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use confab_protocol::event::TypingChanged;
use confab_protocol::{MessageId, RoomId, UserId};
use tokio::sync::Notify;

use super::space::Space;
use crate::App;
use crate::fanout::{Fanout, Sock};

const BATCH: Duration = Duration::from_millis(50);
const LASTS: Duration = Duration::from_secs(6);

/// Who types in one workspace.
#[derive(Default)]
pub struct Typing {
    people: Mutex<HashMap<Spot, Typist>>,
}

/// In which room, who, and in which thread of it.
type Spot = (RoomId, UserId, Option<MessageId>);

struct Typist {
    on: bool,
    told: bool,
    until: Instant,
    sock: Sock,
}

impl Typing {
    /// Begins or goes on; `bell` wakes the task that tells.
    pub fn start(&self, room: RoomId, thread: Option<MessageId>, user: UserId, sock: Sock, bell: &Notify) {
        let until = Instant::now() + LASTS;
        let mut people = self.lock();
        let typist =
            people.entry((room, user, thread)).or_insert(Typist { on: true, told: false, until, sock: sock.clone() });
        (typist.on, typist.until, typist.sock) = (true, until, sock);
        bell.notify_one();
    }

    /// Ends in the room and all of its threads: the person said so, has sent, or is no longer in the room.
    pub fn stop(&self, room: &RoomId, user: &UserId) {
        let mut people = self.lock();
        // Few people type at a time.
        for (_, typist) in people.iter_mut().filter(|((in_room, who, _), _)| in_room == room && who == user) {
            typist.on = false;
        }
    }

    /// Ends what this socket began.
    pub fn gone(&self, sock: &Sock) {
        for typist in self.lock().values_mut() {
            if typist.sock.id == sock.id {
                typist.on = false;
            }
        }
    }

    /// Tells what changed; true while somebody types.
    fn tell(&self, fanout: &Fanout, space: &Space) -> bool {
        let now = Instant::now();
        let mut people = self.lock();
        people.retain(|(room, user, thread), typist| {
            typist.on &= typist.until > now;
            if typist.on != typist.told {
                typist.told = typist.on;
                let (user, thread) = (user.clone(), thread.clone());
                let push = TypingChanged { room: room.clone(), user, on: typist.on, thread };
                if typist.sock.connected() {
                    fanout.to_others_in_room(&typist.sock, room, &push);
                } else {
                    fanout.to_room(&space.slug, room, &push);
                }
            }
            typist.on
        });
        !people.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Spot, Typist>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells who types until the server stops. Sleeps while nobody does.
pub async fn run(app: Arc<App>) {
    loop {
        app.typing_bell.notified().await;
        loop {
            tokio::time::sleep(BATCH).await;
            let mut any = false;
            for space in app.hub.spaces() {
                any |= space.typing.tell(&app.fanout, &space);
            }
            if !any {
                break;
            }
        }
    }
}
