#!/usr/bin/env bash
# Lays out what an installation needs, in the shape of /usr/local: program, manual pages, completions,
# unit, documents, alert rules, example configuration. Without --tree it makes a tarball of it.
#
#   deploy/package.sh                            builds, then target/package/trygg-VERSION-PLATFORM.tar.gz
#   deploy/package.sh --binary FILE --tree DIR   of a program that is built, straight into a folder
#
# Install: tar -xzf trygg-*.tar.gz --strip-components=1 -C /usr/local
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

binary='' tree=''
while [ $# -gt 0 ]; do
    case $1 in
    --binary) binary=${2:?--binary FILE} ;;
    --tree) tree=${2:?--tree DIR} ;;
    *)
        printf 'usage: package.sh [--binary FILE] [--tree DIR]\n' >&2
        exit 64
        ;;
    esac
    shift 2
done

if [ -z "$binary" ]; then
    (cd "$root" && cargo build --locked --release --no-default-features)
    binary=$root/target/release/trygg
fi
version=$("$binary" --version | cut -d' ' -f2)
name=trygg-$version-$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m)
out=$root/target/package
package=${tree:-$out/$name}
[ -n "$tree" ] || rm -rf "$package"

put() { # mode, files..., folder
    local mode=$1 folder=$package/${*: -1}
    install -d -m 755 "$folder"
    install -m "$mode" "${@:2:$#-2}" "$folder"
}

install -D -m 755 "$binary" "$package/bin/trygg"
install -d -m 755 "$package"/share/{man/man1,bash-completion/completions,zsh/site-functions,fish/vendor_completions.d}
"$binary" man "$package/share/man/man1"
"$binary" completions bash >"$package/share/bash-completion/completions/trygg"
"$binary" completions zsh >"$package/share/zsh/site-functions/_trygg"
"$binary" completions fish >"$package/share/fish/vendor_completions.d/trygg.fish"

put 644 "$root/deploy/trygg.service" lib/systemd/system
# As in the repository, so that the links between the documents lead somewhere.
documents=share/doc/trygg
put 644 "$root"/{README,ARCHITECTURE,CHANGELOG,CONTRIBUTING,SECURITY}.md "$root/LICENSE" $documents
(cd "$root" && find docs config proto examples -type f -exec install -D -m 644 {} "$(realpath "$package")/$documents/{}" \;)
put 644 "$root/deploy/trygg.service" $documents/deploy
for folder in mosquitto prometheus; do put 644 "$root/deploy/$folder"/* "$documents/deploy/$folder"; done
put 755 "$root"/deploy/kafka/* $documents/deploy/kafka

if [ -z "$tree" ]; then
    # The same files make the same tarball.
    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@${SOURCE_DATE_EPOCH:-0}" \
        -C "$out" -c "$name" | gzip -9n >"$package.tar.gz"
    (cd "$out" && sha256sum "$name.tar.gz" | tee "$name.tar.gz.sha256")
fi
