#!/usr/bin/env bash
# Fuzzes every format, the mapping, MQTT's framing and the recognition of formats with libFuzzer:
# SECONDS each (default 120), or what stands in ONLY=json,mqtt. A table is printed as it goes.
# Exit 1 if an input crashed one, took over 10 ms for 256 KiB (less in proportion, 1 ms at least),
# or held more than 4 MiB. Counting coverage makes a decoder several times slower, so an input over its
# time is judged by a build that counts nothing; how many it excused stands behind the slowest message.
# Findings stay in target/fuzz/<target>/, with the command to replay them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=120
only=
while [ $# -gt 0 ]; do
    case $1 in
        --seconds) seconds=$2 ;;
        --only) only=${2//,/ } ;;
        *) printf 'usage: tools/fuzz.sh [--seconds N] [--only target,target]\n' >&2 && exit 2 ;;
    esac
    shift 2
done

program=${CARGO_TARGET_DIR:-target}/debug/trygg-fuzz
mkdir -p target/fuzz
cargo --config fuzz/profile.toml build --locked --quiet -p trygg-fuzz
cp "$program" target/fuzz/plain
RUSTC_WORKSPACE_WRAPPER=$PWD/fuzz/rustc cargo --config fuzz/profile.toml build --locked --quiet -p trygg-fuzz
export TRYGG_FUZZ_PLAIN=$PWD/target/fuzz/plain
limits=(-timeout=10 -rss_limit_mb=1024 -max_len=262144)

# fuzz/seeds/<target>.txt holds messages as fuzz/src/session.rs reads them, fuzz/seeds/<target>.hex
# lines of flags and topic (or, for MQTT, nothing) and a payload in hexadecimal digits. Every message
# is a seed, and all of a file in a row are one: what a format remembers of them is tried too.
unpack() {
    local text=fuzz/seeds/$1.txt hex=fuzz/seeds/$1.hex to=$2 count=0 head digits
    rm -rf "$to"
    mkdir -p "$to"
    if [ -r "$text" ]; then
        { printf 0 && cat "$text"; } >"$to/all"
        awk -v to="$to" 'BEGIN { RS = "\n%%\n" } { sub(/\n$/, ""); printf "0%s", $0 > (to "/" NR); close(to "/" NR) }' "$text"
    fi
    [ -r "$hex" ] || return 0
    while read -r head digits; do
        count=$((count + 1))
        {
            [ -z "$digits" ] || printf '%s\n' "$head"
            # shellcheck disable=SC2059  # the format is what is written
            printf "$(sed 's/../\\x&/g' <<<"${digits:-$head}")"
        } >"$to/hex-$count"
        [ -z "$digits" ] || {
            [ "$count" -eq 1 ] || printf '\n%%%%\n'
            tail -c "+$((count == 1 ? 1 : 2))" "$to/hex-$count"
        } >>"$to/hex-all"
    done <"$hex"
}

# Words of JSON, and the keys of the format's table.
dictionary() {
    printf '"%s"\n' '{}' '[]' null true false '\x0a%%\x0a' '\x1a' 1e308 -0 '\\\\u0000' NaN '<a>' '</a>' '<![CDATA[' '&#48;' '\xef\xbb\xbf'
    [ ! -r "config/keys/$1.csv" ] || tail -n +2 "config/keys/$1.csv" | cut -d, -f1 | grep -E '^[A-Za-z0-9_/$. -]+$' |
        sed 's/.*/"\\"&\\""\n"&"/' | sort -u || true
}

failed=0
printf '%-13s %12s %9s %8s %8s %8s  %s\n' target executions exec/s coverage corpus crashes 'slowest message'
for target in ${only:-$(TRYGG_FUZZ=list "$program")}; do
    folder=target/fuzz/$target
    mkdir -p "$folder/corpus"
    unpack "$target" "$folder/seeds"
    dictionary "$target" >"$folder/dictionary"
    status=0
    TRYGG_FUZZ=$target "$program" "$folder/corpus" "$folder/seeds" "${limits[@]}" -max_total_time="$seconds" \
        -dict="$folder/dictionary" -artifact_prefix="$folder/" -print_final_stats=1 -verbosity=1 \
        >"$folder/log" 2>&1 || status=$?
    stat() { awk -v name="stat::$1:" '$1 == name { value = $2 } END { print value + 0 }' "$folder/log"; }
    coverage=$(grep -oE 'cov: [0-9]+' "$folder/log" | tail -1 | tr -dc 0-9 || true)
    crashes=$((status != 0))
    printf '%-13s %12s %9s %8s %8s %8s  %s us, %s bytes, %s KiB held, %s excused\n' "$target" "$(stat number_of_executed_units)" \
        "$(stat average_exec_per_sec)" "${coverage:-0}" "$(find "$folder/corpus" -type f | wc -l)" "$crashes" \
        "$(stat slowest_us)" "$(stat slowest_bytes)" "$(stat most_extra_kib)" "$(stat excused)"
    if [ "$status" -ne 0 ]; then
        failed=$((failed + 1))
        grep -A1 -E 'panicked at|ERROR: libFuzzer' "$folder/log" | sed 's/^/    /' | head -4 || true
        found=$(sed -n 's/.*Test unit written to //p' "$folder/log" | tail -1)
        printf '    replay: TRYGG_FUZZ=%s %s %s\n' "$target" target/fuzz/plain "${found:-$folder/log}"
    fi
done
printf 'fuzz: %d targets with findings\n' "$failed"
[ "$failed" -eq 0 ]
