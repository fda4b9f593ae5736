"""The command line against something that answers as a gateway does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from support.api_recorder import Recorder, recorder

from gateway.__main__ import main

Said = tuple[int, str, str]
"""Exit status, standard output, standard error."""
Tieline = Callable[[str], Awaitable[Said]]


@pytest.fixture(autouse=True)
def nobodys_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user who runs the tests may have a token, and a gateway."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("TIELINE_TOKEN", "TIELINE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def api() -> AsyncIterator[Recorder]:
    """What the command line asks, and what it is answered."""
    async with recorder() as made:
        yield made


@pytest.fixture
def tieline(api: Recorder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tieline:
    """Runs a line of the command line against it."""
    monkeypatch.setenv("TIELINE_URL", api.address)

    async def run(line: str) -> Said:
        capsys.readouterr()
        status = await asyncio.to_thread(main, line.split())
        said = capsys.readouterr()
        return status, said.out, said.err

    return run
