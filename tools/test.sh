#!/usr/bin/env bash
# Runs the tests (further arguments go to `cargo test`; a filter may follow `--test it`), prints
# what was skipped and why, and closes with `N passed, N failed` over all test binaries.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools/setup.sh
rm -f target/it-skips
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# More threads than cores: tests of the whole engine mostly wait.
status=0
cargo test --locked --no-fail-fast "$@" -- --test-threads=4 ${TRYGG_SHOW:+--show-output} 2>&1 | tee "$log" || status=$?

skipped=0
if [ -s target/it-skips ]; then
    skipped=$(wc -l <target/it-skips)
    printf '\nSKIPPED:\n'
    sed 's/^/  SKIP /' target/it-skips
fi
read -r passed failed < <(awk '
    /^test result: / {
        for (i = 2; i <= NF; i++) {
            if ($i == "passed;") passed += $(i - 1)
            if ($i == "failed;") failed += $(i - 1)
        }
    }
    END { print passed + 0, failed + 0 }' "$log")

if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
    printf 'the tests did not run to their end\n'
    failed=1
fi
if [ "$skipped" -gt 0 ]; then
    printf '%d passed, %d failed, %d skipped\n' "$((passed - skipped))" "$failed" "$skipped"
else
    printf '%d passed, %d failed\n' "$passed" "$failed"
fi
[ "$failed" -eq 0 ] && [ "$status" -eq 0 ] && { [ "$skipped" -eq 0 ] || [ "${CI:-}" != true ]; }
