//! What people keep for themselves, and who hears of it: on every device of theirs, and by nobody else.

use confab_protocol::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Server, code, room};

fn soon(ms: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(now.as_millis()).unwrap() + ms).to_string()
}

#[tokio::test]
async fn what_somebody_keeps_is_in_sync_between_their_devices() {
    let (server, owner) = Server::start().await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/general", &owner).await;
    let mut one = server.connect("/", &bob).await;
    let mut two = server.connect("/", &bob).await;
    assert_eq!(one.ready["personal"], json!({ "invisible": false, "ignored": [], "reminders": [] }));

    let until = soon(60_000);
    let quiet = json!({ "from": 1320, "to": 420, "days": 127 });
    let set = one.request("personal:set", json!({ "dnd_until": until, "quiet": quiet })).await;
    assert_eq!((&set["personal"]["dnd_until"], &set["personal"]["quiet"]), (&json!(until), &quiet), "{set}");
    assert_eq!(two.event("personal:changed").await["personal"], set["personal"]);
    let changed = ada.event_where("member:changed", |push| push["member"]["id"] == bob.id.as_str()).await;
    assert_eq!(changed["member"]["dnd_until"], json!(until), "others see that somebody is not to be disturbed");
    let bad = one.request("personal:set", json!({ "quiet": { "from": 1440, "to": 0, "days": 1 } })).await;
    assert_eq!(code(&bad), "bad_request");

    let general = room(&ada.ready, "general");
    let reminder =
        |at: String| json!({ "workspace": "general", "room": general, "text": " tea \n", "seq": 3, "at": at });
    assert_eq!(code(&one.request("reminder:set", reminder(soon(-1))).await), "bad_request");
    let foreign = json!({ "workspace": "general", "room": "nowhere", "text": "tea", "at": soon(1_000) });
    assert_eq!(code(&one.request("reminder:set", foreign).await), "not_found");
    let set = one.request("reminder:set", reminder(soon(1_000))).await;
    let kept = &set["personal"]["reminders"][0];
    assert_eq!((&kept["text"], &kept["seq"]), (&json!("tea"), &json!(3)), "{set}");
    two.event_where("personal:changed", |push| push["personal"]["reminders"][0]["text"] == "tea").await;
    let fresh = server.connect("/", &bob).await;
    assert_eq!(fresh.ready["personal"], set["personal"], "and a device that comes later");
    two.request("reminder:remove", json!({ "id": set["personal"]["reminders"][0]["id"] })).await;
    one.event_where("personal:changed", |push| push["personal"]["reminders"] == json!([])).await;
    assert_eq!(code(&one.request("user:ignore", json!({ "user": bob.id, "on": true })).await), "bad_request");
    ada.fence().await;
    assert!(ada.seen("personal:changed").is_empty());
}

#[tokio::test]
async fn attention_is_wanted_as_levels_and_ignoring_say() {
    let (server, owner) = Server::start().await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/general", &owner).await;
    let mut lobby = server.connect("/", &bob).await;
    let mut inside = server.connect("/general", &bob).await;
    let (general, random) = (room(&ada.ready, "general"), room(&ada.ready, "random"));
    let mut says = async |room: &str, cid: &str, text: &str| {
        let sent = ada.request("message:send", json!({ "room": room, "cid": cid, "text": text })).await;
        assert_eq!(sent["ok"], true, "{sent}");
    };
    says(&general, "1", "nobody is meant").await;
    says(&general, "2", "@bob, it was ||Carol||").await;
    let wanted = lobby.event("attention:wanted").await;
    assert_eq!((wanted["why"].as_str(), wanted["excerpt"].as_str()), (Some("mention"), Some("@bob, it was ▒▒▒")));
    assert_eq!(
        (wanted["room_name"].as_str(), wanted["author_name"].as_str(), wanted["workspace"].as_str()),
        (Some("general"), Some("Ada"), Some("general")),
        "{wanted}"
    );
    inside.request("room:update", json!({ "room": random, "level": "all" })).await;
    says(&random, "3", "anything").await;
    assert_eq!(lobby.event("attention:wanted").await["why"], "all");
    says(&random, "4", "lunch, @here").await;
    let wide = lobby.event("attention:wanted").await;
    assert_eq!((wide["why"].as_str(), wide["excerpt"].as_str()), (Some("room"), Some("lunch, @here")));
    let muted = inside.request("room:update", json!({ "room": random, "muted": true })).await;
    assert_eq!((&muted["room"]["level"], &muted["room"]["muted"]), (&json!("none"), &json!(true)));
    says(&random, "5", "@bob in vain").await;
    lobby.request("user:ignore", json!({ "user": owner.id, "on": true })).await;
    says(&general, "6", "@bob in vain, too").await;
    let counted = |push: &Value| push["room"] == general.as_str() && push["unread"] == 3;
    let unread = lobby.event_where("unread:changed", counted).await;
    assert_eq!(unread["mentions"], 0, "who is ignored mentions nobody, not even before");
    lobby.request("user:ignore", json!({ "user": owner.id, "on": false })).await;
    let direct = ada.request("direct:open", json!({ "users": [bob.id] })).await["room"]["id"].clone();
    ada.request("message:send", json!({ "room": direct, "cid": "7", "text": "psst" })).await;
    let last = lobby.event("attention:wanted").await;
    assert_eq!((last["why"].as_str(), &last["room_name"]), (Some("direct"), &Value::Null), "{last}");
    assert_eq!(last["excerpt"], "psst", "neither of those in vain came before");
}

