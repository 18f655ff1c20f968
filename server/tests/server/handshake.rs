//! Who gets into a namespace, and what becomes of a connection that is in none.

use std::time::Instant;

use confab_server::Config;
use reqwest::Method;
use serde_json::json;

use crate::client::Client;
use crate::harness::{Server, room};

fn impatient(config: &mut Config) {
    config.limits.handshake_seconds = 1;
}

#[tokio::test]
async fn who_knocks_while_the_server_stops_is_cut_off_and_not_told_that_there_is_no_such_namespace() {
    let (server, owner) = Server::start().await;
    let mut inside = server.connect("/general", &owner).await;
    let mut outside = Client::open(&server.base).await;
    server.handle.stop();
    inside.closed().await;
    // A library takes a refusal for the last word, and never comes back by itself; a connection that ended is tried again.
    assert_eq!(outside.knock("/general", &owner.token).await, None);
}

#[tokio::test]
async fn refusals_are_the_bare_code_and_tell_nothing_about_namespaces() {
    let (server, owner) = Server::start().await;
    let good = |token: &str| json!({ "token": token, "protocol": 1 });
    for namespace in ["/", "/general", "/missing", "/admin", "/a/b", "/GENERAL", "/general?x=1"] {
        for auth in [json!(null), json!({}), json!({ "token": 7 }), json!({ "token": "" }), json!("x"), good("wrong")] {
            assert_eq!(server.refusal(namespace, auth.clone()).await, "unauthorized", "{namespace} {auth}");
        }
    }
    for namespace in ["/missing", "/admin", "/api", "/a/b", "/GENERAL", "/general?x=1", "/%2e%2e"] {
        assert_eq!(server.refusal(namespace, good(&owner.token)).await, "not_found", "{namespace}");
    }
    for version in [json!(2), json!(0), json!("1"), json!(-1)] {
        let auth = json!({ "token": owner.token, "protocol": version });
        assert_eq!(server.refusal("/", auth.clone()).await, "bad_request", "{auth}");
    }
}

#[tokio::test]
async fn a_workspace_that_one_is_not_in_looks_like_none() {
    let (server, owner) = Server::start().await;
    let mut lobby = server.connect("/", &owner).await;
    let made = lobby.request("workspace:create", json!({ "slug": "closed", "name": "Closed" })).await;
    assert_eq!(made["ok"], true, "{made}");
    let bob = server.member(&owner, "bob").await;
    let auth = json!({ "token": bob.token, "protocol": 1 });
    assert_eq!(server.refusal("/closed", auth.clone()).await, server.refusal("/missing", auth).await);
}

#[tokio::test]
async fn a_thousand_unknown_namespaces_leave_nothing_behind() {
    let (server, owner) =
        Server::with(|config| config.metrics_token = Some(confab_protocol::account::Secret("m".into()))).await;
    let before = namespaces(&server).await;
    let mut client = Client::open(&server.base).await;
    for i in 0..1000 {
        let token = if i % 2 == 0 { owner.token.as_str() } else { "wrong" };
        let refused = client.connect(&format!("/no-{i}"), json!({ "token": token })).await.unwrap_err();
        assert_eq!(refused, if i % 2 == 0 { "not_found" } else { "unauthorized" });
    }
    assert_eq!(namespaces(&server).await, before);
    client.join("/general", &owner.token).await.expect("the connection is still good");
}

#[tokio::test]
async fn a_workspace_made_while_its_name_is_knocked_at_is_open_afterwards() {
    let (server, owner) = Server::start().await;
    let mut lobby = server.connect("/", &owner).await;
    let base = server.base.clone();
    let knocking = tokio::spawn(async move {
        let mut client = Client::open(&base).await;
        for i in 0..400 {
            let _ = client.connect(&format!("/ws-{}", i % 20), json!({ "token": "wrong" })).await;
        }
    });
    for i in 0..20 {
        let body = json!({ "slug": format!("ws-{i}"), "name": "W" });
        assert_eq!(lobby.request("workspace:create", body).await["ok"], true);
    }
    knocking.await.unwrap();
    for i in 0..20 {
        server.connect(&format!("/ws-{i}"), &owner).await;
    }
}

