//! The façade over scripted links: what a shell sees, and what happens to its calls.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, in its helpers too")]

mod support;

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use confab_client::link::{Down, Factory, Frame, Link, LinkEvent, Opened, Target};
use confab_client::local::Local;
use confab_client::session::{Identity, Session};
use confab_client::view::{Account, LinkState, NewMessage, Update};
use confab_protocol::account::{Secret, User};
use confab_protocol::workspace::Presence;
use confab_protocol::{Error, ErrorCode};
use serde_json::{Value, json};
use support::soon;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// A link whose other end the test holds.
struct Wire {
    target: Target,
    events: mpsc::Sender<LinkEvent>,
    frames: mpsc::UnboundedReceiver<Frame>,
}

struct Script(Mutex<mpsc::UnboundedSender<Wire>>);

struct Out(mpsc::UnboundedSender<Frame>);

impl Link for Out {
    fn emit(&self, frame: Frame) -> Result<(), Down> {
        self.0.send(frame).map_err(|_| Down::Overflow)
    }
}

impl Factory for Script {
    fn open(&self, target: Target, _limit: Duration) -> Opened {
        let (events_in, events) = mpsc::channel(64);
        let (out, frames) = mpsc::unbounded_channel();
        let _ = self.0.lock().unwrap().send(Wire { target, events: events_in, frames });
        Opened { link: Box::new(Out(out)), events: events.into() }
    }
}

struct Test {
    session: Session,
    updates: mpsc::Receiver<Update>,
    links: mpsc::UnboundedReceiver<Wire>,
}

fn start(room: usize) -> Test {
    let (updates_in, updates) = mpsc::channel(room);
    let (links_in, links) = mpsc::unbounded_channel();
    let user: User = serde_json::from_value(user()).unwrap();
    let account = Account { address: "http://127.0.0.1:1".into(), certificate: None, server_name: "S".into(), user };
    let identity = Identity { account, token: Secret("secret".into()) };
    let session = Session::start_over(identity, Local::none(), updates_in, Arc::new(Script(Mutex::new(links_in))));
    Test { session, updates, links }
}

fn user() -> Value {
    json!({"id": "me", "login": "me", "display_name": "Me", "role": "member", "bot": false, "guest": false})
}

fn member(id: &str, presence: &str) -> Value {
    json!({"id": id, "login": id, "display_name": id, "role": "member", "bot": false, "guest": false, "presence": presence})
}

fn room(head: u64) -> Value {
    json!({"id": "r", "name": "r", "topic": "", "kind": "public", "archived": false, "members": 2, "head": head,
        "read": 1, "unread": 0, "mentions": 0, "muted": false})
}

impl Test {
    async fn link(&mut self, namespace: &str) -> Wire {
        loop {
            let wire = soon(self.links.recv()).await.unwrap();
            if wire.target.namespace == namespace {
                return wire;
            }
        }
    }

    /// The next update of that kind; others are left out.
    async fn update<T>(&mut self, wanted: impl Fn(&Update) -> Option<T>) -> T {
        loop {
            let update = soon(self.updates.recv()).await.expect("the session goes on");
            if let Some(found) = wanted(&update) {
                return found;
            }
        }
    }

    async fn state(&mut self, namespace: &str) -> LinkState {
        self.update(|update| match update {
            Update::Link { namespace: at, state } if at == namespace => Some(state.clone()),
            _ => None,
        })
        .await
    }
}

impl Wire {
    async fn push(&self, event: &str, body: Value) {
        self.events.send(LinkEvent::Push { event: event.into(), body }).await.unwrap();
    }

    async fn greet_lobby(&self) {
        self.events.send(LinkEvent::Up).await.unwrap();
        let limits = serde_json::to_value(confab_protocol::Limits::default()).unwrap();
        let server = json!({"id": "s", "name": "S", "version": "1", "epoch": "e", "limits": limits});
        self.push("lobby:ready", json!({"user": user(), "server": server, "workspaces": []})).await;
    }

    async fn greet_workspace(&self) {
        self.greet_with(json!({"members": [member("me", "online")]})).await;
    }

    /// As a server that says this of the members.
    async fn greet_with(&self, members: Value) {
        self.events.send(LinkEvent::Up).await.unwrap();
        let workspace =
            json!({"slug": "w", "name": "W", "icon": null, "role": "member", "open": true, "unread": 0, "mentions": 0});
        let mut ready = json!({"workspace": workspace, "me": member("me", "online"), "rooms": [], "heads": {}});
        ready.as_object_mut().unwrap().extend(members.as_object().cloned().unwrap());
        self.push("workspace:ready", ready).await;
    }

