//! A server with a certificate of its own: for the official clients, for the app that pins it, and across a network.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use confab_client::entrance;
use confab_client::local::Local;
use confab_client::nearby::Nearby;
use confab_client::view::{LinkState, Trust};
use confab_protocol::account::GuestRequest;
use confab_protocol::{Cause, Fingerprint};
use confab_tests::nemesis::Namespace;
use confab_tests::{Device, HALL, Script, ServerOptions, Stage, room_id, skipped, within};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A stage whose server makes its own certificate. What the stage itself asks is asked on loopback, without TLS.
async fn stage(config: &str) -> Result<Stage> {
    let mut options = ServerOptions { args: vec!["--tls".into(), "self-signed".into()], ..ServerOptions::unhurried() };
    options.config.push_str(config);
    Stage::with(options).await
}

/// Where people and programs reach it over TLS, by the one name in its certificate.
fn by_name(stage: &Stage) -> String {
    format!("https://localhost:{}", stage.server.addr().port())
}

fn described(stage: &Stage) -> Value {
    let mut described = stage.describe();
    described["url"] = by_name(stage).into();
    described
}

#[tokio::test]
async fn the_official_client_speaks_tls_from_long_polling_to_websocket() -> Result<()> {
    for transports in ["websocket", "polling,websocket"] {
        let stage = stage("").await?;
        let script = Script::node("spine.mjs").env("CONFAB_STAGE", described(&stage));
        let script = script.env("CONFAB_TRANSPORTS", transports);
        println!("{}", script.env("NODE_EXTRA_CA_CERTS", stage.server.data().join("tls.pem").display()).run().await?);
    }
    Ok(())
}

