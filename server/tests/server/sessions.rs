//! Sessions: made, listed, ended.

use std::time::Instant;

use reqwest::Method;
use serde_json::json;

use crate::harness::{Person, Server, code};

#[tokio::test]
async fn a_revoked_session_is_told_and_closed_within_a_second() {
    let (server, owner) = Server::start().await;
    let body = json!({ "login": "ada", "password": "correct horse", "device": "Second" });
    let (status, answer) = server.call(Method::POST, "/sessions", None, Some(body)).await;
    assert_eq!(status, 201, "{answer}");
    let second = Person::of(&answer);
    let mut lobby = server.connect("/", &second).await;
    let mut inside = server.connect("/general", &second).await;
    let mut own = server.connect("/", &owner).await;
    let (_, listed) = server.call(Method::GET, "/sessions", Some(&owner), None).await;
    let sessions = listed["sessions"].as_array().unwrap();
    let other = sessions.iter().find(|session| session["device"] == "Second").unwrap();
    assert_eq!(other["current"], false);
    let started = Instant::now();
    let path = format!("/sessions/{}", other["id"].as_str().unwrap());
    let (status, _) = server.call(Method::DELETE, &path, Some(&owner), None).await;
    assert_eq!(status, 200);
    lobby.event("session:revoked").await;
    lobby.closed().await;
    inside.closed().await;
    assert!(started.elapsed().as_secs_f32() < 1.0);
    own.fence().await;
    assert_eq!(server.refusal("/", json!({ "token": second.token })).await, "unauthorized");
    let (status, _) = server.call(Method::GET, "/me", Some(&second), None).await;
    assert_eq!(status, 401);
    let (status, _) = server.call(Method::DELETE, &path, Some(&owner), None).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_session_that_ends_while_it_connects_does_not_stay() {
    let (server, owner) = Server::start().await;
    for _ in 0..20 {
        let body = json!({ "login": "ada", "password": "correct horse" });
        let second = Person::of(&server.call(Method::POST, "/sessions", None, Some(body)).await.1);
        let (base, token) = (server.base.clone(), second.token.clone());
        let connecting = tokio::spawn(async move {
            let mut client = crate::client::Client::open(&base).await;
            let connected = client.connect("/general", json!({ "token": token })).await.is_ok();
            (client, connected)
        });
        let (status, _) = server.call(Method::DELETE, "/sessions/current", Some(&second), None).await;
        assert_eq!(status, 200);
        let (mut client, connected) = connecting.await.unwrap();
        if connected {
            client.dismissed().await;
        }
    }
    server.connect("/general", &owner).await.fence().await;
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let (server, owner) = Server::start().await;
    let sign_in = |password: &str| json!({ "login": "ada", "password": password });
    let second = Person::of(&server.call(Method::POST, "/sessions", None, Some(sign_in("correct horse"))).await.1);
    let mut there = server.connect("/", &second).await;
    let change = |current: &str| json!({ "password": "battery staple", "current_password": current });
    let (status, _) = server.call(Method::PATCH, "/me", Some(&owner), Some(change("wrong"))).await;
    assert_eq!(status, 403);
    let (status, answer) = server.call(Method::PATCH, "/me", Some(&owner), Some(change("correct horse"))).await;
    assert_eq!(status, 200, "{answer}");
    there.closed().await;
    assert_eq!(server.call(Method::GET, "/me", Some(&owner), None).await.0, 200);
    assert_eq!(server.call(Method::POST, "/sessions", None, Some(sign_in("correct horse"))).await.0, 401);
    assert_eq!(server.call(Method::POST, "/sessions", None, Some(sign_in("battery staple"))).await.0, 201);
}

#[tokio::test]
async fn guessing_is_stopped_and_unknown_logins_look_like_wrong_passwords() {
    let (server, _) = Server::with(|config| {
        config.limits.sign_in_failures = 3;
        config.limits.sign_in_failures_per_address = 6;
    })
    .await;
    let guess = |login: &str| json!({ "login": login, "password": "wrong password" });
    let wrong = server.call(Method::POST, "/sessions", None, Some(guess("ada"))).await;
    let unknown = server.call(Method::POST, "/sessions", None, Some(guess("nobody"))).await;
    assert_eq!(wrong, unknown);
    assert_eq!((wrong.0, code(&wrong.1)), (401, "unauthorized"));
    for _ in 0..2 {
        server.call(Method::POST, "/sessions", None, Some(guess("ada"))).await;
    }
    let good = json!({ "login": "ada", "password": "correct horse" });
    let (status, answer) = server.call(Method::POST, "/sessions", None, Some(good)).await;
    assert_eq!((status, code(&answer)), (429, "rate_limited"));
    assert!(answer["error"]["retry_after_ms"].as_u64().unwrap() > 60_000);
    for login in ["a", "b"] {
        assert_eq!(server.call(Method::POST, "/sessions", None, Some(guess(login))).await.0, 401);
    }
    assert_eq!(server.call(Method::POST, "/sessions", None, Some(guess("c"))).await.0, 429);
}

#[tokio::test]
async fn a_browser_keeps_its_session_in_a_cookie_that_only_its_own_page_can_use() {
    let (server, _) = Server::start().await;
    let sign_in = server
        .http
        .post(format!("{}/api/v1/sessions", server.base))
        .header("x-confab-session", "cookie")
        .header("origin", &server.base)
        .json(&json!({ "login": "ada", "password": "correct horse" }));
    let response = sign_in.send().await.unwrap();
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/"), "{cookie}");
    let pair = cookie.split(';').next().unwrap().to_owned();
    let call = |method: Method, origin: Option<String>| {
        let path = if method == Method::GET { "/me" } else { "/sessions/current" };
        let mut request = server.http.request(method, format!("{}/api/v1{path}", server.base)).header("cookie", &pair);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        request
    };
    assert_eq!(call(Method::GET, None).send().await.unwrap().status(), 200);
    assert_eq!(call(Method::DELETE, None).send().await.unwrap().status(), 401, "a change must name its origin");
    assert_eq!(call(Method::DELETE, Some("http://evil.example".into())).send().await.unwrap().status(), 403);
    // Over a WebSocket, with the page's own origin and without.
    for (origin, welcome) in [(Some(server.base.as_str()), true), (None, false)] {
        let connected = crate::polling::websocket_with_cookie(&server.base, &pair, origin).await;
        assert_eq!(connected, welcome, "{origin:?}");
    }
    let ended = call(Method::DELETE, Some(server.base.clone())).send().await.unwrap();
    assert_eq!(ended.status(), 200);
    assert!(ended.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(call(Method::GET, None).send().await.unwrap().status(), 401);
}
