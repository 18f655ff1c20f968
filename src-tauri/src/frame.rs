//! Where the window is on the screen, kept between two starts.

use serde::{Deserialize, Serialize};
use tauri::utils::config::WindowConfig;
use tauri::{LogicalPosition, LogicalSize, Monitor, Runtime, Window};

/// What of a window must lie on a screen, so that it can be moved: the middle of its title.
const TITLE: f64 = 16.0;

/// A window's place, in logical pixels: it means the same on a screen of another density.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// How wide its content is.
    pub width: u32,
    /// How high its content is.
    pub height: u32,
    /// Its left edge; None where the system tells nobody.
    pub at: Option<(i32, i32)>,
    /// It fills the screen; the rest is from before.
    pub maximized: bool,
}

impl Frame {
    /// Where a window is now. `before` stands in for what cannot be seen while it fills the screen.
    pub fn of<R: Runtime>(window: &Window<R>, before: Option<Self>) -> Option<Self> {
        if window.is_minimized().ok()? || !window.is_visible().ok()? {
            return before;
        }
        if window.is_maximized().ok()? {
            return before.map(|before| Self { maximized: true, ..before });
        }
        let scale = window.scale_factor().ok()?;
        let LogicalSize { width, height } = window.inner_size().ok()?.to_logical(scale);
        let at = window.outer_position().ok().map(|at| at.to_logical(scale)).map(|LogicalPosition { x, y }| (x, y));
        Some(Self { width, height, at, maximized: false })
    }

    /// Puts a window there that is about to open, unless that place is on no screen any more.
    pub fn apply(&self, config: &mut WindowConfig, screens: &[Monitor]) {
        config.width = f64::from(self.width).max(config.min_width.unwrap_or_default());
        config.height = f64::from(self.height).max(config.min_height.unwrap_or_default());
        config.maximized = self.maximized;
        let Some((x, y)) = self.at.map(|(x, y)| (f64::from(x), f64::from(y))) else { return };
        let middle = (x + config.width / 2.0, y + TITLE);
        if screens.iter().any(|screen| covers(screen, middle)) {
            (config.x, config.y, config.center) = (Some(x), Some(y), false);
        }
    }
}

fn covers(screen: &Monitor, (x, y): (f64, f64)) -> bool {
    let scale = screen.scale_factor();
    let at: LogicalPosition<f64> = screen.position().to_logical(scale);
    let size: LogicalSize<f64> = screen.size().to_logical(scale);
    (at.x..at.x + size.width).contains(&x) && (at.y..at.y + size.height).contains(&y)
}
