import os
from contextlib import aclosing
from pathlib import Path, PurePosixPath

import pytest

from gateway.model.errors import PeerUnavailableError, RecordingForbiddenError, RecordingRefusedError
from gateway.recordings.folder import FolderSource

NAME = PurePosixPath("a.wav")


async def test_a_folder_that_is_not_mounted_is_no_missing_file(tmp_path: Path) -> None:
    source = FolderSource(tmp_path / "none")
    with pytest.raises(PeerUnavailableError, match=r"/none: No such file or directory: is it mounted\?"):
        await source.look(NAME)


async def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / NAME).write_bytes(b"abc")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert (await FolderSource(tmp_path / "link").look(NAME)).size == 3


async def test_a_pipe_is_refused_and_waits_for_nobody(monitor: Path) -> None:
    os.mkfifo(monitor / NAME)
    with pytest.raises(RecordingRefusedError, match="is no file"):
        await FolderSource(monitor).look(NAME)


async def test_a_file_in_place_of_a_folder_is_refused(monitor: Path) -> None:
    (monitor / "2026").write_bytes(b"")
    with pytest.raises(RecordingRefusedError):
        await FolderSource(monitor).look(PurePosixPath("2026/a.wav"))


async def test_a_name_that_is_too_long_is_refused(monitor: Path) -> None:
    with pytest.raises(RecordingRefusedError, match="too long"):
        await FolderSource(monitor).look(PurePosixPath("a" * 300))


async def test_no_descriptor_stays_open(monitor: Path) -> None:
    (monitor / NAME).write_bytes(b"a" * 1_000_000)
    source, before = FolderSource(monitor), len(os.listdir("/proc/self/fd"))
    await source.look(NAME)
    async with aclosing(source.read(NAME)) as chunks:
        await anext(chunks)
    for name in (PurePosixPath("none/a.wav"), PurePosixPath("none.wav")):
        with pytest.raises(Exception, match="none"):
            await source.look(name)
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_may_not_be_read_names_the_right_that_is_missing(monitor: Path) -> None:
    """The suite runs as root, whom no right stops: the error is made as the system makes it."""
    told = FolderSource(monitor)._told(PermissionError(13, "Permission denied"), NAME)
    assert isinstance(told, RecordingForbiddenError)
    assert str(told) == f"{monitor}/a.wav: Permission denied: give the gateway's user the right to it"
