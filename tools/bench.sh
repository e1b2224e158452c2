#!/usr/bin/env bash
# The benches. `bench.sh`: every row, in target/bench/summary.json too; `bench.sh smoke`: does it
# run and balance; `bench.sh long`: memory over five million messages, ten minutes without Kafka, a
# start with a full spool; `bench.sh pumps`: the two yardsticks alone; `bench.sh spool`: the spool's
# rows alone; `bench.sh registry`: those of a list of 500 000 devices; `bench.sh bounds`: what the
# worst messages of every format cost.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v valgrind >/dev/null || echo "no valgrind: instructions will not be counted" >&2

case "${1:-full}" in
full)
    cargo bench --locked --bench stages
    cargo bench --locked --bench throughput -- full
    ;;
smoke)
    cargo bench --locked --bench bounds -- --smoke
    cargo bench --locked --bench stages -- --smoke
    cargo bench --locked --bench throughput -- smoke
    ;;
registry)
    cargo bench --locked --bench stages -- --registry
    cargo bench --locked --bench throughput -- registry
    ;;
bounds)
    cargo bench --locked --bench bounds
    ;;
long | pumps | spool)
    cargo bench --locked --bench throughput -- "$1"
    ;;
*)
    echo "usage: bench.sh [full|smoke|long|pumps|spool|registry|bounds]" >&2
    exit 64
    ;;
esac
