//! How the desktop app starts: once for each installation, with a link, as it was left; and how links leave it.

use anyhow::{Result, ensure};
use confab_tests::{App, Desktop, Stage, until, within};
use tokio::process::Command;

const CONTROL: &str = "\u{E009}";

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_hands_its_link_to_the_first() -> Result<()> {
    let stage = Stage::new().await?;
    let desktop = Desktop::start().await?;
    let app = desktop.open("cleo").await?;
    app.text("start-page").await?;

    let mut second = desktop.command("cleo").arg(link(&stage)).spawn()?;
    ensure!(within("the second start ends", second.wait()).await??.success(), "it did not hand over");
    app.text("join-name").await?;
    app.type_into("join-name", "Cleo").await?;
    app.click("join-submit").await?;
    app.wait_for_text("room-title", "general").await?;

    // Somebody who is signed in does not become somebody else.
    let mut third = desktop.command("cleo").arg(link(&stage)).env("XDG_ACTIVATION_TOKEN", "a-later-start").spawn()?;
    ensure!(within("the third start ends", third.wait()).await??.success(), "it did not hand over");
    app.wait_for_text("notice", "You are signed in as Cleo").await?;
    until("the window comes to the front with what the desktop gave to that start", async || {
        (desktop.startup_id("Confab").await.ok()? == "a-later-start").then_some(())
    })
    .await?;

    let nonsense = desktop.command("cleo").arg("confab://join/nowhere").output();
    let nonsense = within("it refuses", nonsense).await??;
    ensure!(!nonsense.status.success(), "{nonsense:?}");
    app.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_with_a_link_opens_the_join_page() -> Result<()> {
    let stage = Stage::new().await?;
    let desktop = Desktop::start().await?;
    let app = desktop.open_with("cleo", &[&link(&stage)]).await?;
    app.text("join-name").await?;
    app.picture("13-join-by-link").await?;
    app.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_messages_open_in_the_browser_of_the_system() -> Result<()> {
    let stage = Stage::new().await?;
    let desktop = Desktop::start().await?;
    let app = joined(&desktop, &stage).await?;
    app.type_into("composer", "see https://example.org/a?b=c&d#e\u{E007}").await?;
    app.wait_for_count("[data-testid='message'][data-state='sent'] a[target]", 1).await?;
    // Pressed as a person does it: scripts may open nothing.
    let press = async || app.click_at("[data-testid='message'] a[target]").await;
    press().await?;
    until("the link is opened", async || {
        desktop.opened_links().contains("https://example.org/a?b=c&d#e\n").then_some(())
    })
    .await?;
    // Whatever stands in the page, programs are not started by it.
    let leads = async |to: &str| {
        app.script(&format!("document.querySelector(\"[data-testid='message'] a[target]\").href = '{to}'")).await
    };
    leads("confab-elsewhere://passwd").await?;
    press().await?;
    leads("https://example.org/last").await?;
    press().await?;
    until("the last is opened", async || desktop.opened_links().contains("/last").then_some(())).await?;
    let opened = desktop.opened_links();
    ensure!(!opened.contains("passwd"), "{opened}");
    // What the engine is told is not for the browser, which would be slower for it.
    for ours in ["JSC_", "MALLOC_", "CONFAB_ENGINE"] {
        ensure!(!opened.contains(ours), "{opened}");
    }
    app.wait_for_text("room-title", "general").await?;
    app.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn size_zoom_and_autostart_stay() -> Result<()> {
    let stage = Stage::new().await?;
    let desktop = Desktop::start().await?;
    let app = joined(&desktop, &stage).await?;
    app.resize(1200, 700).await?;
    let plain = app.size().await?;
    app.press(&format!("{CONTROL}+")).await?;
    until("everything is larger", async || (app.size().await.ok()?.0 < plain.0).then_some(())).await?;
    let large = app.size().await?;
    app.press(&format!("{CONTROL},")).await?;
    app.text("settings-zoom").await?;
    app.picture("14-desktop-settings").await?;
    app.wait_for_text("settings-zoom", "110").await?;
    ensure!(desktop.autostart().is_empty(), "it is off until somebody wants it");
    tap(&app, "settings-autostart").await?;
    let entry = until("it starts with the desktop", async || desktop.autostart().pop()).await?;
    let checked = Command::new("desktop-file-validate").arg(&entry).output().await?;
    ensure!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    let text = std::fs::read_to_string(&entry)?;
    ensure!(text.contains("confab-cleo\" ") && text.contains(" --hidden\n"), "{text}");
    desktop.press_close("Confab").await?;
    app.ends().await?;

    let app = desktop.open("cleo").await?;
    app.wait_for_text("room-title", "general").await?;
    until("it is as it was", async || (app.size().await.ok()? == large).then_some(())).await?;
    app.press(&format!("{CONTROL},")).await?;
    ensure!(app.property("settings-autostart", "checked").await? == "true", "the file is the setting");
    tap(&app, "settings-autostart").await?;
    until("it starts no longer", async || desktop.autostart().is_empty().then_some(())).await?;
    app.press("\u{E00C}").await?;
    app.press(&format!("{CONTROL}0")).await?;
    until("it is as it was meant", async || (app.size().await.ok()? == plain).then_some(())).await?;
    app.close().await
}

/// Presses something. WebDriver's own clicks miss what is zoomed: it counts in the page's pixels.
async fn tap(app: &App, testid: &str) -> Result<()> {
    app.text("settings").await?;
    app.script(&format!("document.querySelector(\"[data-testid='{testid}']\").click()")).await.map(drop)
}

async fn joined(desktop: &Desktop, stage: &Stage) -> Result<App> {
    let app = desktop.open_with("cleo", &[&link(stage)]).await?;
    app.type_into("join-name", "Cleo").await?;
    app.click("join-submit").await?;
    app.wait_for_text("room-title", "general").await?;
    Ok(app)
}

fn link(stage: &Stage) -> String {
    format!("confab://join/{}/{}", stage.server.addr(), stage.invite)
}
