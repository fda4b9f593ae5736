from pathlib import Path

import pytest

from gateway.__main__ import main

pytestmark = pytest.mark.usefixtures("acme")

GOOD = "connectors:\n  - pbx: one\n    plugin: acme_pbx\n    host: h\n    secret: ${env:ACME}\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACME", "hunter2")
    return tmp_path / "tieline.yaml"


def test_a_right_file_is_told_in_a_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD)

    assert main(["check-config", str(file)]) == 0
    assert capsys.readouterr().out == f"{file} is right: one (acme_pbx); listens on 127.0.0.1:8470\n"


def test_a_wrong_file_is_told_with_file_line_key_and_cure(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD.replace("host:", "hots:") + "aip: {}\n")

    assert main(["check-config", str(file)]) == 1
    error = capsys.readouterr().err
    assert f"{file}:4: connectors[0].hots: there is no such key. Did you mean host?" in error
    assert f"{file}:6: aip: there is no such key. Did you mean api?" in error
    assert "hunter2" not in error


def test_a_missing_file_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-config", str(file)]) == 1
    assert f"{file}: cannot be read: No such file" in capsys.readouterr().err
