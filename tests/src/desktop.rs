//! The desktop app in a real window: a display, a D-Bus with a keyring, and WebDriver, all of a test's own.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use crate::{Person, until, within, workspace_root};

/// The app's binary with the UI inside: `CONFAB_APP`, or the newest of `target/{release,debug}/confab`, which must have
/// been built with `--features custom-protocol`.
///
/// # Errors
/// When there is none.
pub fn app_binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("CONFAB_APP") {
        return Ok(path.into());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace_root().join("target"), PathBuf::from);
    let built = ["release", "debug"].map(|profile| target.join(profile).join("confab"));
    let newest = built.into_iter().filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path))).max();
    newest.map(|(_, path)| path).context("no app: cargo build --features custom-protocol -p confab")
}

/// A computer with a display and a person who is logged in: everything that the app expects of one.
#[derive(Debug)]
pub struct Desktop {
    home: TempDir,
    environment: Vec<(String, String)>,
    binary: PathBuf,
    // Ended in this order: the keyring before the bus that it is on.
    _keyring: Child,
    _bus: Child,
    _display: Child,
}

impl Desktop {
    /// Starts the display, the bus and an unlocked keyring, for the app of [`app_binary`].
    ///
    /// # Errors
    /// When one of the programs is missing or does not come up in time.
    pub async fn start() -> Result<Self> {
        Self::of(app_binary()?).await
    }

