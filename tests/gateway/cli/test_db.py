import asyncio
from pathlib import Path

import pytest
from support.batches import batch, recorded, told

from gateway.__main__ import main
from gateway.store.database import Database
from gateway.store.migrate import latest
from gateway.store.sql import SqlStore
from gateway.store.urls import parse_url

CONFIG = """
connectors:
  - pbx: demo
    plugin: simulator
state_dir: {folder}
"""


def config(folder: Path, more: str = "") -> str:
    folder.mkdir(exist_ok=True)
    file = folder / "tieline.yaml"
    file.write_text(CONFIG.format(folder=folder) + more)
    return str(file)


def fill(folder: Path) -> None:
    async def work() -> None:
        store = SqlStore(Database(parse_url(f"sqlite:///{folder}/tieline.db")))
        await store.open()
        await store.commit(batch(recorded(), [told(1)]))
        await store.close()

    asyncio.run(work())


def test_a_backup_is_made_and_restored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two, file = tmp_path / "one", tmp_path / "two", tmp_path / "calls.backup"
    configured = config(one)
    fill(one)

    assert main(["db", "backup", "--config", configured, str(file)]) == 0
    assert capsys.readouterr().out == f"{file} has 2 calls and 1 events of {one}/tieline.db\n"
    assert main(["db", "restore", "--config", config(two), str(file)]) == 0
    assert capsys.readouterr().out == f"{two}/tieline.db has 2 calls and 1 events of {file}\n"
    assert main(["db", "restore", "--config", config(two), str(file)]) == 1
    assert "is in use: restore into an empty database" in capsys.readouterr().err


def test_a_schema_is_brought_up_to_date_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configured = config(tmp_path)

    assert main(["db", "migrate", "--config", configured]) == 0
    assert main(["db", "migrate", "--config", configured]) == 0

    first, second = capsys.readouterr().out.splitlines()
    assert first == f"{tmp_path}/tieline.db went from nothing to schema {latest()}"
    assert second == f"{tmp_path}/tieline.db is up to date: schema {latest()}"


def test_calls_in_memory_have_no_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configured = config(tmp_path, 'store:\n  url: "memory:"\n')

    assert main(["db", "migrate", "--config", configured]) == 1
    assert "keeps calls in memory" in capsys.readouterr().err


def test_a_password_that_is_written_out_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configured = config(tmp_path, "store:\n  url: postgresql://tieline:hidden@db/tieline\n")

    assert main(["check-config", configured]) == 1
    error = capsys.readouterr().err
    assert "password: ${env:NAME}" in error
    assert "hidden" not in error
