//! The API's own rules: setup, sign-up, invitations, and the form of every refusal.

use confab_protocol::account::SignUp;
use reqwest::Method;
use serde_json::json;

use crate::harness::{Person, SETUP, Server, code};

#[tokio::test]
async fn setup_happens_once_and_needs_its_token() {
    let server = Server::bare(|_| {}).await;
    let (_, info) = server.call(Method::GET, "/server", None, None).await;
    assert_eq!((info["setup_required"].as_bool(), info["protocol"].as_u64()), (Some(true), Some(1)), "{info}");
    let body = |token: &str| {
        json!({
            "setup_token": token, "server_name": "S", "login": "ada", "display_name": "Ada", "password": "correct horse"
        })
    };
    let (status, answer) = server.call(Method::POST, "/setup", None, Some(body("wrong"))).await;
    assert_eq!((status, code(&answer)), (401, "unauthorized"));
    let (status, _) = server.call(Method::POST, "/setup", None, Some(body(SETUP))).await;
    assert_eq!(status, 201);
    let (status, answer) = server.call(Method::POST, "/setup", None, Some(body(SETUP))).await;
    assert_eq!((status, code(&answer)), (409, "conflict"));
    let (_, info) = server.call(Method::GET, "/server", None, None).await;
    assert_eq!((info["setup_required"].as_bool(), info["name"].as_str()), (Some(false), Some("S")));
}

