#!/usr/bin/env bash
# Recorded homes through real Mosquitto, engine and Kafka. SHARED=<dir> holds the data, which is
# not part of this repository; without it the exit code is 77.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

shared=${SHARED:-../shared}
for file in data/casas-tm000-week/events.tsv data/ordonez-home-a/OrdonezA_Sensors.txt \
    data/wrist-e4/S01/HR.csv data/mqtt-payloads/zigbee2mqtt.jsonl; do
    if [ ! -r "$shared/$file" ]; then
        printf 'SKIP replay: %s is not there (SHARED=<dir> says where the data is)\n' "$shared/$file"
        exit 77
    fi
done
tools/setup.sh
TRYGG_SHARED=$(cd "$shared" && pwd)
export TRYGG_SHARED
exec cargo test --locked --test it -- --ignored --nocapture --test-threads=1 replay::
