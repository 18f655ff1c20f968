//! The desktop app on two servers at once: each has its section, its link and its account, and neither waits for the other.

use anyhow::{Context, Result, ensure};
use confab_tests::{App, Desktop, NotificationDaemon, Server, ServerOptions, Stage, Wire, cid, room_id};
use reqwest::Method;
use serde_json::{Value, json};

const ENTER: &str = "\u{E007}";
const FIRST: &str = "[data-testid='server']:nth-of-type(1)";
const SECOND: &str = "[data-testid='server']:nth-of-type(2)";

/// Another server, with Dana on it who writes, and an account for Cem.
struct Lab {
    server: Server,
    invite: String,
    dana: Wire,
    ready: Value,
    token: String,
}

impl Lab {
    async fn open() -> Result<Self> {
        let server = Server::start(ServerOptions::unhurried()).await?;
        let api = server.api()?;
        let setup = json!({
            "setup_token": server.setup_token(), "server_name": "Ocean Lab",
            "login": "dana", "display_name": "Dana", "password": "dana's password",
        });
        let token = word(&api.ok(Method::POST, "/setup", Some(setup)).await?["token"])?;
        let invite = api.as_user(&token).invite("general").await?;
        api.account("cem", "cem's password", &invite).await?;
        let (dana, ready) = enter(&server, &token).await?;
        Ok(Self { server, invite, dana, ready, token })
    }

    async fn says(&mut self, room: &str, text: &str) -> Result<()> {
        let said = json!({ "room": room_id(&self.ready, room)?, "cid": cid(), "text": text });
        self.dana.ok("/general", "message:send", said).await.map(drop)
    }

    /// What is told of it to people who have its link.
    fn link(&self) -> String {
        format!("confab://join/{}/{}", self.server.addr(), self.invite)
    }

    /// How many sessions Cem has there, as he sees them on a phone, which is one of them.
    async fn devices(&self) -> Result<usize> {
        let phone = self.server.api()?.sign_in("cem", "cem's password", "a phone").await?;
        let api = self.server.api()?.as_user(&word(&phone["token"])?);
        let answer = api.ok(Method::GET, "/sessions", None).await?;
        Ok(answer["sessions"].as_array().context("sessions")?.len())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_app_is_on_two_servers_and_each_goes_its_own_way() -> Result<()> {
    let stage = Stage::new().await?;
    let mut lab = Lab::open().await?;
    let desktop = Desktop::start().await?;
    let screen = NotificationDaemon::start(desktop.bus()).await?;
    let app = desktop.open("cem").await?;
    app.sign_in(&stage.server.url(), &stage.cem).await?;
    app.wait_for_text("room-title", "general").await?;
    ensure!(!app.shows("server-open").await, "one server needs no name in the rail");

    // The second one is added by a link that a later start brings; nobody is signed out for it.
    let later = desktop.command("cem").arg(lab.link()).status().await?;
    ensure!(later.success(), "it did not hand over");
    app.click("sign-in-tab").await?;
    app.picture("20-add-server").await?;
    app.fill_in_sign_in(&stage.cem).await?;
    app.wait_for_count("[data-testid='server']", 2).await?;
    app.wait_for_text("connection", "Online").await?;
    state(&app, SECOND, "online").await?;
    // The same link once more leads to it, and makes nobody else.
    app.click_at(&format!("{FIRST} [data-testid='server-open']")).await?;
    in_front(&app, FIRST).await?;
    ensure!(desktop.command("cem").arg(lab.link()).status().await?.success(), "it did not hand over");
    app.wait_for_text("notice", "You are signed in as Cem").await?;
    in_front(&app, SECOND).await?;

    // In back it receives: the rail, the title, and a notification whose click leads there.
    app.click_at(&format!("{FIRST} [data-testid='workspace-general']")).await?;
    in_front(&app, FIRST).await?;
    lab.says("random", "a needle, @cem").await?;
    let notice = screen.wait_for("needle").await?;
    ensure!(notice.title == "Dana in random · Ocean Lab", "{notice:?}");
    app.wait_for_count(&format!("{SECOND} [data-mentions='1']"), 1).await?;
    ensure!(app.script("return document.title").await? == "(1) general — Confab", "the title");
    app.picture("21-two-servers").await?;
    screen.click(&notice).await?;
    in_front(&app, SECOND).await?;
    app.wait_for_text("room-title", "random").await?;
    app.wait_for_text("timeline", "a needle").await?;

    // One ends: it says so, and the other goes on.
    app.click_at(&format!("{FIRST} [data-testid='server-open']")).await?;
    lab.server.kill().await?;
    state(&app, SECOND, "offline").await?;
    state(&app, FIRST, "online").await?;
    app.type_into("composer", &format!("I am still here{ENTER}")).await?;
    app.wait_for_count("[data-testid='message'][data-state='sent']", 1).await?;
    app.picture("22-one-is-gone").await?;
    app.close().await?;

    // The next day: both are there, the one that is gone as it was, and the same one in front.
    let app = desktop.open("cem").await?;
    app.wait_for_text("room-title", "general").await?;
    app.wait_for_text("timeline", "I am still here").await?;
    state(&app, FIRST, "online").await?;
    state(&app, SECOND, "offline").await?;
    app.click_at(&format!("{SECOND} [data-testid='workspace-general']")).await?;
    app.wait_for_text("room-title", "random").await?;
    app.wait_for_text("timeline", "a needle").await?;
    app.type_into("composer", &format!("for later{ENTER}")).await?;
    app.wait_for_count("[data-testid='message'][data-state='queued']", 1).await?;
    lab.server.launch().await?;
    state(&app, SECOND, "online").await?;
    app.wait_for_count("[data-testid='message'][data-state='queued']", 0).await?;
    (lab.dana, lab.ready) = enter(&lab.server, &lab.token).await?;
    lab.says("random", "here we are again").await?;
    app.wait_for_text("timeline", "here we are again").await?;

    // Signed out of one: the other stays, with its session.
    let before = lab.devices().await?;
    app.click("settings-open").await?;
    app.wait_for_text("settings", "this one").await?;
    app.click("sign-out").await?;
    app.wait_for_count("[data-testid='server']", 1).await?;
    app.wait_for_text("timeline", "I am still here").await?;
    ensure!(lab.devices().await? == before, "one phone more, the app less");
    app.type_into("composer", &format!("and here{ENTER}")).await?;
    app.wait_for_count("[data-testid='message'][data-state='sent']", 2).await?;
    app.close().await?;
    let app = desktop.open("cem").await?;
    app.wait_for_text("timeline", "and here").await?;
    app.wait_for_count("[data-testid='server']", 1).await?;
    app.close().await
}

async fn state(app: &App, section: &str, state: &str) -> Result<()> {
    app.wait_for_count(&format!("{section}[data-state='{state}']"), 1).await
}

async fn in_front(app: &App, section: &str) -> Result<()> {
    app.wait_for_count(&format!("{section} [data-testid='server-open'][aria-current='true']"), 1).await
}

async fn enter(server: &Server, token: &str) -> Result<(Wire, Value)> {
    let mut wire = Wire::open(server.addr()).await?;
    wire.connect("/general", token).await??;
    let ready = wire.push("/general", "workspace:ready").await?;
    Ok((wire, ready))
}

fn word(value: &Value) -> Result<String> {
    Ok(value.as_str().context("a text")?.to_owned())
}
