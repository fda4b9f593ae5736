import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from gateway.__main__ import main

MAX_START_S = 5.0
"""Seconds until a gateway without a configuration answers."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_gateway_says_where_it_is_answers_at_once_and_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    began = time.monotonic()
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "gateway", "run", "--port", "0"]
    environment = {"PATH": "/usr/bin", "XDG_STATE_HOME": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as gateway:
        assert gateway.stdout is not None
        assert gateway.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/", gateway.stdout.readline())
        assert found
        with urllib.request.urlopen(f"{found[0]}healthz", timeout=5) as response:
            assert response.status == 200
        took_s = time.monotonic() - began
        gateway.send_signal(number)
        welcome, error = gateway.stdout.read(), gateway.stderr.read()

    assert gateway.returncode == 0
    assert took_s < MAX_START_S
    assert "simulated PBX that plays recorded calls" in welcome
    example = re.search(r"copy and change (.+),", welcome)
    assert example
    assert Path(example[1]).is_file()
    assert "Traceback" not in error
    assert "never" not in error, "a task or a coroutine was left behind"


def test_a_wrong_configuration_is_refused_before_anything_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.yaml").write_text("connectors: []\n")

    assert main(["run", "--config", str(tmp_path / "t.yaml")]) == 1
    assert "no PBX is configured" in capsys.readouterr().err
