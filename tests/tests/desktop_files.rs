//! Pictures and files of messages in the desktop app's window, which has no token to fetch them with.

use anyhow::{Result, ensure};
use confab_tests::{Desktop, Stage, cid, room_id, until, workspace_root};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_of_somebody_else_is_drawn_and_a_file_can_be_saved() -> Result<()> {
    let stage = Stage::new().await?;
    let desktop = Desktop::start().await?;
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let room = room_id(&ready, "general")?;
    let api = stage.api(&stage.bob)?;
    let png = std::fs::read(workspace_root().join("src-tauri/icons/icon.png"))?;
    let picture = api.upload("icon.png", "image/png", png).await?;
    let letter = api.upload("letter.txt", "text/plain", b"Dear Cem".to_vec()).await?;
    let sent = json!({ "room": room, "cid": cid(), "text": "Look", "files": [picture["id"], letter["id"]] });
    bob.ok("/general", "message:send", sent).await?;

    let app = desktop.open("cem").await?;
    // But for the one line of Tauri's own, in whose place stands one of ours.
    app.script(
        "addEventListener('securitypolicyviolation', (event) => event.target?.textContent?.includes('__tauri_isolation__') || (window.violations ??= []).push(`${event.effectiveDirective} ${event.blockedURI}`))",
    )
    .await?;
    app.sign_in(&stage.server.url(), &stage.cem).await?;
    app.wait_for_text("message", "Look").await?;

    let drawn = "const image = document.querySelector(\"[data-testid='message'] img[width]\"); \
        return [image?.naturalWidth ?? 0, image?.src ?? '', (window.violations ?? []).join()]";
    until("the picture is drawn", async || {
        let drawn = app.script(drawn).await.ok()?;
        (drawn[0].as_u64()? > 0 && drawn[1].as_str()?.starts_with("confab-file:")).then_some(())
    })
    .await?;
    ensure!(app.script(drawn).await?[2] == "", "the page's policy refuses something: {}", app.script(drawn).await?);
    app.wait_for_count("[data-testid='file']", 1).await?;
    app.wait_for_text("file", "letter.txt").await?;
    app.wait_for_count("[data-testid='file-download']", 1).await?;
    app.picture("15-files").await?;

    // The whole picture, and what nobody may see.
    app.click("file-image").await?;
    let large =
        "const image = document.querySelector(\"[data-testid='lightbox'] img\"); return image?.naturalWidth ?? 0";
    until("the picture is large", async || (app.script(large).await.ok()? == 512).then_some(())).await?;
    app.picture("16-lightbox").await?;
    app.close().await
}
