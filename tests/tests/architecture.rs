//! The rules of ARCHITECTURE.md that a machine can hold: which way dependencies point, which files may name which
//! library, and how long a file may be.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot read its own repository has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_path_buf()
}

/// The direct dependencies of each workspace member, by package name; `dev` ones too when asked for.
fn dependencies(dev: bool) -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let names = package["dependencies"].as_array().expect("dependencies").iter();
            let names = names.filter(|d| dev || d["kind"] != "dev").map(|d| d["name"].as_str().unwrap().to_owned());
            (package["name"].as_str().unwrap().to_owned(), names.collect())
        })
        .collect()
}

/// Every file with one of these endings that is ours: neither built, nor generated, nor fetched.
fn sources(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    const NOT_OURS: [&str; 6] = ["node_modules", "target", "dist", "bindings", "gen", ".git"];
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !NOT_OURS.contains(&name.as_str()) {
                folders.push(path);
            } else if endings.iter().any(|e| name.ends_with(e)) && path.is_file() {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "no sources in {folder}: this test looks in the wrong place");
    found
}

/// The files, as paths from the root, whose text outside of comments contains one of these words.
fn naming(files: &[PathBuf], words: &[&str]) -> Vec<String> {
    let names = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        text.lines().any(|line| {
            let code = line.trim_start();
            !code.starts_with("//") && !code.starts_with('*') && words.iter().any(|w| code.contains(w))
        })
    };
    files.iter().filter(|path| names(path)).map(|path| relative(path)).collect()
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().into_owned()
}

#[test]
fn dependencies_point_one_way() {
    let all = dependencies(true);
    let ours = |package: &str| -> Vec<&str> {
        let mut names: Vec<&str> =
            all[package].iter().map(String::as_str).filter(|d| d.starts_with("confab")).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    assert_eq!(ours("confab-protocol"), Vec::<&str>::new());
    assert_eq!(ours("confab-client"), ["confab-protocol"], "the client never sees the server");
    assert_eq!(ours("confab-server"), ["confab-protocol"], "the server never sees the client");
    for forbidden in ["confab-server", "confab-desktop"] {
        assert!(!ours("confab-tests").contains(&forbidden), "scenarios talk to processes, not to {forbidden}");
    }
}

#[test]
fn only_the_shell_knows_tauri() {
    for (package, dependencies) in dependencies(true) {
        if package != "confab" && package != "confab-desktop" {
            let tauri: Vec<_> = dependencies.iter().filter(|d| d.starts_with("tauri")).collect();
            assert!(tauri.is_empty(), "{package} depends on {tauri:?}");
        }
    }
}

#[test]
fn the_protocol_crate_stays_small() {
    const ALLOWED: [&str; 8] =
        ["jiff", "schemars", "serde", "serde_json", "thiserror", "ts-rs", "unicode-normalization", "uuid"];
    let found = &dependencies(false)["confab-protocol"];
    let extra: Vec<_> = found.iter().filter(|d| !ALLOWED.contains(&d.as_str())).collect();
    assert!(extra.is_empty(), "{extra:?}: a wire contract needs no I/O");
}

#[test]
fn one_file_names_rust_socketio() {
    let files: Vec<PathBuf> = ["client/src", "server/src", "src-tauri/src", "protocol/src"]
        .iter()
        .flat_map(|folder| sources(folder, &[".rs"]))
        .collect();
    let found: Vec<String> = naming(&files, &["rust_socketio"]);
    assert!(
        found.iter().all(|f| f.starts_with("client/src/link/socketio")) && !found.is_empty(),
        "outside of the cell: {found:?}"
    );
}

#[test]
fn only_the_store_names_sql_libraries() {
    let words = ["rusqlite", "tokio_postgres", "deadpool_postgres"];
    let found = naming(&sources("server/src", &[".rs"]), &words);
    let outside: Vec<_> = found.iter().filter(|f| !f.starts_with("server/src/store/")).collect();
    assert!(outside.is_empty() && !found.is_empty(), "{outside:?}");
}

#[test]
fn the_rules_of_the_chat_know_no_transport() {
    let words = ["axum", "socketioxide", "engineioxide", "hyper", "rusqlite", "tokio_postgres"];
    let found = naming(&sources("server/src/chat", &[".rs"]), &words);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn only_the_port_reaches_a_back_end() {
    let files = sources("ui/src", &[".ts", ".svelte"]);
    let found = naming(&files, &["'@tauri-apps/", "\"@tauri-apps/", "socket.io-client"]);
    let outside: Vec<_> = found.iter().filter(|f| !f.starts_with("ui/src/port/")).collect();
    assert!(outside.is_empty() && !found.is_empty(), "{outside:?}");
}

#[test]
fn no_file_is_too_long_to_read() {
    let rust = ["protocol", "client", "server", "src-tauri", "tests", "bench"]
        .iter()
        .flat_map(|folder| sources(folder, &[".rs"]))
        .map(|path| (path, 600));
    // A catalogue of words is a table: a line for each message, in the same order in each language.
    let is_catalogue = |path: &Path| path.parent().is_some_and(|folder| folder.ends_with("lib/locale"));
    let web = sources("ui/src", &[".ts"]).into_iter().map(|path| (path, 600)).filter(|(path, _)| !is_catalogue(path));
    let components = sources("ui/src", &[".svelte"]).into_iter().map(|path| (path, 300));
    let long: Vec<String> = rust
        .chain(web)
        .chain(components)
        .filter_map(|(path, most)| {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            (lines > most).then(|| format!("{}: {lines} lines, at most {most}", relative(&path)))
        })
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn no_text_becomes_html() {
    let found = naming(&sources("ui/src", &[".svelte", ".ts"]), &["{@html", "innerHTML", "insertAdjacentHTML"]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn no_names_that_say_nothing() {
    let vague = ["utils", "util", "common", "helper", "helpers", "manager", "service", "misc"];
    let files: Vec<PathBuf> = ["protocol/src", "client/src", "server/src", "src-tauri/src", "ui/src"]
        .iter()
        .flat_map(|folder| sources(folder, &[".rs", ".ts", ".svelte"]))
        .collect();
    let found: Vec<String> = files
        .iter()
        .filter(|path| {
            let stem = path.file_name().unwrap().to_string_lossy().to_lowercase();
            let stem = stem.split('.').next().unwrap().to_owned();
            vague.contains(&stem.as_str())
        })
        .map(|path| relative(path))
        .collect();
    assert!(found.is_empty(), "{found:?}");
}
