//! The tray of a Linux desktop, over D-Bus.
//!
//! Many desktops have no tray, and none says so when an icon is made. So the watcher on the bus is asked, now and
//! whenever it comes or goes, and nothing is hidden where nobody could bring it back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use confab_protocol::Timestamp;
use ksni::menu::{CheckmarkItem, StandardItem};
use ksni::{Category, Handle, Icon, MenuItem, OfflineReason, ToolTip, TrayMethods as _};
use tauri::async_runtime::spawn;

use super::badge::{self, Badge};
use crate::clock;
use crate::shell::Shell;

const ICON: &[u8] = include_bytes!("../../icons/64x64.png");

/// The icon of this app.
#[derive(Default)]
pub struct Tray {
    look: Arc<Mutex<Look>>,
    /// A tray shows it.
    visible: Arc<AtomicBool>,
    item: OnceLock<Handle<Item>>,
}

#[derive(Debug, Default)]
struct Look {
    badge: Badge,
    /// What the badge means; nothing before a page was there to say it.
    tip: String,
    quiet_until: Option<Timestamp>,
}

impl std::fmt::Debug for Tray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tray").field("visible", &self.is_visible()).finish_non_exhaustive()
    }
}

impl Tray {
    /// Puts the icon where there is a tray, at once or when one comes.
    pub async fn start(&self, shell: Weak<Shell>) {
        let icon = image::load_from_memory(ICON).map(image::DynamicImage::into_rgba8).unwrap_or_default();
        let item = Item { shell, icon, look: Arc::clone(&self.look), visible: Arc::clone(&self.visible) };
        // Taken back by `watcher_offline`, before the icon is there.
        self.visible.store(true, Ordering::Relaxed);
        match item.assume_sni_available(true).spawn().await {
            Ok(handle) => drop(self.item.set(handle)),
            Err(error) => {
                self.visible.store(false, Ordering::Relaxed);
                tracing::info!(%error, "no icon in the tray");
            }
        }
    }

    /// Whether somebody can reach the app without its window.
    #[must_use]
    pub fn is_visible(&self) -> bool {
        self.item.get().is_some_and(|item| !item.is_closed()) && self.visible.load(Ordering::Relaxed)
    }

    /// What is unread, and a sentence that says so.
    pub async fn set_badge(&self, badge: Badge, tip: String) {
        {
            let mut look = look(&self.look);
            (look.badge, look.tip) = (badge, tip);
        }
        self.draw().await;
    }

    /// Until when the user does not want to be disturbed.
    pub async fn set_quiet(&self, until: Option<Timestamp>) {
        look(&self.look).quiet_until = until;
        self.draw().await;
    }

    /// Draws it as it is now, in the words that the shell has now.
    pub async fn draw(&self) {
        if let Some(item) = self.item.get() {
            // It reads what it looks like by itself: the last to call cannot leave an older state behind.
            item.update(|_| ()).await;
        }
    }
}

struct Item {
    shell: Weak<Shell>,
    icon: image::RgbaImage,
    look: Arc<Mutex<Look>>,
    visible: Arc<AtomicBool>,
}

impl Item {
    fn is_quiet(&self) -> bool {
        look(&self.look).quiet_until.is_some_and(|until| clock::now() < until)
    }

    fn shell(&self, act: impl FnOnce(Arc<Shell>)) {
        if let Some(shell) = self.shell.upgrade() {
            act(shell);
        }
    }
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        "confab".into()
    }

    fn title(&self) -> String {
        "Confab".into()
    }

    fn category(&self) -> Category {
        Category::Communications
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        let side = self.icon.width();
        let data = badge::painted(&self.icon, side, look(&self.look).badge);
        vec![Icon { width: side.cast_signed(), height: side.cast_signed(), data }]
    }

    fn tool_tip(&self) -> ToolTip {
        let description = look(&self.look).tip.clone();
        ToolTip { title: self.title(), description, ..ToolTip::default() }
    }

    fn activate(&mut self, _: i32, _: i32) {
        self.shell(|shell| shell.show_window(None));
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let quiet = self.is_quiet();
        let words = self.shell.upgrade().map(|shell| shell.words()).unwrap_or_default();
        vec![
            StandardItem {
                label: words.tray_open.clone(),
                activate: Box::new(|item: &mut Self| item.activate(0, 0)),
                ..StandardItem::default()
            }
            .into(),
            CheckmarkItem {
                label: words.tray_quiet.clone(),
                checked: quiet,
                activate: Box::new(move |item: &mut Self| {
                    item.shell(|shell| drop(spawn(async move { shell.set_quiet(!quiet).await })));
                }),
                ..CheckmarkItem::default()
            }
            .into(),
            MenuItem::Separator,
            StandardItem {
                label: words.tray_quit.clone(),
                activate: Box::new(|item: &mut Self| {
                    item.shell(|shell| drop(spawn(async move { shell.ask_to_quit().await })));
                }),
                ..StandardItem::default()
            }
            .into(),
        ]
    }

    fn watcher_online(&self) {
        self.visible.store(true, Ordering::Relaxed);
    }

    fn watcher_offline(&self, reason: OfflineReason) -> bool {
        self.visible.store(false, Ordering::Relaxed);
        tracing::info!(?reason, "no tray");
        // Whoever hid the window in it has no other way back.
        self.shell(|shell| shell.leave_tray());
        true
    }
}

fn look(look: &Mutex<Look>) -> MutexGuard<'_, Look> {
    look.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use confab_client::view::ShellWords;
    use ksni::Tray as _;

    use super::*;
    use crate::paths::Paths;

    fn labels(item: &Item) -> Vec<String> {
        let label = |entry| match entry {
            MenuItem::Standard(entry) => Some(entry.label),
            MenuItem::Checkmark(entry) => Some(entry.label),
            _ => None,
        };
        item.menu().into_iter().filter_map(label).collect()
    }

    #[tokio::test]
    async fn the_menu_speaks_the_language_of_the_page() {
        let home = tempfile::tempdir().unwrap();
        let open = || Shell::open(Paths::beneath(home.path()).unwrap()).unwrap();
        let item = |shell: &Arc<Shell>| Item {
            shell: Arc::downgrade(shell),
            icon: image::RgbaImage::default(),
            look: Arc::default(),
            visible: Arc::default(),
        };
        let shell = open();
        let icon = item(&shell);
        assert_eq!(labels(&icon), ["Open Confab", "Do not disturb", "Quit"]);
        let german = ShellWords {
            tray_open: "Confab öffnen".into(),
            tray_quiet: "Nicht stören".into(),
            tray_quit: "Beenden".into(),
            ..ShellWords::default()
        };
        shell.set_words(german).await.unwrap();
        assert_eq!(labels(&icon), ["Confab öffnen", "Nicht stören", "Beenden"], "without a restart");
        drop(shell);
        let shell = open();
        assert_eq!(labels(&item(&shell)), ["Confab öffnen", "Nicht stören", "Beenden"], "before any page was there");
    }

    #[tokio::test]
    async fn the_page_says_what_the_badge_means() {
        let tray = Tray::default();
        tray.set_badge(Badge::Mentions(2), "2 Nachrichten an dich".into()).await;
        let (look, visible) = (Arc::clone(&tray.look), Arc::default());
        let icon = Item { shell: Weak::new(), icon: image::RgbaImage::default(), look, visible };
        assert_eq!(icon.tool_tip().description, "2 Nachrichten an dich");
    }
}
