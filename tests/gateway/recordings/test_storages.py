"""What every storage promises: see :class:`gateway.ports.recordings.RecordingStorage`."""

from contextlib import aclosing
from hashlib import sha256

import pytest

from gateway.model.errors import RecordingMissingError, StorageError
from gateway.ports.recordings import RecordingStorage

KEY = "default/2026/11/22/01ABC.wav"
BYTES = bytes(range(256)) * 3_000


async def put(storage: RecordingStorage, data: bytes = BYTES, key: str = KEY) -> None:
    file = storage.incoming / "01ABC.part"
    file.write_bytes(data)
    await storage.put(key, file, sha256=sha256(data).hexdigest(), media_type="audio/wav")


async def read(storage: RecordingStorage, start: int = 0, length: int = len(BYTES), key: str = KEY) -> bytes:
    async with aclosing(storage.read(key, start, length)) as chunks:
        return b"".join([data async for data in chunks])


async def test_what_was_kept_comes_back(storage: RecordingStorage) -> None:
    await put(storage)
    assert await read(storage) == BYTES


@pytest.mark.parametrize(("start", "length"), [(0, 1), (1, 0), (255, 2), (len(BYTES) - 1, 1), (300_000, 400_000)])
async def test_any_part_comes_back(storage: RecordingStorage, start: int, length: int) -> None:
    await put(storage)
    assert await read(storage, start, length) == BYTES[start : start + length]


async def test_an_empty_file_is_kept(storage: RecordingStorage) -> None:
    await put(storage, b"")
    assert await read(storage, 0, 0) == b""


async def test_what_is_kept_again_takes_the_place_of_the_first(storage: RecordingStorage) -> None:
    await put(storage)
    await put(storage, b"shorter")
    assert await read(storage, 0, 7) == b"shorter"


async def test_what_is_not_there_is_missing(storage: RecordingStorage) -> None:
    with pytest.raises(RecordingMissingError):
        await read(storage)


async def test_what_is_shorter_than_it_was_is_told(storage: RecordingStorage) -> None:
    await put(storage)
    with pytest.raises(StorageError):
        await read(storage, 1, len(BYTES))


async def test_what_is_deleted_is_gone(storage: RecordingStorage) -> None:
    await put(storage)
    await put(storage, key="default/2026/11/22/01ABD.wav")
    await storage.delete(KEY)
    await storage.delete(KEY)
    with pytest.raises(RecordingMissingError):
        await read(storage)
    assert await read(storage, key="default/2026/11/22/01ABD.wav") == BYTES


async def test_who_stops_reading_in_the_middle_leaves_nothing_open(storage: RecordingStorage) -> None:
    await put(storage)
    async with aclosing(storage.read(KEY, 0, len(BYTES))) as chunks:
        assert (await anext(chunks))[:256] == BYTES[:256]
    assert await read(storage) == BYTES
