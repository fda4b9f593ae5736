import subprocess
import sys
from pathlib import Path

import pytest
from support.replaying import CAPTURES

from gateway.__main__ import main

HOLD = CAPTURES / "asterisk" / "22" / "hold"


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out.startswith("tieline ")


def test_what_is_wrong_is_one_line_without_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"tieline: {tmp_path} is no capture folder")


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    run = subprocess.run(
        f"'{sys.executable}' -m gateway replay {' '.join([str(HOLD)] * 40)} | head -c 100",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )

    assert (len(run.stdout), run.stderr) == (100, "")


def test_ctrl_c_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("gateway.cli.version.run", interrupted)

    assert main(["version"]) == 130


def test_replay_loads_nothing_that_it_does_not_need() -> None:
    code = (
        "import sys; from gateway.__main__ import main; main(['replay', sys.argv[1]]); "
        "print(*(name for name in ('aiohttp', 'asyncio', 'structlog', 'yaml', 'prometheus_client') if name in sys.modules),"
        " file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code, str(HOLD)], capture_output=True, text=True, check=True)

    assert run.stderr.strip() == ""
