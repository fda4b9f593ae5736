from pathlib import Path

import pytest

from gateway.model.errors import StoreTakenError, StoreUnavailableError
from gateway.store import locks
from gateway.store.locks import FileLock


async def test_a_file_is_locked_once_until_it_is_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "WAIT_S", 0.2)
    first, second = FileLock(tmp_path / "x.db"), FileLock(tmp_path / "x.db")
    await first.take()
    await first.take()
    with pytest.raises(StoreTakenError, match=r"another gateway uses .*x\.db"):
        await second.take()
    first.release()
    await second.take()
    second.release()
    second.release()


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="No such file"):
        await FileLock(tmp_path / "none" / "x.db").take()
