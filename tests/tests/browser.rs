//! The web UI in Debian's Chromium, on the real server: what somebody at a browser sees. Screenshots go to `target/screens`.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use confab_tests::{Script, Server, ServerOptions, Stage};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

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
    let mut stage = Stage::new().await?;
    let mut script = Script::node("browser_restart.mjs")
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
            match line.strip_prefix("please ") {
                Some("kill") => stage.server.kill().await?,
                Some("launch") => stage.server.launch().await?,
                _ => continue,
            }
            orders.write_all(b"done\n").await?;
        }
        anyhow::Ok(script.wait().await?)
    };
    let status = tokio::time::timeout(Duration::from_secs(120), conversation).await.context("it took too long")??;
    ensure!(status.success(), "browser_restart.mjs ended with {status}");
    Ok(())
}
