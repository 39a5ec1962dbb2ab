#!/usr/bin/env bash
#
# How many tokens in a second? `countersign serve` with SQLite, and with PostgreSQL where that is installed, beside npm's oidc-provider,
# which keeps tokens in memory: each on the first processor, whoever asks on the second, over 16 connections that stay.
# All issue JWTs of ES256 that are bound to the certificate.
#
#   scripts/bench-oauth.sh [ROUNDS [SECONDS]]    5 rounds of 3 seconds each, if nothing else is said
#
# COUNTERSIGN names a binary to measure instead of building one.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rounds=${1:-5}
seconds=${2:-3}
target="${CARGO_TARGET_DIR:-$PWD/target}"
cargo build --quiet --release --locked -p countersign-oauth --example token_requests
if [ -z "${COUNTERSIGN:-}" ]; then
    cargo build --quiet --release --locked -p countersign
    COUNTERSIGN="$target/release/countersign"
fi
COUNTERSIGN=$(realpath "$COUNTERSIGN")
modules="$target/bench-node/node_modules"
if [ ! -f "$modules/oidc-provider/package.json" ]; then
    npm install --prefix "$target/bench-node" --no-save --no-audit --no-fund --silent oidc-provider@9
fi

scratch=$(mktemp -d)
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$scratch"
}
trap finish EXIT

mkdir "$scratch/fixtures"
cp fixtures/policy.toml "$scratch/fixtures/"
(cd "$scratch" && "$COUNTERSIGN" pki init >/dev/null)
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$scratch/.countersign/tokens-key.pem"

# serve NAME PORT STORAGE: starts a server of ours.
serve() {
    sed -e "s|127.0.0.1:8443|127.0.0.1:$2|; s|127.0.0.1:8444|127.0.0.1:0|; s|\.\./\.countersign/tokens.db|$3|" \
        -e 's|^policy = |audit = "/dev/null"\npolicy = |' fixtures/tokens.toml >"$scratch/fixtures/$1.toml"
    taskset -c 0 "$COUNTERSIGN" serve --config "$scratch/fixtures/$1.toml" 2>"$scratch/$1.log" &
    pids+=($!)
}

names=('countersign, SQLite' oidc-provider)
ports=(18443 18444)
paths=(/oauth/token /token)
serve sqlite 18443 ../.countersign/tokens.db
NODE_ENV=production taskset -c 0 node scripts/bench-oauth.mjs "$modules" "$scratch/.countersign" 18444 >"$scratch/oidc.log" 2>&1 &
pids+=($!)
if command -v initdb >/dev/null && command -v postgres >/dev/null; then
    # Who is root may not run it.
    as=()
    [ "$(id -u)" -ne 0 ] || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    mkdir "$scratch/postgres"
    [ "$(id -u)" -ne 0 ] || { chown 65534:65534 "$scratch/postgres"; chmod 711 "$scratch"; }
    (cd "$scratch/postgres" && "${as[@]}" initdb -A trust -U countersign -D data >/dev/null)
    (cd "$scratch/postgres" && exec taskset -c 0 "${as[@]}" postgres -D data -c listen_addresses= -k "$PWD" 2>log) &
    pids+=($!)
    for _ in $(seq 100); do
        [ -S "$scratch/postgres/.s.PGSQL.5432" ] && break
        sleep 0.1
    done
    serve postgres 18445 "postgres://countersign@${scratch//\//%2F}%2Fpostgres/postgres"
    names+=('countersign, PostgreSQL')
    ports+=(18445)
    paths+=(/oauth/token)
fi
for port in "${ports[@]}"; do
    for _ in $(seq 100); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
        sleep 0.1
    done
done

for round in $(seq "$rounds"); do
    for row in "${!names[@]}"; do
        taskset -c 1 "$target/release/examples/token_requests" "${ports[$row]}" "${paths[$row]}" \
            "$scratch/.countersign" 16 "$seconds" >>"$scratch/row$row"
    done
    echo "round $round of $rounds" >&2
done
printf '%-26s %10s   %s\n' '' 'tokens/s' 'least to most'
for row in "${!names[@]}"; do
    sort -n "$scratch/row$row" >"$scratch/sorted"
    median=$(sed -n "$(((rounds + 1) / 2))p" "$scratch/sorted")
    printf '%-26s %10s   %s to %s\n' "${names[$row]}" "$median" "$(head -1 "$scratch/sorted")" "$(tail -1 "$scratch/sorted")"
done
