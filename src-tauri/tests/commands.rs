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
        assert_eq!(ada.ok("start", json!({}))["account"], Value::Null);
        let account = ada.ok("host", json!({ "displayName": "Ada", "share": false }));
        let address = account["address"].as_str().unwrap().to_owned();
        assert!(address.starts_with("http://127.0.0.1:"), "{address}");
        assert_eq!(ada.ok("hosting", json!({})), json!({ "address": address, "network": [] }));
        ada.ok("open_workspace", json!({ "slug": "general" }));
        let rooms = ada.update("workspace")["rooms"].clone();
        let room = rooms.as_array().unwrap().iter().find(|room| room["name"] == "general").unwrap()["id"].clone();
        ada.ok("open_room", json!({ "room": room }));
        let invite = ada.ok("create_invite", json!({ "request": { "workspace": "general" } }));

        let ben = Window::open(&home.join("ben"));
        let probe = ben.ok("probe", json!({ "address": invite["url"] }));
        assert_eq!((&probe["address"], &probe["invite"]), (&json!(address), &invite["code"]));
        let arguments = json!({ "address": address, "displayName": "Ben", "invite": invite["code"] });
        assert_eq!(ben.ok("join_as_guest", arguments)["user"]["display_name"], "Ben");
        ben.ok("open_workspace", json!({ "slug": "general" }));
        ben.update("workspace");
        assert_eq!(ben.ok("open_room", json!({ "room": room }))["members"], 2);
        let key = ben.ok("send", json!({ "message": { "room": room, "text": "Hello, Ada" } }));
        assert!(key.as_str().unwrap().contains('/'), "{key}");
        ada.wait_for("Ben's message", |all| all.iter().any(|update| update.to_string().contains("Hello, Ada")));
        ben.wait_for("the commit", |all| all.iter().any(|update| update.to_string().contains(r#""is":"sent""#)));
        ben.ok("save_place", json!({ "place": { "workspace": "general", "room": room } }));

        // Both end and begin again: same people, same place, same address, same messages.
        ben.quit().await;
        ada.quit().await;
        let ada = Window::open(&home.join("ada"));
        let start = ada.ok("start", json!({}));
        assert_eq!((&start["account"], &start["hosting"]["address"]), (&account, &json!(address)));
        let ben = Window::open(&home.join("ben"));
        let start = ben.ok("start", json!({}));
        assert_eq!(start["credentials"], "keyring");
        assert_eq!(start["place"], json!({ "workspace": "general", "room": room }));
        ben.ok("open_workspace", json!({ "slug": "general" }));
        ben.update("workspace");
        ben.ok("open_room", json!({ "room": room }));
        ben.wait_for("the history", |all| all.iter().any(|update| update.to_string().contains("Hello, Ada")));

        // Who signed out and hosts again is the owner of the same server.
        ada.ok("sign_out", json!({}));
        assert_eq!(ada.refused("sessions", json!({}))["code"], "unauthorized");
        assert_eq!(ada.ok("start", json!({}))["account"], Value::Null);
        let again = ada.ok("host", json!({ "displayName": "Ada", "share": false }));
        assert_eq!((&again["user"]["id"], &again["address"]), (&account["user"]["id"], &account["address"]));
        ada.quit().await;
        ben.quit().await;
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
        let account = ada.ok("host", json!({ "displayName": "Ada", "share": false }));
        ada.quit().await;
        let ada = Window::open(home);
        let start = ada.ok("start", json!({}));
        assert_eq!((&start["account"], &start["credentials"]), (&account, &json!("file")));
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
        assert_eq!(window.refused("open_workspace", json!({ "slug": "general" }))["code"], "unauthorized");
        assert_eq!(window.refused("probe", json!({ "address": "not an address" }))["code"], "bad_request");
        let refused = window.refused("open_room", json!({ "room": "two words" }));
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
        window.ok("subscribe", json!({ "channel": "__CHANNEL__:7" }));
        window
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
