//! The desktop shell: the only crate that knows Tauri.
//!
//! [`commands`] is the whole surface for the webview, [`shell`] is what they act on: the client's session, the
//! [`bridge`] that its updates go through, the [`embedded`] server, and what is kept between two starts
//! ([`credentials`], [`settings`], [`paths`]). [`app`] opens the window; `headless` does without.

pub mod app;
mod autostart;
pub mod bridge;
mod cli;
mod clipboard;
mod clock;
pub mod commands;
pub mod credentials;
mod dialogs;
mod drag;
pub mod embedded;
mod error;
pub mod files;
mod frame;
mod headless;
mod host;
mod instance;
mod links;
mod media;
pub mod notifications;
pub mod paths;
pub mod settings;
pub mod shell;
pub mod tray;
mod webview;
pub mod window;

use std::process::ExitCode;

use app::Launch;
use clap::Parser;
use instance::{Instance, Wish};
use tauri::{Context, Wry};
use tracing_subscriber::EnvFilter;

/// The whole program. `context` is what the root package's build script made; it is asked for only when there is a
/// display to show a window on.
pub fn main(context: impl FnOnce() -> Context<Wry>) -> ExitCode {
    let arguments = cli::Arguments::parse();
    let filter = EnvFilter::try_from_env("CONFAB_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let run = || -> anyhow::Result<()> {
        let paths = paths::Paths::of_this_user()?;
        if arguments.headless {
            headless::serve(&paths, "No window was asked for")
        } else if let Some(why) = cli::no_window() {
            headless::serve(&paths, why)
        } else {
            webview::prepare();
            let wish = Wish { link: arguments.link, activation: window::activation() };
            match instance::enter(paths.data(), &wish)? {
                Instance::Second => Ok(()),
                Instance::First(first) => app::run(paths, context(), Launch { first, wish, hidden: arguments.hidden }),
            }
        }
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("confab: {error:#}");
            ExitCode::FAILURE
        }
    }
}
