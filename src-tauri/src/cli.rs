//! The command line of the app. `--help` and `--version` work without a display.

use clap::Parser;
use confab_client::address::Address;
use confab_protocol::Error;

/// Team chat that lives on your own machines.
#[derive(Debug, Parser)]
#[command(name = "confab", version, after_help = ENVIRONMENT)]
pub struct Arguments {
    /// Serves without a window, as if there were no display.
    #[arg(long)]
    pub headless: bool,

    /// Starts in the tray, where there is one.
    #[arg(long, conflicts_with = "headless")]
    pub hidden: bool,

    /// An invite link to open: confab://join/HOST:PORT/CODE.
    #[arg(value_parser = invite_link)]
    pub link: Option<String>,
}

/// What the desktop hands over when somebody follows a link. Whether it leads anywhere, the page finds out.
fn invite_link(text: &str) -> Result<String, Error> {
    text.parse::<Address>().and_then(|address| address.invite.ok_or_else(Error::not_found)).map(|_| text.to_owned())
}

const ENVIRONMENT: &str = "\
Environment:
  CONFAB_HOME       a directory for everything (data, configuration, cache), for a second instance
  CONFAB_HOST_BIND  the IP address to host on, with a port or without; 127.0.0.1:7300 unless set.
                    0.0.0.0 lets others on the network in
  CONFAB_HOST_TLS   how they reach it: self-signed (a certificate that invite links name), off (clear text), or
                    CERT:KEY with two PEM files; self-signed unless set
  CONFAB_NEARBY     on which network interfaces servers are looked for, and a hosted one is announced: names with
                    commas between them, on (all of them) or off; on unless set
  CONFAB_LOG        what to log to standard error, such as `info` or `confab_client=debug`";

/// Why no window can be shown, when none can. Must be asked on the main thread, where GTK then belongs.
#[cfg(target_os = "linux")]
#[must_use]
pub fn no_window() -> Option<&'static str> {
    let is_named = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !["WAYLAND_DISPLAY", "DISPLAY"].iter().any(is_named) {
        return Some("There is no display");
    }
    // Tauri would end the process with a panic.
    gtk::init().is_err().then_some("The display cannot be reached")
}

/// Why no window can be shown, when none can.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub const fn no_window() -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
        assert!(Arguments::try_parse_from(["confab", "--headless"]).unwrap().headless);
        let link = "confab://join/host:7300/abc";
        assert_eq!(Arguments::try_parse_from(["confab", link]).unwrap().link.as_deref(), Some(link));
        for nonsense in ["confab://join/host", "confab://elsewhere", "file:///etc/passwd", "host", "--no-such"] {
            assert!(Arguments::try_parse_from(["confab", nonsense]).is_err(), "{nonsense}");
        }
    }
}