    async fn cut(self) {
        self.events.send(LinkEvent::Down(Down::Closed(String::new()))).await.unwrap();
    }

    /// The next request of that name, answered.
    async fn answer(&mut self, event: &str, mut reply: Value) -> Value {
        loop {
            let frame = soon(self.frames.recv()).await.unwrap();
            if frame.event == event {
                reply["rid"] = frame.body["rid"].clone();
                self.push("request:answered", reply).await;
                return Value::Object(frame.body);
            }
        }
    }
}

#[tokio::test]
async fn the_lobby_comes_up_by_itself_with_the_token() {
    let mut test = start(64);
    let lobby = test.link("/").await;
    assert_eq!(lobby.target.handshake.token, "secret");
    assert_eq!(test.state("/").await, LinkState::Connecting);
    lobby.greet_lobby().await;
    test.update(|update| matches!(update, Update::Lobby { .. }).then_some(())).await;
    assert_eq!(test.state("/").await, LinkState::Live);
}

#[tokio::test]
async fn members_that_did_not_change_are_not_told_again() {
    let mut test = start(256);
    test.link("/").await.greet_lobby().await;
    test.session.open_workspace("w".parse().unwrap()).await.unwrap();
    let first = test.link("/w").await;
    assert_eq!(first.target.handshake.members, None);
    first.greet_with(json!({"members": [member("me", "online"), member("ada", "online")], "members_tag": "one"})).await;
    let seen = |update: &Update| match update {
        Update::Workspace { members, .. } => {
            Some(members.iter().map(|member| (member.id.to_string(), member.presence)).collect::<Vec<_>>())
        }
        _ => None,
    };
    let both = |ada| vec![("ada".to_owned(), ada), ("me".to_owned(), Presence::Online)];
    assert_eq!(test.update(seen).await, both(Presence::Online));

    first.cut().await;
    let second = test.link("/w").await;
    assert_eq!(second.target.handshake.members.as_deref(), Some("one"));
    second.greet_with(json!({"members": [], "members_tag": "one", "present": {"me": "online"}})).await;
    assert_eq!(test.update(seen).await, both(Presence::Offline));
    second.push("presence:changed", json!({"user": "ada", "state": "away"})).await;
    test.update(|update| matches!(update, Update::PresenceChanged { .. }).then_some(())).await;

    second.cut().await;
    let third = test.link("/w").await;
    assert_eq!(third.target.handshake.members.as_deref(), Some("one"), "presence is no change");
    third.greet_with(json!({"members": [], "members_tag": "one", "present": {"me": "online", "ada": "away"}})).await;
    assert_eq!(test.update(seen).await, both(Presence::Away));
    third.push("member:changed", json!({"member": member("ada", "online")})).await;
    test.update(|update| matches!(update, Update::MemberChanged { .. }).then_some(())).await;

    third.cut().await;
    let fourth = test.link("/w").await;
    assert_eq!(fourth.target.handshake.members, None, "what was told since may not be what is");
    fourth.greet_with(json!({"members": [member("me", "online")], "members_tag": "two"})).await;
    assert_eq!(test.update(seen).await, [("me".to_owned(), Presence::Online)]);
}