#[tokio::test]
async fn refusals_always_have_the_same_form() {
    let (server, owner) = Server::start().await;
    let url = |path: &str| format!("{}/api/v1{path}", server.base);
    let json_post = |path: &str| server.http.post(url(path)).header("content-type", "application/json");
    let cases = [
        (server.http.get(url("/nothing")), 404, "not_found"),
        (server.http.get(format!("{}/api", server.base)), 404, "not_found"),
        (server.http.post(url("/hooks/secret")), 404, "not_found"),
        (server.http.get(url("/files/x")), 401, "unauthorized"),
        (server.http.get(url("/files/x")).bearer_auth(&owner.token), 404, "not_found"),
        (server.http.put(url("/server")), 405, "bad_request"),
        (server.http.post(url("/sessions")).body("{}"), 415, "bad_request"),
        (json_post("/sessions").body("{\"login\""), 400, "bad_request"),
        (json_post("/sessions").body("{}"), 400, "bad_request"),
        (json_post("/sessions").body(r#"["ada", "correct horse", null]"#), 400, "bad_request"),
        (json_post("/sessions").body("x".repeat(70_000)), 413, "too_large"),
        (server.http.get(url("/me")), 401, "unauthorized"),
        (server.http.get(url("/me")).bearer_auth("wrong"), 401, "unauthorized"),
        (server.http.delete(url("/sessions/not-there")).bearer_auth(&owner.token), 404, "not_found"),
        (server.http.get(url("/invites/not-there")), 404, "not_found"),
    ];
    for (request, status, expected) in cases {
        let response = request.send().await.unwrap();
        let path = response.url().path().to_owned();
        assert_eq!(response.status(), status, "{path}");
        let body: serde_json::Value = response.json().await.unwrap();
        assert_eq!((body["ok"].as_bool(), code(&body)), (Some(false), expected), "{path}: {body}");
    }
}

#[tokio::test]
async fn who_may_come_in_is_the_owner_s_choice() {
    let account = |login: &str| json!({ "login": login, "display_name": "X", "password": "correct horse" });
    for (sign_up, guests, account_status, guest_status) in
        [(SignUp::Open, true, 201, 201), (SignUp::Invite, true, 403, 403), (SignUp::Closed, false, 403, 403)]
    {
        let (server, _) = Server::with(|config| (config.sign_up, config.guests) = (sign_up, guests)).await;
        let (status, answer) = server.call(Method::POST, "/accounts", None, Some(account("bob"))).await;
        assert_eq!(status, account_status, "{sign_up:?} {answer}");
        let (status, answer) =
            server.call(Method::POST, "/guests", None, Some(json!({ "display_name": "Gast" }))).await;
        assert_eq!(status, guest_status, "{sign_up:?} {answer}");
        if sign_up == SignUp::Open {
            let (status, answer) = server.call(Method::POST, "/accounts", None, Some(account("BOB"))).await;
            assert_eq!((status, code(&answer)), (409, "conflict"));
            let (status, _) = server.call(Method::POST, "/accounts", None, Some(account("b b"))).await;
            assert_eq!(status, 400);
        }
    }
}

#[tokio::test]
async fn an_invitation_is_used_up_withdrawn_and_followed() {
    let (server, owner) = Server::start().await;
    let once = server.invite(&owner, json!({ "workspace": "general", "max_uses": 1 })).await;
    let guest = |code: &str| json!({ "display_name": "Gast", "invite": code });
    let (status, info) = server.call(Method::GET, &format!("/invites/{once}"), None, None).await;
    assert_eq!((status, info), (200, json!({ "server_name": "Test", "workspace_name": "General" })));
    // The last use is atomic: of many who try at once, one gets in.
    let tries = (0..8).map(|_| server.call(Method::POST, "/guests", None, Some(guest(&once))));
    let statuses: Vec<u16> = futures_util::future::join_all(tries).await.into_iter().map(|(s, _)| s).collect();
    assert_eq!(statuses.iter().filter(|s| **s == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|s| [201, 404].contains(s)), "{statuses:?}");
    let many = server.invite(&owner, json!({ "workspace": "general" })).await;
    let (_, listed) = server.call(Method::GET, "/invites", Some(&owner), None).await;
    let url = listed["invites"].as_array().unwrap().iter().find(|i| i["code"] == many.as_str()).unwrap()["url"].clone();
    assert_eq!(url, format!("{}/join/{many}", server.base));
    let (_, answer) = server.call(Method::POST, "/guests", None, Some(guest(&many))).await;
    let person = Person::of(&answer);
    let redeem = format!("/invites/{many}/redeem");
    let (status, answer) = server.call(Method::POST, &redeem, Some(&person), None).await;
    assert_eq!((status, answer["workspace"]["slug"].as_str()), (200, Some("general")), "{answer}");
    let path = format!("/invites/{many}");
    assert_eq!(server.call(Method::DELETE, &path, Some(&person), None).await.0, 404, "not theirs");
    assert_eq!(server.call(Method::DELETE, &path, Some(&owner), None).await.0, 200);
    assert_eq!(server.call(Method::POST, "/guests", None, Some(guest(&many))).await.0, 404);
    for bad in [json!({ "workspace": "missing" }), json!({ "workspace": "general", "rooms": ["none"] })] {
        assert_eq!(server.call(Method::POST, "/invites", Some(&owner), Some(bad)).await.0, 404);
    }
    for bad in [json!({ "workspace": "general", "role": "owner" }), json!({ "workspace": "general", "max_uses": 0 })] {
        assert_eq!(server.call(Method::POST, "/invites", Some(&owner), Some(bad)).await.0, 400);
    }
}

#[tokio::test]
async fn a_profile_change_is_told_to_who_sees_it() {
    let (server, owner) = Server::start().await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/general", &owner).await;
    let change = json!({ "display_name": "  Bob \u{202e} B ", "status": "here" });
    let (status, user) = server.call(Method::PATCH, "/me", Some(&bob), Some(change)).await;
    assert_eq!((status, user["display_name"].as_str()), (200, Some("Bob B")));
    let told = ada.event("member:changed").await;
    assert_eq!(
        (told["member"]["display_name"].as_str(), told["member"]["id"].as_str()),
        (Some("Bob B"), Some(&*bob.id))
    );
    let (_, me) = server.call(Method::GET, "/me", Some(&bob), None).await;
    assert_eq!(me, user);
}

#[tokio::test]
async fn probes_tell_what_they_should_and_metrics_are_closed() {
    let (server, _) = Server::start().await;
    for path in ["/healthz", "/readyz"] {
        let response = server.http.get(format!("{}{path}", server.base)).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.json::<serde_json::Value>().await.unwrap(), json!({ "status": "ok" }));
    }
    assert_eq!(server.http.get(format!("{}/metrics", server.base)).send().await.unwrap().status(), 404);
}
