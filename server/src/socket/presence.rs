//! Who is there: from live sockets, told in batches, so that a reconnecting crowd does not drown everybody else.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use confab_protocol::event::{PresenceBatch, PresenceChanged};
use confab_protocol::workspace::Presence;
use confab_protocol::{Slug, UserId};
use tokio::sync::Notify;

use super::space::Space;
use crate::App;

/// Between two tellings, at least.
const PAUSE: Duration = Duration::from_millis(75);
/// And for each socket: tellings to a large workspace come less often. What changes meanwhile waits, and only its latest state
/// is then told.
const PAUSE_PER_SOCKET: Duration = Duration::from_micros(150);
/// Deliveries to those who hear of each change by itself, in one telling.
const ONE_BY_ONE: usize = 5_000;
/// Changes in one batch.
const BATCH: usize = 512;
/// Somebody whose connection was lost, not closed, is mostly back within this; nobody needs to hear of it then.
const GRACE: Duration = Duration::from_secs(2);

/// Changes that are not told yet.
#[derive(Default)]
pub struct Presences {
    dirty: Mutex<HashMap<(Slug, UserId), Was>>,
    bell: Notify,
}

/// What the others know.
struct Was {
    state: Presence,
    status_changed: bool,
    /// Not told before.
    due: Instant,
}

impl Presences {
    /// Notes that somebody's presence may differ from what it `was`.
    pub fn note(&self, space: &Space, user: &UserId, was: Presence, status_changed: bool) {
        self.put(space, user, Was { state: was, status_changed, due: Instant::now() });
    }

    /// The same where a connection was lost: they may come back before anybody is told.
    pub fn note_lost(&self, space: &Space, user: &UserId, was: Presence) {
        self.put(space, user, Was { state: was, status_changed: false, due: Instant::now() + GRACE });
    }

    fn put(&self, space: &Space, user: &UserId, was: Was) {
        let mut dirty = self.dirty.lock().unwrap_or_else(PoisonError::into_inner);
        let Was { status_changed, due, .. } = was;
        // The oldest state counts: that is what was told.
        let entry = dirty.entry((space.slug.clone(), user.clone())).or_insert(was);
        entry.status_changed |= status_changed;
        entry.due = entry.due.min(due);
        self.bell.notify_one();
    }

    fn take(&self, max: usize) -> Vec<((Slug, UserId), Was)> {
        let mut dirty = self.dirty.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let due = dirty.iter().filter(|(_, was)| was.due <= now);
        let keys: Vec<_> = due.take(max).map(|(key, _)| key.clone()).collect();
        keys.into_iter().filter_map(|key| dirty.remove_entry(&key)).collect()
    }

    fn is_empty(&self) -> bool {
        self.dirty.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// Tells presence until the server stops.
pub async fn run(app: Arc<App>) {
    let mut pause = PAUSE;
    loop {
        app.presences.bell.notified().await;
        while !app.presences.is_empty() {
            tokio::time::sleep(pause).await;
            let spaces = app.hub.spaces();
            let (sockets, one_by_one) =
                spaces.iter().map(|space| space.sockets()).fold((0, 0), |(a, b), (c, d)| (a.max(c), b.max(d)));
            pause = PAUSE.max(PAUSE_PER_SOCKET.saturating_mul(u32::try_from(sockets).unwrap_or(u32::MAX)));
            let max = ONE_BY_ONE.checked_div(one_by_one).unwrap_or(BATCH).clamp(1, BATCH);
            let mut batches: BTreeMap<Slug, Vec<PresenceChanged>> = BTreeMap::new();
            for ((slug, user), was) in app.presences.take(max) {
                if let Some(space) = app.hub.space(&slug)
                    && let Some(change) = tell(&app, &space, user, &was)
                {
                    batches.entry(slug).or_default().push(change);
                }
            }
            for (slug, changes) in batches {
                app.fanout.presences(&slug, &PresenceBatch { changes });
            }
        }
    }
}

/// Tells those who hear each change by itself, and gives it for the batch; None when it is what the others know.
fn tell(app: &App, space: &Space, user: UserId, was: &Was) -> Option<PresenceChanged> {
    let (state, status) = space.presence(&user);
    if state == was.state && !was.status_changed {
        return None;
    }
    let own = space.links_of(&user).into_iter().next();
    let push = PresenceChanged { user, state, status };
    app.fanout.presence(&space.slug, own.as_ref().map(|link| &link.sock), &push);
    Some(push)
}
