//! The TypeScript in `ui/src/bindings/` is made from the Rust types, and never edited by hand.
//!
//! This test fails when the committed files differ from what the types say. `UPDATE_BINDINGS=1 cargo test -p
//! confab-client --test bindings` writes them anew.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, in its helpers too")]

use std::any::TypeId;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use confab_client::view;
use confab_protocol::account::{
    GuestRequest, Invite, InviteInfo, InviteRequest, ProfileChange, ServerInfo, Session, Setup, SignIn, SignUpRequest,
    SignedIn,
};
use confab_protocol::event::{Place, Push, REQUEST_ANSWERED, Request, Visitor, visit};
use confab_protocol::personal::Personal;
use confab_protocol::{PROTOCOL, limits};
use ts_rs::{Config, TS, TypeVisitor};

/// File name → contents.
type Files = BTreeMap<String, String>;

#[test]
fn bindings_are_what_the_types_say() {
    let wanted = generate();
    let folder = folder();
    if std::env::var_os("UPDATE_BINDINGS").is_some() {
        write(&folder, &wanted);
    }
    let found = read(&folder);
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    let hint = "run: UPDATE_BINDINGS=1 cargo test -p confab-client --test bindings";
    assert_eq!(names(&found), names(&wanted), "{hint}");
    for (name, text) in &wanted {
        assert!(found[name] == *text, "{name} has drifted from the Rust types; {hint}");
    }
}

#[test]
fn every_event_of_the_protocol_is_in_the_event_map() {
    let map = &generate()["events.ts"];
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/src/event");
    let mut seen = 0;
    for file in fs::read_dir(sources).unwrap() {
        let source = fs::read_to_string(file.unwrap().path()).unwrap();
        for name in source.lines().filter_map(declared_event) {
            assert!(map.contains(&format!("  '{name}': ")), "{name} is missing: is its module in `event::visit`?");
            seen += 1;
        }
    }
    assert!(seen > 30, "the declarations were not found any more ({seen})");
}

/// The event that a line of a `requests!` or `pushes!` block declares: `Type => "noun:verb"…`.
fn declared_event(line: &str) -> Option<&str> {
    line.split_once("=> \"")?.1.split_once('"').map(|(name, _)| name).filter(|name| name.contains(':'))
}

fn generate() -> Files {
    let mut all = Collector { config: Config::new().with_large_int("number"), files: Files::new(), seen: Vec::new() };
    all.add::<view::Update>();
    all.add::<view::Start>();
    all.add::<view::Seat>();
    all.add::<view::Probe>();
    all.add::<view::NewMessage>();
    all.add::<view::Thread>();
    all.add::<view::NearbyCheck>();
    all.add::<view::Picked>();
    all.add::<view::DragOut>();
    all.add::<view::Desktop>();
    all.add::<view::ShellWords>();
    all.add::<view::Inspection>();
    all.add::<confab_protocol::file::Upload>();
    all.add::<confab_protocol::file::UploadRequest>();
    all.add::<confab_protocol::Error>();
    all.add::<ServerInfo>();
    all.add::<Setup>();
    all.add::<SignUpRequest>();
    all.add::<GuestRequest>();
    all.add::<SignIn>();
    all.add::<SignedIn>();
    all.add::<Session>();
    all.add::<ProfileChange>();
    all.add::<Personal>();
    all.add::<InviteRequest>();
    all.add::<Invite>();
    all.add::<InviteInfo>();
    let events = events(&mut all);
    let mut files = all.files;
    let mut index = String::from(HEAD);
    for name in files.keys() {
        let name = name.trim_end_matches(".ts");
        writeln!(index, "export type {{ {name} }} from './{name}';").unwrap();
    }
    index.push_str("export * from './events';\n");
    files.insert("index.ts".into(), index);
    files.insert("events.ts".into(), events);
    files
}

const HEAD: &str = "// Made from the Rust types by client/tests/bindings.rs. Do not edit.\n\n";

