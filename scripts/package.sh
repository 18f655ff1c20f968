#!/usr/bin/env bash
# Builds the .deb with the desktop app and the server, and prints where it is. `make package` calls this after
# `scripts/setup package`.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m[package]\033[0m %s\n' "$*" >&2; }
target=${CARGO_TARGET_DIR:-$PWD/target}
export CARGO_TARGET_DIR=$target
staging=$target/package
triple=$(rustc -vV | sed -n 's/^host: //p')
mkdir -p "$staging"

if [ ! -f ui/dist/index.html ]; then
  say "UI"
  npm --prefix ui run --silent build >&2
fi

say "server"
# Named beside the app, so that its dependencies have the features that `make run` has built them with.
cargo build --release --locked --features custom-protocol -p confab -p confab-server --bin confab-server >&2
# Tauri takes an external binary by its name with the target triple, relative to the configuration.
install -m 755 "$target/release/confab-server" "$staging/confab-server-$triple"

# What Debian wants beside the files: the changelog compressed without a time stamp, the copyright as a text.
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
changed=$(date --utc --reference=CHANGELOG.md '+%a, %d %b %Y %H:%M:%S +0000')
printf 'confab (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md in the sources.\n\n -- The Confab authors <confab@localhost>  %s\n' \
  "$version" "$changed" | gzip -9n >"$staging/changelog.gz"
{
  printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: Confab\n\n'
  printf 'Files: *\nCopyright: The Confab authors\nLicense: MIT or Apache-2.0\n\nLicense: MIT\n'
  sed 's/^$/./; s/^/ /' LICENSE-MIT
  printf '\nLicense: Apache-2.0\n On Debian systems, the Apache License, Version 2.0, is in\n /usr/share/common-licenses/Apache-2.0.\n'
} >"$staging/copyright"
for name in confab confab-server; do
  [ "$name" = confab ] && what="desktop app" || what="server"
  "$target/release/confab-server" --version >/dev/null
  sed -e "s/@NAME@/$name/g; s/@UPPER@/${name^^}/g; s/@VERSION@/$version/g; s/@WHAT@/$what/g" \
    src-tauri/packaging/manual.1 | gzip -9n >"$staging/$name.1.gz"
done

# The overlay speaks of target/; the staging directory may be elsewhere.
config=$staging/tauri.bundle.json
sed "s#@STAGING@#$staging#g" tauri.bundle.conf.json >"$config"

say "app and .deb"
npm exec --offline -- tauri build --ci --bundles deb --features custom-protocol --config "$config" >&2
deb=$(ls -t "$target"/release/bundle/deb/*.deb | head -n 1)

say "lintian"
if command -v lintian >/dev/null; then
  lintian --fail-on error --suppress-tags-from-file src-tauri/packaging/lintian "$deb" >&2
fi
echo "$deb"
