//! Embeds the web UI (`ui/dist`, built by Vite) with a gzip copy of whatever shrinks by it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> io::Result<()> {
    let var = |name: &str| env::var_os(name).map(PathBuf::from).unwrap_or_default();
    let dist = var("CARGO_MANIFEST_DIR").join("../ui/dist");
    let out = var("OUT_DIR");
    println!("cargo:rerun-if-changed={}", dist.display());

    let mut files = BTreeMap::new();
    if dist.join("index.html").is_file() {
        collect(&dist, &dist, &mut files)?;
    } else {
        println!("cargo:warning=ui/dist is missing: this server will have no web UI. Run `make ui`.");
    }

    let mut table = String::from("static ASSETS: &[Asset] = &[\n");
    for (at, (path, file)) in files.iter().enumerate() {
        let plain = fs::read(file)?;
        let zipped = gzip(&plain)?;
        let shrinks = zipped.len() < plain.len() * 9 / 10;
        // Copied, so that a new build of the UI between this and the compiler changes nothing.
        fs::write(out.join(format!("ui-{at}")), &plain)?;
        let include = |name: String| format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\"))");
        let gzip = if shrinks {
            fs::write(out.join(format!("ui-{at}.gz")), &zipped)?;
            format!("Some({})", include(format!("ui-{at}.gz")))
        } else {
            "None".to_owned()
        };
        let plain_name = include(format!("ui-{at}"));
        writeln!(
            table,
            "    Asset {{ path: {path:?}, kind: {:?}, plain: {plain_name}, gzip: {gzip}, tag: \"\\\"{:016x}\\\"\" }},",
            kind(path),
            fnv1a(&plain),
        )
        .map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    fs::write(out.join("ui.rs"), table)
}

fn collect(root: &Path, dir: &Path, files: &mut BTreeMap<String, PathBuf>) -> io::Result<()> {
    // The directories too: a new file in one of them does not touch its parents.
    println!("cargo:rerun-if-changed={}", dir.display());
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Ok(relative) = path.strip_prefix(root) {
            println!("cargo:rerun-if-changed={}", path.display());
            let url = format!("/{}", relative.to_string_lossy().replace('\\', "/"));
            files.insert(url, path);
        }
    }
    Ok(())
}

fn gzip(data: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data)?;
    encoder.finish()
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Tells one build of a file from another; nobody gains anything by a collision.
fn fnv1a(data: &[u8]) -> u64 {
    data.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
