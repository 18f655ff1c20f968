//! Statuses that end by themselves: cleared on the server, so that everybody hears of it and a restart forgets none.

use std::sync::Arc;
use std::time::Duration;

use crate::App;
use crate::chat::now;
use crate::store::StoreError;

/// The clock of the wall may be set, and with several nodes another one may have noted a status: it is looked again at
/// least this often.
const AT_LEAST: Duration = Duration::from_secs(60);

/// Ends statuses until the server stops. [`App::status_bell`] tells of new ones.
pub async fn run(app: Arc<App>) {
    loop {
        let pause = match end(&app).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(%error, "statuses could not be ended; tried again soon");
                AT_LEAST
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = app.status_bell.notified() => {}
        }
    }
}

/// Ends what has ended, and tells it. Answers with how long nothing else does.
async fn end(app: &App) -> Result<Duration, StoreError> {
    let store = &app.chat.store;
    let Some(next) = store.next_status_end().await? else { return Ok(AT_LEAST) };
    let left = next.as_millis().saturating_sub(now().as_millis());
    if let Ok(left @ 1..) = u64::try_from(left) {
        return Ok(AT_LEAST.min(Duration::from_millis(left)));
    }
    for user in store.end_statuses(now()).await? {
        if let Err(error) = app.profile_changed(&user.id).await {
            tracing::warn!(%error, user = %user.id, "the end of a status could not be told");
        }
        app.status_changed(&user);
    }
    // There may be a next one.
    Ok(Duration::ZERO)
}
