import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.fake_asterisk import SECRET, USERNAME, FakeAsterisk, block
from support.virtual_time import clock

from gateway.__main__ import main
from gateway.model.directory import Entry
from gateway.model.ids import DEFAULT_TENANT, PbxName
from gateway.store.agents import SqlAgents
from gateway.store.database import Database
from gateway.store.urls import parse_url

PBX = PbxName("head-office")
CONFIG = """
connectors:
  - pbx: head-office
    plugin: asterisk_ami
    host: 127.0.0.1
    port: {port}
    username: {user}
    secret: ${{env:AMI_SECRET}}
    site:
      extensions: ^1\\d{{3}}$
{more}state_dir: {folder}
"""


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMI_SECRET", SECRET)


def config(folder: Path, port: int = 1, more: str = "") -> Path:
    file = folder / "tieline.yaml"
    file.write_text(CONFIG.format(port=port, user=USERNAME, folder=folder, more=more))
    return file


@contextmanager
def asterisk() -> Iterator[int]:
    """A PBX in a thread of its own, for a command that runs its own loop; yields its port."""
    ready, stop, port = threading.Event(), asyncio.Event(), 0
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        nonlocal port
        pbx = FakeAsterisk(clock)
        pbx.replies["dbgettree"] = lambda action: (
            block(Response="Success", ActionID=action["actionid"], EventList="start")
            + block(Event="DBGetTreeResponse", ActionID=action["actionid"], Key="/AMPUSER/1001/cidname", Val="王芳")
            + block(Event="DBGetTreeComplete", ActionID=action["actionid"], EventList="Complete")
        )
        await pbx.listen()
        port = pbx.port
        ready.set()
        await stop.wait()
        await pbx.stop()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def kept(folder: Path) -> list[Entry]:
    async def read() -> list[Entry]:
        database = Database(parse_url(f"sqlite:///{folder}/tieline.db"))
        entries = await SqlAgents(database).entries(DEFAULT_TENANT, PBX)
        await database.close()
        return entries

    return asyncio.run(read())


def test_names_are_taken_over_from_the_pbx(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with asterisk() as port:
        assert main(["pbx", "import", "--config", str(config(tmp_path, port)), "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)

    assert report["pbx"] == PBX
    assert report["names"]["1001"] == "王芳"
    assert kept(tmp_path)[0].found_name == "王芳"


def test_a_pbx_that_is_away_is_told_and_the_command_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pbx", "import", "--config", str(config(tmp_path))]) == 1
    assert "head-office: nobody listens at 127.0.0.1:1" in capsys.readouterr().out


def test_names_are_taken_over_from_a_file_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = tmp_path / "names.csv"
    names.write_text("extension,name\n1001,Wang Fang\n9,Nobody\n")
    assert main(["pbx", "import", "--config", str(config(tmp_path)), "--names", str(names)]) == 1
    out = capsys.readouterr().out

    assert "head-office: 1 extensions, 1 with a name\n  1001  Wang Fang\n" in out
    assert "line 3" in out
    assert [entry.own_name for entry in kept(tmp_path)] == ["Wang Fang"]


def test_what_cannot_be_done_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    second = "  - pbx: demo\n    plugin: simulator\n"
    file = str(config(tmp_path, more=second))
    assert main(["pbx", "import", "--config", file, "--names", "names.csv"]) == 2
    assert main(["pbx", "import", "--config", file, "--pbx", "demo", "--names", "none.csv"]) == 2
    assert main(["pbx", "import", "--config", file, "--pbx", "other"]) == 1
    error = capsys.readouterr().err
    assert "--pbx" in error
    assert "none.csv" in error
    assert "no PBX is called other: head-office, demo" in error

    assert main(["pbx", "import", "--config", file, "--pbx", "demo"]) == 1
    assert "simulator cannot tell" in capsys.readouterr().out
    memory = tmp_path / "memory.yaml"
    memory.write_text(Path(file).read_text() + "store: {url: 'memory:'}\n")
    assert main(["pbx", "import", "--config", str(memory)]) == 1
