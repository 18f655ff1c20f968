//! A server is killed under a hundred apps that write, and started again: all come back by themselves and have everything.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use confab_client::entrance;
use confab_client::local::Local;
use confab_client::session::Session;
use confab_client::view::{Item, NewMessage, TimelineChange, Update};
use confab_protocol::RoomId;
use confab_protocol::account::GuestRequest;
use confab_tests::{Stage, room_id};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

const APPS: usize = 100;
const WRITERS: usize = 10;
/// Messages of each writer, a part of them on its way while the server dies.
const EACH: usize = 10;
/// From the moment in which the server listens again.
const LIMIT: Duration = Duration::from_secs(30);
/// For anything that is not measured.
const PATIENCE: Duration = Duration::from_secs(120);

/// Somebody at an app, without the window, in one room.
struct App {
    session: Session,
    room: RoomId,
    /// The texts of the committed messages that are drawn.
    drawn: watch::Receiver<BTreeSet<String>>,
}

impl App {
    async fn come(address: String, name: String, invite: String, room: RoomId) -> Result<Self> {
        let request = GuestRequest { display_name: name, invite: Some(invite.parse()?) };
        let identity = entrance::join_as_guest(&address, &request).await?;
        let (updates, mut coming) = mpsc::channel(256);
        let session = Session::start(identity, Local::none(), updates);
        let (draw, drawn) = watch::channel(BTreeSet::new());
        tokio::spawn(async move {
            while let Some(update) = coming.recv().await {
                let Update::Timeline { change, .. } = update else { continue };
                let (TimelineChange::Reset { items, .. } | TimelineChange::Upsert { items }) = change else { continue };
                let committed = items.into_iter().filter_map(|item| match item {
                    Item::Message(message) if message.seq.is_some() => Some(message.text),
                    _ => None,
                });
                draw.send_modify(|drawn| drawn.extend(committed));
            }
        });
        session.open_workspace("general".parse()?).await?;
        // The call gives up after a while; the app tries again as a person would.
        let began = Instant::now();
        while let Err(error) = session.open_room(room.clone()).await {
            ensure!(error.code.is_retryable() && began.elapsed() < PATIENCE, "{error}");
        }
        Ok(Self { session, room, drawn })
    }

    async fn say(&self, text: String) -> Result<()> {
        let message = NewMessage { room: self.room.clone(), text, reply_to: None, thread: None, files: Vec::new() };
        self.session.send(message).await?;
        Ok(())
    }

    /// Waits until all of these are drawn.
    async fn shows(&self, texts: &BTreeSet<String>, until: Instant) -> Result<()> {
        let mut drawn = self.drawn.clone();
        let left = until.saturating_duration_since(Instant::now());
        let waited = tokio::time::timeout(left, drawn.wait_for(|drawn| drawn.is_superset(texts))).await;
        if waited.is_err() {
            let missing: Vec<_> = texts.difference(&self.drawn.borrow()).cloned().collect();
            anyhow::bail!("{} of {} messages are missing: {missing:?}", missing.len(), texts.len());
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_apps_are_back_and_in_sync_in_time() -> Result<()> {
    let mut stage = Stage::new().await?;
    let (_, ready) = stage.enter(&stage.ada).await?;
    let room: RoomId = room_id(&ready, "general")?.parse()?;
    let mut coming = JoinSet::new();
    for n in 0..APPS {
        coming.spawn(App::come(stage.server.url(), format!("Guest {n}"), stage.invite.clone(), room.clone()));
    }
    let apps = coming.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;

    let text = |writer: usize, n: usize| format!("writer {writer} message {n}");
    for n in 0..EACH {
        for (writer, app) in apps.iter().take(WRITERS).enumerate() {
            app.say(text(writer, n)).await?;
        }
    }
    apps[APPS - 1].shows(&[text(0, 0)].into(), Instant::now() + PATIENCE).await?;
    stage.server.kill().await?;
    apps[0].say("while nobody listens".into()).await?;
    stage.server.launch().await?;
    let until = Instant::now() + LIMIT;
    let mut texts: BTreeSet<String> = (0..WRITERS).flat_map(|writer| (0..EACH).map(move |n| text(writer, n))).collect();
    texts.insert("while nobody listens".into());
    for (n, app) in apps.iter().enumerate() {
        app.shows(&texts, until).await.with_context(|| format!("app {n} of {APPS}"))?;
    }
    Ok(())
}
