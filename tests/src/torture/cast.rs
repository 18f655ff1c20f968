//! Who plays: people, their devices, and by which way each comes.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Plan, Set};
use crate::history::Journal;
use crate::nemesis::{Fault, Hunter};
use crate::workload::{App, Device, Habit, Keeping, Phase, Revoker};
use crate::{Person, Server};

/// Proxies between the clients and the server.
pub(super) const PROXIES: usize = 3;

/// A device: name, whose, habit, and the proxy that it comes by. Who may be thrown out comes directly: a proxy that
/// passes a request twice could bring them in again behind everybody's back.
type Part = (&'static str, usize, Habit, Option<usize>);

const PARTS: [Part; 12] = [
    ("ada-1", 0, Habit::Owns, None),
    ("ada-2", 0, Habit::Writes, Some(0)),
    ("bob-1", 1, Habit::Writes, Some(0)),
    ("bob-2", 1, Habit::Reads, Some(1)),
    ("bob-3", 1, Habit::Writes, None),
    ("cem-1", 2, Habit::Writes, Some(1)),
    ("cem-2", 2, Habit::Writes, Some(2)),
    ("cem-3", 2, Habit::Reads, None),
    ("fay-1", 3, Habit::Writes, None),
    ("dot-1", 4, Habit::Roams, None),
    ("dot-2", 4, Habit::Reads, None),
    ("eve-1", 5, Habit::Roams, None),
];

/// Product clients: name, whose, and the proxy that it comes by.
const APPS: [(&str, usize, Option<usize>); 3] =
    [("ada-app", 0, None), ("bob-app", 1, Some(1)), ("cem-app", 2, Some(2))];

/// Clients are hit once while the server is hit so often: a life must be long enough to come to something.
const CLIENT_RESTS: u32 = 3;

/// Leaves long before the end, so that presence has somebody to forget.
const GHOST: &str = "fay-1";

/// The clients of a run while they play.
pub(super) type Clients = Vec<(&'static str, JoinHandle<bool>)>;

/// The product's clients of a run.
pub(super) type Apps = Vec<(&'static str, JoinHandle<Result<bool>>)>;

/// Claims the server and makes everybody's account. The first is the owner; the last two roam.
///
/// # Errors
/// When the server refuses.
pub(super) async fn people(server: &Server) -> Result<Vec<Person>> {
    let api = server.api()?;
    let mut people = Vec::new();
    let mut invite = String::new();
    for login in ["ada", "bob", "cem", "fay", "dot", "eve"] {
        let password = format!("{login}'s password");
        let signed_in = if people.is_empty() {
            api.setup(server.setup_token(), login, &password).await?
        } else {
            api.account(login, &password, &invite).await?
        };
        let word = |value: &serde_json::Value| value.as_str().map(str::to_owned).context("not signed in");
        let (token, id) = (word(&signed_in["token"])?, word(&signed_in["user"]["id"])?);
        if people.is_empty() {
            invite = api.as_user(&token).invite("general").await?;
        }
        people.push(Person { login: login.to_owned(), password, token, id });
    }
    Ok(people)
}

/// Everybody begins.
pub(super) fn enter(plan: &Plan, journal: &Journal, set: &Set, phase: &watch::Receiver<Phase>) -> Clients {
    let (board, nemesis) = (&set.board, &set.nemesis);
    let mut seeds = fastrand::Rng::with_seed(plan.seed);
    let mut clients = Clients::new();
    for (name, person, habit, proxy) in PARTS {
        let addr = proxy.map_or(nemesis.server.addr(), |at| nemesis.proxies[at].addr());
        let seed = seeds.u64(..);
        let device = Device::new(name, &board.people[person], addr, habit, board.clone(), journal, seed);
        let phase = if name == GHOST { early(phase.clone(), plan.time / 3) } else { phase.clone() };
        clients.push((name, tokio::spawn(device.run(phase))));
    }
    let addr = nemesis.server.addr();
    let revoker = Revoker { addr, board: board.clone(), journal: journal.clone(), seed: seeds.u64(..) };
    let phase = phase.clone();
    clients.push((
        "the revoker",
        tokio::spawn(async move {
            revoker.run(phase).await;
            true
        }),
    ));
    clients
}

/// The product's clients begin; and what goes after them.
pub(super) fn open_apps(plan: &Plan, journal: &Journal, set: &Set, phase: &watch::Receiver<Phase>) -> (Apps, Hunter) {
    let mut seeds = fastrand::Rng::with_seed(plan.seed ^ 0x6170_7073);
    let (board, nemesis) = (&set.board, &set.nemesis);
    let mut victims = Vec::new();
    let open = |(name, person, proxy): (&'static str, usize, Option<usize>)| {
        let addr = proxy.map_or(nemesis.server.addr(), |at| nemesis.proxies[at].addr());
        let keeping = Keeping {
            dir: plan.dir.join("apps").join(name),
            forgetful: plan.forgetful,
            points: plan.faults.contains(&Fault::ClientPoint),
        };
        let app = App::new(name, &board.people[person], addr, board.clone(), journal, seeds.u64(..), keeping);
        victims.push(app.victim());
        (name, tokio::spawn(app.run(phase.clone())))
    };
    let apps = APPS.into_iter().map(open).collect();
    let rng = fastrand::Rng::with_seed(seeds.u64(..));
    (apps, Hunter { victims, faults: plan.faults.clone(), rng, rest: plan.rest * CLIENT_RESTS })
}

/// Waits for the product's clients; the names of those with something still in their outboxes.
///
/// # Errors
/// When one of them never came in, or panicked.
pub(super) async fn close_apps(apps: Apps) -> Result<Vec<&'static str>> {
    let mut stuck = Vec::new();
    for (name, app) in apps {
        if !app.await.with_context(|| format!("{name} panicked"))?.context(name)? {
            stuck.push(name);
        }
    }
    Ok(stuck)
}

/// Waits for all of them; the names of those with something still in their outboxes.
///
/// # Errors
/// When one of them panicked.
pub(super) async fn leave(clients: Clients) -> Result<Vec<&'static str>> {
    let mut stuck = Vec::new();
    for (name, client) in clients {
        if !client.await.with_context(|| format!("{name} panicked"))? {
            stuck.push(name);
        }
    }
    Ok(stuck)
}

/// The same phases, but draining begins after this time.
fn early(mut phase: watch::Receiver<Phase>, after: Duration) -> watch::Receiver<Phase> {
    let (own, heard) = watch::channel(*phase.borrow());
    tokio::spawn(async move {
        let _ = tokio::time::timeout(after, phase.wait_for(|phase| *phase != Phase::Load)).await;
        own.send_replace(Phase::Drain);
        let _ = phase.wait_for(|phase| *phase == Phase::Stop).await;
        own.send_replace(Phase::Stop);
    });
    heard
}