/// `events.ts`: what each event carries, so that a Socket.IO client in TypeScript cannot pair them wrongly.
fn events(all: &mut Collector) -> String {
    let mut map = EventMap { all, requests: String::new(), pushes: String::new() };
    visit(&mut map);
    let EventMap { all, requests, pushes } = map;
    let mut names: Vec<_> = all.files.keys().map(|name| name.trim_end_matches(".ts")).collect();
    names.retain(|name| mentions(&requests, name) || mentions(&pushes, name));
    let mut out = String::from(HEAD);
    writeln!(out, "import type {{\n  {},\n}} from './index';\n", names.join(",\n  ")).unwrap();
    writeln!(out, "/** The version of the protocol that these types describe. */").unwrap();
    writeln!(out, "export const PROTOCOL = {PROTOCOL};").unwrap();
    writeln!(out, "/** The event that repeats the reply to a request with a `rid`. */").unwrap();
    writeln!(out, "export const REQUEST_ANSWERED = '{REQUEST_ANSWERED}';").unwrap();
    for (name, value, doc) in [
        ("BATCH_MAX", limits::BATCH_MAX, "Messages in one `message:send_batch`."),
        ("SYNC_MAX", limits::SYNC_MAX, "Entries in one `room:sync` page."),
        ("HISTORY_MAX", limits::HISTORY_MAX, "Messages in one `room:history` page."),
        ("FILES_MAX", limits::FILES_MAX, "Files on one message."),
        ("DIRECT_MAX", limits::DIRECT_MAX, "People in one direct-message room besides the caller."),
        ("NAME_CHARS", limits::NAME_CHARS, "The longest display name or workspace name, in characters."),
        ("TOPIC_BYTES", limits::TOPIC_BYTES, "The longest room topic, in bytes."),
        ("PASSWORD_MIN", limits::PASSWORD_MIN, "The shortest password, in characters."),
    ] {
        writeln!(out, "/** {doc} */\nexport const {name} = {value};").unwrap();
    }
    write!(out, "\n/** Client to server: what each request carries, and the fields of its reply beside `ok`. */\n")
        .unwrap();
    write!(out, "export interface RequestMap {{\n{requests}}}\n").unwrap();
    write!(out, "\n/** Server to client: what each event carries. */\nexport interface PushMap {{\n{pushes}}}\n")
        .unwrap();
    out
}

fn mentions(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|word| word == name)
}

/// The two lists of `events.ts`, made of what the protocol shows.
struct EventMap<'a> {
    all: &'a mut Collector,
    requests: String,
    pushes: String,
}

impl Visitor for EventMap<'_> {
    fn request<R: Request>(&mut self, _: Place) {
        let (body, reply) = (self.all.add::<R>(), self.all.add::<R::Reply>());
        writeln!(self.requests, "  '{}': {{ request: {body}; reply: {reply} }};", R::EVENT).unwrap();
    }

    fn push<P: Push>(&mut self, _: Place) {
        let body = self.all.add::<P>();
        writeln!(self.pushes, "  '{}': {body};", P::EVENT).unwrap();
    }
}

/// Takes types together with all that they mention.
struct Collector {
    config: Config,
    files: Files,
    seen: Vec<TypeId>,
}

impl Collector {
    /// Adds a type, and answers with its name.
    fn add<T: TS + 'static>(&mut self) -> String {
        self.visit::<T>();
        T::ident(&self.config)
    }
}

impl TypeVisitor for Collector {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if self.seen.contains(&TypeId::of::<T>()) {
            return;
        }
        self.seen.push(TypeId::of::<T>());
        // Only types of our own have a file; `Vec`, strings and numbers have none.
        if let Some(path) = T::output_path() {
            let text = T::export_to_string(&self.config).expect("a type that can be written");
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if let Some(other) = self.files.get(&name) {
                assert_eq!(*other, text, "two types are called {name}");
            }
            self.files.insert(name, text);
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/bindings")
}

fn read(folder: &Path) -> Files {
    let Ok(entries) = fs::read_dir(folder) else { return Files::new() };
    let file = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    // `commands.ts` is made by src-tauri/tests/bindings.rs.
    entries.map(|entry| file(entry.unwrap().path())).filter(|(name, _)| name != "commands.ts").collect()
}

fn write(folder: &Path, files: &Files) {
    fs::create_dir_all(folder).unwrap();
    for name in read(folder).keys().filter(|name| !files.contains_key(*name)) {
        fs::remove_file(folder.join(name)).unwrap();
    }
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
}
