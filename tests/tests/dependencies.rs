//! What comes with us: licences that we may ship under, and versions that are not older than known defects.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot read its own repository has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_path_buf()
}

/// (name, version, licence expression) of every crate in the lock file.
fn crates() -> Vec<(String, String, String)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--all-features"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    packages.iter().map(|p| (text(&p["name"]), text(&p["version"]), text(&p["license"]))).collect()
}

fn version(text: &str) -> Vec<u64> {
    text.split(['-', '+']).next().unwrap().split('.').map(|n| n.parse().unwrap_or(0)).collect()
}

/// Licences that ask for no more than their text to be shipped along. MPL-2.0 is per file: we change none of theirs.
const ALLOWED: [&str; 15] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSD-1-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unlicense",
    "CC0-1.0",
    "Unicode-3.0",
    "BSL-1.0",
    "MPL-2.0",
];

/// Whether an SPDX expression can be met with allowed licences only: of an OR one side, of an AND both.
fn is_allowed(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], " ");
    // Older crates write `MIT/Apache-2.0` for OR.
    plain.split(" AND ").all(|all| all.replace('/', " OR ").split(" OR ").any(|one| ALLOWED.contains(&one.trim())))
}

#[test]
fn every_crate_has_a_licence_that_we_may_ship() {
    let refused: Vec<_> = crates().into_iter().filter(|(_, _, licence)| !is_allowed(licence)).collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn the_licence_check_can_refuse() {
    assert!(is_allowed("MIT OR GPL-3.0") && is_allowed("MIT/Apache-2.0") && is_allowed("(MIT OR X) AND Unicode-3.0"));
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "AGPL-3.0-only", "Proprietary"] {
        assert!(!is_allowed(bad), "{bad}");
    }
}

/// Older versions have remote denials of service or panics that RustSec does not know, or known advisories.
#[test]
fn no_version_is_below_its_floor() {
    const FLOORS: [(&str, &str); 7] = [
        ("socketioxide", "0.18.9"),
        ("engineioxide", "0.17.9"),
        ("engineioxide-core", "0.2.3"),
        ("socketioxide-parser-common", "0.17.3"),
        ("tauri", "2.11.1"),          // CVE-2026-42184
        ("keyring", "4.0.0"),         // v3 without store features silently uses a mock
        ("libsqlite3-sys", "0.38.0"), // bundles a SQLite after 3.51.3: the WAL-reset corruption
    ];
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, version, _) in crates() {
        found.entry(name).or_default().insert(version);
    }
    for (name, floor) in FLOORS {
        let versions = found.get(name).unwrap_or_else(|| panic!("{name} is gone: drop its floor"));
        for v in versions {
            assert!(version(v) >= version(floor), "{name} {v} is older than {floor}");
        }
    }
}

/// Points at which the client ends its process must not come with the app: only the scenarios ask for them.
#[test]
fn only_the_scenarios_ask_for_points_in_the_client() {
    let mut asks = Vec::new();
    for manifest in ["Cargo.toml", "bench/Cargo.toml", "client/Cargo.toml", "src-tauri/Cargo.toml", "tests/Cargo.toml"]
    {
        let text = fs::read_to_string(root().join(manifest)).unwrap_or_else(|e| panic!("{manifest}: {e}"));
        let of_client = |line: &&str| line.starts_with("confab-client") && line.contains("failpoints");
        asks.extend(text.lines().find(of_client).map(|_| manifest));
    }
    assert_eq!(asks, ["tests/Cargo.toml"]);
}

#[test]
fn one_sqlite_is_linked() {
    let linked: Vec<_> = crates().into_iter().filter(|(name, ..)| name == "libsqlite3-sys").collect();
    assert_eq!(linked.len(), 1, "{linked:?}");
}

#[test]
fn every_npm_package_has_a_licence_that_we_may_ship() {
    for lock in ["ui/package-lock.json", "package-lock.json", "tests/js/package-lock.json"] {
        let text = fs::read_to_string(root().join(lock)).unwrap_or_else(|e| panic!("{lock}: {e}"));
        assert!(!text.contains("\"resolved\""), "{lock} names a registry's host");
        let parsed: Value = serde_json::from_str(&text).unwrap();
        for (path, package) in parsed["packages"].as_object().expect("packages") {
            if path.is_empty() {
                continue;
            }
            let licence = package["license"].as_str().unwrap_or_default();
            // An old package.json with `licenses`, which lock files do not carry: MIT.
            if path == "node_modules/xmlhttprequest-ssl" {
                continue;
            }
            // Data, build tools, and the parser of markdown-it's command line, which is never in a build.
            let known = ["BlueOak-1.0.0", "CC-BY-4.0", "Python-2.0", "PSF-2.0"].contains(&licence);
            assert!(known || is_allowed(licence), "{lock}: {path} is under '{licence}'");
        }
    }
}
