//! Starting with the desktop: a file that the session reads, as <https://specifications.freedesktop.org/autostart-spec/>
//! says. The file itself is the setting, so that whoever removes it in the desktop's own settings is believed.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use crate::paths::HOME;

/// The switch.
#[derive(Debug)]
pub struct Autostart {
    file: PathBuf,
    command: String,
}

impl Autostart {
    /// For this installation; None on systems where that is done otherwise, or without a home.
    #[must_use]
    pub fn of_this_user() -> Option<Self> {
        if !cfg!(target_os = "linux") {
            return None;
        }
        let folder = directories::BaseDirs::new()?.config_dir().join("autostart");
        let program = std::env::current_exe().ok()?;
        let home = std::env::var_os(HOME).filter(|home| !home.is_empty());
        let home = home.and_then(|home| std::path::absolute(home).ok());
        Some(Self::new(&folder, &program, home.as_deref().map(Path::as_os_str)))
    }

    fn new(folder: &Path, program: &Path, home: Option<&OsStr>) -> Self {
        let program = quoted(&program.to_string_lossy());
        match home {
            None => Self { file: folder.join("confab.desktop"), command: format!("{program} --hidden") },
            // Another installation has another file, and comes back as itself.
            Some(home) => {
                let home = home.to_string_lossy();
                let sum = crc(home.as_bytes());
                Self {
                    file: folder.join(format!("confab-{sum:08x}.desktop")),
                    command: format!("env {} {program} --hidden", quoted(&format!("{HOME}={home}"))),
                }
            }
        }
    }

    /// Whether the app starts with the desktop.
    #[must_use]
    pub fn is_on(&self) -> bool {
        // Desktops switch an entry off by saying so in it.
        std::fs::read_to_string(&self.file).is_ok_and(|entry| {
            !entry.lines().any(|line| matches!(line.trim(), "Hidden=true" | "X-GNOME-Autostart-enabled=false"))
        })
    }

    /// Switches it.
    ///
    /// # Errors
    /// When the file cannot be written or removed.
    pub fn set(&self, on: bool) -> io::Result<()> {
        if !on {
            return match std::fs::remove_file(&self.file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let command = &self.command;
        std::fs::write(
            &self.file,
            format!(
                "[Desktop Entry]\nType=Application\nName=Confab\nComment=Team chat that lives on your own machines\n\
                 Icon=confab\nExec={command}\nTerminal=false\nX-GNOME-Autostart-enabled=true\n"
            ),
        )
    }
}

/// One argument of an `Exec` line: in quotes, with what means something there escaped. The line is unescaped twice, as a
/// string of the file and as a command.
fn quoted(argument: &str) -> String {
    let mut out = String::from("\"");
    for c in argument.chars() {
        match c {
            '\\' => out.push_str(r"\\\\"),
            '"' | '`' | '$' => {
                out.push_str(r"\\");
                out.push(c);
            }
            '%' => out.push_str("%%"),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A short name for a path.
fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_the_switch() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("autostart");
        let plain = Autostart::new(&at, Path::new("/usr/bin/confab"), None);
        assert!(!plain.is_on());
        plain.set(false).unwrap();
        plain.set(true).unwrap();
        assert!(plain.is_on());
        let entry = std::fs::read_to_string(at.join("confab.desktop")).unwrap();
        assert!(entry.contains("\nExec=\"/usr/bin/confab\" --hidden\n"), "{entry}");
        std::fs::write(at.join("confab.desktop"), entry + "Hidden=true\n").unwrap();
        assert!(!plain.is_on(), "switched off by the desktop");
        plain.set(true).unwrap();
        plain.set(false).unwrap();
        assert!(!plain.is_on() && at.read_dir().unwrap().next().is_none());
    }

    #[test]
    fn another_installation_comes_back_as_itself() {
        let folder = tempfile::tempdir().unwrap();
        let program = Path::new("/opt/a b/confab");
        let [one, two] =
            ["/home/x/1", "/home/x/2"].map(|home| Autostart::new(folder.path(), program, Some(home.as_ref())));
        one.set(true).unwrap();
        assert!(one.is_on() && !two.is_on());
        let entry = std::fs::read_to_string(&one.file).unwrap();
        assert!(entry.contains("Exec=env \"CONFAB_HOME=/home/x/1\" \"/opt/a b/confab\" --hidden\n"), "{entry}");
    }

    #[test]
    fn no_path_is_a_command() {
        assert_eq!(quoted(r#"a"b$c`d\e%f"#), r#""a\\"b\\$c\\`d\\\\e%%f""#);
    }
}
