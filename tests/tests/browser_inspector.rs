//! The inspector in Debian's Chromium, on the real server: what goes over the links of two people, and what a report holds.

use std::time::Duration;

use anyhow::Result;
use confab_tests::{Script, Stage};

#[tokio::test]
async fn the_inspector_shows_the_links_and_its_report_gives_nothing_away() -> Result<()> {
    let stage = Stage::new().await?;
    let script = Script::node("browser_inspector.mjs").env("CONFAB_STAGE", stage.describe());
    println!("{}", script.limit(Duration::from_secs(120)).run().await?);
    Ok(())
}