#[tokio::test]
async fn who_is_in_a_room_is_asked_again_only_when_the_log_cannot_tell() {
    let mut test = start(256);
    test.link("/").await.greet_lobby().await;
    test.session.open_workspace("w".parse().unwrap()).await.unwrap();
    let rooms = json!({"rooms": [room(1)], "members": [member("me", "online"), member("ada", "online")]});
    let mut link = test.link("/w").await;
    link.greet_with(rooms.clone()).await;
    let session = test.session.clone();
    let opened = tokio::spawn(async move { session.open_room("r".parse().unwrap()).await });
    let joined = |members: u64, head: u64, entries: Value, reset: bool| json!({"ok": true, "room": room(head), "members": members, "online": 1, "entries": entries, "head": head, "reset": reset});
    let page = json!({"ok": true, "messages": [], "notices": [], "head": 1, "start": true});
    let both = json!({"ok": true, "members": [member("ada", "online"), member("me", "online")]});
    link.answer("room:join", joined(2, 1, json!([]), false)).await;
    link.answer("room:members", both.clone()).await;
    link.answer("room:history", page.clone()).await;
    soon(opened).await.unwrap().unwrap();

    let left = json!([{"room": "r", "seq": 2, "kind": "membership", "ts": "2026-01-01T00:00:00.000Z", "user": "ada",
        "change": "left"}]);
    for (what, asks, answer) in [
        ("nothing happened", false, joined(2, 1, json!([]), false)),
        ("it is in the log", false, joined(1, 2, left, false)),
        ("it is in the part of the log that is still to come", true, joined(5, 40, json!([]), false)),
        ("it is another log", true, joined(2, 1, json!([]), true)),
    ] {
        link.cut().await;
        link = test.link("/w").await;
        link.greet_with(rooms.clone()).await;
        link.answer("room:join", answer).await;
        // Something that is asked in any case, after it.
        let marked = test.session.clone();
        let marked = tokio::spawn(async move { marked.list_rooms().await });
        let mut asked = false;
        loop {
            let frame = soon(link.frames.recv()).await.unwrap();
            let mut reply = match frame.event {
                "room:members" => both.clone(),
                "room:history" => page.clone(),
                "room:list" => json!({"ok": true, "rooms": []}),
                _ => continue,
            };
            asked |= frame.event == "room:members";
            reply["rid"] = frame.body["rid"].clone();
            link.push("request:answered", reply).await;
            if frame.event == "room:list" {
                break;
            }
        }
        soon(marked).await.unwrap().unwrap();
        assert_eq!(asked, asks, "{what}");
    }
}

#[tokio::test]
async fn calls_made_early_wait_for_the_link() {
    let mut test = start(64);
    let mut lobby = test.link("/").await;
    let session = test.session.clone();
    let call = tokio::spawn(async move { session.list_workspaces().await });
    lobby.greet_lobby().await;
    lobby.answer("workspace:list", json!({"ok": true, "workspaces": []})).await;
    assert_eq!(soon(call).await.unwrap().unwrap(), []);
}

#[tokio::test]
async fn a_refusal_is_passed_on_as_it_is() {
    let mut test = start(64);
    let mut lobby = test.link("/").await;
    lobby.greet_lobby().await;
    let session = test.session.clone();
    let call = tokio::spawn(async move { session.join_workspace("w".parse().unwrap()).await });
    lobby.answer("workspace:join", json!({"ok": false, "error": {"code": "not_found", "message": "No."}})).await;
    assert_eq!(soon(call).await.unwrap().unwrap_err(), Error::new(ErrorCode::NotFound, "No."));
}

#[tokio::test]
async fn a_revoked_session_signs_out_everywhere_and_once() {
    let mut test = start(64);
    let lobby = test.link("/").await;
    lobby.greet_lobby().await;
    test.session.open_workspace("w".parse().unwrap()).await.unwrap();
    let workspace = test.link("/w").await;
    workspace.greet_workspace().await;
    test.update(|update| matches!(update, Update::Workspace { .. }).then_some(())).await;
    lobby.push("session:revoked", json!({})).await;
    let error = test.update(|update| match update {
        Update::SignedOut { error } => Some(error.clone()),
        _ => None,
    });
    assert_eq!(error.await.map(|error| error.code), Some(ErrorCode::Unauthorized));
    soon(lobby.events.closed()).await;
    soon(workspace.events.closed()).await;
    assert_eq!(test.session.list_rooms().await.unwrap_err().code, ErrorCode::Unauthorized);
}

#[tokio::test]
async fn refusals_of_the_connect() {
    let mut test = start(64);
    let lobby = test.link("/").await;
    lobby.greet_lobby().await;
    test.session.open_workspace("w".parse().unwrap()).await.unwrap();
    let workspace = test.link("/w").await;
    workspace.events.send(LinkEvent::Refused(Error::not_found())).await.unwrap();
    assert_eq!(test.state("/w").await, LinkState::Connecting);
    assert_eq!(test.state("/w").await, LinkState::Refused { error: Error::not_found() });
    assert_eq!(test.session.list_rooms().await.unwrap_err().code, ErrorCode::NotFound);
    let gone = Error::new(ErrorCode::Unauthorized, "gone");
    lobby.events.send(LinkEvent::Down(Down::Closed(String::new()))).await.unwrap();
    let lobby = test.link("/").await;
    lobby.events.send(LinkEvent::Refused(gone.clone())).await.unwrap();
    let error = test.update(|update| match update {
        Update::SignedOut { error } => Some(error.clone()),
        _ => None,
    });
    assert_eq!(error.await, Some(gone));
}

