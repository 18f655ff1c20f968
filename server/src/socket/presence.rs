//! Who is there: from live sockets, told in batches, so that a reconnecting crowd does not drown everybody else.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use confab_protocol::event::{PresenceBatch, PresenceChanged};
use confab_protocol::workspace::Presence;
use confab_protocol::{Slug, UserId};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::space::Space;
use crate::App;

/// Between two tellings, at least.
const PAUSE: Duration = Duration::from_millis(75);
/// And for each socket that takes batches, up to [`LONGEST_PAUSE`]: tellings to a large workspace come less often. What changes
/// meanwhile waits, and only its latest state is then told. A thousand who come back at once hear of each other some thirty
/// times, not five hundred times; somebody who comes alone is told of after [`PAUSE`] all the same.
const PAUSE_PER_SOCKET: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// For each socket that hears of each change by itself: it would wait long for the last of a crowd.
const PAUSE_ONE_BY_ONE: Duration = Duration::from_micros(150);
/// Deliveries to such sockets, for each millisecond of the pause.
const ONE_BY_ONE_PER_MS: u128 = 40;
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
    let mut next = Instant::now();
    loop {
        app.presences.bell.notified().await;
        while !app.presences.is_empty() {
            tokio::time::sleep_until(next.max(Instant::now() + PAUSE)).await;
            let spaces = app.hub.spaces();
            let (sockets, one_by_one) =
                spaces.iter().map(|space| space.sockets()).fold((0, 0), |(a, b), (c, d)| (a.max(c), b.max(d)));
            let pause = pause(sockets - one_by_one, one_by_one);
            next = Instant::now() + pause;
            let max = most(pause, one_by_one);
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

/// Until the next telling.
fn pause(in_batches: usize, one_by_one: usize) -> Duration {
    let times = |each: Duration, sockets: usize| each.saturating_mul(u32::try_from(sockets).unwrap_or(u32::MAX));
    PAUSE.max(times(PAUSE_PER_SOCKET, in_batches)).max(times(PAUSE_ONE_BY_ONE, one_by_one)).min(LONGEST_PAUSE)
}

/// Changes in one telling.
fn most(pause: Duration, one_by_one: usize) -> usize {
    let deliveries = usize::try_from(ONE_BY_ONE_PER_MS * pause.as_millis()).unwrap_or(usize::MAX);
    deliveries.checked_div(one_by_one).unwrap_or(BATCH).clamp(1, BATCH)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_is_told_less_often_and_small_workspaces_at_once() {
        assert_eq!(pause(2, 3), PAUSE);
        assert_eq!(pause(1_000, 0), Duration::from_secs(1));
        assert_eq!(pause(1_000_000, 1_000_000), LONGEST_PAUSE);
        assert_eq!(most(pause(1_000, 0), 0), BATCH);
    }

    #[test]
    fn whoever_hears_of_each_by_itself_hears_of_a_thousand_within_half_a_minute() {
        for plain in [1, 10, 100, 500, 1_000] {
            let pause = pause(1_000 - plain, plain);
            let all = pause.saturating_mul(1_000_u32.div_ceil(u32::try_from(most(pause, plain)).unwrap()));
            assert!(all <= Duration::from_secs(30), "{plain} of 1,000: {all:?}");
        }
    }
}
