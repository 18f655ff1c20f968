//! The inspector in the desktop app's window: what goes over the links of the client crate, and a report through the system's dialog.

use anyhow::{Result, ensure};
use confab_tests::{Desktop, Stage, cid, room_id, until};
use serde_json::json;

/// Ctrl and Shift, held.
const CONTROL_SHIFT: &str = "\u{E009}\u{E008}";
const RELEASE: &str = "\u{E000}";
const ENTER: &str = "\u{E007}";

#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_shows_the_links_of_the_app_and_saves_a_report() -> Result<()> {
    let stage = Stage::new().await?;
    let desktop = Desktop::start().await?;
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let room = room_id(&ready, "general")?;
    std::fs::create_dir(desktop.home().join("Downloads"))?;
    let folders = desktop.home().join("CONFIG");
    std::fs::create_dir_all(&folders)?;
    std::fs::write(folders.join("user-dirs.dirs"), "XDG_DOWNLOAD_DIR=\"$HOME/Downloads\"\n")?;
    let app = desktop.open("cem").await?;
    app.sign_in(&stage.server.url(), &stage.cem).await?;
    app.wait_for_text("room-title", "general").await?;

    app.press(&format!("{CONTROL_SHIFT}I{RELEASE}")).await?;
    app.text("inspector").await?;
    app.type_into("composer", &format!("what Cem wrote{ENTER}")).await?;
    let said = json!({ "room": room, "cid": cid(), "text": "what Bob wrote" });
    bob.ok("/general", "message:send", said).await?;
    let seen = "const cells = (event, direction) => [...document.querySelectorAll(`[data-testid=inspector-row][data-event=\"${event}\"][data-direction=${direction}] [role=gridcell]`)].map((cell) => cell.textContent.trim()); \
        const sent = cells('message:send', 'out'), answer = cells('message:send', 'in'), entries = cells('room:entry', 'in'); \
        return [sent[2], sent[3], /^[\\d.]+$/.test(sent[6] ?? ''), answer.length, entries.length]";
    until("the request, its answer, and both entries", async || {
        (app.script(seen).await.ok()? == json!(["/general", "general", true, 7, 14])).then_some(())
    })
    .await?;
    app.click_at("[data-testid='inspector-row'][data-event='room:entry']").await?;
    app.wait_for_text("inspector-json", "‹14 characters›").await?;
    app.picture("21-inspector").await?;
    app.click("inspector-tab-links").await?;
    app.wait_for_count("[data-testid='inspector-link'][data-state='live']", 2).await?;

    // The page has no path: the shell asks where to, and writes what the page made.
    app.click("report-open").await?;
    let shown = app.script("return document.querySelector('[data-testid=report-text]').textContent").await?;
    app.click("report-save").await?;
    until("it asks where to", async || desktop.key("Save file", "Return").await.ok()).await?;
    let downloads = desktop.home().join("Downloads");
    let report = until("it is saved", async || {
        let file = std::fs::read_dir(&downloads).ok()?.next()?.ok()?.path();
        std::fs::read_to_string(file).ok().filter(|text| Some(text.as_str()) == shown.as_str())
    })
    .await?;
    for part in ["confab-client/", "\"transport\": \"websocket\"", "message:send"] {
        ensure!(report.contains(part), "{part} is not in the report: {report}");
    }
    let server = stage.server.addr().to_string();
    for secret in [&*stage.cem.token, &*stage.cem.password, "what Cem wrote", "what Bob wrote", &*server] {
        ensure!(!report.contains(secret), "a secret is in the report");
    }
    app.close().await
}
