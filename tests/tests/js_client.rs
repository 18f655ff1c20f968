//! The official `socket.io-client` 4.8 against the real server: the contract, spoken by the client that bots and the web UI use.

use anyhow::Result;
use confab_tests::{Script, ServerOptions, Stage};

async fn scenario(stage: &Stage, script: &str, transports: &str) -> Result<()> {
    let printed =
        Script::node(script).env("CONFAB_STAGE", stage.describe()).env("CONFAB_TRANSPORTS", transports).run().await?;
    println!("{printed}");
    Ok(())
}

#[tokio::test]
async fn the_spine_over_websocket() -> Result<()> {
    scenario(&Stage::new().await?, "spine.mjs", "websocket").await
}

#[tokio::test]
async fn the_spine_from_long_polling_to_websocket() -> Result<()> {
    scenario(&Stage::new().await?, "spine.mjs", "polling,websocket").await
}

#[tokio::test]
async fn rooms() -> Result<()> {
    scenario(&Stage::new().await?, "rooms.mjs", "websocket").await
}

#[tokio::test]
async fn messages() -> Result<()> {
    scenario(&Stage::new().await?, "messages.mjs", "websocket").await
}

#[tokio::test]
async fn every_error_code_on_default_limits() -> Result<()> {
    scenario(&Stage::with(ServerOptions::default()).await?, "errors.mjs", "websocket").await
}

/// And it is what the server really says: every scenario above is held against it by `tests/js/lib/contract.mjs`.
#[tokio::test]
async fn the_asyncapi_file_is_valid() -> Result<()> {
    println!("{}", Script::node("asyncapi.mjs").run().await?);
    Ok(())
}