    /// As [`Desktop::start`], for this app.
    ///
    /// # Errors
    /// As there.
    pub async fn of(binary: PathBuf) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("confab-desktop-").tempdir()?;
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700))?;
        // What opens links writes them down, and before each what it knows of its surroundings.
        let bin = home.path().join("bin");
        fs::create_dir(&bin)?;
        fs::write(bin.join("xdg-open"), "#!/bin/sh\n(env; echo \"$1\") >>\"$HOME/opened\"\n")?;
        fs::set_permissions(bin.join("xdg-open"), fs::Permissions::from_mode(0o755))?;
        let directory = |name: &str| home.path().join(name).display().to_string();
        let mut environment: Vec<(String, String)> = ["HOME", "XDG_RUNTIME_DIR"]
            .map(|name| (name.to_owned(), home.path().display().to_string()))
            .into_iter()
            .chain(["CONFIG", "DATA", "CACHE"].map(|kind| (format!("XDG_{kind}_HOME"), directory(kind))))
            .chain([
                ("NO_AT_BRIDGE".to_owned(), "1".to_owned()),
                // The network of the machine that tests run on is nobody's business.
                ("CONFAB_NEARBY".to_owned(), "off".to_owned()),
                ("CONFAB_HOST_BIND".to_owned(), "127.0.0.1:0".to_owned()),
                ("CONFAB_LOG".to_owned(), "info".to_owned()),
                ("PATH".to_owned(), format!("{}:{}", bin.display(), std::env::var("PATH")?)),
            ])
            .collect();

        let mut display = Command::new("Xvfb");
        display.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]);
        let (display, number) = first_line(&mut display).await.context("Xvfb")?;
        environment.push(("DISPLAY".into(), format!(":{number}")));

        let mut bus = Command::new("dbus-daemon");
        bus.args(["--session", "--nofork", "--print-address=1"]).envs(environment.clone());
        let (bus, address) = first_line(&mut bus).await.context("dbus-daemon")?;
        environment.push(("DBUS_SESSION_BUS_ADDRESS".into(), address));

        let mut keyring = Command::new("gnome-keyring-daemon");
        keyring.args(["--unlock", "--foreground", "--components=secrets"]).envs(environment.clone());
        let mut keyring =
            keyring.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn()?;
        // An empty password would not unlock it.
        keyring.stdin.take().context("no stdin")?.write_all(b"pw").await?;
        let desktop = Self { home, environment, binary, _keyring: keyring, _bus: bus, _display: display };
        until("the keyring is on the bus", async || desktop.has_keyring().await.then_some(())).await?;
        Ok(desktop)
    }

    /// Sets a variable for the apps that are opened from now on.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.environment.push((name.into(), value.into()));
    }

    /// Opens the app as the installation of that name: each has its own directories, all share the keyring.
    ///
    /// # Errors
    /// When the window does not open in time.
    pub async fn open(&self, installation: &str) -> Result<App> {
        self.open_with(installation, &[]).await
    }

    /// As [`Desktop::open`], with arguments.
    ///
    /// # Errors
    /// As there.
    pub async fn open_with(&self, installation: &str, arguments: &[&str]) -> Result<App> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let home = self.installation(installation);
        let driver = Command::new("WebKitWebDriver")
            .args([format!("--port={port}"), "--host=127.0.0.1".into()])
            .envs(self.environment.iter().cloned())
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("CONFAB_HOME", &home)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("WebKitWebDriver")?;
        until("WebDriver listens", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok().then_some(())
        })
        .await?;
        let wanted = json!({ "webkitgtk:browserOptions": { "binary": self.binary, "args": arguments } });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(serde_json::from_value(wanted)?);
        let started = Instant::now();
        let address = format!("http://127.0.0.1:{port}");
        let client = within("the window opens", builder.connect(&address)).await??;
        Ok(App { client, driver, address, started })
    }

    /// The app as a person starts it, without WebDriver.
    #[must_use]
    pub fn command(&self, installation: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command.envs(self.environment.iter().cloned()).env("CONFAB_HOME", self.installation(installation));
        command
    }

    /// Presses the close button of the window with this in its title.
    ///
    /// # Errors
    /// When there is not exactly one.
    pub async fn press_close(&self, title: &str) -> Result<()> {
        self.window(&["close", title]).await.map(drop)
    }

    /// The startup id of the window with this in its title: what it was brought to the front with.
    ///
    /// # Errors
    /// When there is not exactly one such window.
    pub async fn startup_id(&self, title: &str) -> Result<String> {
        self.window(&["startup-id", title]).await
    }

    /// Puts the window with this in its title there on the screen.
    ///
    /// # Errors
    /// As [`Desktop::startup_id`].
    pub async fn move_window(&self, title: &str, (x, y): (i64, i64)) -> Result<()> {
        self.window(&["move", title, &x.to_string(), &y.to_string()]).await.map(drop)
    }

    /// Moves the pointer to this place in that window, in pixels.
    ///
    /// # Errors
    /// As [`Desktop::startup_id`].
    pub async fn point(&self, title: &str, (x, y): (i64, i64)) -> Result<()> {
        self.window(&["point", title, &x.to_string(), &y.to_string()]).await.map(drop)
    }

    /// Presses the first button of the mouse, or lets it go.
    ///
    /// # Errors
    /// As [`Desktop::startup_id`].
    pub async fn button(&self, title: &str, down: bool) -> Result<()> {
        self.window(&["button", title, if down { "1" } else { "0" }]).await.map(drop)
    }

    /// Presses keys at once, as X calls them, with `+` between them: for what has the focus in that window.
    ///
    /// # Errors
    /// As [`Desktop::startup_id`].
    pub async fn key(&self, title: &str, names: &str) -> Result<()> {
        self.window(&["key", title, names]).await.map(drop)
    }

    /// The person's own folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Presses the keys that paste, for what has the focus in that window.
    ///
    /// # Errors
    /// As [`Desktop::startup_id`].
    pub async fn paste(&self, title: &str) -> Result<()> {
        self.key(title, "Control_L+v").await
    }

    /// Another program, from which a file's content was copied as this type: the clipboard is its own while it lives.
    ///
    /// # Errors
    /// When it does not get it.
    pub async fn copied(&self, kind: &str, file: &Path) -> Result<Child> {
        let mut owner = Command::new("python3");
        owner.arg(workspace_root().join("tests/python/clipboard.py")).arg(kind).arg(file);
        owner.env("DISPLAY", self.display());
        let (owner, said) = first_line(&mut owner).await.context("the clipboard's owner")?;
        ensure!(said == "copied", "{said}");
        Ok(owner)
    }

    async fn window(&self, order: &[&str]) -> Result<String> {
        let script = workspace_root().join("tests/python/window.py");
        let mut command = Command::new("python3");
        command.arg(script).args(order).env("DISPLAY", self.display());
        let output = within("the window is reached", command.output()).await??;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// The links that were handed to the system's browser, one a line, each after the environment that the browser has.
    #[must_use]
    pub fn opened_links(&self) -> String {
        fs::read_to_string(self.home.path().join("opened")).unwrap_or_default()
    }

    /// What the session starts by itself: names and contents.
    #[must_use]
    pub fn autostart(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(Path::new(self.variable("XDG_CONFIG_HOME")).join("autostart"));
        entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect()
    }

    /// The address of the session's D-Bus.
    #[must_use]
    pub fn bus(&self) -> &str {
        self.variable("DBUS_SESSION_BUS_ADDRESS")
    }

    /// The name of its display.
    #[must_use]
    pub fn display(&self) -> &str {
        self.variable("DISPLAY")
    }

    fn variable(&self, name: &str) -> &str {
        self.environment.iter().find(|(set, _)| set == name).map_or("", |(_, value)| value)
    }

    /// Where that installation keeps everything.
    #[must_use]
    pub fn installation(&self, name: &str) -> PathBuf {
        self.home.path().join(format!("confab-{name}"))
    }

    async fn has_keyring(&self) -> bool {
        let mut ask = Command::new("dbus-send");
        ask.args(["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/"])
            .args(["org.freedesktop.DBus.GetNameOwner", "string:org.freedesktop.secrets"])
            .envs(self.environment.iter().cloned())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        ask.status().await.is_ok_and(|status| status.success())
    }
}

