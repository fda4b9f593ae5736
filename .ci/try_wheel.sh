#!/usr/bin/env bash
# Builds the wheel, installs it with its locked dependencies into a new .venv in another folder and uses it there:
# nothing of the source tree may be needed to replay the demo captures or to run the gateway.
set -euo pipefail
cd "$(dirname "$0")/.."
top=$PWD
away=$(mktemp -d)
gateway=''
finish() {
    if [ -n "$gateway" ]; then
        kill "$gateway" 2>/dev/null || true
        wait "$gateway" 2>/dev/null || true
    fi
    rm -rf "$away"
}
trap finish EXIT

.venv/bin/python -m pip wheel -qq --no-deps --no-build-isolation --no-index --wheel-dir "$away/dist" .
.venv/bin/python -m venv "$away/venv"
pip() { "$away/venv/bin/python" -m pip "$@"; }
pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements/runtime.lock
pip install -qq --disable-pip-version-check --no-deps --no-index "$away"/dist/tieline-*.whl
pip check
cd "$away"

"$away/venv/bin/python" - "$top" <<'PYTHON'
"""Nothing comes from the source tree."""
import sys
from pathlib import Path

import connectors
import gateway

for package in (connectors, gateway):
    assert not Path(package.__file__).is_relative_to(sys.argv[1]), package.__file__
PYTHON

captures=$("$away/venv/bin/python" -c 'import connectors.simulator as s; print(*(p for p in s.__path__))')/captures
"$away/venv/bin/tieline" replay "$captures"/*/ >records.jsonl
records=$(wc -l <records.jsonl)
[ "$records" -gt 0 ] || { echo "the wheel replayed no call record" >&2; exit 1; }
echo "tieline replay: $records call records"
