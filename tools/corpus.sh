#!/usr/bin/env bash
# Real messages of every format through `trygg explain`: what gave readings, what was understood as
# something else, what was refused and why. SHARED=<dir> holds them; they are not part of this
# repository, and without them the exit code is 77.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

shared=${SHARED:-../shared}
corpus=$shared/data/mqtt-payloads
if [ ! -r "$corpus/zigbee2mqtt.jsonl" ]; then
    printf 'SKIP corpus: %s is not there (SHARED=<dir> says where the data is)\n' "$corpus"
    exit 77
fi
trygg=${TRYGG:-}
if [ -z "$trygg" ]; then
    cargo build --locked --bin trygg
    trygg=${CARGO_TARGET_DIR:-target}/debug/trygg
fi
exec python3 tools/corpus.py "$trygg" "$corpus" "$@"
