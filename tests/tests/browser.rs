//! The web UI in Debian's Chromium, on the real server: what somebody at a browser sees. Screenshots go to `target/screens`.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use confab_tests::{Script, Server, ServerOptions, Stage};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

#[tokio::test]
async fn from_the_set_up_page_to_a_chat() -> Result<()> {
    let server = Server::start(ServerOptions::unhurried()).await?;
    let stage = json!({ "url": server.url(), "setup_token": server.setup_token() });
    let printed = Script::node("browser.mjs").env("CONFAB_STAGE", stage).limit(Duration::from_secs(120)).run().await?;
    println!("{printed}");
    Ok(())
}

#[tokio::test]
async fn the_server_goes_away_and_comes_back() -> Result<()> {
    play("browser_restart.mjs").await
}

#[tokio::test]
async fn the_browser_says_that_its_network_changed() -> Result<()> {
    play("browser_network.mjs").await
}

#[tokio::test]
async fn what_is_written_offline_outlives_the_browser() -> Result<()> {
    play("browser_offline.mjs").await
}

#[tokio::test]
async fn two_tabs_share_one_outbox() -> Result<()> {
    play("browser_tabs.mjs").await
}

#[tokio::test]
async fn a_refused_message_and_an_ended_session_leave_what_they_should() -> Result<()> {
    play("browser_kept.mjs").await
}

#[tokio::test]
async fn a_restored_server_is_another_life() -> Result<()> {
    play("browser_epoch.mjs").await
}

/// A script with a server that it can ask for: it prints `please ORDER` and reads `done`.
async fn play(name: &str) -> Result<()> {
    let mut stage = Stage::new().await?;
    let mut script = Script::node(name)
        .env("CONFAB_STAGE", stage.describe())
        .into_command()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut orders = script.stdin.take().context("no stdin")?;
    let mut lines = BufReader::new(script.stdout.take().context("no stdout")?).lines();
    let conversation = async {
        while let Some(line) = lines.next_line().await? {
            println!("{line}");
            let Some(order) = line.strip_prefix("please ") else { continue };
            obey(&mut stage.server, order).await?;
            orders.write_all(b"done\n").await?;
        }
        anyhow::Ok(script.wait().await?)
    };
    let status = tokio::time::timeout(Duration::from_secs(180), conversation).await.context("it took too long")??;
    ensure!(status.success(), "{name} ended with {status}");
    Ok(())
}

async fn obey(server: &mut Server, order: &str) -> Result<()> {
    let backup = server.data().with_file_name("backup");
    match order {
        "kill" => server.kill().await,
        "launch" => server.launch().await,
        "freeze" => server.freeze(true),
        "thaw" => server.freeze(false),
        "backup" => run(server.command()?.arg("backup").arg(backup)).await,
        "restore" => run(server.command()?.arg("restore").arg(backup)).await,
        other => bail!("nobody knows how to {other}"),
    }
}

async fn run(command: &mut Command) -> Result<()> {
    let output = command.output().await?;
    ensure!(
        output.status.success(),
        "{command:?} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
