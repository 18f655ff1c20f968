//! The first minute of two people with the desktop app, in real windows, and the next day.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use confab_tests::{Api, App, Desktop, app_binary, within};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

const ENTER: &str = "\u{E007}";
const ESCAPE: &str = "\u{E00C}";

#[tokio::test(flavor = "multi_thread")]
async fn two_people_chat_and_find_everything_the_next_day() -> Result<()> {
    let desktop = Desktop::start().await?;

    // Ada hosts.
    let ada = desktop.open("ada").await?;
    ada.text("start-page").await?;
    ada.picture("1-start").await?;
    ada.click("host-button").await?;
    ada.type_into("host-name", "Ada Lovelace").await?;
    ada.click("host-submit").await?;
    ada.wait_for_text("room-title", "general").await?;
    ada.wait_for_focus("composer").await?;
    ada.wait_for_count("[data-testid^='room-'][data-kind='public']", 2).await?;
    ada.picture("2-hosting").await?;
    let link = invite(&ada).await?;

    // Ben joins with the link, and sees what was said before.
    say(&ada, "Is anybody there?").await?;
    let ben = desktop.open("ben").await?;
    ben.type_into("join-address", &link).await?;
    ben.click("join-continue").await?;
    ben.type_into("join-name", "Ben").await?;
    ben.picture("4-join").await?;
    ben.click("join-submit").await?;
    ben.wait_for_text("room-title", "general").await?;
    ben.wait_for_text("message", "Is anybody there?").await?;

    // They see each other: presence, count, typing, messages.
    for app in [&ada, &ben] {
        show_members(app).await?;
        app.wait_for_count("[data-testid^='member-'][data-presence='online']", 2).await?;
        app.wait_for_text("member-count", "2").await?;
    }
    ben.type_into("composer", "I am, Ad").await?;
    ada.wait_for_text("typing", "Ben").await?;
    ada.picture("5-typing").await?;
    ben.type_into("composer", &format!("a.{ENTER}")).await?;
    ada.wait_for_text("message", "I am, Ada.").await?;
    say(&ada, "Then let us begin ☕").await?;
    ben.wait_for_text("message", "Then let us begin ☕").await?;
    ada.wait_for_count("[data-testid='message'][data-state='sent']", 3).await?;
    ada.picture("6-ada").await?;
    ben.picture("7-ben").await?;

    // A page that loads again gets the whole picture.
    ben.reload().await?;
    ben.wait_for_count("[data-testid='message'][data-state='sent']", 3).await?;

    ben.close().await?;
    ada.wait_for_count("[data-testid^='member-'][data-presence='online']", 1).await?;
    ada.close().await?;

    // The next day: still signed in, same place, same messages, the address of the server unchanged.
    let ada = desktop.open("ada").await?;
    ada.wait_for_count("[data-testid='message'][data-state='sent']", 3).await?;
    println!("window asked for to first room drawn: {:?}", ada.age());
    ada.wait_for_text("room-title", "general").await?;
    ensure!(!ada.shows("start-page").await, "Ada has to sign in again");
    let ben = desktop.open("ben").await?;
    ben.wait_for_count("[data-testid='message'][data-state='sent']", 3).await?;
    ensure!(!ben.shows("start-page").await, "Ben has to sign in again");
    say(&ben, "Good morning").await?;
    ada.wait_for_text("message", "Good morning").await?;
    ada.picture("8-next-day").await?;

    // The webview has nothing that a page from elsewhere could want.
    let kept =
        ada.script("return JSON.stringify([Object.keys(localStorage), document.cookie, typeof window.__TAURI__])");
    let kept = kept.await?.as_str().context("text")?.to_lowercase();
    ensure!(!kept.contains("token") && kept.contains("undefined"), "{kept}");
    ben.close().await?;
    ada.close().await?;
    no_token_in_files(&desktop.installation("ben"))
}

#[tokio::test]
async fn without_a_display_it_serves_and_says_so() -> Result<()> {
    serves_and_says_so(None, "There is no display").await
}

#[tokio::test]
async fn with_a_display_that_cannot_be_reached_it_serves_and_says_so() -> Result<()> {
    serves_and_says_so(Some(":4242"), "The display cannot be reached").await
}

async fn serves_and_says_so(display: Option<&str>, why: &str) -> Result<()> {
    let home = tempfile::tempdir()?;
    let mut app = Command::new(app_binary()?)
        .env("CONFAB_HOME", home.path())
        .env("CONFAB_HOST_BIND", "127.0.0.1:0")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .envs(display.map(|display| ("DISPLAY", display)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(app.stdout.take().context("no stdout")?).lines();
    let mut said = String::new();
    while !said.contains("Ctrl-C") {
        said += &within("the app says where it is", lines.next_line()).await??.context("it ended")?;
        said.push('\n');
    }
    let address = said.lines().next().and_then(|line| line.strip_prefix("listening on ")).context("no address")?;
    ensure!(said.contains(why) && said.contains("browser"), "{said}");
    let api = Api::new(address)?;
    let (status, page) = api.page("/").await?;
    ensure!(status == 200 && page.contains("<title>Confab"), "{status}: {page}");

    // What it printed is enough to get going.
    let token = said.lines().find_map(|line| line.split_once("setup token: ")).context("no token")?.1;
    api.setup(token, "ada", "correct horse battery").await?;

    let pid = app.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).context("it ended")?;
    kill_process(pid, Signal::TERM)?;
    ensure!(within("it ends after SIGTERM", app.wait()).await??.success(), "it ended badly");
    Ok(())
}

/// Writes a message and waits until it is committed.
async fn say(app: &App, text: &str) -> Result<()> {
    app.type_into("composer", &format!("{text}{ENTER}")).await?;
    app.wait_for_text("message", text).await
}

async fn invite(app: &App) -> Result<String> {
    show_members(app).await?;
    app.click_button("Invite link").await?;
    app.click("invite-create").await?;
    let link = app.property("invite-link", "value").await?;
    app.picture("3-invite").await?;
    app.type_into("invite-link", ESCAPE).await?;
    ensure!(link.starts_with("http://127.0.0.1:") && link.contains("/join/"), "{link}");
    Ok(link)
}

async fn show_members(app: &App) -> Result<()> {
    if !app.shows("members").await {
        app.click("members-toggle").await?;
    }
    app.text("members").await.map(drop)
}

/// Whoever joins keeps their token in the keyring: no file of the installation looks like it has one.
fn no_token_in_files(folder: &Path) -> Result<()> {
    ensure!(!folder.join("data/tokens").exists(), "the token is in a file that nobody asked for");
    let settings = fs::read_to_string(folder.join("config/settings.json"))?;
    ensure!(settings.contains("Ben") && !settings.contains("\"token\""), "{settings}");
    Ok(())
}
