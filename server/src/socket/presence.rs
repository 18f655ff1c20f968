//! Who is there: from live sockets, told in batches, so that a reconnecting crowd does not drown everybody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use confab_protocol::event::PresenceChanged;
use confab_protocol::workspace::Presence;
use confab_protocol::{Slug, UserId};
use tokio::sync::Notify;

use super::space::Space;
use crate::App;

const BATCH: Duration = Duration::from_millis(75);
/// Deliveries in one batch. In a workspace of ten thousand sockets each change costs ten thousand of them: what is
/// over waits for the next batch, and only its latest state is then told.
const DELIVERIES: usize = 5_000;

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
}

impl Presences {
    /// Notes that somebody's presence may differ from what it `was`.
    pub fn note(&self, space: &Space, user: &UserId, was: Presence, status_changed: bool) {
        let mut dirty = self.dirty.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = dirty
            .entry((space.slug.clone(), user.clone()))
            // The oldest one counts: that is what was told.
            .or_insert(Was { state: was, status_changed: false });
        entry.status_changed |= status_changed;
        self.bell.notify_one();
    }

    fn take(&self, max: usize) -> Vec<((Slug, UserId), Was)> {
        let mut dirty = self.dirty.lock().unwrap_or_else(PoisonError::into_inner);
        let keys: Vec<_> = dirty.keys().take(max).cloned().collect();
        keys.into_iter().filter_map(|key| dirty.remove_entry(&key)).collect()
    }

    fn is_empty(&self) -> bool {
        self.dirty.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// Tells presence until the server stops.
pub async fn run(app: Arc<App>) {
    loop {
        app.presences.bell.notified().await;
        while !app.presences.is_empty() {
            tokio::time::sleep(BATCH).await;
            let sockets = app.hub.spaces().iter().map(|space| space.sockets()).max().unwrap_or(0);
            for ((slug, user), was) in app.presences.take((DELIVERIES / sockets.max(1)).max(1)) {
                if let Some(space) = app.hub.space(&slug) {
                    tell(&app, &space, user, &was);
                }
            }
        }
    }
}

fn tell(app: &App, space: &Space, user: UserId, was: &Was) {
    let (state, status) = space.presence(&user);
    if state == was.state && !was.status_changed {
        return;
    }
    let own = space.links_of(&user).into_iter().next();
    let push = PresenceChanged { user, state, status };
    match own {
        Some(link) => app.fanout.to_others_in_workspace(&link.sock, &push),
        None => app.fanout.to_workspace(&space.slug, &push),
    }
}
