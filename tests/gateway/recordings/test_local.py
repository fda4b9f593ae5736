from pathlib import Path

import pytest

from gateway.model.errors import StorageError, StorageFullError
from gateway.recordings.local import LocalStorage

KEY = "default/2026/11/22/01ABC.wav"


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    made = LocalStorage(tmp_path / "kept")
    made.incoming.mkdir(parents=True)
    return made


async def put(storage: LocalStorage) -> Path:
    file = storage.incoming / "a.part"
    file.write_bytes(b"abc")
    await storage.put(KEY, file, sha256="", media_type="audio/wav")
    return file


async def test_files_and_folders_are_for_us_alone_and_nothing_is_left_behind(storage: LocalStorage, tmp_path: Path) -> None:
    file = await put(storage)
    kept = tmp_path / "kept" / KEY
    assert kept.stat().st_mode & 0o777 == 0o600
    assert {folder.stat().st_mode & 0o777 for folder in list(kept.parents)[:4]} == {0o700}
    assert not file.exists()


async def test_empty_days_go_with_their_last_recording(storage: LocalStorage, tmp_path: Path) -> None:
    await put(storage)
    (tmp_path / "kept/default/2026/11/21").mkdir()
    await storage.delete(KEY)
    assert not (tmp_path / "kept/default/2026/11/22").exists()
    assert (tmp_path / "kept/default/2026/11/21").exists()


async def test_a_file_in_the_place_of_the_folder_names_the_key_to_change(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "kept")
    storage.incoming.mkdir(parents=True)
    (tmp_path / "kept" / "default").write_bytes(b"")
    with pytest.raises(StorageError, match=r"recordings\.folder must be a folder"):
        await put(storage)


def test_a_full_disk_says_what_to_do(storage: LocalStorage) -> None:
    told = storage._told(OSError(28, "No space left on device"))
    assert isinstance(told, StorageFullError)
    assert "make room there, or lower recordings.days" in str(told)


async def test_an_empty_day_that_is_taken_away_meanwhile_is_made_again(
    storage: LocalStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace
    taken: list[Path] = []

    def replace_late(file: Path, target: Path) -> Path:
        if not taken:
            taken.append(target.parent)
            target.parent.rmdir()
        return replace(file, target)

    monkeypatch.setattr(Path, "replace", replace_late)
    await put(storage)
    assert (tmp_path / "kept" / KEY).read_bytes() == b"abc"


async def test_a_file_that_is_gone_is_told(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_file: Path, _target: Path) -> Path:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "replace", gone)
    with pytest.raises(StorageError, match="No such file"):
        await put(storage)
