//! Files between the client crate and the real server, while the server and the network fail.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use confab_client::entrance;
use confab_client::local::Local;
use confab_client::session::Session;
use confab_client::view::{Item, NewMessage, TimelineChange, Transfer, TransferState, Update};
use confab_protocol::account::{Secret, SignIn};
use confab_protocol::file::FileInfo;
use confab_tests::{Person, Proxy, Stage, room_id};
use tokio::sync::mpsc;

const HEALED: Duration = Duration::from_secs(60);
/// Several pieces, and not a whole number of them.
const BYTES: usize = 9 * 1024 * 1024 + 17;

/// Somebody at a desktop app, without the window.
struct Device {
    session: Session,
    updates: mpsc::Receiver<Update>,
    transfers: HashMap<String, Transfer>,
}

impl Device {
    async fn sign_in(address: &str, who: &Person) -> Result<Self> {
        let request =
            SignIn { login: who.login.clone(), password: Secret(who.password.clone()), device: Some("test".into()) };
        let identity = entrance::sign_in(address, &request).await?;
        let (updates, coming) = mpsc::channel(256);
        let session = Session::start(identity, Local::none(), updates);
        Ok(Self { session, updates: coming, transfers: HashMap::new() })
    }

    /// Waits until a transfer is like this.
    async fn until(&mut self, key: &str, what: &str, wanted: impl Fn(&Transfer) -> bool) -> Result<Transfer> {
        let waiting = async {
            loop {
                if let Some(transfer) = self.transfers.get(key).filter(|transfer| wanted(transfer)) {
                    return Ok(transfer.clone());
                }
                if let Update::Transfer { transfer } = self.updates.recv().await.context("the session ended")? {
                    self.transfers.insert(transfer.key.clone(), transfer);
                }
            }
        };
        let waited = tokio::time::timeout(HEALED, waiting).await;
        waited.with_context(|| format!("waited in vain: {what}; it is {:?}", self.transfers.get(key)))?
    }

    async fn done(&mut self, key: &str) -> Result<FileInfo> {
        let ended =
            |transfer: &Transfer| matches!(transfer.state, TransferState::Done { .. } | TransferState::Failed { .. });
        match self.until(key, "the end", ended).await?.state {
            TransferState::Done { file } => Ok(file),
            other => anyhow::bail!("{other:?}"),
        }
    }

    fn upload(&self, key: &str, path: &Path) -> Result<()> {
        self.session.files()?.upload(key.into(), path.to_owned(), "a \u{e4}.bin".into(), BYTES as u64)?;
        Ok(())
    }
}

fn content() -> Vec<u8> {
    (0..BYTES as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_survives_the_server_and_the_network() -> Result<()> {
    let mut stage = Stage::new().await?;
    let folder = tempfile::tempdir()?;
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    std::fs::write(&from, content())?;
    let proxy = Proxy::start(stage.server.addr()).await?;
    let mut ada = Device::sign_in(&proxy.url(), &stage.ada).await?;

    // Up: paused, cut, and the server killed in the middle.
    proxy.delay(Duration::from_millis(20));
    ada.upload("up", &from)?;
    ada.until("up", "some of it", |up| up.moved > 0).await?;
    ada.session.files()?.pause("up")?;
    let paused = ada.until("up", "the pause", |up| up.state == TransferState::Paused).await?;
    ensure!(paused.moved < BYTES as u64, "{paused:?}");
    ada.session.files()?.resume("up")?;
    ada.until("up", "more of it", |up| up.moved > paused.moved).await?;
    proxy.cut();
    stage.server.kill().await?;
    ada.until("up", "the loss", |up| up.state == TransferState::Waiting).await?;
    stage.server.launch().await?;
    let file = ada.done("up").await?;
    ensure!((file.bytes, file.name.as_str()) == (BYTES as u64, "a \u{e4}.bin"), "{file:?}");

    // Down: torn in the middle.
    let before = proxy.accepted();
    proxy.tear(3 * 1024 * 1024);
    ada.session.files()?.download("down".into(), file.clone(), to.clone())?;
    ada.done("down").await?;
    ensure!(std::fs::read(&to)? == content(), "what came down is what went up");
    ensure!(!folder.path().join("to.part").exists() && proxy.accepted() > before, "it went on over another connection");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_carries_what_was_uploaded_and_a_cancelled_file_is_gone() -> Result<()> {
    let stage = Stage::new().await?;
    let folder = tempfile::tempdir()?;
    let from = folder.path().join("from");
    std::fs::write(&from, content())?;
    let (_, ready) = stage.enter(&stage.cem).await?;
    let room: confab_protocol::RoomId = room_id(&ready, "general")?.parse()?;
    let mut ada = Device::sign_in(&stage.server.url(), &stage.ada).await?;
    ada.upload("up", &from)?;
    ensure!(ada.upload("up", &from).is_err(), "the key is taken");
    let file = ada.done("up").await?;
    ada.session.open_workspace("general".parse()?).await?;
    while !matches!(ada.updates.recv().await.context("the session ended")?, Update::Workspace { .. }) {}
    ada.session.open_room(room.clone()).await?;
    let message = NewMessage { room, text: String::new(), reply_to: None, thread: None, files: vec![file.clone()] };
    let key = ada.session.send(message).await?;
    let (mut echoed, mut committed) = (false, false);
    while !committed {
        let update = tokio::time::timeout(HEALED, ada.updates.recv()).await?.context("the session ended")?;
        let Update::Timeline { change: TimelineChange::Upsert { items }, .. } = update else { continue };
        for item in items {
            if let Item::Message(item) = item
                && item.key == key
            {
                ensure!(item.files == [file.clone()], "from its first echo on: {item:?}");
                echoed |= item.seq.is_none();
                committed |= item.seq.is_some();
            }
        }
    }
    ensure!(echoed, "it was drawn before it was sent");

    std::fs::write(&from, vec![1; BYTES])?;
    let proxy = Proxy::start(stage.server.addr()).await?;
    let mut bob = Device::sign_in(&proxy.url(), &stage.bob).await?;
    proxy.delay(Duration::from_millis(50));
    bob.upload("other", &from)?;
    bob.until("other", "some of it", |up| up.moved > 0).await?;
    bob.session.files()?.cancel("other")?;
    bob.until("other", "the end", |up| up.state == TransferState::Cancelled).await?;
    let uploads = stage.server.data().join("files/uploads");
    let gone = async {
        while std::fs::read_dir(&uploads).is_ok_and(|mut entries| entries.next().is_some()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(HEALED, gone).await.context("the server still has it")?;
    Ok(())
}
