//! `ui/src/bindings/commands.ts` is made from the signatures of the commands, and never edited by hand.
//!
//! These tests fail when the committed file differs from what the functions say, or when a command is not everywhere
//! where it has to be. `UPDATE_BINDINGS=1 cargo test -p confab-desktop --test bindings` writes the file anew.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use confab_desktop::commands::names::COMMANDS;
use confab_desktop::credentials::Choice;
use syn::{FnArg, GenericArgument, Item, ItemFn, Pat, PathArguments, ReturnType, Type};
use ts_rs::TS;

/// The modules of `src/commands/`, in the order of [`COMMANDS`].
const MODULES: [&str; 9] =
    ["server", "namespace", "room", "message", "people", "file", "settings", "desktop", "inspector"];

const HINT: &str = "run: UPDATE_BINDINGS=1 cargo test -p confab-desktop --test bindings";

fn path(from_root: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(from_root)
}

fn read(from_root: &str) -> String {
    fs::read_to_string(path(from_root)).unwrap_or_else(|e| panic!("{from_root}: {e}"))
}

#[test]
fn the_types_of_the_commands_are_what_the_functions_say() {
    let wanted = generate();
    if std::env::var_os("UPDATE_BINDINGS").is_some() {
        fs::write(path("ui/src/bindings/commands.ts"), &wanted).unwrap();
    }
    assert!(read("ui/src/bindings/commands.ts") == wanted, "commands.ts has drifted from the functions; {HINT}");
}

#[test]
fn a_command_is_everywhere_or_nowhere() {
    let functions: Vec<String> =
        commands().iter().map(|(module, function)| format!("{module}::{}", function.sig.ident)).collect();
    let names: Vec<&str> = functions.iter().map(|f| f.split_once("::").unwrap().1).collect();
    assert_eq!(names, COMMANDS, "src/commands/names.rs names other commands than there are functions");

    let handler = read("src-tauri/src/commands/mod.rs");
    let handled: Vec<&str> = handler
        .split_once("generate_handler![")
        .and_then(|(_, rest)| rest.split_once(']'))
        .map(|(list, _)| list.split(',').map(str::trim).filter(|f| !f.is_empty()).collect())
        .unwrap();
    assert_eq!(handled, functions, "the handler knows other commands");

    let capability: serde_json::Value = serde_json::from_str(&read("src-tauri/capabilities/main.json")).unwrap();
    let allowed: BTreeSet<&str> =
        capability["permissions"].as_array().unwrap().iter().filter_map(|p| p.as_str()).collect();
    let wanted: Vec<String> = COMMANDS.iter().map(|name| format!("allow-{}", name.replace('_', "-"))).collect();
    assert_eq!(allowed, wanted.iter().map(String::as_str).collect(), "the window may call something else");

    let gate = read("src-tauri/isolation/gate.js");
    let list = gate.split_once("new Set([").and_then(|(_, rest)| rest.split_once("])")).unwrap().0;
    let passed: Vec<&str> = list.split('\'').skip(1).step_by(2).collect();
    let own: Vec<&str> = COMMANDS.iter().copied().chain(["plugin:__TAURI_CHANNEL__|fetch"]).collect();
    assert_eq!(passed, own, "the gate lets something else through");
}

#[test]
fn the_port_calls_every_command_and_types_them_from_here() {
    let port = read("ui/src/port/tauri.ts");
    assert!(port.contains("bindings/commands'"), "tauri.ts does not use the generated types");
    for command in COMMANDS {
        assert!(port.contains(&format!("'{command}'")), "{command}: nobody calls it");
    }
}

/// Every function with `#[tauri::command]`, with its module, in the order of the source.
fn commands() -> Vec<(&'static str, ItemFn)> {
    MODULES
        .iter()
        .flat_map(|module| {
            let source = read(&format!("src-tauri/src/commands/{module}.rs"));
            let functions = syn::parse_file(&source).unwrap().items.into_iter().filter_map(|item| match item {
                Item::Fn(function) if function.attrs.iter().any(is_command) => Some((*module, function)),
                _ => None,
            });
            functions.collect::<Vec<_>>()
        })
        .collect()
}

fn is_command(attribute: &syn::Attribute) -> bool {
    attribute.path().segments.iter().map(|s| s.ident.to_string()).eq(["tauri", "command"])
}

