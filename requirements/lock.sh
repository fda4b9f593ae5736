#!/bin/sh
# Locks the newest versions that pyproject.toml allows, by version and hash, for every Python from 3.11 on.
# Usage: requirements/lock.sh [keep]. With keep, what is locked already stays where it is, and only what is new is looked up.
# No download address is written: the machine's own configuration says where packages come from.
set -eu
cd "$(dirname "$0")/.."
upgrade=--upgrade
[ "${1:-}" = keep ] && upgrade=''

compile() {
    # shellcheck disable=SC2086  # an option or none
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 $upgrade \
        --generate-hashes --no-emit-index-url --no-header "$@"
}

compile pyproject.toml --extra nlu -o requirements/runtime.lock
compile --group build -c requirements/runtime.lock -o requirements/build.lock
compile pyproject.toml --extra nlu --extra speech --group speech-models -c requirements/runtime.lock -o requirements/speech.lock
compile pyproject.toml --extra nlu --extra speech --group speech-models --group dev \
    -c requirements/speech.lock -c requirements/build.lock -o requirements/dev.lock
compile --group peers -o requirements/peers.lock
