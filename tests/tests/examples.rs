//! The bots in `examples/` do what their README says.

use std::process::Stdio;

use anyhow::{Context, Result};
use confab_tests::{Script, Stage, cid, room_id, within};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

async fn echoes(bot: Script) -> Result<()> {
    let stage = Stage::new().await?;
    let (mut ada, ready) = stage.enter(&stage.ada).await?;
    let room = room_id(&ready, "random")?;
    let mut bot = bot
        .arg(stage.server.url())
        .arg("general")
        .env("CONFAB_TOKEN", &stage.bob.token)
        .into_command()
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(bot.stdout.take().context("no stdout")?).lines();
    let said = within("the bot says that it listens", lines.next_line()).await??;
    assert_eq!(said.as_deref(), Some("listening in 2 rooms"));
    ada.ok("/general", "message:send", json!({ "room": room, "cid": cid(), "text": "nothing for you" })).await?;
    ada.ok("/general", "message:send", json!({ "room": room, "cid": cid(), "text": "!echo who is there?" })).await?;
    let echo = ada.push_where("/general", "room:entry", |entry| entry["author"] == *stage.bob.id).await?;
    assert_eq!(echo["text"], "who is there?");
    bot.kill().await?;
    Ok(())
}

#[tokio::test]
async fn the_javascript_bot_echoes() -> Result<()> {
    // Node looks for modules beside the script; the copy lies where the tests' modules are.
    let dir = confab_tests::workspace_root().join("tests/js");
    let code = std::fs::read_to_string(confab_tests::workspace_root().join("examples/echo.mjs"))?;
    let file = tempfile::Builder::new().prefix("example-").suffix(".mjs").tempfile_in(dir)?;
    std::fs::write(file.path(), code)?;
    echoes(Script::file(&file.path().to_string_lossy())).await
}

#[tokio::test]
async fn the_python_bot_echoes() -> Result<()> {
    echoes(Script::file("examples/echo.py")).await
}