/// The app, seen through its window.
#[derive(Debug)]
pub struct App {
    client: Client,
    driver: Child,
    /// Of the driver.
    address: String,
    started: Instant,
}

impl App {
    /// The time since the process was asked for.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// The address of the WebDriver session, for a script that goes on with it.
    ///
    /// # Errors
    /// When the window is gone.
    pub async fn session(&self) -> Result<String> {
        let id = self.client.session_id().await?.context("no session")?;
        Ok(format!("{}/session/{id}", self.address))
    }

    /// The process of the app, which has started all others of it.
    ///
    /// # Errors
    /// When it is gone.
    pub fn pid(&self) -> Result<u32> {
        let started = children(self.driver.id().context("WebDriver ended before")?)?;
        started.first().copied().context("the app is gone")
    }

    /// Waits for the element with that `data-testid` to be shown, and answers with its text.
    ///
    /// # Errors
    /// When it does not appear in time.
    pub async fn text(&self, testid: &str) -> Result<String> {
        until(&format!("{testid} is shown"), async || {
            let element = self.client.find(Locator::Css(&selector(testid))).await.ok()?;
            if element.is_displayed().await.ok()? { element.text().await.ok() } else { None }
        })
        .await
    }

    /// Waits until the element with that `data-testid` contains a text.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn wait_for_text(&self, testid: &str, part: &str) -> Result<()> {
        let js = "return [...document.querySelectorAll(arguments[0])].some(e => e.textContent.includes(arguments[1]))";
        let said = until(&format!("{testid} says {part:?}"), async || {
            let found = self.client.execute(js, vec![json!(selector(testid)), json!(part)]).await;
            found.is_ok_and(|found| found == true).then_some(())
        })
        .await;
        let Err(error) = said else { return Ok(()) };
        let page = self.script("return document.body.innerText").await?;
        Err(error.context(format!("the page says {page}")))
    }

    /// Waits until that many elements match a CSS selector.
    ///
    /// # Errors
    /// When they do not in time.
    pub async fn wait_for_count(&self, css: &str, count: usize) -> Result<()> {
        until(&format!("{count} of {css}"), async || {
            let found = self.client.find_all(Locator::Css(css)).await.ok()?;
            (found.len() == count).then_some(())
        })
        .await
    }

    /// Clicks the element with that `data-testid` once it is there.
    ///
    /// # Errors
    /// When it cannot be clicked in time.
    pub async fn click(&self, testid: &str) -> Result<()> {
        until(&format!("{testid} can be clicked"), async || {
            self.client.find(Locator::Css(&selector(testid))).await.ok()?.click().await.ok()
        })
        .await
    }

    /// Clicks what a CSS selector finds.
    ///
    /// # Errors
    /// When it cannot be clicked in time.
    pub async fn click_at(&self, css: &str) -> Result<()> {
        until(&format!("{css} can be clicked"), async || {
            self.client.find(Locator::Css(css)).await.ok()?.click().await.ok()
        })
        .await
    }

    /// Clicks the button that says this, once it is there.
    ///
    /// # Errors
    /// When it cannot be clicked in time.
    pub async fn click_button(&self, name: &str) -> Result<()> {
        let path = format!("//button[normalize-space()='{name}']");
        until(&format!("the button {name:?} can be clicked"), async || {
            self.client.find(Locator::XPath(&path)).await.ok()?.click().await.ok()
        })
        .await
    }

    /// Types into the element with that `data-testid` once it is there. `\u{E007}` is Enter.
    ///
    /// # Errors
    /// When it cannot be typed into in time.
    pub async fn type_into(&self, testid: &str, text: &str) -> Result<()> {
        let element = until(&format!("{testid} is there"), async || {
            let element = self.client.find(Locator::Css(&selector(testid))).await.ok()?;
            element.is_displayed().await.ok()?.then_some(element)
        })
        .await?;
        Ok(element.send_keys(text).await?)
    }

    /// Signs somebody in on the start page of an app that knows no server yet, and waits until their room is there.
    ///
    /// # Errors
    /// When it does not come to that in time.
    pub async fn sign_in(&self, address: &str, who: &Person) -> Result<()> {
        self.type_into("join-address", address).await?;
        self.click("join-continue").await?;
        self.fill_in_sign_in(who).await?;
        self.text("composer").await.map(drop)
    }

    /// Signs in where the address is known and the form is open.
    ///
    /// # Errors
    /// When there is no form in time.
    pub async fn fill_in_sign_in(&self, who: &Person) -> Result<()> {
        self.type_into("sign-in-login", &who.login).await?;
        self.type_into("sign-in-password", &who.password).await?;
        self.click("sign-in-submit").await
    }

    /// An attribute or property of the element with that `data-testid`, once it is there.
    ///
    /// # Errors
    /// When it does not appear in time.
    pub async fn property(&self, testid: &str, name: &str) -> Result<String> {
        until(&format!("{testid} has {name}"), async || {
            self.client.find(Locator::Css(&selector(testid))).await.ok()?.prop(name).await.ok()?
        })
        .await
    }

    /// Waits until the element with that `data-testid` has the keyboard.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn wait_for_focus(&self, testid: &str) -> Result<()> {
        until(&format!("{testid} has the focus"), async || {
            let focused = self.client.active_element().await.ok()?.attr("data-testid").await.ok()??;
            (focused == testid).then_some(())
        })
        .await
    }

    /// Whether there is an element with that `data-testid` now.
    pub async fn shows(&self, testid: &str) -> bool {
        self.client.find(Locator::Css(&selector(testid))).await.is_ok()
    }

    /// Runs a script in the page, with `return`.
    ///
    /// # Errors
    /// When it throws.
    pub async fn script(&self, js: &str) -> Result<serde_json::Value> {
        Ok(self.client.execute(js, Vec::new()).await?)
    }

    /// Presses keys wherever the focus is.
    ///
    /// # Errors
    /// When the window is gone.
    pub async fn press(&self, keys: &str) -> Result<()> {
        Ok(self.client.active_element().await?.send_keys(keys).await?)
    }

    /// Gives the window another size.
    ///
    /// # Errors
    /// When it takes none.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        Ok(self.client.set_window_size(width, height).await?)
    }

    /// How large the page is, in its own pixels.
    ///
    /// # Errors
    /// When the window is gone.
    pub async fn size(&self) -> Result<(u64, u64)> {
        let size = self.script("return [innerWidth, innerHeight]").await?;
        Ok(serde_json::from_value(size)?)
    }

    /// Loads the page again: the app stays.
    ///
    /// # Errors
    /// When the window is gone.
    pub async fn reload(&self) -> Result<()> {
        Ok(self.client.refresh().await?)
    }

    /// Keeps a picture of the window as `target/screens/desktop-NAME.png`.
    ///
    /// # Errors
    /// When it cannot be taken or written.
    pub async fn picture(&self, name: &str) -> Result<()> {
        // The picture is of the last frame that was drawn, and without OpenGL none is drawn where nothing changes: a
        // dot that is another in each frame asks for them until the picture is there.
        let stir = "const dot = document.body.appendChild(document.createElement('i')); dot.id = 'stir'; \
            dot.style.cssText = 'position:fixed;right:0;bottom:0;width:1px;height:1px;opacity:.01;pointer-events:none'; \
            const turn = () => dot.isConnected && (dot.style.background = dot.style.background === 'red' ? 'blue' : 'red', \
            requestAnimationFrame(turn)); turn(); const done = arguments[0]; \
            requestAnimationFrame(() => requestAnimationFrame(() => done()))";
        within("two frames", self.client.execute_async(stir, Vec::new())).await??;
        let png = within("a screenshot", self.client.screenshot()).await??;
        self.script("document.getElementById('stir').remove()").await?;
        ensure!(png.starts_with(b"\x89PNG"), "the screenshot is no PNG");
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace_root().join("target"), PathBuf::from);
        fs::create_dir_all(target.join("screens"))?;
        Ok(fs::write(target.join("screens").join(format!("desktop-{name}.png")), png)?)
    }

    /// Whether the window can be seen, as its page knows it.
    ///
    /// # Errors
    /// When the page is gone.
    pub async fn is_visible(&self) -> Result<bool> {
        Ok(self.script("return document.visibilityState").await? == "visible")
    }

    /// Waits until the app has ended by what was done to it.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn ends(self) -> Result<()> {
        let app = children(self.driver.id().context("WebDriver ended before")?)?;
        self.ended(&app).await
    }

    /// Closes the window, and waits until the app has ended by itself.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn close(self) -> Result<()> {
        let app = children(self.driver.id().context("WebDriver ended before")?)?;
        self.client.close_window().await?;
        self.ended(&app).await
    }

    /// Kills the app in the middle of whatever it does.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn kill(self) -> Result<()> {
        let app = children(self.driver.id().context("WebDriver ended before")?)?;
        for pid in app.iter().filter_map(|pid| Pid::from_raw(i32::try_from(*pid).ok()?)) {
            kill_process(pid, Signal::KILL)?;
        }
        self.ended(&app).await
    }

    async fn ended(mut self, app: &[u32]) -> Result<()> {
        until("the app ends", async || app.iter().all(|pid| !alive(*pid)).then_some(())).await?;
        // The session went with its window: whether it can still be ended does not matter.
        let _ = self.client.clone().close().await;
        // Not SIGKILL: WebDriver would leave processes behind that hold our pipes.
        if let Some(pid) = self.driver.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) {
            kill_process(pid, Signal::TERM)?;
        }
        within("WebDriver ends", self.driver.wait()).await??;
        Ok(())
    }
}

/// The CSS selector of a test id. One that ends in `*` stands for all that begin so.
#[must_use]
pub fn selector(testid: &str) -> String {
    match testid.strip_suffix('*') {
        Some(prefix) => format!("[data-testid^='{prefix}']"),
        None => format!("[data-testid='{testid}']"),
    }
}

/// Starts a program and waits for the first line that it prints.
async fn first_line(command: &mut Command) -> Result<(Child, String)> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
    let line = within("its first line", lines.next_line()).await??.context("it ended")?;
    Ok((child, line))
}

/// The direct children of a process.
fn children(pid: u32) -> Result<Vec<u32>> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
    Ok(text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect())
}

fn alive(pid: u32) -> bool {
    // A zombie has ended; only its parent has not looked yet.
    fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')))
}
