//! `docs/asyncapi.json` is made from the Rust types, and never edited by hand.
//!
//! This test fails when the committed file differs from what the types say. `make bindings` writes it anew. That it is
//! AsyncAPI 3 at all is seen by `tests/js/asyncapi.mjs`, with the official schema.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::path::{Path, PathBuf};

use confab_protocol::answer::Answered;
use confab_protocol::event::{Place, Push, REQUEST_ANSWERED, Request, Visitor, visit};
use confab_protocol::handshake::Handshake;
use confab_protocol::{ErrorCode, PROTOCOL, limits};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

#[test]
fn the_file_is_what_the_types_say() {
    let wanted = format!("{:#}\n", document());
    if std::env::var_os("UPDATE_BINDINGS").is_some() {
        fs::write(file(), &wanted).unwrap();
    }
    let found = fs::read_to_string(file()).unwrap_or_default();
    assert!(found == wanted, "docs/asyncapi.json has drifted from the Rust types; run: make bindings");
}

/// The list of events comes from the types themselves; this holds it against the sources, where a module of events
/// that [`visit`] forgot would still be seen.
#[test]
fn every_event_of_the_protocol_is_in_the_file() {
    let document = document();
    let channels = document["channels"].as_object().unwrap();
    let described = |event: &str| channels.values().any(|channel| channel["messages"][event].is_object());
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/event");
    let mut seen = 0;
    for source in fs::read_dir(sources).unwrap() {
        let source = fs::read_to_string(source.unwrap().path()).unwrap();
        for event in source.lines().filter_map(declared_event) {
            assert!(described(event), "{event} is missing");
            seen += 1;
        }
    }
    assert!(seen > 40, "the declarations were not found any more ({seen})");
    assert!(described(REQUEST_ANSWERED));
}

/// The event that a line of a `requests!` or `pushes!` block declares: `Type => "noun:verb"…`.
fn declared_event(line: &str) -> Option<&str> {
    line.split_once("=> \"")?.1.split_once('"').map(|(name, _)| name).filter(|name| name.contains(':'))
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/asyncapi.json")
}

fn document() -> Value {
    let mut events = Events {
        received: generator(SchemaSettings::draft07().for_deserialize()),
        sent: generator(SchemaSettings::draft07().for_serialize()),
        lobby: Channel::new("lobby"),
        workspace: Channel::new("workspace"),
    };
    visit(&mut events);
    let auth = events.received.subschema_for::<Handshake>().to_value();
    let refusal = events.sent.subschema_for::<ErrorCode>().to_value();
    let Events { received, sent, mut lobby, mut workspace } = events;
    for channel in [&mut lobby, &mut workspace] {
        channel.send(REQUEST_ANSWERED, answered());
    }
    let described = |address: &str, description: &str, channel: &Channel| {
        json!({
            "address": address,
            "title": channel.name,
            "description": description,
            "servers": [{ "$ref": "#/servers/confab" }],
            "messages": channel.messages,
            "x-connect": { "auth": auth, "refusal": refusal },
        })
    };
    let lobby_channel = described("/", "The lobby: workspaces, unread signals across them, own devices.", &lobby);
    let mut workspace_channel = described("/{slug}", "A workspace: its rooms, messages and people.", &workspace);
    workspace_channel["parameters"] = json!({ "slug": { "description": "The workspace's `slug`." } });
    let mut operations = lobby.operations;
    operations.extend(workspace.operations);
    sorted(json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Confab",
            "version": PROTOCOL.to_string(),
            "license": { "name": "MIT OR Apache-2.0" },
            "description": INFO,
            "x-limits": {
                "BATCH_MAX": limits::BATCH_MAX,
                "SYNC_MAX": limits::SYNC_MAX,
                "HISTORY_MAX": limits::HISTORY_MAX,
                "RESET_AFTER": limits::RESET_AFTER,
            },
        },
        "defaultContentType": "application/json",
        "servers": {
            "confab": {
                "host": "{host}",
                "pathname": "/socket.io/",
                "protocol": "ws",
                "protocolVersion": "Socket.IO 5, Engine.IO 4",
                "description": "Long-polling is spoken too.",
                "variables": { "host": { "default": "127.0.0.1:7300", "description": "Where the server listens." } },
            },
        },
        "channels": { "lobby": lobby_channel, "workspace": workspace_channel },
        "operations": operations,
        "components": { "schemas": schemas(received, sent) },
    }))
}

const INFO: &str = "The events of PROTOCOL.md, made from the Rust types. A channel is a Socket.IO namespace, and a \
    message is one event with its one JSON object. Operations are named from the server's side: `receive` is client to \
    server, and its reply is the ack; `send` is server to client. `x-connect` has the auth payload of CONNECT, and the \
    message of a CONNECT_ERROR. Whoever reads must ignore fields that are not described here.";

/// Collects what the two namespaces speak.
struct Events {
    /// What the server reads: a field with a default may be absent.
    received: SchemaGenerator,
    /// What it writes: such a field is always there.
    sent: SchemaGenerator,
    lobby: Channel,
    workspace: Channel,
}

