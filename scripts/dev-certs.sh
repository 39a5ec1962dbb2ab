#!/usr/bin/env bash
#
# Makes the dev certificates: authorities, a server certificate and client certificates.
#
#   scripts/dev-certs.sh [DIR] [--dns NAME] [--ip ADDRESS]
#
# DIR is relative to where you stand; without it the repository's .countersign/ is used. A second run
# changes nothing. What it prints comes from `countersign pki init`; see `countersign pki init --help`.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

dir="$root/.countersign"
case "${1:-}" in
    '' | -*) ;; # no folder named: all arguments are options
    *) dir=$1; shift ;;
esac

# --manifest-path instead of `cd`: a relative DIR must mean what it means to the caller.
exec cargo run --manifest-path "$root/Cargo.toml" -p countersign -- pki init "$dir" "$@"