fn generate() -> String {
    let mut body = String::new();
    let mut used = BTreeSet::new();
    for (_, function) in commands() {
        let mut arguments = Vec::new();
        for input in &function.sig.inputs {
            let FnArg::Typed(argument) = input else { panic!("a command has no self") };
            let Pat::Ident(name) = &*argument.pat else { panic!("an argument has a name") };
            if let Some(ty) = argument_type(&argument.ty, &mut used) {
                arguments.push(format!("{}{ty}", camel_case(&name.ident.to_string())));
            }
        }
        let arguments = if arguments.is_empty() {
            "Record<string, never>".into()
        } else {
            format!("{{ {} }}", arguments.join("; "))
        };
        for line in doc(&function) {
            writeln!(body, "  /** {line} */").unwrap();
        }
        writeln!(body, "  {}: [{arguments}, {}];", function.sig.ident, answer_type(&function.sig.output, &mut used))
            .unwrap();
    }
    let mut out = String::from("// Made from the shell's commands by src-tauri/tests/bindings.rs. Do not edit.\n\n");
    writeln!(out, "import type {{\n  {},\n}} from './index';\n", used.into_iter().collect::<Vec<_>>().join(",\n  "))
        .unwrap();
    out.push_str(
        "/**\n * Every command of the desktop shell: its arguments and its answer. A refusal is an `Error`.\n",
    );
    out.push_str(" * `Updates` is the type of a channel that takes an `Update` at a time.\n */\n");
    writeln!(out, "export interface Commands<Updates> {{\n{body}}}").unwrap();
    out
}

/// `: T` or, for what may be absent, `?: T`; nothing for what Tauri hands in by itself.
fn argument_type(ty: &Type, used: &mut BTreeSet<String>) -> Option<String> {
    let (name, generics) = parts(ty);
    match name.as_str() {
        "TheShell" => None,
        "TheAccount" => Some(format!(": {}", named("AccountKey", used))),
        "Channel" => {
            assert_eq!(parts(generics[0]).0, "Update", "channels carry updates");
            Some(": Updates".into())
        }
        "Option" => Some(format!("?: {} | null", typescript(generics[0], used))),
        _ => Some(format!(": {}", typescript(ty, used))),
    }
}

/// `Answer<T>` → T.
fn answer_type(output: &ReturnType, used: &mut BTreeSet<String>) -> String {
    let ReturnType::Type(_, ty) = output else { panic!("a command answers") };
    let (name, generics) = parts(ty);
    assert_eq!(name, "Answer", "commands answer with the protocol's error");
    match generics[0] {
        Type::Tuple(unit) if unit.elems.is_empty() => "void".into(),
        other => typescript(other, used),
    }
}

fn typescript(ty: &Type, used: &mut BTreeSet<String>) -> String {
    let (name, generics) = parts(ty);
    match name.as_str() {
        "String" => "string".into(),
        "bool" => "boolean".into(),
        "Seq" | "u64" => "number".into(),
        // Bytes as they are, which go over without JSON.
        "Response" => "ArrayBuffer".into(),
        "Choice" => Choice::inline(&ts_rs::Config::new()),
        "Option" => format!("{} | null", typescript(generics[0], used)),
        "Vec" => format!("Array<{}>", typescript(generics[0], used)),
        _ => {
            assert!(generics.is_empty(), "{name}: a generic type needs a rule here");
            named(&name, used)
        }
    }
}

/// A type of the protocol or of the client: its own file is made by client/tests/bindings.rs.
fn named(name: &str, used: &mut BTreeSet<String>) -> String {
    assert!(path(&format!("ui/src/bindings/{name}.ts")).exists(), "{name} is not generated");
    used.insert(name.to_owned());
    name.to_owned()
}

/// The last name of a path, and its generic types.
fn parts(ty: &Type) -> (String, Vec<&Type>) {
    let Type::Path(path) = ty else { panic!("a plain type is expected") };
    let last = path.path.segments.last().unwrap();
    let generics = match &last.arguments {
        PathArguments::AngleBracketed(list) => list
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    (last.ident.to_string(), generics)
}

fn doc(function: &ItemFn) -> Vec<String> {
    let texts = function.attrs.iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    texts.collect()
}

/// Tauri's way of naming arguments.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut all, word| {
        all.push_str(&word[..1].to_uppercase());
        all.push_str(&word[1..]);
        all
    })
}
