#!/usr/bin/env bash
# Licences, bans, sources and advisories of everything that is built in, by a pinned cargo-deny.
# Advisories come from the dated snapshot $SHARED/data/advisories.tar.xz, so nothing is fetched;
# without the snapshot that part is left out and says so.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=0.20.2
tool=$PWD/target/tools/cargo-deny
snapshot=${SHARED:-../shared}/data/advisories.tar.xz
database=$PWD/target/advisories

if [ "$("$tool/bin/cargo-deny" --version 2>/dev/null)" != "cargo-deny $version" ]; then
    printf 'deny: building cargo-deny %s\n' "$version"
    CARGO_TARGET_DIR=target/tools/cargo-deny-build cargo install --quiet --locked --root "$tool" "cargo-deny@$version"
    rm -rf target/tools/cargo-deny-build
fi

check() { "$tool/bin/cargo-deny" --locked --config "$1" check --hide-inclusion-graph "${@:2}"; }

check deny.toml bans licenses sources
if [ ! -r "$snapshot" ]; then
    printf 'deny: NO ADVISORY CHECK: %s is not there (SHARED=<dir> says where)\n' "$snapshot"
    exit 0
fi

# cargo-deny wants a git repository in a folder named after the address it would fetch from;
# this is the name it gives to the address below, which exists nowhere.
address=https://snapshot.invalid/advisories
folder=$database/advisories-59f320ccda67942f
rm -rf "$database"
mkdir -p "$folder"
tar -xJf "$snapshot" -C "$folder"
git -C "$folder" init --quiet
git -C "$folder" add --all
git -C "$folder" -c user.name=snapshot -c user.email=snapshot@snapshot.invalid commit --quiet -m snapshot
newest=$(grep -rhoE '^date = "[0-9-]+"' "$folder/crates" | sort | tail -1 | tr -dc '0-9-')
age=$((($(date +%s) - $(date -d "$newest" +%s)) / 86400))
printf 'deny: advisories up to %s, %d days old\n' "$newest" "$age"

sed "s|^\[advisories\]$|&\ndb-path = \"$database\"\ndb-urls = [\"$address\"]|" deny.toml >target/deny-offline.toml
"$tool/bin/cargo-deny" --locked --offline --config target/deny-offline.toml check advisories
