//! The desktop app on a server with a certificate of its own, in a real window.

use anyhow::{Result, ensure};
use confab_tests::{App, Desktop, ServerOptions, Stage, skipped};

const ENTER: &str = "\u{E007}";
const SENT: &str = "[data-testid='message'][data-state='sent']";
const WAITING: &str = "[data-testid='message'][data-state='queued']";

/// By a link that names the server's certificate.
async fn join(app: &App, link: &str, name: &str) -> Result<()> {
    app.type_into("join-address", link).await?;
    app.click("join-continue").await?;
    app.wait_for_text("trust", "Encrypted").await?;
    app.type_into("join-name", name).await?;
    app.click("join-submit").await?;
    app.wait_for_text("room-title", "general").await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_by_a_link_with_a_fingerprint_goes_on_only_with_the_server_that_it_names() -> Result<()> {
    let options = ServerOptions { args: vec!["--tls".into(), "self-signed".into()], ..ServerOptions::unhurried() };
    let mut stage = Stage::with(options).await?;
    let first = stage.server.fingerprint(1).await?;
    let link = |fingerprint| format!("confab://join/{}/{}#{fingerprint}", stage.server.addr(), stage.invite);
    let (before, desktop) = (link(first), Desktop::start().await?);
    let app = desktop.open("cleo").await?;

    // Without the link, the certificate is shown before it is believed; with it, there is nothing to compare.
    app.type_into("join-address", &format!("https://{}", stage.server.addr())).await?;
    app.click("join-continue").await?;
    app.wait_for_text("fingerprint", &first.to_string()).await?;
    app.picture("16-unknown-certificate").await?;
    app.click_button("Another address").await?;
    join(&app, &before, "Cleo").await?;
    app.type_into("composer", &format!("to whom I know{ENTER}")).await?;
    app.wait_for_count(SENT, 1).await?;

    // The same address, another key.
    stage.server.terminate().await?;
    std::fs::remove_file(stage.server.data().join("tls.pem"))?;
    stage.server.launch().await?;
    app.wait_for_text("certificate-changed", "This is not the server that you know").await?;
    app.type_into("composer", &format!("to whom I trust{ENTER}")).await?;
    app.wait_for_count(WAITING, 1).await?;
    app.picture("17-changed-certificate").await?;

    // The old link does not lead there, the host's new one does; what was written meanwhile arrives.
    app.type_into("certificate-named", &before).await?;
    app.click("certificate-trust").await?;
    app.wait_for_text("certificate-changed", "not the certificate that the server shows").await?;
    app.reload().await?;
    app.text("certificate-changed").await?;
    let second = stage.server.fingerprint(2).await?;
    app.type_into("certificate-named", &second.to_string()).await?;
    app.click("certificate-trust").await?;
    app.wait_for_count(SENT, 2).await?;
    app.wait_for_count("[data-testid='certificate-changed']", 0).await?;

    // And it stays so.
    app.close().await?;
    let app = desktop.open("cleo").await?;
    app.type_into("composer", &format!("the next day{ENTER}")).await?;
    app.wait_for_count(SENT, 3).await?;
    app.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_hosts_for_others_is_encrypted_and_its_link_names_the_certificate() -> Result<()> {
    let mut desktop = Desktop::start().await?;
    desktop.set_env("CONFAB_HOST_BIND", "0.0.0.0:0");
    let ada = desktop.open("ada").await?;
    ada.click("host-button").await?;
    ada.type_into("host-name", "Ada").await?;
    ada.click("host-submit").await?;
    ada.wait_for_text("room-title", "general").await?;
    ada.click("members-toggle").await?;
    ada.click_button("Invite link").await?;
    ada.click("invite-create").await?;
    let link = ada.property("invite-link", "value").await?;
    if link.starts_with("http://127.0.0.1:") {
        skipped("hosting for others", "this machine has no address on any network");
        return ada.close().await;
    }
    let named = link.split_once('#').map(|(_, fingerprint)| fingerprint.len());
    ensure!(link.starts_with("https://") && named == Some(64), "{link}");

    let ben = desktop.open("ben").await?;
    join(&ben, &link, "Ben").await?;
    ben.type_into("composer", &format!("Is anybody there?{ENTER}")).await?;
    ada.wait_for_text("message", "Is anybody there?").await?;
    ben.close().await?;
    ada.close().await
}
