//! What a careless or hostile client sends. Never a hang, never a crash: an answer or a closed connection, and the server
//! goes on serving everybody else.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use confab_tests::{ServerOptions, Stage, Wire, cid, room_id, until, within};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A healthy client comes in, sends and is answered.
async fn still_serves(stage: &Stage) -> Result<()> {
    let (mut cem, ready) = stage.enter(&stage.cem).await?;
    let room = room_id(&ready, "general")?;
    cem.ok("/general", "message:send", json!({ "room": room, "cid": cid(), "text": "still here" })).await?;
    Ok(())
}

/// A server that closes half-open connections after one second instead of ten.
async fn impatient_stage() -> Result<Stage> {
    let mut options = ServerOptions::unhurried();
    options.config.push_str("handshake_seconds = 1\n");
    Stage::with(options).await
}

#[tokio::test]
async fn payloads_of_another_shape_are_answered() -> Result<()> {
    let stage = Stage::new().await?;
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let room = room_id(&ready, "general")?;
    let nested = format!(r#"["room:join",{{"room":{}1{}}}]"#, "[".repeat(100), "]".repeat(100));
    let huge = format!(r#"["room:join",{{"room":"{}"}}]"#, "x".repeat(100_000));
    let wrong: &[&str] = &[
        r#"["room:join"]"#,
        r#"["room:join",null]"#,
        r#"["room:join",7]"#,
        r#"["room:join","general"]"#,
        r#"["room:join",[]]"#,
        r#"["room:join",[{"room":"x"}]]"#,
        r#"["room:join",{}]"#,
        r#"["room:join",{"room":7}]"#,
        r#"["room:join",{"room":null}]"#,
        r#"["room:join",{"room":""}]"#,
        r#"["room:join",{"room":"a b"}]"#,
        r#"["room:join",{"room":"x","after":1.5}]"#,
        r#"["room:join",{"room":"x","after":-1}]"#,
        r#"["room:join",{"room":"x","after":1e400}]"#,
        r#"["message:send",{"room":"x","cid":"\ud800","text":"a lone surrogate"}]"#,
        &nested,
        &huge,
    ];
    for payload in wrong {
        let id = bob.ask_raw("/general", payload).await?;
        match bob.reply("/general", id).await {
            Ok(reply) => ensure!(reply["error"]["code"] == "bad_request", "{payload:.120} answered {reply}"),
            // What is not even JSON to the parser below may end the connection instead.
            Err(gone) => {
                ensure!(payload.contains("1e400") || payload.contains("ud800"), "{payload:.120}: {gone:#}");
                bob = stage.enter(&stage.bob).await?.0;
            }
        }
    }
    let id = bob
        .ask_raw("/general", &json!(["room:join", { "room": room, "bogus": { "deep": [1, 2] } }]).to_string())
        .await?;
    ensure!(bob.reply("/general", id).await?["ok"] == true, "unknown fields are ignored");
    still_serves(&stage).await
}

#[tokio::test]
async fn frames_that_are_no_packets_are_answered_or_end_the_connection() -> Result<()> {
    let stage = Stage::new().await?;
    let frames = [
        "",
        "9",
        "x",
        "4",
        "42",
        "49",
        "4x",
        "43/general,1[]",
        "41/nowhere,",
        "42/general",
        "42/general,",
        "42/general,[",
        "42/general,{}",
        "42/general,7",
        "42/general,7[]",
        "42/general,7[7]",
        "42/general,7[null,{}]",
        "42/general,99999999999999999999999[\"link:ping\",{}]",
        "42/nowhere,1[\"link:ping\",{}]",
        "42[\"link:ping\",{}]",
        "45/general,",
        "451-/general,[\"x\",{\"_placeholder\":true,\"num\":0}]",
        "4599999999-/general,[\"x\",{}]",
        "46/general,1-[{}]",
        "40/general,{\"token\":",
        "40/general,[]",
        "40/general",
        "3",
        "5",
        "6",
        "bAAAA",
        "42/general,1[\"link:ping\",{}]\u{0}",
        "42/general,1[\"connect\",{}]",
        "42/general,1[\"disconnect\",{}]",
    ];
    for frame in frames {
        let (mut bob, _) = stage.enter(&stage.bob).await?;
        bob.text(frame).await?;
        // Either the server hung up, or this connection still works. A server that neither closes nor answers fails here.
        let asked = bob.ask("/general", "link:ping", json!({})).await;
        if asked.is_ok() {
            let answered = async { bob.reply("/general", asked.unwrap_or_default()).await };
            if let Err(error) = within(frame, answered).await? {
                ensure!(!format!("{error:#}").contains("waited"), "{frame:?}: {error:#}");
            }
        }
    }
    let (mut bob, _) = stage.enter(&stage.bob).await?;
    bob.binary(vec![0, 1, 2, 0x1e, 0xff]).await?;
    if let Ok(id) = bob.ask("/general", "link:ping", json!({})).await {
        let _ = bob.reply("/general", id).await;
    }
    still_serves(&stage).await
}

#[tokio::test]
async fn an_event_before_connect_reaches_nothing() -> Result<()> {
    let stage = Stage::new().await?;
    let mut wire = Wire::open(stage.server.addr()).await?;
    wire.text(r#"42/general,1["room:list",{}]"#).await?;
    let reply = wire.reply("/general", 1).await;
    ensure!(reply.is_err(), "a stranger was answered: {reply:?}");
    still_serves(&stage).await
}

#[tokio::test]
async fn refusals_at_the_door() -> Result<()> {
    let stage = Stage::new().await?;
    stage_closed_workspace(&stage).await?;
    let mut wire = Wire::open(stage.server.addr()).await?;
    for auth in ["", "{}", "[]", "null", "7", r#"{"token":""}"#, r#"{"token":7}"#, r#"{"token":"guess"}"#] {
        for namespace in ["/", "/general", "/closed", "/nowhere", "/admin"] {
            let answer = match wire.connect_with(namespace, auth).await {
                Ok(answer) => answer,
                Err(_) => {
                    // The server may also hang up on what is no auth payload at all.
                    wire = Wire::open(stage.server.addr()).await?;
                    continue;
                }
            };
            let code = answer.err().map(|refused| refused.0);
            ensure!(code.as_deref() == Some("unauthorized"), "{namespace} with {auth:?}: {code:?}");
        }
    }
    for namespace in ["/closed", "/nowhere", "/admin", "/a/b", "/UPPER"] {
        let code = Wire::open(stage.server.addr()).await?.connect(namespace, &stage.bob.token).await?.err();
        let code = code.map(|refused| refused.0);
        ensure!(code.as_deref() == Some("not_found"), "{namespace}: {code:?}");
    }
    still_serves(&stage).await
}

#[tokio::test]
async fn half_open_connections_are_closed() -> Result<()> {
    let stage = impatient_stage().await?;
    let mut silent = Wire::open(stage.server.addr()).await?;
    silent.closed().await?;
    let mut refused = Wire::open(stage.server.addr()).await?;
    ensure!(refused.connect("/general", "guess").await?.is_err(), "a guess is refused");
    refused.closed().await?;
    let (mut left, _) = stage.enter(&stage.bob).await?;
    left.text("41/general,").await?;
    left.closed().await?;
    still_serves(&stage).await
}

/// Reads until the other side closes: what came.
async fn read_to_end(tcp: &mut TcpStream) -> Result<String> {
    let mut bytes = Vec::new();
    // A reset is as good an end as a FIN.
    let _ = within("the server closes the connection", tcp.read_to_end(&mut bytes)).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[tokio::test]
async fn slow_requests_do_not_hold_a_connection() -> Result<()> {
    let stage = impatient_stage().await?;
    let beginnings = [
        "",
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        "POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
        "POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    ];
    for beginning in beginnings {
        let mut tcp = TcpStream::connect(stage.server.addr()).await?;
        tcp.write_all(beginning.as_bytes()).await?;
        let answer = read_to_end(&mut tcp).await?;
        ensure!(!answer.starts_with("HTTP/1.1 2"), "{beginning:?} answered {answer}");
    }
    still_serves(&stage).await
}

#[tokio::test]
async fn many_silent_connections_lock_nobody_out_for_long() -> Result<()> {
    let stage = impatient_stage().await?;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(TcpStream::connect(stage.server.addr()).await?);
    }
    still_serves(&stage).await?;
    for mut tcp in silent {
        read_to_end(&mut tcp).await?;
    }
    Ok(())
}

async fn polling(addr: SocketAddr, origin: Option<&str>) -> Result<u16> {
    let mut request = reqwest::Client::new().get(format!("http://{addr}/socket.io/?EIO=4&transport=polling"));
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    Ok(request.timeout(Duration::from_secs(10)).send().await?.status().as_u16())
}

#[tokio::test]
async fn foreign_origins_are_refused_on_both_transports() -> Result<()> {
    let stage = Stage::new().await?;
    let addr = stage.server.addr();
    let own = format!("http://{addr}");
    let foreign =
        ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1", "http://localhost.evil.example", ""];
    for origin in foreign {
        let tcp = TcpStream::connect(addr).await?;
        ensure!(Wire::over(tcp, addr, Some(origin)).await.is_err(), "WebSocket from {origin:?} was let in");
        ensure!(polling(addr, Some(origin)).await? == 403, "polling from {origin:?} was let in");
    }
    Wire::over(TcpStream::connect(addr).await?, addr, Some(&own)).await?;
    ensure!(polling(addr, Some(&own)).await? == 200, "its own origin");
    ensure!(polling(addr, None).await? == 200, "no origin at all: bots");
    still_serves(&stage).await
}

#[tokio::test]
async fn a_frame_may_be_as_large_as_the_limit_and_no_larger() -> Result<()> {
    let stage = Stage::new().await?;
    let (mut bob, _) = stage.enter(&stage.bob).await?;
    bob.ok("/general", "link:ping", json!({ "padding": "x".repeat(120 * 1024) })).await?;
    let padded = json!(["link:ping", { "padding": "x".repeat(129 * 1024) }]).to_string();
    // The server may close as soon as it has read the length: then the write fails, or the reply does.
    if let Ok(id) = bob.ask_raw("/general", &padded).await
        && let Ok(reply) = bob.reply("/general", id).await
    {
        ensure!(reply["error"]["code"] == "too_large", "an oversize frame was answered {reply}");
    }
    let (mut bob, _) = stage.enter(&stage.bob).await?;
    if bob.binary(vec![0; 1024 * 1024]).await.is_ok() {
        bob.closed().await?;
    }
    still_serves(&stage).await
}

#[tokio::test]
async fn an_oversize_body_over_long_polling_is_refused() -> Result<()> {
    let stage = Stage::new().await?;
    let base = format!("{}/socket.io/?EIO=4&transport=polling", stage.server.url());
    let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
    let open = http.get(&base).send().await?.text().await?;
    let open: Value = serde_json::from_str(open.strip_prefix('0').unwrap_or_default())?;
    ensure!(open["maxPayload"] == 128 * 1024, "the limit is told in the handshake: {open}");
    let session = format!("{base}&sid={}", open["sid"].as_str().unwrap_or_default());
    let auth = json!({ "token": stage.bob.token, "protocol": 1 });
    let entered = http.post(&session).body(format!("40/general,{auth}")).send().await?;
    ensure!(entered.status() == 200, "CONNECT over polling answered {}", entered.status());
    let oversize = format!("42/general,1{}", json!(["link:ping", { "padding": "x".repeat(200 * 1024) }]));
    match http.post(&session).body(oversize).send().await {
        Ok(answer) => ensure!(answer.status().is_client_error(), "an oversize body answered {}", answer.status()),
        Err(gone) => ensure!(!gone.is_timeout(), "the server hung on an oversize body"),
    }
    for path in ["sid=nobody&EIO=4&transport=polling", "EIO=3&transport=polling", "EIO=4&transport=pigeon", "EIO=4", ""]
    {
        // A connection of its own: the one above may have been closed with the oversize body.
        let http = reqwest::Client::new();
        let status = http.get(format!("{}/socket.io/?{path}", stage.server.url())).send().await?.status();
        ensure!(status.is_client_error(), "{path} answered {status}");
    }
    still_serves(&stage).await
}

#[tokio::test]
async fn wrong_calls_over_http_have_the_same_error_object() -> Result<()> {
    let stage = Stage::new().await?;
    let (nobody, bob) = (stage.server.api()?, stage.api(&stage.bob)?);
    nobody.refused(404, "not_found", Method::GET, "/nowhere", None).await?;
    nobody.refused(404, "not_found", Method::GET, "/invites/no-such-code", None).await?;
    nobody.refused(401, "unauthorized", Method::GET, "/me", None).await?;
    nobody.as_user("guess").refused(401, "unauthorized", Method::GET, "/sessions", None).await?;
    nobody.refused(400, "bad_request", Method::POST, "/sessions", Some(json!([]))).await?;
    nobody.refused(400, "bad_request", Method::POST, "/sessions", Some(json!({ "login": 7, "password": "x" }))).await?;
    nobody
        .refused(401, "unauthorized", Method::POST, "/sessions", Some(json!({ "login": "ada", "password": "x" })))
        .await?;
    bob.refused(404, "not_found", Method::POST, "/invites", Some(json!({ "workspace": "nowhere" }))).await?;
    bob.refused(404, "not_found", Method::DELETE, "/sessions/0190-not-mine", None).await?;
    let short = json!({ "login": "dan", "display_name": "Dan", "password": "short", "invite": stage.invite });
    nobody.refused(400, "bad_request", Method::POST, "/accounts", Some(short)).await?;
    let uninvited = json!({ "login": "dan", "display_name": "Dan", "password": "long enough" });
    nobody.refused(403, "forbidden", Method::POST, "/accounts", Some(uninvited)).await?;
    let huge = json!({ "login": "x".repeat(256 * 1024), "password": "x" });
    nobody.refused(413, "too_large", Method::POST, "/sessions", Some(huge)).await?;
    for later in ["/files/x", "/export", "/bots"] {
        bob.refused(404, "not_found", Method::GET, later, None).await?;
    }
    still_serves(&stage).await
}

#[tokio::test]
async fn guessing_passwords_is_slowed_per_account() -> Result<()> {
    let stage = Stage::with(ServerOptions::default()).await?;
    let api = stage.server.api()?;
    let guess = json!({ "login": "ada", "password": "a guess" });
    until("the account is closed to guesses for a while", async || {
        let (status, answer) = api.call(Method::POST, "/sessions", Some(guess.clone())).await.ok()?;
        (status == 429 && answer["error"]["code"] == "rate_limited").then_some(())
    })
    .await?;
    let right = json!({ "login": "ada", "password": stage.ada.password });
    api.refused(429, "rate_limited", Method::POST, "/sessions", Some(right)).await?;
    let bob = api.sign_in("bob", &stage.bob.password, "phone").await?;
    ensure!(bob["token"].is_string(), "others may still sign in");
    still_serves(&stage).await
}
async fn stage_closed_workspace(stage: &Stage) -> Result<()> {
    let mut ada = Wire::open(stage.server.addr()).await?;
    ada.connect("/", &stage.ada.token).await??;
    ada.ok("/", "workspace:create", json!({ "slug": "closed", "name": "Closed" })).await?;
    Ok(())
}
