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

example=$("$away/venv/bin/python" -c 'import gateway; print(*gateway.__path__)')/_data/tieline.example.yaml
HEAD_OFFICE_SECRET=made-up BRANCH_SECRET=made-up "$away/venv/bin/tieline" check-config "$example"

# With state in a folder of its own: this machine may run another gateway.
XDG_STATE_HOME="$away/state" "$away/venv/bin/tieline" run --port 0 >welcome.txt 2>gateway.log &
gateway=$!
"$away/venv/bin/python" - <<'PYTHON' || { cat welcome.txt gateway.log >&2; exit 1; }
"""The gateway says where it is, is well, hears its simulated PBX and tells a call; all within a minute."""
import json
import re
import time
import urllib.request
from pathlib import Path

deadline = time.monotonic() + 60


def wait_for(what, ask):
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"no {what} after a minute"
        time.sleep(0.2)
    return answer


def get(path):
    with urllib.request.urlopen(address[0] + path, timeout=10) as response:
        return response.read()


def status_of(path):
    try:
        return json.loads(get(path))
    except urllib.error.HTTPError as error:
        return json.load(error)


address = wait_for("address", lambda: re.search(r"http://\S+/", Path("welcome.txt").read_text()))
assert status_of("healthz") == {"status": "alive"}
wait_for("connection to the simulated PBX", lambda: status_of("readyz")["status"] == "ready")
wait_for("call", lambda: json.loads(get("api/v1/calls"))["calls"])
assert b"<html" in get("").lower()
assert b"tieline_live_calls" in get("metrics")
print(f"tieline run: well at {address[0]}")
PYTHON
kill "$gateway"
wait "$gateway" || { echo "tieline run did not end cleanly: $?" >&2; cat gateway.log >&2; exit 1; }
gateway=''
