#!/usr/bin/env bash
#
# Runs the fuzz targets, each for some seconds, as many at a time as there are processors:
#
#   scripts/fuzz.sh [SECONDS] [TARGET...]     default: 60 seconds, all targets
#
# A finding ends with an error and leaves its input in crates/countersign-identity/fuzz/artifacts/. What
# was learned stays in the corpus beside it, which git ignores. Prints the executions of each target.
#
# The flags are those of `cargo fuzz --sanitizer none` (cargo-fuzz 0.13). They need no nightly
# toolchain, and called like this no cargo-fuzz either. With both, `cargo fuzz run TARGET` works too; a
# sanitizer would watch memory, and our code has no `unsafe`.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-60}
shift || true
root=$PWD
fuzz=$root/crates/countersign-identity/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')

if [ $# -eq 0 ]; then
    for target in "$fuzz"/fuzz_targets/*.rs; do set -- "$@" "$(basename "$target" .rs)"; done
fi

cargo run --quiet --locked -p countersign-identity --example seeds -- "$fuzz/corpus"

RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0 \
-Ccodegen-units=1 -Cdebug-assertions --cfg fuzzing" \
    cargo build --quiet --release --locked --target "$host" --manifest-path "$fuzz/Cargo.toml" \
    --target-dir "$fuzz/target" --bins

# run TARGET: one line of what it did; all that it said, if it found something.
run() {
    local log artifacts=$fuzz/artifacts/$1
    log=$(mktemp)
    mkdir -p "$artifacts" "$fuzz/corpus/$1"
    if "$fuzz/target/$host/release/$1" "$fuzz/corpus/$1" -artifact_prefix="$artifacts/" \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 \
        >"$log" 2>&1; then
        awk -v target="$1" -v seconds="$seconds" '
            /number_of_executed_units/ { runs = $2 }
            / cov: / { for (i = 1; i <= NF; i++) { if ($i == "cov:") cov = $(i + 1); if ($i == "ft:") ft = $(i + 1) } }
            END { printf "%-14s %12d executions in %d s, %d edges, %d features\n", target, runs, seconds, cov, ft }' "$log"
        rm "$log"
    else
        tail -n 60 "$log" >&2
        printf '%s: FOUND SOMETHING, its input is in %s\n' "$1" "$artifacts" >&2
        return 1
    fi
}
export -f run
export fuzz host seconds

printf '%s\n' "$@" | xargs -P "$(nproc)" -I {} bash -c 'run {}'
