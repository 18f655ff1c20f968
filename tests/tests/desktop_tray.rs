//! The desktop app in a tray, and where there is none.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use confab_protocol::Timestamp;
use confab_tests::{Api, App, Desktop, NotificationDaemon, Stage, TrayHost, Wire, cid, room_id, until};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn closing_leaves_the_app_in_the_tray_and_quit_ends_it() -> Result<()> {
    let stage = Stage::new().await?;
    let desktop = Desktop::start().await?;
    let tray = TrayHost::start(desktop.bus()).await?;
    let app = signed_in(&desktop, &stage).await?;
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let random = room_id(&ready, "random")?;
    let mut says = async |text: &str| {
        bob.ok("/general", "message:send", json!({ "room": random, "cid": cid(), "text": text })).await
    };

    tray.wait_for_tip("Everything is read").await?;
    let plain = tray.icon().await?;
    says("hello").await?;
    tray.wait_for_tip("Unread messages").await?;
    says("hello, @cem").await?;
    tray.wait_for_tip("1 message for you").await?;
    ensure!(tray.icon().await? != plain, "the icon has no badge");

    // The window's title has the count, too.
    until("the title has the count", async || desktop.press_close("(1) general — Confab").await.ok()).await?;
    becomes_visible(&app, false).await?;
    says("are you there, @cem?").await?;
    tray.wait_for_tip("2 messages for you").await?;
    ensure!(!tray.is_checked("Do not disturb").await?, "nobody asked for it");
    tray.choose("Do not disturb").await?;
    until("no disturbance", async || tray.is_checked("Do not disturb").await.ok()?.then_some(())).await?;
    tray.click().await?;
    becomes_visible(&app, true).await?;
    app.wait_for_text("room-title", "general").await?;

    desktop.press_close("Confab").await?;
    becomes_visible(&app, false).await?;
    tray.choose("Open Confab").await?;
    becomes_visible(&app, true).await?;
    tray.choose("Quit").await?;
    app.ends().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_reaches_whoever_has_the_app_in_the_tray_and_leads_to_its_message() -> Result<()> {
    let stage = Stage::new().await?;
    let desktop = Desktop::start().await?;
    let tray = TrayHost::start(desktop.bus()).await?;
    let screen = NotificationDaemon::start(desktop.bus()).await?;
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let random = room_id(&ready, "random")?;
    let said = json!({ "room": random, "cid": cid(), "text": "@cem, who reads the minutes?" });
    let seq = bob.ok("/general", "message:send", said).await?["seq"].clone();
    let app = signed_in(&desktop, &stage).await?;
    tray.wait_for_tip("1 message for you").await?;
    app.click("mentions-open").await?;
    app.wait_for_text("search-hit", "who reads the minutes?").await?;
    app.picture("12-mentions").await?;
    until("its close button", async || desktop.press_close("Confab").await.ok()).await?;
    becomes_visible(&app, false).await?;

    let mut phone = Wire::open(stage.server.addr()).await?;
    phone.connect("/", &stage.cem.token).await??;
    let soon = SystemTime::now().duration_since(UNIX_EPOCH)? + Duration::from_secs(2);
    let at = Timestamp::from_millis(i64::try_from(soon.as_millis())?);
    let wanted = json!({ "workspace": "general", "room": random, "text": "the minutes", "seq": seq, "at": at });
    phone.ok("/", "reminder:set", wanted).await?;
    let notice = screen.wait_for("the minutes").await?;
    ensure!(notice.title == "Reminder", "{notice:?}");
    screen.click(&notice).await?;
    becomes_visible(&app, true).await?;
    app.wait_for_text("room-title", "random").await?;
    app.wait_for_text("reminder", "the minutes").await?;
    app.picture("12-reminder").await?;
    app.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tray_speaks_the_language_of_the_page_also_at_the_next_start() -> Result<()> {
    let stage = Stage::new().await?;
    let desktop = Desktop::start().await?;
    let tray = TrayHost::start(desktop.bus()).await?;
    let app = signed_in(&desktop, &stage).await?;
    ensure!(!tray.is_checked("Do not disturb").await?, "nobody asked for it");
    app.click("settings-open").await?;
    app.click_button("Deutsch").await?;
    tray.wait_for_tip("Alles ist gelesen").await?;
    until("the menu is German", async || tray.is_checked("Nicht stören").await.ok()).await?;
    tray.choose("Beenden").await?;
    app.ends().await?;

    // The window stays hidden, and nobody has drawn a page.
    let app = desktop.open_with("cem", &["--hidden"]).await?;
    until("the menu is German from the start", async || tray.is_checked("Nicht stören").await.ok()).await?;
    tray.choose("Confab öffnen").await?;
    becomes_visible(&app, true).await?;
    app.wait_for_text("room-title", "general").await?;
    app.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_tray_closing_ends_the_app() -> Result<()> {
    let desktop = Desktop::start().await?;
    let app = desktop.open("cem").await?;
    app.text("start-page").await?;
    desktop.press_close("Confab").await?;
    app.ends().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_comes_back_when_its_tray_goes() -> Result<()> {
    let desktop = Desktop::start().await?;
    let tray = TrayHost::start(desktop.bus()).await?;
    let app = desktop.open("cem").await?;
    app.text("start-page").await?;
    tray.wait_for_icon().await?;
    desktop.press_close("Confab").await?;
    becomes_visible(&app, false).await?;
    tray.stop().await?;
    becomes_visible(&app, true).await?;
    desktop.press_close("Confab").await?;
    app.ends().await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hosts_is_asked_before_others_are_cut_off() -> Result<()> {
    let desktop = Desktop::start().await?;
    let app = desktop.open("ada").await?;
    app.click("host-button").await?;
    app.type_into("host-name", "Ada").await?;
    app.click("host-submit").await?;
    app.wait_for_text("room-title", "general").await?;
    app.click("members-toggle").await?;
    app.click_button("Invite link").await?;
    app.click("invite-create").await?;
    let link = app.property("invite-link", "value").await?;
    app.type_into("invite-link", "\u{E00C}").await?;
    let (address, code) = link.split_once("/join/").context("an invite link")?;
    let bob = Api::new(address)?.account("bob", "bob's password", code).await?;
    let mut wire = Wire::open(address.trim_start_matches("http://").parse()?).await?;
    wire.connect("/", bob["token"].as_str().context("a token")?).await??;

    desktop.press_close("Confab").await?;
    app.wait_for_text("confirm", "Somebody else is connected").await?;
    app.picture("12-quit").await?;
    app.click("confirm-no").await?;
    app.type_into("composer", "still here").await?;
    desktop.press_close("Confab").await?;
    app.wait_for_text("confirm", "Somebody else is connected").await?;
    // Once the script has answered: the app may be gone before a click is.
    app.script("setTimeout(() => document.querySelector(\"[data-testid='confirm-yes']\").click())").await?;
    app.ends().await
}

async fn signed_in(desktop: &Desktop, stage: &Stage) -> Result<App> {
    let app = desktop.open("cem").await?;
    app.sign_in(&stage.server.url(), &stage.cem).await?;
    app.wait_for_text("room-title", "general").await?;
    Ok(app)
}

async fn becomes_visible(app: &App, visible: bool) -> Result<()> {
    until(&format!("the window is visible: {visible}"), async || {
        (app.is_visible().await.ok()? == visible).then_some(())
    })
    .await
}
