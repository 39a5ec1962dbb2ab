# Short names for what one does here: `just` lists them. Recipes only call cargo or a script; how things
# are done is written there. Change a variable for one run with `just NAME=VALUE RECIPE`.

# The folder of the dev certificates. Git ignores it.
dir := ".countersign"
# Which dev client `call` presents: billing, reports, newcomer, ...
client := "billing"
# The configuration of the reference server.
config := "fixtures/server.toml"
# What `call` calls, if nothing else is said.
url := "https://localhost:8443/whoami"

countersign := "cargo run --quiet -p countersign --"

# List the recipes.
default:
    @just --list --unsorted

# Make dev certificates, start the reference server and call it; ends with Ctrl-C.
dev *args:
    {{ countersign }} dev --dir {{ dir }} {{ args }}

# The same, and exit after the calls: the README's first command.
dev-once:
    cargo run -p countersign -- dev --once

# Make the dev certificates: just pki --dns api.example --ip 192.0.2.1
pki *args:
    scripts/dev-certs.sh {{ dir }} {{ args }}

# Run the reference server. Its configuration says where the certificates are.
serve:
    {{ countersign }} serve --config {{ config }}

# Call a running server as a dev client: just client=reports call https://localhost:8443/v1/transactions
call url=url *args:
    {{ countersign }} call {{ url }} --cert {{ dir }}/{{ client }}.pem --key {{ dir }}/{{ client }}-key.pem --cacert {{ dir }}/root.pem {{ args }}

# Run the tests. An interop test whose tool is missing says so and passes.
test *args:
    cargo test --workspace --all-features {{ args }}

# Run the interop tests (curl, openssl, Python); a missing tool fails.
interop *args:
    scripts/interop.sh {{ args }}

# Let our server, OpenSSL and nginx judge the catalogue of certificates: just verify --only server-
verify *args:
    {{ countersign }} pki verify --against all {{ args }}

# Measure what a call costs beside nginx, HAProxy, Envoy and plain axum, into docs/reference/performance.md: just bench --rounds 9
bench *args:
    cargo build --release -p countersign -p countersign-bench
    cargo run --release -p countersign-bench --bin countersign-bench -- --page docs/reference/performance.md {{ args }}

# Measure certificates per CPU-second: in process, then beside openssl, mkcert and minica.
bench-pki *args:
    cargo bench -p countersign-pki
    scripts/bench-pki.sh {{ args }}

# Measure tokens per second, beside npm's oidc-provider.
bench-oauth *args:
    scripts/bench-oauth.sh {{ args }}

# Fuzz the parsers: seconds for each target, then targets: just fuzz 600 certificate
fuzz *args:
    scripts/fuzz.sh {{ args }}

# Format.
fmt:
    cargo fmt --all

# Lint, as the gate does.
clippy:
    cargo clippy --workspace --all-targets --all-features --locked -- -D warnings

# Build the documentation and open it.
doc:
    cargo doc --workspace --no-deps --all-features --open

# Check licences, advisories and banned crates; needs `cargo install --locked cargo-deny`.
deny:
    cargo deny check

# Run the gate: what must hold before a change lands.
ci *args:
    .ci/run {{ args }}

# Remove the dev certificates; the next `dev` or `pki` makes new ones.
clean-dev:
    rm -rf {{ quote(dir) }}
