//! The desktop app without a network: what was seen is there, what was written waits, and a killed app loses neither.

use anyhow::{Context, Result, ensure};
use confab_tests::{App, Desktop, Proxy, Stage, cid, room_id};
use serde_json::{Value, json};

const ENTER: &str = "\u{E007}";
const WAITING: &str = "[data-testid='message'][data-state='queued']";
const SENT: &str = "[data-testid='message'][data-state='sent']";

#[tokio::test(flavor = "multi_thread")]
async fn an_app_killed_offline_shows_yesterday_and_sends_each_message_once_in_order() -> Result<()> {
    let stage = Stage::new().await?;
    let network = Proxy::start(stage.server.addr()).await?;
    let desktop = Desktop::start().await?;
    let app = desktop.open("cleo").await?;
    app.type_into("join-address", &format!("{}/join/{}", network.url(), stage.invite)).await?;
    app.click("join-continue").await?;
    app.type_into("join-name", "Cleo").await?;
    app.click("join-submit").await?;
    app.wait_for_text("room-title", "general").await?;
    app.type_into("composer", &format!("with a network{ENTER}")).await?;
    app.wait_for_count(SENT, 1).await?;

    network.refuse(true);
    network.cut();
    for n in 1..=5 {
        app.type_into("composer", &format!("without one, {n}{ENTER}")).await?;
    }
    app.wait_for_count(WAITING, 5).await?;
    app.kill().await?;

    // The next day, and still no network.
    let app = desktop.open("cleo").await?;
    app.wait_for_text("room-title", "general").await?;
    app.wait_for_count(SENT, 1).await?;
    app.wait_for_count(WAITING, 5).await?;
    app.picture("9-offline").await?;
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let room = room_id(&ready, "general")?;
    bob.ok("/general", "message:send", json!({ "room": room, "cid": cid(), "text": "meanwhile" })).await?;

    network.refuse(false);
    app.wait_for_count(SENT, 7).await?;
    app.wait_for_count(WAITING, 0).await?;
    app.picture("10-back").await?;
    let expected = [
        "with a network",
        "meanwhile",
        "without one, 1",
        "without one, 2",
        "without one, 3",
        "without one, 4",
        "without one, 5",
    ];
    let history = bob.ok("/general", "room:history", json!({ "room": room })).await?;
    let messages = history["messages"].as_array().context("messages")?;
    let texts: Vec<_> = messages.iter().filter_map(|message| message["text"].as_str()).collect();
    ensure!(texts == expected, "the server has {texts:?}");
    let drawn = drawn(&app).await?;
    ensure!(drawn == expected, "the window shows {drawn:?}");

    // A signed-out account leaves nothing behind.
    let kept = desktop.installation("cleo").join("data").join("accounts");
    ensure!(kept.read_dir()?.count() > 0, "nothing is kept at all");
    app.click("settings-open").await?;
    // The list of devices moves what is below it when it comes.
    app.wait_for_text("settings", "this one").await?;
    app.click("sign-out").await?;
    app.text("start-page").await?;
    ensure!(kept.read_dir()?.count() == 0, "the account's database is still there");
    app.close().await
}

/// The texts of the messages in the window, from top to bottom.
async fn drawn(app: &App) -> Result<Vec<String>> {
    let texts =
        "return [...document.querySelectorAll(\"[data-testid='message-text']\")].map((text) => text.innerText.trim())";
    let texts: Value = app.script(texts).await?;
    Ok(serde_json::from_value(texts)?)
}
