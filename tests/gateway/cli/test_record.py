from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from gateway.__main__ import main

pytestmark = pytest.mark.usefixtures("acme")

ENTRY = "  - pbx: {name}\n    plugin: acme_pbx\n    host: {name}.example\n    secret: ${{env:ACME}}\n"


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACME", "hunter2")
    return tmp_path / "tieline.yaml"


def configured(file: Path, *names: str) -> None:
    file.write_text("connectors:\n" + "".join(ENTRY.format(name=name) for name in names))


def record(file: Path, *more: str) -> int:
    return main(["record", str(file.parent / "capture"), "--config", str(file), "--seconds", "0.01", *more])


def test_the_only_pbx_is_recorded_until_its_time_is_over(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configured(file, "one")

    assert record(file) == 0
    assert (file.parent / "capture" / "wire.acme").read_text() == "one.example False"
    assert (file.parent / "capture" / "ended").exists()
    assert "Recording one into" in capsys.readouterr().out


def test_a_named_pbx_is_recorded_without_names_and_numbers(file: Path) -> None:
    configured(file, "one", "two")

    assert record(file, "--pbx", "two", "--anonymise") == 0
    assert (file.parent / "capture" / "wire.acme").read_text() == "two.example True"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "several PBXs are configured: name one with --pbx: one, two"),
        (("--pbx", "three"), "no PBX is called three: name one with --pbx: one, two"),
    ],
)
def test_which_pbx_must_be_clear(file: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], said: str) -> None:
    configured(file, "one", "two")

    assert record(file, *more) == 1
    assert said in capsys.readouterr().err


def test_a_plugin_that_cannot_record_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("connectors:\n  - pbx: demo\n    plugin: simulator\n")

    assert record(file) == 1
    assert "demo: the plugin simulator cannot record" in capsys.readouterr().err
