#!/usr/bin/env bash
#
# What does a certificate cost from the command line? One process for each, P-256 where the tool can,
# beside openssl, mkcert and minica (Debian packages of these names); a tool that is missing is skipped.
#
#   scripts/bench-pki.sh [ROUNDS [COUNT]]    5 rounds of 20 processes each, if nothing else is said
#
# It counts the processor's time, user and system, of the processes. The tools take turns, and each
# answers with its median round. COUNTERSIGN names a binary to measure instead of building one, and
# COUNTERSIGN_OTHER a second one: the two sides of docs/decisions/0005.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rounds=${1:-5}
count=${2:-20}
if [ -z "${COUNTERSIGN:-}" ]; then
    cargo build --quiet --release --locked -p countersign
    COUNTERSIGN="${CARGO_TARGET_DIR:-$PWD/target}/release/countersign"
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export TRUST_STORES=none # mkcert asks them, and would say on each run what is not installed

# A CA on P-256, of the shape that openssl and mkcert take.
authority() {
    mkdir -p "$1"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/CN=Bench Root' \
        -addext 'basicConstraints=critical,CA:TRUE' -keyout "$1/rootCA-key.pem" -out "$1/rootCA.pem"
}

# Each makes $count certificates into the empty folder $1, by CA files that are there already.
nothing() { for _ in $(seq "$count"); do /bin/true; done; }
issue() {
    for i in $(seq "$count"); do
        "$2" pki issue client "c$i" --spiffe "spiffe://dev.example/c$i" --dir "$scratch/store"
    done
}
together() { "$2" pki issue client c --count 1000 --spiffe spiffe://dev.example/c --dir "$scratch/store"; }
init() { for i in $(seq "$count"); do "$2" pki init "$1/$i"; done; }
by_openssl() {
    for i in $(seq "$count"); do
        openssl req -x509 -CA "$scratch/ca/rootCA.pem" -CAkey "$scratch/ca/rootCA-key.pem" -newkey ec \
            -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=c$i" \
            -addext "subjectAltName=URI:spiffe://dev.example/c$i" -keyout "$1/c$i-key.pem" -out "$1/c$i.pem"
    done
}
by_mkcert() {
    for i in $(seq "$count"); do
        CAROOT=$2 mkcert -ecdsa -client -cert-file "$1/c$i.pem" -key-file "$1/c$i-key.pem" "c$i.example.test"
    done
}
by_minica() { (cd "$1" && for i in $(seq "$count"); do minica -ca-cert "$scratch/minica/cacert.crt" \
    -ca-key "$scratch/minica/cakey.key" "c$i.example.test"; done); }

# What is measured: a name, how many certificates it makes, a command.
rows=()
row() { rows+=("$1|$2|$3"); }
row 'nothing: /bin/true' "$count" nothing
for binary in "$COUNTERSIGN" ${COUNTERSIGN_OTHER:+"$COUNTERSIGN_OTHER"}; do
    mark=''
    [ "$binary" = "$COUNTERSIGN" ] || mark=', the other binary'
    "$binary" pki init "$scratch/sample" >/dev/null 2>&1
    made=$(find "$scratch/sample" -name '*-key.pem' | wc -l)
    rm -rf "$scratch/sample"
    row "countersign pki issue$mark" "$count" "issue|$binary"
    row "countersign pki issue --count 1000$mark" 1000 "together|$binary"
    row "countersign pki init, $made certificates$mark" $((made * count)) "init|$binary"
done
missing() { echo "skipped, not installed: $1" >&2; }
if command -v openssl >/dev/null; then
    authority "$scratch/ca" 2>/dev/null
    row 'openssl req -x509 -CA' "$count" by_openssl
else
    missing openssl
fi
if command -v mkcert >/dev/null; then
    mkdir "$scratch/mkcert"
    by_mkcert "$scratch/mkcert" "$scratch/mkcert" >/dev/null 2>&1 # makes its root
    row 'mkcert -ecdsa, its own root (RSA-3072)' "$count" "by_mkcert|$scratch/mkcert"
    [ ! -d "$scratch/ca" ] || row 'mkcert -ecdsa, a root on P-256' "$count" "by_mkcert|$scratch/ca"
else
    missing mkcert
fi
if command -v minica >/dev/null; then
    mkdir "$scratch/minica"
    (cd "$scratch/minica" && minica root.example.test) >/dev/null # makes its root
    row 'minica (RSA-2048: it knows no other)' "$count" by_minica
else
    missing minica
fi

# Prints the seconds of the processor that a row takes, in fresh folders that are not counted.
measure() {
    local name=$1 command argument TIMEFORMAT='%3U %3S'
    IFS='|' read -r command argument <<<"$2"
    rm -rf "$scratch/out" "$scratch/store"
    mkdir "$scratch/out"
    "$COUNTERSIGN" pki init "$scratch/store" >/dev/null 2>&1
    { time "$command" "$scratch/out" "$argument" >"$scratch/log" 2>&1; } 2>&1 ||
        { printf '%s failed:\n' "$name" >&2; tail -n 5 "$scratch/log" >&2; exit 1; }
}

for _ in $(seq "$rounds"); do
    for i in "${!rows[@]}"; do
        IFS='|' read -r name made command <<<"${rows[i]}"
        measure "$name" "$command" >>"$scratch/$i.times"
    done
done

# The median; bash cannot divide.
printf '%-52s %12s %14s\n' "certificates, $rounds rounds" 'CPU ms each' 'per CPU-second'
for i in "${!rows[@]}"; do
    IFS='|' read -r name made _ <<<"${rows[i]}"
    awk '{ print $1 + $2 }' "$scratch/$i.times" | sort -n | awk -v name="$name" -v made="$made" '
        { seconds[NR] = $1 }
        END { s = seconds[int((NR + 1) / 2)] / made; printf "%-52s %12.2f %14.0f\n", name, s * 1000, s ? 1 / s : 0 }'
done
