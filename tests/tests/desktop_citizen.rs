//! The desktop app among the other things of a desktop: notifications, the tray, links, a second start.

use anyhow::{Context, Result, ensure};
use confab_tests::{App, Desktop, NotificationDaemon, Stage, Wire, cid, room_id, until};
use serde_json::{Value, json};

const SETTLED: &str = "[data-testid='message'][data-state='sent']";

/// Cem at the desktop app, and Bob elsewhere, who writes.
struct Scene {
    stage: Stage,
    desktop: Desktop,
    bob: Wire,
    general: String,
    random: String,
}

impl Scene {
    async fn set() -> Result<Self> {
        let stage = Stage::new().await?;
        let desktop = Desktop::start().await?;
        let (bob, ready) = stage.enter(&stage.bob).await?;
        let (general, random) = (room_id(&ready, "general")?, room_id(&ready, "random")?);
        Ok(Self { stage, desktop, bob, general, random })
    }

    /// Cem signs in, and looks at `general`.
    async fn enter(&self) -> Result<App> {
        let app = self.desktop.open("cem").await?;
        app.sign_in(&self.stage.server.url(), &self.stage.cem).await?;
        app.wait_for_text("room-title", "general").await?;
        Ok(app)
    }

    async fn says(&mut self, room: &str, text: &str) -> Result<u64> {
        let room = if room == "general" { &self.general } else { &self.random };
        let said = json!({ "room": room, "cid": cid(), "text": text });
        let sent = self.bob.ok("/general", "message:send", said).await?;
        sent["seq"].as_u64().context("a seq")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_on_a_notification_opens_its_message() -> Result<()> {
    let mut scene = Scene::set().await?;
    let screen = NotificationDaemon::start(scene.desktop.bus()).await?;
    let app = scene.enter().await?;
    app.script("document.activeElement.blur()").await?;

    // Much stands around it: the click leads to the message, neither to the end nor to the first unread one.
    for n in 0..80 {
        scene.says("random", &format!("straw {n}")).await?;
    }
    scene.says("random", "a needle, @cem, in <b>hay</b>").await?;
    let notice = screen.wait_for("needle").await?;
    ensure!(notice.title == "Bob in random", "{notice:?}");
    ensure!(notice.body == "a needle, @cem, in &lt;b&gt;hay&lt;/b&gt;", "its text is no markup: {notice:?}");
    ensure!(notice.actions.first().is_some_and(|action| action == "default"), "{notice:?}");
    ensure!(!app.shows("toast-go").await, "told twice");

    for n in 0..80 {
        scene.says("random", &format!("hay {n}")).await?;
    }
    screen.click(&notice).await?;
    app.wait_for_text("room-title", "random").await?;
    let in_view = "const row = [...document.querySelectorAll(\"[data-testid='message']\")].find((row) => row.textContent.includes('a needle')); \
        if (!row) return false; const { top, bottom } = row.getBoundingClientRect(); return top >= 0 && bottom <= innerHeight";
    until("the message is in view", async || (app.script(in_view).await.ok()? == true).then_some(())).await?;
    app.picture("11-from-notification").await?;
    let startup_id = scene.desktop.startup_id("Confab").await?;
    ensure!(startup_id == NotificationDaemon::TOKEN, "it came to the front with {startup_id:?}");
    screen.wait_for_none().await?;
    app.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_elsewhere_is_taken_back_and_previews_can_be_turned_off() -> Result<()> {
    let mut scene = Scene::set().await?;
    let screen = NotificationDaemon::start(scene.desktop.bus()).await?;
    let app = scene.enter().await?;

    let seq = scene.says("random", "first, @cem").await?;
    screen.wait_for("first").await?;
    let (mut phone, _) = scene.stage.enter(&scene.stage.cem).await?;
    let read = json!({ "room": scene.random, "seq": seq });
    phone.ok("/general", "read:mark", read).await?;
    screen.wait_for_none().await?;

    app.click("settings-open").await?;
    app.wait_for_text("settings", "this one").await?;
    app.click("settings-previews").await?;
    scene.says("random", "a secret, @cem").await?;
    let notice = screen.wait_for("Bob in random").await?;
    ensure!(notice.body == "New message", "{notice:?}");

    // The system is told in the language of the page.
    ensure!(notice.actions == ["default", "Open"], "{notice:?}");
    app.click_button("Deutsch").await?;
    app.wait_for_text("settings", "Aussehen").await?;
    // Both go over at the same time: the message must not be faster than the words.
    let kept = scene.desktop.installation("cem").join("config/settings.json");
    let kept = || serde_json::from_slice::<Value>(&std::fs::read(&kept).ok()?).ok();
    until("the shell has German words", async || kept()?.to_string().contains("Neue Nachricht").then_some(())).await?;
    scene.says("random", "noch eins, @cem").await?;
    let notice = screen.wait_for("Neue Nachricht").await?;
    ensure!(notice.actions == ["default", "Öffnen"], "{notice:?}");

    // Turned off, the page says it by itself.
    let asked = screen.asked();
    app.click("settings-notifications").await?;
    until("the shell tells the system nothing", async || {
        (kept()?.pointer("/settings/notifications")? == false).then_some(())
    })
    .await?;
    scene.says("random", "once more, @cem").await?;
    app.wait_for_text("toast-go", "once more").await?;
    ensure!(screen.asked() == asked, "{:?}", screen.shown());
    app.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_notification_daemon_the_page_says_it() -> Result<()> {
    let mut scene = Scene::set().await?;
    let _name = NotificationDaemon::dead(scene.desktop.bus()).await?;
    let app = scene.enter().await?;
    scene.says("random", "is anybody there, @cem?").await?;
    app.wait_for_text("toast-go", "is anybody there").await?;
    app.click("toast-go").await?;
    app.wait_for_text("room-title", "random").await?;
    app.wait_for_count(SETTLED, 1).await?;
    app.close().await
}
