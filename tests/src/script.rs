//! Scenarios in other languages: the official JavaScript client, python-socketio, a browser.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::server::workspace_root;

/// A script that runs to its end. Its exit code is the verdict; what it prints is the explanation.
#[derive(Debug)]
pub struct Script {
    name: String,
    command: Command,
    limit: Duration,
}

impl Script {
    /// `tests/js/NAME` in node, with the modules of `tests/js/node_modules`.
    #[must_use]
    pub fn node(name: &str) -> Self {
        let dir = workspace_root().join("tests/js");
        Self::new(name, Command::new("node"), dir.join(name))
    }

    /// `tests/python/NAME` in the Python that has the project's requirements.
    #[must_use]
    pub fn python(name: &str) -> Self {
        Self::new(name, Command::new(python()), workspace_root().join("tests/python").join(name))
    }

    /// A file of the repository in node or Python, told by its name.
    #[must_use]
    pub fn file(path: &str) -> Self {
        let interpreter = if path.ends_with(".py") { python() } else { PathBuf::from("node") };
        Self::new(path, Command::new(interpreter), workspace_root().join(path))
    }

    /// A variable in its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.command.env(name, value.to_string());
        self
    }

    /// An argument.
    #[must_use]
    pub fn arg(mut self, value: impl ToString) -> Self {
        self.command.arg(value.to_string());
        self
    }

    /// How long it may take, if not a minute.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The command itself, for a script that is to stay alive while the test goes on.
    #[must_use]
    pub fn into_command(self) -> Command {
        self.command
    }

    /// Runs it: what it printed.
    ///
    /// # Errors
    /// When it cannot start, takes too long, or exits with anything but 0; its output is in the message.
    pub async fn run(mut self) -> Result<String> {
        let child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", self.name))?;
        let output = tokio::time::timeout(self.limit, child.wait_with_output())
            .await
            .with_context(|| format!("{} took more than {} s", self.name, self.limit.as_secs()))??;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "{} ended with {}\n{out}\n{err}", self.name, output.status);
        Ok(out.into_owned())
    }

    fn new(name: &str, mut command: Command, file: PathBuf) -> Self {
        command.arg(file).env_remove("NODE_OPTIONS");
        Self { name: name.into(), command, limit: Duration::from_secs(60) }
    }
}

/// The interpreter that has python-socketio: `CONFAB_PYTHON`, or the virtual environment that the set-up makes.
#[must_use]
pub fn python() -> PathBuf {
    std::env::var_os("CONFAB_PYTHON").map_or_else(
        || {
            let target =
                std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace_root().join("target"), PathBuf::from);
            target.join("venv/bin/python")
        },
        PathBuf::from,
    )
}
