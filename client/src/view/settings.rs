//! What the user chose for this device.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How the app looks, and what it may show outside its window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Settings {
    /// Light, dark, or as the system has it.
    pub theme: Theme,
    /// Less space between rows.
    pub compact: bool,
    /// What the app speaks.
    pub language: Language,
    /// Notifications of the system, where it shows any.
    pub notifications: bool,
    /// They say what the message says.
    pub previews: bool,
    /// Closing the window leaves the app in the tray, where there is one.
    pub close_to_tray: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            compact: false,
            language: Language::System,
            notifications: true,
            previews: true,
            close_to_tray: true,
        }
    }
}

/// What the desktop says about the app that stands on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Desktop {
    /// A tray shows the app's icon.
    pub tray: bool,
    /// The app starts with the desktop; null where it cannot.
    pub autostart: Option<bool>,
    /// How large everything in the window is, in percent.
    pub zoom: u16,
}

/// Bootstrap's colour modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system has it.
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// The languages that the UI has catalogues for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// As the system has it, or else English.
    System,
    /// English.
    En,
    /// German.
    De,
    /// Arabic.
    Ar,
}
