"""What an operator deploys: the container file's steps make a folder that runs, systemd takes the unit."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Final

import pytest

TOP: Final = Path(__file__).parent.parent
CONTAINER: Final = TOP / "packaging" / "container"
UNIT: Final = TOP / "config" / "deploy" / "tieline.service"
EXPOSURE: Final = 20
"""Tenths that ``systemd-analyze security`` may count of what the service could do to its machine; 100 is all."""
NOT_RUN_HERE: Final = ("apt-get", "useradd", "install")
"""What would change the machine that the suite runs on: it is written down instead."""


class Image:
    """A folder that the container file's steps work on, where the packages of the system are there already."""

    def __init__(self, folder: Path) -> None:
        self.top = folder / "opt" / "tieline"
        self.asked = folder / "asked.txt"
        self._programs = folder / "programs"
        self._programs.mkdir()
        for name in NOT_RUN_HERE:
            program = self._programs / name
            program.write_text(f'#!/bin/sh\necho {name} "$@" >>{self.asked}\n')
            program.chmod(0o755)
        # As the container file's COPY does it.
        for name in re.findall(r"(?m)^!(.+)$", (TOP / ".dockerignore").read_text()):
            source, target = TOP / name, self.top / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)

    def step(self, *arguments: str) -> None:
        outside = {key: value for key, value in os.environ.items() if key not in ("VENV", "RECORD")}
        cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        run = subprocess.run(
            [self.top / "packaging" / "container" / "steps.sh", *arguments],
            env=outside | {"PATH": f"{self._programs}{os.pathsep}{os.environ['PATH']}", "XDG_CACHE_HOME": cache},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=280,
        )  # fmt: skip
        assert run.returncode == 0, run.stdout + run.stderr

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.top / ".venv" / "bin" / "python"), *arguments]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, cwd=self.top.parent)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.slow
def test_the_container_files_steps_make_a_gateway_that_is_well(tmp_path: Path) -> None:
    image = Image(tmp_path)
    image.step("build")
    assert list((image.top / "packaging" / "pjsua2").glob("pjproject-*.tar.*")), "the GPL wants PJSIP's source beside it"
    image.step("finish")
    asked = image.asked.read_text()
    assert re.search(r"^apt-get .* install .* python3 .*libsrtp2-1 ", asked, re.MULTILINE)
    assert "build-essential" not in asked, "compilers stay behind"
    assert re.search(r"^useradd .* tieline$", asked, re.MULTILINE)
    assert re.search(r"^install -d -o tieline .*/var/lib/tieline$", asked, re.MULTILINE)

    configuration, health = tmp_path / "tieline.yaml", str(image.top / "packaging" / "container" / "health.py")
    # Its PBX is away, which is no reason to start the container anew.
    (tmp_path / "secret").write_text("made-up")
    connector = {"pbx": "office", "plugin": "asterisk_ami", "host": "127.0.0.1", "port": free_port(), "username": "tieline"}
    connector["secret"] = f"${{file:{tmp_path / 'secret'}}}"
    settings = {"connectors": [connector], "api": {"port": free_port()}, "state_dir": str(tmp_path / "state")}
    configuration.write_text(json.dumps(settings))
    assert image.python(health, str(configuration)).returncode == 1, "nobody is there yet"
    log = tmp_path / "gateway.log"
    with log.open("wb") as said:
        gateway = subprocess.Popen(
            [image.top / ".venv" / "bin" / "tieline", "run", "--config", configuration],
            stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=tmp_path,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while (asks := image.python(health, str(configuration))).returncode != 0:
            assert gateway.poll() is None, log.read_text()
            assert time.monotonic() < deadline, asks.stderr + log.read_text()
        gateway.terminate()
        assert gateway.wait(timeout=30) == 0, log.read_text()
    finally:
        gateway.kill()
        gateway.wait()


def test_the_container_file_does_nothing_that_its_script_does_not() -> None:
    text = (CONTAINER / "Containerfile").read_text()
    runs = re.findall(r"(?m)^RUN (.+)$", text)
    assert runs == [
        '/opt/tieline/packaging/container/steps.sh build "$PJPROJECT"',
        "/opt/tieline/packaging/container/steps.sh finish",
    ]
    assert os.access(CONTAINER / "steps.sh", os.X_OK)
    for named in set(re.findall(r"/opt/tieline/(packaging/[\w./]+)", text)):
        assert (TOP / named).is_file(), named
    user, started = text.index("\nUSER tieline\n"), text.index("\nENTRYPOINT ")
    assert user < started, "it does not run as root"


def test_steps_that_there_are_not_are_refused() -> None:
    run = subprocess.run([CONTAINER / "steps.sh", "polish"], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (2, "usage: steps.sh build [PJPROJECT-TARBALL] | steps.sh finish\n")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Return the unit for a Tieline that is installed where this one is."""
    made = tmp_path / UNIT.name
    made.write_text(UNIT.read_text().replace("/opt/tieline/", f"{TOP}/"))
    return made


def test_systemd_takes_the_unit(unit: Path) -> None:
    run = subprocess.run(["systemd-analyze", "verify", "--recursive-errors=no", unit], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout + run.stderr) == (0, "")


def test_the_unit_leaves_the_machine_alone_and_workers_their_calls(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager", str(unit)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
    settings = dict(re.findall(r"(?m)^(\w+)=(.*)$", unit.read_text()))
    assert settings["KillMode"] == "process"
    # A worker that has no gateway lives for ten seconds: the next one must be there before.
    assert float(settings["RestartSec"]) < 5
