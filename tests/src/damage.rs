//! What is painted on a display, as X's DAMAGE extension tells it.

use anyhow::{Context, Result};
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};
use x11rb::rust_connection::RustConnection;

/// Watches everything that is painted from now on.
#[derive(Debug)]
pub struct Damage {
    connection: RustConnection,
}

impl Damage {
    /// Watches the display of this name, such as `:7`.
    ///
    /// # Errors
    /// When it cannot be reached, or does not know the extension.
    pub fn of(display: &str) -> Result<Self> {
        let (connection, screen) = x11rb::connect(Some(display)).context("the display")?;
        let root = connection.setup().roots.get(screen).context("a screen")?.root;
        connection.damage_query_version(1, 1)?.reply()?;
        let id = connection.generate_id()?;
        connection.damage_create(id, root, ReportLevel::RAW_RECTANGLES)?.check()?;
        Ok(Self { connection })
    }

    /// How many pixels were painted since this was asked last. One that was painted twice counts twice.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn painted(&self) -> Result<u64> {
        let mut pixels = 0;
        while let Some(event) = self.connection.poll_for_event()? {
            if let Event::DamageNotify(painted) = event {
                pixels += u64::from(painted.area.width) * u64::from(painted.area.height);
            }
        }
        Ok(pixels)
    }
}
