//! Who shows the app's icon in a tray.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use zbus::message::Header;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, Proxy, connection, interface};

use crate::until;

const WATCHER: &str = "/StatusNotifierWatcher";
const ITEM: &str = "/StatusNotifierItem";

type Pixmaps = Vec<(i32, i32, Vec<u8>)>;
type Layout = (u32, (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>));

/// A tray.
#[derive(Debug)]
pub struct TrayHost {
    bus: Connection,
    items: Items,
}

/// The bus names of those who want to be shown.
#[derive(Debug, Clone, Default)]
struct Items(Arc<Mutex<Vec<String>>>);

impl TrayHost {
    /// Comes onto this bus.
    ///
    /// # Errors
    /// When there is no bus, or it has a tray already.
    pub async fn start(bus: &str) -> Result<Self> {
        let items = Items::default();
        let builder = connection::Builder::address(bus)?.serve_at(WATCHER, items.clone())?;
        Ok(Self { bus: builder.name("org.kde.StatusNotifierWatcher")?.build().await?, items })
    }

    /// The panel crashes.
    ///
    /// # Errors
    /// When the bus is gone.
    pub async fn stop(self) -> Result<()> {
        Ok(self.bus.close().await?)
    }

    /// Waits for an icon.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn wait_for_icon(&self) -> Result<()> {
        self.item().await.map(drop)
    }

    /// The pixels of the icon.
    ///
    /// # Errors
    /// When there is none.
    pub async fn icon(&self) -> Result<Vec<u8>> {
        let pixmaps: Pixmaps = self.item().await?.get_property("IconPixmap").await?;
        Ok(pixmaps.into_iter().next().context("an icon")?.2)
    }

    /// What is said about the icon.
    ///
    /// # Errors
    /// When there is none.
    pub async fn tip(&self) -> Result<String> {
        let tip: (String, Pixmaps, String, String) = self.item().await?.get_property("ToolTip").await?;
        Ok(tip.3)
    }

    /// Waits until this is said about the icon.
    ///
    /// # Errors
    /// When it is not in time.
    pub async fn wait_for_tip(&self, tip: &str) -> Result<()> {
        until(&format!("the icon says {tip:?}"), async || (self.tip().await.ok()? == tip).then_some(())).await
    }

    /// Somebody clicks the icon.
    ///
    /// # Errors
    /// When there is none.
    pub async fn click(&self) -> Result<()> {
        Ok(self.item().await?.call("Activate", &(0_i32, 0_i32)).await?)
    }

    /// Whether the entry of the menu that begins so has a check mark.
    ///
    /// # Errors
    /// When there is no such entry.
    pub async fn is_checked(&self, label: &str) -> Result<bool> {
        let (_, properties) = self.entry(label).await?;
        Ok(properties.get("toggle-state").is_some_and(|state| matches!(&**state, Value::I32(1))))
    }

    /// Somebody chooses the entry of the menu that says this.
    ///
    /// # Errors
    /// When there is no such entry.
    pub async fn choose(&self, label: &str) -> Result<()> {
        let (id, _) = self.entry(label).await?;
        // An app that is told to quit may be gone before it answers.
        Ok(self.menu().await?.call_noreply("Event", &(id, "clicked", Value::from(0_i32), 0_u32)).await?)
    }

    async fn entry(&self, label: &str) -> Result<(i32, HashMap<String, OwnedValue>)> {
        let layout: Layout = self.menu().await?.call("GetLayout", &(0_i32, -1_i32, Vec::<String>::new())).await?;
        for entry in layout.1.2 {
            let (id, properties, _): (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>) = entry.try_into()?;
            if properties.get("label").is_some_and(|said| matches!(&**said, Value::Str(said) if said.as_str() == label))
            {
                return Ok((id, properties));
            }
        }
        anyhow::bail!("the menu has no {label}")
    }

    async fn menu(&self) -> Result<Proxy<'static>> {
        let item = self.item().await?;
        let path: OwnedObjectPath = item.get_property("Menu").await?;
        Ok(Proxy::new(&self.bus, item.destination().to_owned(), path, "com.canonical.dbusmenu").await?)
    }

    async fn item(&self) -> Result<Proxy<'static>> {
        let name = until("an icon", async || self.items.lock().last().cloned()).await?;
        let uncached = zbus::proxy::CacheProperties::No;
        let builder = zbus::proxy::Builder::new(&self.bus).destination(name)?.path(ITEM)?;
        Ok(builder.interface("org.kde.StatusNotifierItem")?.cache_properties(uncached).build().await?)
    }
}

impl Items {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Items {
    fn register_status_notifier_item(&self, service: String, #[zbus(header)] header: Header<'_>) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        self.lock().push(if service.starts_with('/') { sender } else { service });
    }

    fn register_status_notifier_host(&self, _service: String) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.lock().clone()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}
