#!/usr/bin/env bash
# The fault suite (tests/faults): makes its tools ready, builds the program, starts it. Arguments go
# to the suite; --help lists them. TRYGG_BIN=<file> takes a program that is already there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools/setup.sh
if [ -z "${TRYGG_BIN:-}" ]; then
    cargo build --locked
    # Absolute: the suite starts it from other directories.
    TRYGG_BIN=$(realpath "${CARGO_TARGET_DIR:-target}/debug/trygg")
    export TRYGG_BIN
fi
# shellcheck source=/dev/null # made by setup.sh
source target/tools/env
export PYTHONPATH=$PWD/tests:$PYTHON_STUBS PYTHONDONTWRITEBYTECODE=1
exec "$PYTHON" -m faults "$@"
