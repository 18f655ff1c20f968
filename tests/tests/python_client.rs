//! `python-socketio` against the real server: what half of all bots are written in.

use anyhow::Result;
use confab_tests::{Script, Stage};

#[tokio::test]
async fn the_spine() -> Result<()> {
    let stage = Stage::new().await?;
    let printed = Script::python("spine.py").env("CONFAB_STAGE", stage.describe()).run().await?;
    println!("{printed}");
    Ok(())
}
