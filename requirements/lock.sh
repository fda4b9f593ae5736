#!/bin/sh
# Locks the newest versions that pyproject.toml allows, by version and hash, for every Python from 3.11 on.
# No download address is written: the machine's own configuration says where packages come from.
set -eu
cd "$(dirname "$0")/.."

compile() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --upgrade \
        --generate-hashes --no-emit-index-url --no-header "$@"
}

compile pyproject.toml --extra nlu -o requirements/runtime.lock
compile --group build -c requirements/runtime.lock -o requirements/build.lock
compile pyproject.toml --extra nlu --group dev -c requirements/runtime.lock -c requirements/build.lock -o requirements/dev.lock
compile --group peers -o requirements/peers.lock
