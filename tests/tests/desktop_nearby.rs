//! Servers that announce themselves, over a real network: multicast DNS between two network namespaces.

use anyhow::{Context, Result, ensure};
use confab_client::nearby::{self, Nearby};
use confab_client::view::{NearbyServer, Reached};
use confab_tests::nemesis::Namespace;
use confab_tests::{Desktop, ServerOptions, Stage, skipped, until, within};

/// A network of its own. None where that is not allowed.
async fn network(number: u8) -> Result<Option<Namespace>> {
    let network = Namespace::new(number).await?;
    if network.is_none() {
        skipped("servers on this network", "no network namespace can be made here");
    }
    Ok(network)
}

/// A server in it, as somebody would run one for their network.
async fn server_in(network: &Namespace) -> Result<Stage> {
    let options =
        ServerOptions { wrapper: network.wrapper(), host: Some(network.host()), ..ServerOptions::unhurried() };
    Stage::with(options).await
}

async fn seen(nearby: &Nearby, what: &str, wanted: impl Fn(&[NearbyServer]) -> bool) -> Result<Vec<NearbyServer>> {
    let mut servers = nearby.servers();
    let list = within(what, servers.wait_for(|now| wanted(now))).await?.context("the search ended")?;
    Ok(list.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_seen_while_it_runs() -> Result<()> {
    let Some(network) = network(40).await? else { return Ok(()) };
    let interfaces = [network.interface().to_owned()];
    let nearby = Nearby::look(&interfaces).map_err(anyhow::Error::msg)?;
    let mut stage = server_in(&network).await?;
    let address = stage.server.url();
    let name = stage.server.api()?.server().await?["name"].as_str().context("a name")?.to_owned();
    let list = seen(&nearby, "the server announces itself", |list| !list.is_empty()).await?;
    ensure!(list.len() == 1 && list[0].name == name && list[0].address == address, "{list:?}");

    let check = nearby::check(Some(&address), &interfaces).await?;
    ensure!(check.server == Some(Reached::Yes) && check.refused.is_none() && check.tunnel.is_none(), "{check:?}");
    ensure!(check.heard == 1 && check.networks.len() == 1, "the server is the only other one there: {check:?}");

    // It says goodbye: nobody waits until its announcement is too old.
    stage.server.terminate().await?;
    seen(&nearby, "it is gone from the list", <[_]>::is_empty).await?;
    let check = nearby::check(Some(&address), &interfaces).await?;
    ensure!(check.server == Some(Reached::Silent) && check.heard == 0, "{check:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_to_be_quiet_is_not_seen() -> Result<()> {
    let Some(network) = network(44).await? else { return Ok(()) };
    let interfaces = [network.interface().to_owned()];
    let options = ServerOptions {
        wrapper: network.wrapper(),
        host: Some(network.host()),
        args: vec!["--announce".into(), "off".into()],
        ..ServerOptions::unhurried()
    };
    let stage = Stage::with(options).await?;
    let nearby = Nearby::look(&interfaces).map_err(anyhow::Error::msg)?;
    // What would answer answers while this listens.
    let check = nearby::check(Some(&stage.server.url()), &interfaces).await?;
    ensure!(check.heard == 0 && check.server == Some(Reached::Yes), "{check:?}");
    ensure!(nearby.servers().borrow().is_empty(), "{nearby:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_start_page_lists_servers_and_leads_into_them() -> Result<()> {
    let Some(network) = network(48).await? else { return Ok(()) };
    let stage = server_in(&network).await?;
    let mut desktop = Desktop::start().await?;
    desktop.set_env("CONFAB_NEARBY", network.interface());
    let app = desktop.open("cleo").await?;
    let address = stage.server.url();
    app.wait_for_text("nearby-server", address.trim_start_matches("http://")).await?;
    app.picture("14-on-this-network").await?;
    app.click("nearby-why").await?;
    app.type_into("nearby-address", &address).await?;
    app.click("nearby-check").await?;
    app.wait_for_text("nearby-use", "Join by this address").await?;
    app.picture("15-why-it-is-not-seen").await?;

    app.click("nearby-server").await?;
    app.wait_for_text("join-server", &address).await?;
    app.click("sign-in-login").await?;
    app.type_into("sign-in-login", &stage.bob.login).await?;
    app.type_into("sign-in-password", &stage.bob.password).await?;
    app.click("sign-in-submit").await?;
    app.wait_for_text("room-title", "general").await?;
    until("nobody is announced to who has signed in", async || {
        (app.script("return document.querySelector('[data-testid=nearby]')").await.ok()?.is_null()).then_some(())
    })
    .await?;
    app.close().await
}
