"""The adapter that ``docs/crm-adapter-guide.md`` builds works as it stands there."""

import asyncio
import re
import shlex
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.crm_acme import Acme, acme_crm
from support.crm_table import table

from gateway.__main__ import main
from gateway.plugins.loader import plugin

GUIDE = (Path(__file__).parent.parent / "docs" / "crm-adapter-guide.md").read_text("utf-8")
FILES = dict(re.findall(r"^`(acme_crm/[\w.]+)`\n\n```\w+\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The guide's files, installed as a distribution."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "acme_crm" / "__init__.py").touch()
    project = tomllib.loads(re.findall(r"```toml\n(\[project\].*?)^```", GUIDE, re.MULTILINE | re.DOTALL)[0])["project"]
    information = tmp_path / "acme_crm_tieline-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    ((group, entries),) = project["entry-points"].items()
    lines = "\n".join(f"{name} = {package}" for name, package in entries.items())
    (information / "entry_points.txt").write_text(f"[{group}]\n{lines}\n")
    forget()
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    forget()


def forget() -> None:
    """Import the package anew next time."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "acme_crm"]:
        del sys.modules[name]


@pytest.fixture
def acme() -> Iterator[tuple[Acme, str]]:
    """An Acme CRM in a thread of its own, for the command runs a loop itself."""
    ready = threading.Event()
    there: list[tuple[Acme, str, asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        async with acme_crm() as (kept, crm):
            there.append((kept, crm.url, asyncio.get_running_loop(), asyncio.Event()))
            ready.set()
            await there[0][3].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    kept, url, loop, end = there[0]
    yield kept, url
    loop.call_soon_threadsafe(end.set)
    thread.join(10)


@pytest.mark.usefixtures("installed")
def test_the_adapter_of_the_guide_keeps_the_rules(
    acme: tuple[Acme, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in ("138 0013 8000", "+8613800138001"):
        acme[0].add("contacts", {"name": number, "mobile": number})
    (command,) = re.findall(r"^\$ tieline (crm conformance .*)$", GUIDE, re.MULTILINE)
    assert main(shlex.split(command.replace("http://127.0.0.1:8080", acme[1]))) == 0, capsys.readouterr().out
    out = capsys.readouterr().out
    assert "✓ it says who it is: Acme CRM 3.1 as tieline\n" in out
    assert "✓ a caller is found however his number is written: 2 ways of writing\n" in out
    assert "✗" not in out
    assert acme[0].rows["calls"] == [], "its calls are taken away"
    assert str(sys.modules["acme_crm.adapter"].__file__).startswith(str(tmp_path)), "the guide's own text was run"
    assert plugin("acme_crm").product == "acme"


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_guide_shows_the_files_that_are_checked(name: str) -> None:
    assert FILES[name] == (Path(__file__).parent / name).read_text("utf-8")


def test_the_guide_shows_all_files() -> None:
    there = {f"acme_crm/{each.name}" for each in (Path(__file__).parent / "acme_crm").iterdir() if each.is_file()}
    assert set(FILES) == there


def test_the_table_says_what_the_manifests_say() -> None:
    assert table() in GUIDE, f"write this into the guide:\n{table()}"
