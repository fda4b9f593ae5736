import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.certificates import Certificates

from gateway.__main__ import main

MAX_START_S = 5.0
"""Seconds until a gateway without a configuration answers."""
STARTS = 4
"""Of which one must be as quick: what else a busy machine does must not decide."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_gateway_says_where_it_is_answers_at_once_and_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    took_s: list[float] = []
    while len(took_s) < STARTS and not any(each < MAX_START_S for each in took_s):
        took_s.append(start_and_stop(tmp_path / str(len(took_s)), number))
    assert min(took_s) < MAX_START_S, took_s


def start_and_stop(folder: Path, number: signal.Signals) -> float:
    """Return the seconds until it answers."""
    began = time.monotonic()
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "gateway", "run", "--port", "0"]
    environment = {"PATH": "/usr/bin", "XDG_STATE_HOME": str(folder)}
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
    assert "simulated PBX that plays recorded calls" in welcome
    example = re.search(r"copy and change (.+),", welcome)
    assert example
    assert Path(example[1]).is_file()
    assert "Traceback" not in error
    assert "never" not in error, "a task or a coroutine was left behind"
    return took_s


def test_a_wrong_configuration_is_refused_before_anything_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.yaml").write_text("connectors: []\n")

    assert main(["run", "--config", str(tmp_path / "t.yaml")]) == 1
    assert "no PBX is configured" in capsys.readouterr().err


@contextmanager
def started(tmp_path: Path, config: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A gateway with this configuration, and all that it says until it waits."""
    file = tmp_path / "tieline.yaml"
    file.write_text(f"connectors:\n  - pbx: demo\n    plugin: simulator\nstate_dir: {tmp_path}/state\n{config}")
    command = [sys.executable, "-m", "gateway", "run", "--port", "0", "--config", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as gateway:
        assert gateway.stdout is not None
        said = ""
        while "Ctrl-C stops it" not in said:
            line = gateway.stdout.readline()
            assert line, said
            said += line
        try:
            yield gateway, said
        finally:
            gateway.terminate()
            gateway.communicate(timeout=20)


def test_who_starts_it_is_told_how_to_make_the_first_user_and_token(tmp_path: Path) -> None:
    with started(tmp_path, "") as (_, said):
        assert f"tieline user add --login NAME --role admin --config {tmp_path}/tieline.yaml" in said
        assert f"tieline token create --name NAME --role admin --scopes all --config {tmp_path}/tieline.yaml" in said
    main(["token", "create", "--name", "a", "--scopes", "all", "--config", f"{tmp_path}/tieline.yaml"])
    main(["user", "add", "--login", "chief", "--role", "admin", "--config", f"{tmp_path}/tieline.yaml"])
    with started(tmp_path, "") as (_, said):
        assert "token create" not in said
        assert "user add" not in said


def test_where_nothing_is_kept_a_token_for_this_run_is_shown(tmp_path: Path) -> None:
    with started(tmp_path, "store: {url: 'memory:'}\n") as (_, said):
        found = re.search(r"(http://\S+/)$.*^  (tl_\w+)$", said, re.MULTILINE | re.DOTALL)
        assert found
        request = urllib.request.Request(f"{found[1]}api/v1/tokens", headers={"Authorization": f"Bearer {found[2]}"})
        with urllib.request.urlopen(request, timeout=5) as response:
            assert json.load(response)["tokens"][0]["name"] == "this run"


def test_a_hang_up_signal_takes_the_certificate_anew(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    tls = f"{{certificate: {certificates.server}, key: {certificates.server}}}"
    with started(tmp_path, f"log: {{format: json}}\napi: {{names: [localhost], tls: {tls}}}\n") as (gateway, said):
        assert "https://127.0.0.1:" in said
        gateway.send_signal(signal.SIGHUP)
        assert gateway.stderr is not None
        assert any("certificate_loaded" in line for line in iter(gateway.stderr.readline, ""))
