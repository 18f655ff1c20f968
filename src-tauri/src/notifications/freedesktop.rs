//! The notification daemon of a Linux desktop, on the session's D-Bus.

#![expect(clippy::too_many_arguments, reason = "`Notify` has as many; the proxy's own function is out of reach for it")]

use std::collections::HashMap;
use std::time::Duration;

use confab_client::notify::Notification;
use futures_util::StreamExt as _;
use tokio::time::{error::Elapsed, timeout};
use zbus::zvariant::Value;

use super::Told;

/// How long the daemon may take: whoever waits can draw the message by themselves.
const LIMIT: Duration = Duration::from_secs(3);
/// What a click on the notification itself invokes.
const DEFAULT: &str = "default";

/// Why a notification was not shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotShown {
    /// There is no bus, or no daemon on it.
    #[error(transparent)]
    Bus(#[from] zbus::Error),
    /// It hangs.
    #[error("the notification daemon does not answer")]
    Late(#[from] Elapsed),
}

/// The daemon, as <https://specifications.freedesktop.org/notification-spec/latest/> describes it.
#[zbus::proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications",
    gen_blocking = false
)]
trait Notifications {
    fn get_capabilities(&self) -> zbus::Result<Vec<String>>;

    fn notify(
        &self,
        app_name: &str,
        replaces_id: u32,
        app_icon: &str,
        summary: &str,
        body: &str,
        actions: &[&str],
        hints: HashMap<&str, Value<'_>>,
        expire_timeout: i32,
    ) -> zbus::Result<u32>;

    fn close_notification(&self, id: u32) -> zbus::Result<()>;

    #[zbus(signal)]
    fn action_invoked(&self, id: u32, action_key: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    fn activation_token(&self, id: u32, activation_token: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    fn notification_closed(&self, id: u32, reason: u32) -> zbus::Result<()>;
}

/// A connection to it. It may come and go meanwhile.
pub(super) struct Daemon {
    proxy: NotificationsProxy<'static>,
    tokens: ActivationTokenStream,
    clicks: ActionInvokedStream,
    ends: NotificationClosedStream,
    /// What the daemon told last before a click: the notification, and the right to come to the front.
    token: Option<(u32, String)>,
}

impl Daemon {
    /// Connects to the bus.
    pub(super) async fn connect() -> Result<Self, NotShown> {
        let connect = async {
            let bus = zbus::Connection::session().await?;
            let proxy = NotificationsProxy::builder(&bus).cache_properties(zbus::proxy::CacheProperties::No);
            let proxy = proxy.build().await?;
            let tokens = proxy.receive_activation_token().await?;
            let (clicks, ends) = (proxy.receive_action_invoked().await?, proxy.receive_notification_closed().await?);
            Ok::<_, zbus::Error>(Self { proxy, tokens, clicks, ends, token: None })
        };
        Ok(timeout(LIMIT, connect).await??)
    }

    /// Shows a notification in place of another one (0 for none), and answers with its number. `open` is what a click on it
    /// does, where the daemon writes that down.
    pub(super) async fn show(&self, replaces: u32, what: &Notification, open: &str) -> Result<u32, NotShown> {
        let show = async {
            // Asked each time: another daemon may have taken over.
            let capabilities = self.proxy.get_capabilities().await?;
            let markup = capabilities.iter().any(|capability| capability == "body-markup");
            let body = if markup { escaped(&what.body) } else { what.body.clone() };
            let hints = HashMap::from([("desktop-entry", Value::from("confab")), ("category", "im.received".into())]);
            self.proxy.notify("Confab", replaces, "confab", &what.title, &body, &[DEFAULT, open], hints, -1).await
        };
        Ok(timeout(LIMIT, show).await??)
    }

    /// Takes one back.
    pub(super) async fn withdraw(&self, id: u32) -> Result<(), NotShown> {
        Ok(timeout(LIMIT, self.proxy.close_notification(id)).await??)
    }

    /// What happens next to any notification on the bus; none once the bus is gone.
    pub(super) async fn told(&mut self) -> Option<Told> {
        loop {
            tokio::select! {
                // Before a click comes the token, and after it the end.
                biased;
                token = self.tokens.next() => {
                    if let Ok(token) = token?.args() {
                        self.token = Some((token.id, token.activation_token.to_owned()));
                    }
                }
                click = self.clicks.next() => {
                    let click = click?;
                    if let Ok(click) = click.args() && click.action_key == DEFAULT {
                        let token = self.token.take().filter(|(id, _)| *id == click.id);
                        return Some(Told::Clicked(click.id, token.map(|(_, token)| token)));
                    }
                }
                end = self.ends.next() => {
                    if let Ok(end) = end?.args() {
                        return Some(Told::Closed(end.id));
                    }
                }
            }
        }
    }
}

/// The text as it is, for a daemon that reads markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_is_no_markup() {
        assert_eq!(escaped("a <b>&amp;</b>"), "a &lt;b&gt;&amp;amp;&lt;/b&gt;");
    }
}
