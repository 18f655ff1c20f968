//! Pictures and files of messages in the desktop app's window, which has no token to fetch them with.

use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Context as _, Result, ensure};
use confab_tests::{App, Desktop, Stage, cid, room_id, until, workspace_root};
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

    std::fs::create_dir(desktop.home().join("Downloads"))?;
    let folders = desktop.home().join("CONFIG");
    std::fs::create_dir_all(&folders)?;
    std::fs::write(folders.join("user-dirs.dirs"), "XDG_DOWNLOAD_DIR=\"$HOME/Downloads\"\n")?;
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

    // In the system's own dialog, which suggests the folder for downloads.
    app.click("file-download").await?;
    until("it asks where to", async || desktop.key("Save file", "Return").await.ok()).await?;
    let saved = desktop.home().join("Downloads/letter.txt");
    until("it is saved", async || (std::fs::read(&saved).ok()? == b"Dear Cem").then_some(())).await?;
    app.wait_for_count("[data-testid='file'][data-state='done']", 1).await?;

    // The whole picture, and what nobody may see.
    app.click("file-image").await?;
    let large =
        "const image = document.querySelector(\"[data-testid='lightbox'] img\"); return image?.naturalWidth ?? 0";
    until("the picture is large", async || (app.script(large).await.ok()? == 512).then_some(())).await?;
    app.picture("16-lightbox").await?;
    app.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_dragged_out_of_the_window() -> Result<()> {
    let stage = Stage::new().await?;
    let desktop = Desktop::start().await?;
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let room = room_id(&ready, "general")?;
    let letter = stage.api(&stage.bob)?.upload("letter.txt", "text/plain", b"Dear Cem".to_vec()).await?;
    let sent = json!({ "room": room, "cid": cid(), "text": "Look", "files": [letter["id"]] });
    bob.ok("/general", "message:send", sent).await?;

    let app = desktop.open("cem").await?;
    app.sign_in(&stage.server.url(), &stage.cem).await?;
    app.wait_for_text("file", "letter.txt").await?;
    app.resize(640, 700).await?;
    // Beside it another app that takes files. The two are told apart by their rooms.
    let other = desktop.open("ada").await?;
    other.sign_in(&stage.server.url(), &stage.ada).await?;
    other.resize(640, 700).await?;
    other.wait_for_text("room-title", "general").await?;
    other.press("\u{E00A}\u{E015}\u{E000}").await?;
    other.wait_for_text("room-title", "random").await?;
    until("each has its place", async || {
        desktop.move_window("general — Confab", (0, 0)).await.ok()?;
        desktop.move_window("random — Confab", (640, 0)).await.ok()
    })
    .await?;

    let (from, to) = (place(&app, "file").await?, place(&other, "composer").await?);
    drag(&desktop, from, ("general — Confab", place(&app, "composer").await?), async || {
        // Its own window is not meant: a hand that trembles must not attach what it clicks at.
        let here = walk(&desktop.installation("cem").join("cache/dragged")).ok()?;
        (here.len() == 1 && !app.shows("drop-target").await).then_some(())
    })
    .await?;
    desktop.button("general", false).await?;
    drag(&desktop, from, ("random — Confab", to), async || other.shows("drop-target").await.then_some(())).await?;
    other.picture("17-dragging").await?;
    desktop.button("random", false).await?;
    other.wait_for_text("attached", "letter.txt").await?;
    ensure!(!app.shows("attached").await, "it was dropped elsewhere");

    // Both go on as before.
    let copies = walk(&desktop.installation("cem").join("cache/dragged"))?;
    ensure!(copies.len() == 1 && std::fs::read(&copies[0])? == b"Dear Cem", "{copies:?}");
    other.type_into("composer", "It is here").await?;
    other.press("\u{E007}").await?;
    other.wait_for_text("message", "It is here").await?;
    app.click("composer").await?;
    app.type_into("composer", "And there").await?;
    app.press("\u{E007}").await?;
    until("it is sent", async || (app.script(TEXTS).await.ok()?.as_str()?.contains("And there")).then_some(())).await?;
    other.close().await?;
    app.close().await
}

/// What is drawn in the timeline.
const TEXTS: &str = "return document.querySelector(\"[data-testid='timeline']\").textContent";