#[tokio::test]
async fn a_workspace_with_unsent_messages_stays_until_they_are_out() {
    let mut test = start(256);
    test.link("/").await.greet_lobby().await;
    test.session.open_workspace("w".parse().unwrap()).await.unwrap();
    let mut old = test.link("/w").await;
    old.greet_workspace().await;
    let message = NewMessage {
        room: "r".parse().unwrap(),
        text: " hello\r\n".into(),
        reply_to: None,
        thread: None,
        files: Vec::new(),
    };
    let key = test.session.send(message).await.unwrap();
    assert!(key.starts_with("me/"));
    let pending = |update: &Update| match update {
        Update::Outbox { pending } => Some(*pending),
        _ => None,
    };
    assert_eq!(test.update(pending).await, 1);
    test.session.open_workspace("x".parse().unwrap()).await.unwrap();
    let new = test.link("/x").await;
    assert!(!old.events.is_closed(), "the message is not out yet");
    let receipt = json!({"ok": true, "cid": "c", "id": "m", "seq": 1, "ts": "2026-01-01T00:00:00.000Z"});
    let sent = old.answer("message:send", receipt).await;
    assert_eq!(sent["text"], "hello", "as the server will have it");
    assert_eq!(test.update(pending).await, 0);
    soon(old.events.closed()).await;
    assert!(!new.events.is_closed());
}

#[tokio::test]
async fn a_shell_that_slept_gets_the_whole_picture() {
    let mut test = start(1);
    let lobby = test.link("/").await;
    lobby.greet_lobby().await;
    for n in 0..5_000 {
        lobby.push("notice:posted", json!({"text": format!("{n}"), "level": "server"})).await;
    }
    // Only now does it look: the lobby comes again, after a few of the first updates.
    let mut notices = 0;
    loop {
        match soon(test.updates.recv()).await.unwrap() {
            Update::Notice { .. } => notices += 1,
            Update::Outbox { .. } => break,
            _ => {}
        }
    }
    assert!(notices < 1_000, "{notices}");
    test.session.resync();
    test.update(|update| matches!(update, Update::Lobby { .. }).then_some(())).await;
}

#[tokio::test]
async fn the_last_clone_ends_the_links() {
    let mut test = start(64);
    let lobby = test.link("/").await;
    drop(test.session);
    soon(lobby.events.closed()).await;
}

/// The clock is a scripted one.
#[tokio::test(start_paused = true)]
async fn a_server_that_is_busy_is_waited_for_and_one_that_is_silent_is_not() {
    let mut test = start(4_096);
    let mut lobby = test.links.recv().await.unwrap();
    lobby.greet_lobby().await;
    let ask = |session: Session| tokio::spawn(async move { session.list_workspaces().await });
    let busy = ask(test.session.clone());
    let frame = lobby.frames.recv().await.unwrap();
    assert_eq!(frame.event, "workspace:list");
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_secs(3)).await;
        lobby.push("something:else", json!({})).await;
    }
    lobby.push("request:answered", json!({"ok": true, "workspaces": [], "rid": frame.body["rid"]})).await;
    assert_eq!(busy.await.unwrap().unwrap(), []);

    let (silent, asked) = (ask(test.session.clone()), Instant::now());
    assert_eq!(silent.await.unwrap().unwrap_err().code, ErrorCode::Unavailable);
    assert!(asked.elapsed() <= Duration::from_secs(5), "after {:?}", asked.elapsed());
    assert_eq!(test.links.recv().await.unwrap().target.namespace, "/", "it comes again");
}

/// The clock is a scripted one: hours pass at once.
#[tokio::test(start_paused = true)]
async fn a_link_that_is_live_again_wakes_the_others() {
    let mut test = start(4_096);
    test.session.open_workspace("w".parse().unwrap()).await.unwrap();
    let mut failures = [0, 0];
    loop {
        let wire = test.links.recv().await.unwrap();
        let at = usize::from(wire.target.namespace == "/");
        failures[at] += 1;
        // Late enough that the other one waits for minutes, more likely than not.
        if failures.iter().all(|n| *n > 20) && at == 1 {
            wire.greet_lobby().await;
            let back = Instant::now();
            let other = test.links.recv().await.unwrap();
            assert_eq!(other.target.namespace, "/w");
            assert!(back.elapsed() < Duration::from_millis(100), "after {:?}", back.elapsed());
            return;
        }
        wire.events.send(LinkEvent::Down(Down::Closed("no network".into()))).await.unwrap();
    }
}
