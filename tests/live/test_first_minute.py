"""The first minute of somebody who has nothing but a clone: `make run`, a look at the page, Ctrl-C."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

pytestmark = pytest.mark.live

TOP: Final = Path(__file__).parent.parent.parent
SECOND_START_S: Final = 5.0
"""Until `make run` answers on a machine where it ran before."""
FIRST_CALL_S: Final = 60.0


class Run:
    """A `make run` in a process group of its own, as a terminal starts it."""

    def __init__(self, folder: Path) -> None:
        self.started_at = time.monotonic()
        self.log = folder / "log.txt"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["make", "run", "ARGS=--port 0"],
                cwd=TOP,
                env=os.environ | {"XDG_STATE_HOME": str(folder)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"http://\S+:\d+/", line):
                self.address = found[0]
                break
        else:
            pytest.fail(f"make run ended: {self.log.read_text()}")

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.address + path, timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def wait_for_call(self) -> dict[str, Any]:
        while time.monotonic() - self.started_at < FIRST_CALL_S:
            calls: list[dict[str, Any]] = json.loads(self.get("api/v1/calls")[1])["calls"]
            if calls:
                return calls[0]
            time.sleep(0.1)
        pytest.fail(f"no call within {FIRST_CALL_S} s: {self.log.read_text()}")

    def interrupt(self) -> None:
        """Press Ctrl-C: the whole group gets it."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.communicate(timeout=20)

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate(timeout=20)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = Run(tmp_path)
    yield made
    made.end()


def test_make_run_shows_a_living_call_centre_and_ends_on_ctrl_c(run: Run) -> None:
    assert run.get("healthz")[0] == 200
    assert time.monotonic() - run.started_at < SECOND_START_S
    call = run.wait_for_call()
    assert call["call_id"]
    assert call["pbx"] == "demo"
    assert json.loads(run.get("readyz")[1])["status"] == "ready"
    assert "<html" in run.get("")[1].lower()
    run.interrupt()
    with pytest.raises(urllib.error.URLError, match="refused"):
        run.get("healthz")
    assert "Traceback" not in run.log.read_text()