impl Events {
    fn channels(&mut self, place: Place) -> Vec<&mut Channel> {
        match place {
            Place::Everywhere => vec![&mut self.lobby, &mut self.workspace],
            Place::Lobby => vec![&mut self.lobby],
            Place::Workspace => vec![&mut self.workspace],
        }
    }
}

impl Visitor for Events {
    fn request<R: Request>(&mut self, place: Place) {
        let body = self.received.subschema_for::<R>().to_value();
        let ack = self.sent.subschema_for::<Answered<R::Reply>>().to_value();
        let rid = json!({ "rid": { "type": "string", "description": "Answered by `request:answered` too." } });
        let payload = json!({ "allOf": [body], "type": "object", "properties": rid });
        for channel in self.channels(place) {
            channel.receive(R::EVENT, payload.clone(), ack.clone());
        }
    }

    fn push<P: Push>(&mut self, place: Place) {
        let payload = self.sent.subschema_for::<P>().to_value();
        for channel in self.channels(place) {
            channel.send(P::EVENT, payload.clone());
        }
    }
}

/// One namespace.
struct Channel {
    name: &'static str,
    messages: Map<String, Value>,
    operations: Map<String, Value>,
}

impl Channel {
    fn new(name: &'static str) -> Self {
        Self { name, messages: Map::new(), operations: Map::new() }
    }

    fn receive(&mut self, event: &str, payload: Value, ack: Value) {
        let answer = format!("{event}.ack");
        let operation = json!({
            "action": "receive",
            "channel": self.reference(),
            "messages": [self.message(event, event, payload)],
            "reply": { "channel": self.reference(), "messages": [self.message(&answer, event, ack)] },
        });
        self.add(event, operation);
    }

    fn send(&mut self, event: &str, payload: Value) {
        let message = self.message(event, event, payload);
        let operation = json!({ "action": "send", "channel": self.reference(), "messages": [message] });
        self.add(event, operation);
    }

    /// Adds a message, and answers with a reference to it.
    fn message(&mut self, key: &str, event: &str, payload: Value) -> Value {
        let double = self.messages.insert(key.into(), json!({ "name": event, "title": key, "payload": payload }));
        assert!(double.is_none(), "two events are called {key}");
        json!({ "$ref": format!("#/channels/{}/messages/{key}", self.name) })
    }

    fn add(&mut self, event: &str, operation: Value) {
        self.operations.insert(format!("{}.{event}", self.name), operation);
    }

    fn reference(&self) -> Value {
        json!({ "$ref": format!("#/channels/{}", self.name) })
    }
}

/// The ack of any request, once more as an event.
fn answered() -> Value {
    json!({
        "description": "The ack of the request that carried this `rid`, for clients without sound acks.",
        "type": "object",
        "required": ["ok", "rid"],
        "properties": { "ok": { "type": "boolean" }, "rid": { "type": "string" } },
    })
}

fn generator(mut settings: SchemaSettings) -> SchemaGenerator {
    settings.definitions_path = "/components/schemas".into();
    settings.into_generator()
}

/// The types of both directions under their one name.
fn schemas(mut received: SchemaGenerator, mut sent: SchemaGenerator) -> Map<String, Value> {
    let mut all = received.take_definitions(true);
    for (name, schema) in sent.take_definitions(true) {
        if let Some(other) = all.get(&name) {
            assert_eq!(*other, schema, "{name} is read in another form than it is written in: give the two two names");
        }
        all.insert(name, schema);
    }
    all
}

/// With the keys of every object in order, whatever kind of map serde_json was built with; and descriptions without
/// rustdoc's links.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<_> = map.into_iter().collect();
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
            let field = |(key, value): (String, Value)| match value {
                Value::String(text) if key == "description" => (key, Value::String(unlinked(&text))),
                value => (key, sorted(value)),
            };
            Value::Object(fields.into_iter().map(field).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        plain => plain,
    }
}

/// ``[`crate::limits::SYNC_MAX`]`` as `` `SYNC_MAX` ``, in one line.
fn unlinked(text: &str) -> String {
    let mut parts = text.split("[`");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (path, rest) = part.split_once("`]").unwrap_or((part, ""));
        plain.push_str(&format!("`{}`{rest}", path.rsplit("::").next().unwrap_or(path)));
    }
    plain.replace('\n', " ")
}

/// The test of the test: a type that is described is the type that serde writes.
#[test]
fn a_default_may_be_absent_where_it_is_read_and_is_there_where_it_is_written() {
    fn required<T: JsonSchema>(generator: &mut SchemaGenerator) -> Vec<Value> {
        generator.root_schema_for::<T>().get("required").and_then(|r| r.as_array().cloned()).unwrap_or_default()
    }
    use confab_protocol::event::{MessageSend, WorkspaceCreate};
    use confab_protocol::log::Message;
    let mut received = generator(SchemaSettings::draft07().for_deserialize());
    let mut sent = generator(SchemaSettings::draft07().for_serialize());
    assert_eq!(required::<MessageSend>(&mut received), ["room", "cid", "text"]);
    assert_eq!(required::<WorkspaceCreate>(&mut received), ["slug", "name"]);
    assert!(required::<Message>(&mut sent).contains(&json!("reactions")));
}