#[tokio::test]
async fn a_status_ends_by_itself_and_everybody_hears_of_it() {
    let (server, owner) = Server::start().await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/general", &owner).await;
    let body = json!({ "status": "🍜 lunch", "status_until": soon(400) });
    let (status, user) = server.call(Method::PATCH, "/me", Some(&bob), Some(body.clone())).await;
    assert_eq!((status, &user["status_until"]), (200, &body["status_until"]), "{user}");
    let of_bob =
        |push: &Value, status: Value| push["member"]["id"] == bob.id.as_str() && push["member"]["status"] == status;
    ada.event_where("member:changed", |push| of_bob(push, json!("🍜 lunch"))).await;
    ada.event_where("member:changed", |push| of_bob(push, Value::Null)).await;
    // One that ended while the server was down.
    let body = json!({ "status": "brb", "status_until": soon(300) });
    server.call(Method::PATCH, "/me", Some(&owner), Some(body)).await;
    let server = server.restart().await;
    let mut again = server.connect("/general", &bob).await;
    let gone = |push: &Value| push["member"]["id"] == owner.id.as_str() && push["member"].get("status").is_none();
    if again.ready["members"].as_array().unwrap().iter().any(|member| member.get("status").is_some()) {
        again.event_where("member:changed", gone).await;
    }
    let (_, me) = server.call(Method::GET, "/me", Some(&owner), None).await;
    assert_eq!(me.get("status"), None, "{me}");
}

#[tokio::test]
async fn somebody_invisible_is_offline_to_the_others() {
    let (server, owner) = Server::start().await;
    let bob = server.member(&owner, "bob").await;
    let mut ada = server.connect("/general", &owner).await;
    let mut lobby = server.connect("/", &bob).await;
    let inside = server.connect("/general", &bob).await;
    let of_bob = |state: &'static str| {
        let id = bob.id.clone();
        move |push: &Value| push["user"] == id.as_str() && push["state"] == state
    };
    ada.event_where("presence:changed", of_bob("online")).await;
    lobby.request("personal:set", json!({ "invisible": true })).await;
    ada.event_where("presence:changed", of_bob("offline")).await;
    let general = room(&ada.ready, "general");
    assert_eq!(ada.request("room:join", json!({ "room": general })).await["online"], 1);
    // It holds for a link that comes later, too.
    drop(inside);
    let mut later = server.connect("/general", &bob).await;
    later.request("presence:set", json!({ "state": "online" })).await;
    let seen = server.connect("/general", &owner).await;
    let member = |ready: &Value| ready["members"].as_array().unwrap().iter().find(|m| m["login"] == "bob").cloned();
    assert_eq!(member(&seen.ready).unwrap()["presence"], "offline");
    lobby.request("personal:set", json!({})).await;
    ada.event_where("presence:changed", of_bob("online")).await;
}
