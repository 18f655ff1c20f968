//! The commands as the webview calls them, on the mock runtime: the server, the client, the keyring and the files are
//! real.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "in a test, a panic is the failure")]

mod session;

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use confab_desktop::app::assemble;
use confab_desktop::paths::Paths;
use confab_desktop::shell::Shell;
use serde_json::{Value, json};
use session::{Session, within};
use tauri::ipc::{CallbackFn, InvokeBody, InvokeResponseBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder, mock_context, noop_assets};
use tauri::webview::InvokeRequest;
use tauri::{App, WebviewWindow, WebviewWindowBuilder};

const DEADLINE: Duration = Duration::from_secs(20);

#[test]
fn host_join_chat_and_come_back() {
    within(&Session::Unlocked, "host_join_chat_and_come_back", async |home| {
        let ada = Window::open(&home.join("ada"));
        assert_eq!(ada.ok("start", json!({}))["accounts"], json!([]));
        let seat = ada.enter("host", json!({ "displayName": "Ada", "share": false }));
        let account = seat["account"].clone();
        let address = account["address"].as_str().unwrap().to_owned();
        assert!(address.starts_with("http://127.0.0.1:"), "{address}");
        assert_eq!(ada.ok("hosting", json!({})), json!({ "address": address, "network": [], "fingerprint": null }));
        ada.of(&seat, "open_workspace", json!({ "slug": "general" }));
        let room = ada.room("general");
        ada.of(&seat, "open_room", json!({ "room": room }));
        let invite = ada.of(&seat, "create_invite", json!({ "request": { "workspace": "general" } }));

        let ben = Window::open(&home.join("ben"));
        let probe = ben.ok("probe", json!({ "address": invite["url"] }));
        assert_eq!((&probe["address"], &probe["invite"]), (&json!(address), &invite["code"]));
        let arguments = json!({ "address": address, "displayName": "Ben", "invite": invite["code"] });
        let guest = ben.enter("join_as_guest", arguments);
        assert_eq!(guest["account"]["user"]["display_name"], "Ben");
        ben.of(&guest, "open_workspace", json!({ "slug": "general" }));
        ben.update("workspace");
        assert_eq!(ben.of(&guest, "open_room", json!({ "room": room }))["members"], 2);
        let key = ben.of(&guest, "send", json!({ "message": { "room": room, "text": "Hello, Ada" } }));
        assert!(key.as_str().unwrap().contains('/'), "{key}");
        ada.wait_for("Ben's message", |all| all.iter().any(|update| update.to_string().contains("Hello, Ada")));
        ben.wait_for("the commit", |all| all.iter().any(|update| update.to_string().contains(r#""is":"sent""#)));
        // The links of an account come up in any order.
        ben.update("lobby");
        ada.update("lobby");
        let connected = ada.ok("connected", json!({}));
        let names = connected.as_array().unwrap().iter().map(|user| user["display_name"].clone()).collect::<Vec<_>>();
        assert_eq!(names, ["Ada", "Ben"]);
        assert_eq!(ben.ok("connected", json!({})), json!([]), "he hosts nothing");
        let place = json!({ "workspace": "general", "room": room });
        ben.of(&guest, "save_place", json!({ "place": place }));

        // Both end and begin again: same people, same place, same address, same messages.
        ben.quit().await;
        ada.quit().await;
        let ada = Window::open(&home.join("ada"));
        let start = ada.ok("start", json!({}));
        assert_eq!((&start["accounts"], &start["hosting"]["address"]), (&json!([seat]), &json!(address)));
        assert_eq!(start["front"], seat["key"]);
        let ben = Window::open(&home.join("ben"));
        let start = ben.ok("start", json!({}));
        assert_eq!((&start["credentials"], &start["can_add"]), (&json!("keyring"), &json!(true)));
        assert_eq!(start["accounts"][0]["place"], place);
        ben.subscribe(&guest);
        ben.of(&guest, "open_workspace", json!({ "slug": "general" }));
        ben.update("workspace");
        ben.of(&guest, "open_room", json!({ "room": room }));
        ben.wait_for("the history", |all| all.iter().any(|update| update.to_string().contains("Hello, Ada")));

        // Who signed out and hosts again is the owner of the same server.
        ada.of(&seat, "sign_out", json!({}));
        assert_eq!(ada.refused("sessions", json!({ "account": seat["key"] }))["code"], "unauthorized");
        assert_eq!(ada.ok("start", json!({}))["accounts"], json!([]));
        let again = ada.enter("host", json!({ "displayName": "Ada", "share": false }))["account"].clone();
        assert_eq!((&again["user"]["id"], &again["address"]), (&account["user"]["id"], &account["address"]));
        ada.quit().await;
        ben.quit().await;
    });
}

#[test]
fn one_app_is_signed_in_on_several_servers() {
    within(&Session::Unlocked, "one_app_is_signed_in_on_several_servers", async |home| {
        // Two hosts, and one who is with both, and hosts a server of their own.
        let hosts = ["ada", "ben"].map(|name| Window::open(&home.join(name)));
        let cleo = Window::open(&home.join("cleo"));
        let own = cleo.enter("host", json!({ "displayName": "Cleo", "share": false }));
        let rooms = hosts.each_ref().map(|host| {
            let seat = host.enter("host", json!({ "displayName": "Host", "share": false }));
            host.of(&seat, "open_workspace", json!({ "slug": "general" }));
            let room = host.room("general");
            host.of(&seat, "open_room", json!({ "room": room }));
            let invite = host.of(&seat, "create_invite", json!({ "request": { "workspace": "general" } }));
            let arguments = json!({ "address": invite["url"], "displayName": "Cleo", "invite": invite["code"] });
            let guest = cleo.enter("join_as_guest", arguments);
            cleo.of(&guest, "open_workspace", json!({ "slug": "general" }));
            cleo.of(&guest, "save_place", json!({ "place": { "workspace": "general", "room": room } }));
            (host, seat, room, guest)
        });
        let [(ada, at_adas, room, first), (_, _, _, second)] = &rooms;
        let keys = |start: &Value| -> Vec<Value> {
            start["accounts"].as_array().unwrap().iter().map(|seat| seat["key"].clone()).collect()
        };
        let all = [own["key"].clone(), first["key"].clone(), second["key"].clone()];
        assert_eq!(keys(&cleo.ok("start", json!({}))), all);
        // Each call is for the account that it names, and none without one.
        assert_eq!(cleo.of(first, "open_room", json!({ "room": room }))["room"]["id"], *room);
        assert_eq!(
            cleo.call("open_room", json!({ "account": second["key"], "room": room })).unwrap_err()["code"],
            "not_found"
        );
        assert!(cleo.refused("list_workspaces", json!({})).as_str().unwrap().contains("account"));
        assert_eq!(cleo.refused("list_workspaces", json!({ "account": "nobody" }))["code"], "unauthorized");

        // What happens on a server that nobody looks at arrives all the same.
        cleo.of(second, "set_front", json!({}));
        let start = cleo.ok("start", json!({}));
        assert_eq!(start["front"], second["key"]);
        ada.of(at_adas, "send", json!({ "message": { "room": room, "text": "Hello, @all" } }));
        cleo.wait_for("the message in back", |all| all.iter().any(|update| update.to_string().contains("Hello, @all")));

        // One server ends; the app starts all the same, with all accounts and their places.
        cleo.quit().await;
        ada.shell.quit().await;
        let cleo = Window::open(&home.join("cleo"));
        let start = cleo.ok("start", json!({}));
        assert_eq!((keys(&start), &start["front"]), (all.to_vec(), &second["key"]));
        assert_eq!(start["accounts"][1]["place"]["room"], *room);
        cleo.subscribe(first);
        let links = |state: &'static str| {
            move |all: &[Value]| all.iter().any(|update| update["type"] == "link" && update["state"]["is"] == state)
        };
        cleo.wait_for("the server that has gone", links("waiting"));
        cleo.update("lobby");
        assert!(!cleo.updates.0.lock().unwrap().iter().any(|update| update["state"]["is"] == "live"));
        cleo.subscribe(second);
        cleo.wait_for("the other one", links("live"));

        // Signed out of one: the others stay, and their tokens too.
        assert_eq!(
            cleo.refused("sign_out", json!({ "account": first["key"] }))["code"],
            "unavailable",
            "it cannot be told"
        );
        assert_eq!(keys(&cleo.ok("start", json!({}))), [own["key"].clone(), second["key"].clone()]);
        assert!(cleo.of(second, "sessions", json!({})).as_array().is_some_and(|sessions| sessions.len() == 1));
        cleo.quit().await;
        let cleo = Window::open(&home.join("cleo"));
        assert_eq!(keys(&cleo.ok("start", json!({}))), [own["key"].clone(), second["key"].clone()]);
        cleo.quit().await;
        rooms[1].0.shell.quit().await;
    });
}

#[test]
fn an_inspector_sees_the_links_of_its_account_and_no_secret() {
    within(&Session::Unlocked, "an_inspector_sees_the_links_of_its_account_and_no_secret", async |home| {
        let ada = Window::open(home);
        let seat = ada.enter("host", json!({ "displayName": "Ada", "share": false }));
        ada.of(&seat, "open_workspace", json!({ "slug": "general" }));
        let room = ada.room("general");
        let begun = ada.of(&seat, "inspect", json!({ "texts": false }));
        let ups = begun["links"].as_array().unwrap().iter().filter(|note| note["change"]["is"] == "up").count();
        assert!(ups > 0, "{begun}");
        ada.of(&seat, "send", json!({ "message": { "room": room, "text": "covered words" } }));
        let seen = |all: &[Value], direction: &str, event: &str| {
            let records = all.iter().filter(|update| update["type"] == "inspected");
            let mut records = records.flat_map(|update| update["records"].as_array().unwrap());
            records.any(|record| {
                let name = record["answer"].get("event").unwrap_or(&record["event"]);
                record["direction"] == direction && *name == event && record["namespace"] == "/general"
            })
        };
        ada.wait_for("the request", |all| seen(all, "out", "message:send"));
        ada.wait_for("its answer", |all| seen(all, "in", "message:send"));
        ada.wait_for("the entry", |all| seen(all, "in", "room:entry"));
        let told: Vec<Value> = ada.updates.0.lock().unwrap().clone();
        let told: Vec<_> = told.into_iter().filter(|update| update["type"] == "inspected").collect();
        let told = Value::from(told).to_string();
        assert!(told.contains("‹13 characters›") && !told.contains("covered words"), "{told}");
        // A page that is loaded anew begins without one.
        ada.subscribe(&seat);
        ada.updates.0.lock().unwrap().clear();
        ada.of(&seat, "open_room", json!({ "room": room }));
        ada.of(&seat, "room_members", json!({ "room": room }));
        assert!(ada.updates.0.lock().unwrap().iter().all(|update| update["type"] != "inspected"));
        ada.of(&seat, "stop_inspecting", json!({}));
        // A page saves what it handed over, and nothing else.
        assert_eq!(ada.refused("save_picked", json!({ "key": "nothing" }))["code"], "not_found");
        ada.quit().await;
    });
}

#[test]
fn a_session_that_was_ended_elsewhere_ends_alone() {
    within(&Session::Unlocked, "a_session_that_was_ended_elsewhere_ends_alone", async |home| {
        let [ada, cleo, phone] = ["ada", "cleo", "phone"].map(|name| Window::open(&home.join(name)));
        let owner = ada.enter("host", json!({ "displayName": "Ada", "share": false }));
        let invite = ada.of(&owner, "create_invite", json!({ "request": { "workspace": "general" } }));
        let own = cleo.enter("host", json!({ "displayName": "Cleo", "share": false }));
        let mut account = json!({ "address": invite["url"], "login": "cleo", "password": "correct horse" });
        let mut sign_up = account.clone();
        (sign_up["displayName"], sign_up["invite"]) = ("Cleo".into(), invite["code"].clone());
        let member = cleo.enter("sign_up", sign_up);

        account["address"] = member["account"]["address"].clone();
        let seat = phone.enter("sign_in", account);
        let sessions = phone.of(&seat, "sessions", json!({}));
        let other = sessions.as_array().unwrap().iter().find(|session| session["current"] == false).unwrap();
        phone.of(&seat, "revoke_session", json!({ "id": other["id"] }));
        let is_told =
            |all: &[Value]| all.iter().any(|update| update["type"] == "signed_out" && update["error"].is_object());
        cleo.wait_for("the end", is_told);
        assert_eq!(cleo.ok("start", json!({}))["accounts"], json!([own]));

        // Hosting again ends the sessions of before on the server; the account goes on with the new one.
        let again = cleo.enter("host", json!({ "displayName": "Cleo", "share": false }));
        assert_eq!(again["key"], own["key"]);
        assert_eq!(cleo.of(&again, "sessions", json!({})).as_array().map(Vec::len), Some(1));
        cleo.quit().await;
        let cleo = Window::open(&home.join("cleo"));
        assert_eq!(cleo.ok("start", json!({}))["accounts"], json!([again]));
        for window in [ada, cleo, phone] {
            window.quit().await;
        }
    });
}

#[test]
fn who_was_signed_in_with_the_version_before_still_is() {
    within(&Session::Bare, "who_was_signed_in_with_the_version_before_still_is", async |home| {
        let ada = Window::open(home);
        ada.ok("choose_credential_store", json!({ "choice": "file" }));
        let seat = ada.enter("host", json!({ "displayName": "Ada", "share": false }));
        ada.quit().await;
        // As that version left it: one account, and its token in the one file.
        let (settings, token) = (home.join("config/settings.json"), home.join("data/token"));
        let mut kept: Value = serde_json::from_slice(&std::fs::read(&settings).unwrap()).unwrap();
        let fields = kept.as_object_mut().unwrap();
        fields.insert("account".into(), seat["account"].clone());
        fields.insert("place".into(), json!({ "workspace": "general", "room": null }));
        drop((fields.remove("accounts"), fields.remove("front")));
        std::fs::write(&settings, kept.to_string()).unwrap();
        std::fs::rename(home.join("data/tokens").join(seat["key"].as_str().unwrap()), &token).unwrap();

        for _ in 0..2 {
            let ada = Window::open(home);
            let start = ada.ok("start", json!({}));
            assert_eq!(start["accounts"][0]["account"], seat["account"], "{start}");
            assert_eq!(
                (&start["accounts"][0]["place"]["workspace"], &start["front"]),
                (&json!("general"), &start["accounts"][0]["key"])
            );
            assert!(ada.of(&start["accounts"][0], "sessions", json!({})).is_array());
            assert!(!token.exists(), "it has another place now");
            ada.quit().await;
        }
    });
}

#[test]
fn without_a_keyring_nobody_signs_in_before_they_were_asked() {
    within(&Session::Bare, "without_a_keyring_nobody_signs_in_before_they_were_asked", async |home| {
        let ada = Window::open(home);
        assert_eq!(ada.ok("start", json!({}))["credentials"], "ask");
        assert_eq!(ada.refused("host", json!({ "displayName": "Ada", "share": false }))["code"], "conflict");
        assert_eq!(ada.ok("hosting", json!({})), Value::Null, "nothing was started");
        assert_eq!(ada.ok("choose_credential_store", json!({ "choice": "file" })), "file");
        let seat = ada.enter("host", json!({ "displayName": "Ada", "share": false }));
        ada.quit().await;
        let ada = Window::open(home);
        let start = ada.ok("start", json!({}));
        assert_eq!((&start["accounts"], &start["credentials"]), (&json!([seat]), &json!("file")));
        ada.quit().await;
    });
}

#[test]
fn settings_stay_and_nonsense_is_refused() {
    within(&Session::Bare, "settings_stay_and_nonsense_is_refused", async |home| {
        let window = Window::open(home);
        let dark = json!({ "theme": "dark", "compact": true, "language": "ar", "notifications": false, "previews": true, "close_to_tray": false });
        window.ok("save_settings", json!({ "settings": dark }));
        assert_eq!(window.ok("start", json!({}))["settings"], dark);
        let nobody = |more: Value| {
            let mut arguments = json!({ "account": "0" });
            arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            arguments
        };
        assert_eq!(window.refused("open_workspace", nobody(json!({ "slug": "general" })))["code"], "unauthorized");
        assert_eq!(window.refused("probe", json!({ "address": "not an address" }))["code"], "bad_request");
        let refused = window.refused("open_room", nobody(json!({ "room": "two words" })));
        assert!(refused.as_str().unwrap().contains("room"), "{refused}");
        assert!(window.refused("no_such_command", json!({})).as_str().unwrap().contains("not found"));
        window.quit().await;
        assert_eq!(Window::open(home).ok("start", json!({}))["settings"], dark);
    });
}

/// An app without a display, with one page that has subscribed.
struct Window {
    shell: Arc<Shell>,
    webview: WebviewWindow<MockRuntime>,
    updates: Arc<(Mutex<Vec<Value>>, Condvar)>,
    _app: App<MockRuntime>,
}

impl Window {
    fn open(home: &Path) -> Self {
        let shell = Shell::open(Paths::beneath(home).unwrap()).unwrap();
        let updates = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let seen = Arc::clone(&updates);
        let builder = mock_builder().channel_interceptor(move |_, _, _, body| {
            if let InvokeResponseBody::Json(json) = body {
                seen.0.lock().unwrap().push(serde_json::from_str(json).unwrap());
                seen.1.notify_all();
            }
            true
        });
        let app = assemble(builder, Arc::clone(&shell)).build(mock_context(noop_assets())).unwrap();
        let webview = WebviewWindowBuilder::new(&app, "main", Default::default()).build().unwrap();
        let window = Self { shell, webview, updates, _app: app };
        window.ok("listen", json!({ "channel": "__CHANNEL__:7" }));
        window
    }

    /// Signs in one way or another, and listens to what happens there.
    fn enter(&self, command: &str, arguments: Value) -> Value {
        let seat = self.ok(command, arguments);
        self.subscribe(&seat);
        seat
    }

    fn subscribe(&self, seat: &Value) {
        self.of(seat, "subscribe", json!({ "channel": "__CHANNEL__:8" }));
    }

    /// A command of an account.
    fn of(&self, seat: &Value, command: &str, mut arguments: Value) -> Value {
        arguments["account"] = seat["key"].clone();
        self.ok(command, arguments)
    }

    /// The id of a room of the workspace that was opened.
    fn room(&self, name: &str) -> Value {
        let rooms = self.update("workspace")["rooms"].clone();
        rooms.as_array().unwrap().iter().find(|room| room["name"] == name).unwrap()["id"].clone()
    }

    fn call(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        let request = InvokeRequest {
            cmd: command.into(),
            callback: CallbackFn(0),
            error: CallbackFn(1),
            url: "tauri://localhost".parse().unwrap(),
            body: InvokeBody::Json(arguments),
            headers: Default::default(),
            invoke_key: INVOKE_KEY.into(),
        };
        get_ipc_response(&self.webview, request).map(|body| body.deserialize().unwrap())
    }

    fn ok(&self, command: &str, arguments: Value) -> Value {
        self.call(command, arguments).unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    fn refused(&self, command: &str, arguments: Value) -> Value {
        self.call(command, arguments).expect_err(command)
    }

    /// The latest update of a type, once there is one.
    fn update(&self, kind: &str) -> Value {
        let latest = |all: &[Value]| all.iter().rev().find(|update| update["type"] == kind).cloned();
        self.wait_for(kind, |all| latest(all).is_some());
        latest(&self.updates.0.lock().unwrap()).unwrap()
    }

    fn wait_for(&self, what: &str, so: impl Fn(&[Value]) -> bool) {
        let (updates, more) = &*self.updates;
        let (all, late) = more.wait_timeout_while(updates.lock().unwrap(), DEADLINE, |all| !so(all)).unwrap();
        assert!(!late.timed_out(), "waited in vain for {what}: {all:#?}");
    }

    async fn quit(self) {
        self.shell.quit().await;
    }
}
