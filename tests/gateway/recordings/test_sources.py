"""What every source promises: see :class:`gateway.ports.recordings.RecordingSource`."""

import asyncio
import os
from contextlib import aclosing
from pathlib import Path, PurePosixPath

import pytest

from gateway.model.errors import RecordingError, RecordingForbiddenError, RecordingMissingError, RecordingRefusedError
from gateway.ports.recordings import RecordingSource

NAME = PurePosixPath("2026/11/22/中文 q#1%.wav")
BYTES = bytes(range(256)) * 3_000


async def read(source: RecordingSource, name: PurePosixPath = NAME) -> bytes:
    async with aclosing(source.read(name)) as chunks:
        return b"".join([data async for data in chunks])


def write(monitor: Path, data: bytes = BYTES) -> Path:
    file = monitor / NAME
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


async def test_a_file_is_read_as_it_is(source: RecordingSource, monitor: Path) -> None:
    write(monitor)
    assert (await source.look(NAME)).size == len(BYTES)
    assert await read(source) == BYTES


async def test_an_empty_file_is_a_file(source: RecordingSource, monitor: Path) -> None:
    write(monitor, b"")
    assert (await source.look(NAME)).size == 0
    assert await read(source) == b""


async def test_a_file_that_grew_looks_otherwise(source: RecordingSource, monitor: Path) -> None:
    file = write(monitor)
    before = await source.look(NAME)
    assert await source.look(NAME) == before
    with file.open("ab") as opened:
        opened.write(b"more")
    assert await source.look(NAME) != before


async def test_a_file_that_was_written_over_looks_otherwise(source: RecordingSource, monitor: Path) -> None:
    file = write(monitor)
    os.utime(file, (1_795_000_000, 1_795_000_000))
    before = await source.look(NAME)
    os.utime(file, (1_795_000_060, 1_795_000_060))
    assert await source.look(NAME) != before


@pytest.mark.parametrize("name", ["none.wav", "2026/11/22/none.wav", "none/none.wav"])
async def test_what_is_not_there_is_missing(source: RecordingSource, monitor: Path, name: str) -> None:
    write(monitor)
    with pytest.raises(RecordingMissingError, match=r"none\.wav"):
        await source.look(PurePosixPath(name))
    with pytest.raises(RecordingMissingError):
        await read(source, PurePosixPath(name))
    await source.delete(PurePosixPath(name))


async def test_a_link_out_of_the_folder_is_not_followed(source: RecordingSource, monitor: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.wav").write_bytes(b"secret")
    (monitor / "file.wav").symlink_to(outside / "secret.wav")
    (monitor / "folder").symlink_to(outside)
    for name in ("file.wav", "folder/secret.wav"):
        for attempt in (source.look(PurePosixPath(name)), read(source, PurePosixPath(name))):
            with pytest.raises((RecordingRefusedError, RecordingForbiddenError)):
                await attempt
    with pytest.raises(RecordingError):
        await source.delete(PurePosixPath("folder/secret.wav"))
    assert (outside / "secret.wav").exists()


async def test_a_folder_is_no_file(source: RecordingSource, monitor: Path) -> None:
    (monitor / "folder.wav").mkdir()
    with pytest.raises(RecordingError):
        await source.look(PurePosixPath("folder.wav"))


async def test_a_file_is_deleted_once(source: RecordingSource, monitor: Path) -> None:
    file = write(monitor)
    await source.delete(NAME)
    assert not file.exists()
    await source.delete(NAME)


async def test_several_are_read_at_once(source: RecordingSource, monitor: Path) -> None:
    names = [PurePosixPath(f"{number}.wav") for number in range(8)]
    for number, name in enumerate(names):
        (monitor / name).write_bytes(bytes([number]) * 300_000)
    found = await asyncio.gather(*(read(source, name) for name in names))
    assert found == [bytes([number]) * 300_000 for number in range(8)]


async def test_who_stops_reading_in_the_middle_leaves_nothing_open(source: RecordingSource, monitor: Path) -> None:
    write(monitor)
    async with aclosing(source.read(NAME)) as chunks:
        assert (await anext(chunks))[:256] == BYTES[:256]
    assert await read(source) == BYTES
