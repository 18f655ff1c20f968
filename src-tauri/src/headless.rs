//! The app on a machine without a display: the same server in the foreground, and the same UI in a browser.

use crate::embedded::Embedded;
use crate::paths::Paths;
use crate::settings::SettingsFile;

/// Serves until Ctrl-C or SIGTERM. `why` tells the reader why there is no window.
///
/// # Errors
/// When the server cannot start.
pub fn serve(paths: &Paths, why: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let settings = SettingsFile::open(paths.settings())?;
        let embedded = Embedded::new(paths.server());
        let before = settings.read().hosted;
        let share = before.as_ref().is_some_and(|hosted| hosted.share);
        embedded.start(before.map(|hosted| hosted.port), share).await?;
        announce(&embedded, why).await?;
        stop_signal().await?;
        embedded.stop().await;
        Ok(())
    })
}

async fn announce(embedded: &Embedded, why: &str) -> anyhow::Result<()> {
    let Some(hosting) = embedded.hosting().await else { return Ok(()) };
    println!("listening on {}", hosting.address);
    println!("{why}, so Confab runs as a server. The same app is at this address in a browser:");
    for address in std::iter::once(&hosting.address).chain(&hosting.network) {
        println!("  {address}");
    }
    if let Some(token) = embedded.setup_token().await {
        println!("It has no owner yet. The page asks for this setup token: {}", token.0);
    }
    println!("Ctrl-C ends it.");
    Ok(())
}

/// Waits until somebody wants the process to end.
///
/// # Errors
/// When the system does not take the handlers.
pub async fn stop_signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            pressed = tokio::signal::ctrl_c() => pressed,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
