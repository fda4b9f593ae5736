"""Runs ``tieline contacts import`` as somebody at a terminal does."""

import io
import sys
from pathlib import Path

import pytest

from gateway.__main__ import main

CONFIG = """
connectors:
  - pbx: one
    plugin: asterisk_ami
    host: 127.0.0.1
    username: tieline
    secret: ${{env:SECRET}}
    site: {{region: CN}}
state_dir: {folder}
"""


class Importing:
    """Imports into a database of its own, in a folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, said: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setenv("SECRET", "made-up")
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._said = said
        self._config = folder / "tieline.yaml"
        self._config.write_text(CONFIG.format(folder=folder / "state"))

    def __call__(self, source: str, *more: str, user: str | None = None, password: str = "") -> tuple[int, str, str]:
        """Import; return the exit status, and what was said on standard output and error."""
        who: list[str] = []
        if user is not None:
            self._monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\n"))
            who = ["--user", user, "--password-stdin"]
        self._said.readouterr()
        status = main(["contacts", "import", source, "--config", str(self._config), *who, *more])
        return status, *self._said.readouterr()

    def exported(self) -> list[str]:
        """Return the customers that there are, but for their ids, sorted."""
        file = self._folder / "out.csv"
        assert main(["contacts", "export", str(file), "--config", str(self._config)]) == 0
        return sorted(row.partition(",")[2] for row in file.read_text("utf-8-sig").splitlines()[1:])
