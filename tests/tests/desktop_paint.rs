//! What the app's window paints anew when something in it changes. Without a graphics card this is most of what a key costs,
//! and nothing else tells it: a page that is laid out too widely looks the same.

use std::cell::Cell;

use anyhow::{Result, ensure};
use confab_tests::{Damage, Desktop, Stage, until};

/// A key paints no more of the window than this part.
const SMALL: f64 = 0.1;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_paints_the_composer_and_not_the_window() -> Result<()> {
    let stage = Stage::new().await?;
    let desktop = Desktop::start().await?;
    let app = desktop.open("ada").await?;
    app.sign_in(&stage.server.url(), &stage.ada).await?;
    app.wait_for_focus("composer").await?;
    // With the first key come the help below and a button that is in colour.
    app.press("a").await?;
    let damage = Damage::of(desktop.display())?;
    let (width, height) = app.size().await?;

    let mut text = "a".to_owned();
    let mut parts = Vec::new();
    for key in "kettle is on".chars() {
        damage.painted()?;
        app.press(&key.to_string()).await?;
        text.push(key);
        let pixels = Cell::new(0);
        until("the key is painted", async || {
            pixels.set(pixels.get() + damage.painted().ok()?);
            (pixels.get() > 0 && app.property("composer", "value").await.ok()? == text).then_some(())
        })
        .await?;
        parts.push((pixels.get() + damage.painted()?) as f64 / (width * height) as f64);
    }
    // Something of its own may blink or fade meanwhile: not at most keys.
    parts.sort_by(f64::total_cmp);
    let median = parts[parts.len() / 2];
    ensure!(median < SMALL, "a key paints {:.0} % of the window", median * 100.0);
    app.close().await
}