#[tokio::test]
async fn python_speaks_tls() -> Result<()> {
    let stage = stage("").await?;
    let script = Script::python("spine.py").env("CONFAB_STAGE", described(&stage));
    println!("{}", script.env("SSL_CERT_FILE", stage.server.data().join("tls.pem").display()).run().await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invite_link_names_the_certificate_and_who_joins_by_it_pins_that() -> Result<()> {
    let stage = stage("").await?;
    let fingerprint = stage.server.fingerprint(1).await?;
    let asked = stage.api(&stage.ada)?.ok(Method::GET, "/invites", None).await?;
    ensure!(!asked.to_string().contains('#'), "on loopback nothing needs a fingerprint: {asked}");
    let link = format!("{}/join/{}#{fingerprint}", by_name(&stage), stage.invite);

    let probe = entrance::probe(&link).await?;
    ensure!(probe.trust == Trust::Vouched && probe.workspace_name.is_some(), "{probe:?}");
    ensure!(probe.entry == format!("{}#{fingerprint}", by_name(&stage)), "{probe:?}");
    let guest = GuestRequest { display_name: "Gus".into(), invite: Some(stage.invite.parse()?) };
    let identity = entrance::join_as_guest(&probe.entry, &guest).await?;
    ensure!(identity.account.address == by_name(&stage), "{:?}", identity.account);
    let pinned = identity.account.certificate.clone().context("the certificate is kept")?;
    ensure!(pinned.fingerprint() == fingerprint, "{pinned:?}");

    let (_, ready) = stage.enter(&stage.ada).await?;
    let room = room_id(&ready, "general")?;
    let gus = Device::begin(identity, &room, Local::none()).await?;
    let bob = Device::sign_in(&stage.server.url(), &stage.bob, &room).await?;
    let said: [String; 2] = ["over TLS".into(), "over loopback".into()];
    gus.send(said[0].clone()).await?;
    bob.shows("over", &said[..1]).await?;
    bob.send(said[1].clone()).await?;
    for device in [&gus, &bob] {
        device.shows("over", &said).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_certificate_is_refused_until_its_host_names_it_or_has_the_old_one_again() -> Result<()> {
    let mut stage = stage("").await?;
    let (first, (_, ready)) = (stage.server.fingerprint(1).await?, stage.enter(&stage.ada).await?);
    let room = room_id(&ready, "general")?;
    let entry = format!("{}#{first}", by_name(&stage));
    let bob = Device::sign_in(&entry, &stage.bob, &room).await?;
    bob.send("told 0".into()).await?;
    bob.shows("told", &["told 0".into()]).await?;

    // Somebody else answers there: the same address, another key.
    let (file, aside) = (stage.server.data().join("tls.pem"), stage.server.data().join("tls.pem.aside"));
    stage.server.terminate().await?;
    std::fs::rename(&file, &aside)?;
    stage.server.launch().await?;
    let second = stage.server.fingerprint(2).await?;
    ensure!(second != first, "a new certificate was made");
    let distrusts = |state: Option<&LinkState>| matches!(state, Some(LinkState::Refused { error }) if error.cause == Some(Cause::CertificateChanged));
    bob.until("both links are refused", |view| distrusts(view.links.get(HALL)) && distrusts(view.links.get("/")))
        .await?;
    bob.send("told 1".into()).await?;
    let asked = bob.session.sessions().await.err().context("no call goes there either")?;
    ensure!(asked.cause == Some(Cause::CertificateChanged), "{asked:?}");
    let (mut wire, _) = stage.enter(&stage.cem).await?;
    let log = confab_tests::whole_log(&mut wire, &room).await?;
    ensure!(!serde_json::to_string(&log)?.contains("told 1"), "it was not said to whoever is there");

    // A link from before does not help, nor does one with yet another fingerprint; the host's new one does.
    let account = bob.session.account();
    let other: Fingerprint = "5c".repeat(32).parse()?;
    for (named, cause) in [
        (first.to_string(), Cause::CertificateChanged),
        (other.to_string(), Cause::CertificateChanged),
        ("soon".into(), Cause::InviteLink),
    ] {
        let error = entrance::trust_anew(account.clone(), &named).await.err().with_context(|| named.clone())?;
        ensure!(error.cause == Some(cause), "{named}: {error:?}");
    }
    let link = format!("confab://join/localhost:{}/{}#{second}", stage.server.addr().port(), stage.invite);
    let account = entrance::trust_anew(account, &link).await?;
    let pinned = account.certificate.context("a certificate is pinned")?;
    ensure!(pinned.fingerprint() == second, "the new one is pinned");

    // And where the server was not itself for a while, all goes on as soon as it is tried again.
    stage.server.terminate().await?;
    std::fs::rename(&aside, &file)?;
    stage.server.launch().await?;
    bob.session.nudge();
    bob.shows("told", &["told 0".into(), "told 1".into()]).await
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_shown_before_it_is_believed() -> Result<()> {
    let stage = stage("").await?;
    let fingerprint = stage.server.fingerprint(1).await?;
    let probe = entrance::probe(&by_name(&stage)).await?;
    ensure!(probe.trust == Trust::Unknown { fingerprint }, "{probe:?}");
    ensure!(probe.entry == format!("{}#{fingerprint}", by_name(&stage)), "who goes on insists on it: {probe:?}");
    let clear = entrance::probe(&stage.server.url()).await?;
    ensure!(clear.trust == Trust::Clear && clear.entry == clear.address, "{clear:?}");
    let wrong = format!("{}#{}", by_name(&stage), "5c".repeat(32));
    let error = entrance::probe(&wrong).await.err().context("a wrong fingerprint is refused")?;
    ensure!(error.cause == Some(Cause::CertificateChanged), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_handshake_that_does_not_go_on_is_ended_in_time() -> Result<()> {
    let stage = stage("handshake_seconds = 1\n").await?;
    // The head of a record with a ClientHello, and then nothing; and a record that is none.
    for begun in [&b"\x16\x03\x01\x02\x00\x01"[..], b"\x16\x16\x16\x16\x16\x16\x16\x16"] {
        let mut stream = TcpStream::connect(stage.server.addr()).await?;
        stream.write_all(begun).await?;
        let (began, mut rest) = (Instant::now(), Vec::new());
        within("the server hangs up", stream.read_to_end(&mut rest)).await?.ok();
        ensure!(began.elapsed().as_secs() < 10, "it took {:?}", began.elapsed());
    }
    ensure!(stage.server.api()?.server().await?["protocol"] == 1, "it goes on");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_crosses_a_network_in_clear_text() -> Result<()> {
    let Some(network) = Namespace::new(52).await? else {
        skipped("TLS across a network", "no network namespace can be made here");
        return Ok(());
    };
    let options = ServerOptions {
        wrapper: network.wrapper(),
        host: Some(network.host()),
        args: vec!["--tls".into(), "self-signed".into()],
        ..ServerOptions::unhurried()
    };
    let server = confab_tests::Server::start(options).await?;
    let (addr, plain) =
        (server.addr(), reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?);
    for path in ["/", "/api/v1/server", "/socket.io/?EIO=4&transport=polling", "/join/CODE?x=1"] {
        let answer = plain.get(format!("http://{addr}{path}")).send().await?;
        let location = answer.headers().get("location").and_then(|location| location.to_str().ok());
        ensure!(answer.status() == 308 && location == Some(&format!("https://{addr}{path}")), "{path}: {answer:?}");
    }
    let upgrade = plain.get(format!("http://{addr}/socket.io/?EIO=4&transport=websocket"));
    let upgrade = upgrade.header("connection", "upgrade").header("upgrade", "websocket");
    let upgrade = upgrade.header("sec-websocket-version", "13").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    ensure!(upgrade.send().await?.status() == 308, "no WebSocket either");

    // Whoever types the bare address, or finds it in the list, is led to it all the same.
    let probe = entrance::probe(&addr.to_string()).await?;
    ensure!(probe.address == format!("https://{addr}") && matches!(probe.trust, Trust::Unknown { .. }), "{probe:?}");
    let setup = serde_json::from_value(json!({
        "setup_token": server.setup_token(), "server_name": "Ada's", "login": "ada", "display_name": "Ada",
        "password": "ada's password",
    }))?;
    let nearby = Nearby::look(&[network.interface().to_owned()]).map_err(anyhow::Error::msg)?;
    let ada = entrance::set_up(&probe.entry, &setup).await?;
    let mut list = nearby.servers();
    let list = within("the server announces itself", list.wait_for(|now| !now.is_empty())).await??.clone();
    ensure!(list[0].address == probe.address, "{list:?}");
    let http = confab_client::http::Http::new(&probe.address, ada.account.certificate.as_ref(), Some(ada.token))?;
    let invite = http.create_invite(&serde_json::from_value(json!({ "workspace": "general" }))?).await?;
    let Trust::Unknown { fingerprint } = probe.trust else { unreachable!("it was looked at above") };
    ensure!(invite.url == format!("https://{addr}/join/{}#{fingerprint}", invite.code), "{}", invite.url);
    ensure!(entrance::probe(&invite.url).await?.trust == Trust::Vouched, "{}", invite.url);
    Ok(())
}