#[tokio::test]
async fn connections_without_a_namespace_are_closed_in_time() {
    let (server, owner) = Server::with(impatient).await;
    let started = Instant::now();
    let mut silent = Client::open(&server.base).await;
    let mut refused = Client::open(&server.base).await;
    assert!(refused.connect("/", json!({ "token": "wrong" })).await.is_err());
    let mut left = server.connect("/general", &owner).await;
    left.raw("41/general,").await;
    silent.closed().await;
    refused.closed().await;
    left.closed().await;
    let took = started.elapsed().as_secs_f32();
    assert!((0.9..8.0).contains(&took), "{took}");
}

#[tokio::test]
async fn a_connection_may_leave_one_namespace_and_join_another() {
    let (server, owner) = Server::with(impatient).await;
    let mut client = server.connect("/general", &owner).await;
    // What is on its way for the one is no answer to the other.
    let said = json!({ "room": room(&client.ready, "general"), "cid": "1", "text": "good bye" });
    client.send("message:send", said).await;
    client.leave().await;
    // Both are with the server at once, however slow this machine is; that it reads the one is no answer to the other.
    client.join("/", &owner.token).await.unwrap();
    let beyond = std::time::Duration::from_millis(1500);
    assert!(tokio::time::timeout(beyond, client.closed()).await.is_err(), "it was cut for having no namespace");
    client.fence().await;
}

#[tokio::test]
async fn a_user_has_only_so_many_sockets() {
    let (server, owner) = Server::with(|config| config.limits.sockets_per_user = 3).await;
    let mut open = Vec::new();
    for namespace in ["/", "/general", "/general"] {
        open.push(server.connect(namespace, &owner).await);
    }
    let auth = json!({ "token": owner.token });
    assert_eq!(server.refusal("/", auth.clone()).await, "rate_limited");
    drop(open.pop());
    // The place is free once the server has seen the end of the connection.
    let deadline = Instant::now() + crate::harness::DEADLINE;
    loop {
        let mut client = Client::open(&server.base).await;
        match client.connect("/", auth.clone()).await {
            Ok(()) => break,
            Err(code) => assert!(code == "rate_limited" && Instant::now() < deadline, "{code}"),
        }
    }
}

#[tokio::test]
async fn pages_from_elsewhere_are_refused_before_a_session_exists() {
    let (server, owner) = Server::with(|config| config.origins = vec!["https://web.example".into()]).await;
    let polling = format!("{}/socket.io/?EIO=4&transport=polling", server.base);
    let own = server.base.clone();
    for (origin, status) in [
        (None, 200),
        (Some(own.as_str()), 200),
        (Some("https://web.example"), 200),
        (Some("null"), 403),
        (Some("http://evil.example"), 403),
        (Some("http://127.0.0.1:1"), 403),
    ] {
        let mut request = server.http.get(&polling);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{origin:?}");
        if origin == Some("https://web.example") {
            assert_eq!(response.headers()["access-control-allow-origin"], "https://web.example");
        }
    }
    let websocket = server
        .http
        .get(format!("{}/socket.io/?EIO=4&transport=websocket", server.base))
        .header("origin", "http://evil.example")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(websocket.send().await.unwrap().status(), 403);
    let change = server
        .http
        .request(Method::DELETE, format!("{}/api/v1/sessions/current", server.base))
        .bearer_auth(&owner.token)
        .header("origin", "http://evil.example");
    assert_eq!(change.send().await.unwrap().status(), 403);
}

async fn namespaces(server: &Server) -> String {
    let text = server.http.get(format!("{}/metrics", server.base)).bearer_auth("m").send().await.unwrap();
    let text = text.text().await.unwrap();
    text.lines().find(|line| line.starts_with("confab_namespaces ")).unwrap().to_owned()
}