/// Presses the mouse at a place of the window `general`, and moves it to another one until something is so.
async fn drag<F>(desktop: &Desktop, from: (i64, i64), (title, to): (&str, (i64, i64)), is: impl Fn() -> F) -> Result<()>
where
    F: Future<Output = Option<()>>,
{
    desktop.point("general — Confab", from).await?;
    desktop.button("general", true).await?;
    let steps = AtomicI64::new(0);
    until("what is dragged is there", async || {
        let step = steps.fetch_add(1, Ordering::Relaxed);
        if step < 4 {
            desktop.point("general — Confab", (from.0 + 8 * step, from.1)).await.ok()?;
            return None;
        }
        desktop.point(title, (to.0 + step % 2, to.1)).await.ok()?;
        if step > 8 { is().await } else { None }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_and_files_are_pasted() -> Result<()> {
    let stage = Stage::new().await?;
    let desktop = Desktop::start().await?;
    let app = desktop.open("cem").await?;
    app.sign_in(&stage.server.url(), &stage.cem).await?;
    app.click("composer").await?;

    let png = workspace_root().join("src-tauri/icons/32x32.png");
    let screenshot = desktop.copied("image/png", &png).await?;
    // A page that asks by itself hears nothing.
    let asks = "return (async () => { const { invoke } = window.__TAURI_INTERNALS__; const { accounts } = await invoke('start'); \
        return invoke('paste_files', { account: accounts[0].key }); })()";
    let told = app.script(asks).await?;
    ensure!(told == json!([]), "what is in the clipboard was told: {told}");
    desktop.paste("Confab").await?;
    app.wait_for_text("attached", "image.png").await?;
    drop(screenshot);

    let folder = tempfile::tempdir()?;
    let report = folder.path().join("report, final.txt");
    std::fs::write(&report, "all is well")?;
    let list = folder.path().join("list");
    std::fs::write(&list, format!("file://{}\r\n", report.display().to_string().replace(' ', "%20")))?;
    let file_manager = desktop.copied("text/uri-list", &list).await?;
    desktop.paste("Confab").await?;
    until("both are attached", async || {
        let names = "return [...document.querySelectorAll(\"[data-testid='attached']\")].map((chip) => chip.textContent).join()";
        app.script(names).await.ok()?.as_str()?.contains("report, final.txt").then_some(())
    })
    .await?;
    app.picture("18-pasted").await?;
    drop(file_manager);

    let words = folder.path().join("words");
    std::fs::write(&words, "and some words")?;
    let editor = desktop.copied("UTF8_STRING", &words).await?;
    desktop.paste("Confab").await?;
    until("the words are in the field", async || {
        (app.property("composer", "value").await.ok()? == "and some words").then_some(())
    })
    .await?;
    drop(editor);
    app.press("\u{E007}").await?;
    app.wait_for_count("[data-testid='message'] img[width]", 1).await?;
    app.wait_for_text("file", "report, final.txt").await?;
    app.close().await
}

/// The middle of an element, in the window's pixels.
async fn place(app: &App, testid: &str) -> Result<(i64, i64)> {
    let middle = format!(
        "const {{ left, top, width, height }} = document.querySelector(\"[data-testid='{testid}']\").getBoundingClientRect(); \
         return [Math.round(left + width / 3), Math.round(top + height / 2)]"
    );
    let at = app.script(&middle).await?;
    at[0].as_i64().zip(at[1].as_i64()).context("a place")
}

/// The files below a folder.
fn walk(folder: &std::path::Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(walk(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_copied_is_in_the_clipboard() -> Result<()> {
    let stage = Stage::new().await?;
    let desktop = Desktop::start().await?;
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let code = json!({ "room": room_id(&ready, "general")?, "cid": cid(), "text": "```js\nlet a = 1;\n```" });
    bob.ok("/general", "message:send", code).await?;
    let app = desktop.open("cem").await?;
    app.sign_in(&stage.server.url(), &stage.cem).await?;
    app.wait_for_count("[data-testid='copy-code']", 1).await?;
    desktop.point("Confab", place(&app, "copy-code").await?).await?;
    desktop.button("Confab", true).await?;
    desktop.button("Confab", false).await?;
    app.wait_for_text("copy-code", "Copied").await?;
    app.click("composer").await?;
    desktop.paste("Confab").await?;
    until("it is pasted", async || {
        (app.property("composer", "value").await.ok()?.trim() == "let a = 1;").then_some(())
    })
    .await?;
    app.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_is_played() -> Result<()> {
    let stage = Stage::new().await?;
    let desktop = Desktop::start().await?;
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let room = room_id(&ready, "general")?;
    let talk = stage.api(&stage.bob)?.upload("talk.wav", "audio/wav", wav(2)).await?;
    let sent = json!({ "room": room, "cid": cid(), "text": "Listen", "files": [talk["id"]] });
    bob.ok("/general", "message:send", sent).await?;

    let app = desktop.open("cem").await?;
    app.sign_in(&stage.server.url(), &stage.cem).await?;
    app.text("media-play").await?;
    app.picture("19-sound").await?;
    app.click("media-play").await?;
    let heard =
        "const sound = document.querySelector('audio'); return [sound?.duration, sound?.currentTime, sound?.ended]";
    until("it is played to its end", async || (app.script(heard).await.ok()? == json!([2, 2, true])).then_some(()))
        .await?;
    app.picture("20-sound-played").await?;
    app.close().await
}

/// So many seconds of a tone, as a WAV file.
fn wav(seconds: u32) -> Vec<u8> {
    const RATE: u32 = 8_000;
    let samples = (0..RATE * seconds).flat_map(|n| (if n / 9 % 2 == 0 { 6_000_i16 } else { -6_000 }).to_le_bytes());
    let data: Vec<u8> = samples.collect();
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + data.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend([1_u16, 1].iter().flat_map(|n| n.to_le_bytes()));
    file.extend([RATE, RATE * 2].iter().flat_map(|n| n.to_le_bytes()));
    file.extend([2_u16, 16].iter().flat_map(|n| n.to_le_bytes()));
    file.extend(b"data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    file
}
