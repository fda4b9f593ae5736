import os
import shutil
from contextlib import aclosing
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs
from support.recording_world import Running, World, told
from support.recordings import tone, wav
from support.replaying import PBX
from support.waiting import until

from gateway.model.ids import DEFAULT_TENANT
from gateway.model.recordings import Corrected, Recording, RecordingState, Sound, follow
from gateway.recordings.fetcher import MAX_PAUSE_S, UNFINISHED_S
from gateway.recordings.folder import FolderSource
from gateway.recordings.sounds import look_at, wav_header

FILE = "q-1.wav"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def files(world: World) -> list[str]:
    """Return the names of the files in the storage."""
    # Folders may go while we look: os.walk passes over them.
    return [name for _, _, names in os.walk(world.kept) for name in names]


async def over(gateway: Running, file: str = FILE) -> None:
    """A call that was recorded has ended."""
    await gateway.begin(file)
    await gateway.end()


async def alarm(gateway: Running) -> str:
    """Wait for an alarm, and return what it says."""

    def is_raised() -> bool:
        gateway.later(0.1)
        return bool(gateway.recordings.library.alarms)

    await until(is_raised)
    (raised,) = gateway.recordings.library.alarms
    assert raised.pbx == PBX
    return raised.detail


def no_alarm(gateway: Running) -> bool:
    gateway.later(10.0)
    return not gateway.recordings.library.alarms


async def tried(gateway: Running, times: int) -> Recording:
    async def is_so() -> bool:
        gateway.later(5.0)
        return (await gateway.only()).attempts >= times

    await until(is_so)
    return await gateway.only()


async def test_a_file_that_comes_late_is_waited_for(world: World) -> None:
    async with world.gateway() as gateway:
        await over(gateway)
        recording = await tried(gateway, 3)
        assert (recording.state, recording.problem) == (RecordingState.WAITING, f"{world.monitor}/{FILE} is not there")
        assert gateway.recordings.library.alarms == []
        (world.monitor / FILE).write_bytes(wav(30.0))
        gateway.later(3_600.0)
        assert (await gateway.becomes(RecordingState.AVAILABLE)).problem is None


async def test_a_file_that_never_comes_is_given_up_and_told(world: World) -> None:
    world.settings = msgspec.structs.replace(world.settings, give_up_hours=1.0)
    async with world.gateway() as gateway:
        listener = gateway.listen()
        await over(gateway)
        await tried(gateway, 2)
        gateway.later(3_600.0)
        recording = await gateway.becomes(RecordingState.FAILED, told=True)
        kind, data = await told(listener)
        assert (kind, data["problem"]) == ("recording.failed", f"{world.monitor}/{FILE} is not there")
        assert data["attempts"] == recording.attempts
        listener.close()

        (world.monitor / FILE).write_bytes(wav(30.0))
        again = await gateway.recordings.library.fetch_again(DEFAULT_TENANT, recording.id)
        assert again is not None
        assert again.state is RecordingState.WAITING
        assert (await gateway.becomes(RecordingState.AVAILABLE, told=True)).version == 2


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("../secret.wav", "leads out of its folder"),
        ("/etc/passwd", "is not below '/var/spool/asterisk/monitor': set `strip`"),
        ("link.wav", "links are not followed"),
        ("text.wav", "is no WAV file"),
        ("text.txt", "is of no kind that we know"),
        ("long.wav", "recordings.max_mb is 1"),
    ],
)
async def test_what_is_not_taken_is_given_up_at_once(world: World, file: str, problem: str) -> None:
    world.settings = msgspec.structs.replace(world.settings, max_mb=1)
    (world.monitor.parent / "secret.wav").write_bytes(wav(1.0))
    (world.monitor / "link.wav").symlink_to(world.monitor.parent / "secret.wav")
    for name in ("text.wav", "text.txt"):
        (world.monitor / name).write_bytes(b"root:x:0:0:" * 9)
    with (world.monitor / "long.wav").open("wb") as opened:
        opened.truncate(2_000_000)
    async with world.gateway() as gateway:
        await over(gateway, file)
        recording = await gateway.becomes(RecordingState.FAILED)
        assert problem in (recording.problem or "")
        assert recording.attempts == 1
        assert files(world) == []


async def test_a_file_that_is_still_written_is_waited_for(world: World) -> None:
    whole = wav(30.0)
    (world.monitor / FILE).write_bytes(whole[:99_999])
    async with world.gateway() as gateway:
        await over(gateway)
        recording = await tried(gateway, 1)
        assert "the PBX still writes it" in (recording.problem or "")
        (world.monitor / FILE).write_bytes(whole)
        assert (await gateway.becomes(RecordingState.AVAILABLE)).warning is None


async def test_a_file_that_the_pbx_never_finished_is_kept_with_a_warning(world: World) -> None:
    (world.monitor / FILE).write_bytes(wav_header(rate_hz=8_000, channels=1, data_bytes=0) + tone(30.0))
    async with world.gateway() as gateway:
        await over(gateway)
        await tried(gateway, 1)
        gateway.later(UNFINISHED_S)
        recording = await gateway.becomes(RecordingState.AVAILABLE)
        assert "the PBX never finished it" in (recording.warning or "")


class GrowingSource(FolderSource):
    """Its file grows while it is read, as often as the test says."""

    def __init__(self, folder: Path, grows: dict[str, int]) -> None:
        super().__init__(folder)
        self._path = folder / FILE
        self._grows = grows

    async def look(self, name: PurePosixPath) -> Any:
        found = await super().look(name)
        if self._grows["between"]:
            self._grows["between"] -= 1
            os.utime(self._path, (1.0, self._grows["between"]))
        return found

    async def read(self, name: PurePosixPath) -> Any:
        async with aclosing(super().read(name)) as chunks:
            async for data in chunks:
                yield data
        if self._grows["reading"] > 0:
            self._grows["reading"] -= 1
            yield b"more"


@pytest.mark.parametrize("when", ["between", "reading"])
async def test_a_file_that_changes_under_our_hands_is_fetched_again(
    world: World, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.monitor / FILE).write_bytes(wav(30.0))
    grows = {"between": 0, "reading": 0} | {when: 2}
    monkeypatch.setattr("gateway.recordings.service.FolderSource", lambda folder: GrowingSource(folder, grows))
    async with world.gateway() as gateway:
        await over(gateway)
        recording = await gateway.becomes(RecordingState.AVAILABLE)
        assert recording.attempts >= 1
        assert (world.kept / (recording.stored_as or "")).read_bytes() == wav(30.0)


async def test_a_source_that_is_away_raises_an_alarm_and_costs_no_recording_its_chances(world: World) -> None:
    (world.monitor / FILE).write_bytes(wav(30.0))
    away = world.monitor.rename(world.monitor.with_name("away"))
    async with world.gateway() as gateway:
        with capture_logs() as logs:
            await over(gateway)
            assert await alarm(gateway) == f"{world.monitor}: No such file or directory: is it mounted?"
            gateway.later(30 * 86_400.0)
            recording = await gateway.only()
            assert (recording.state, recording.attempts) == (RecordingState.WAITING, 0)
            away.rename(world.monitor)
            gateway.later(MAX_PAUSE_S)
            await gateway.becomes(RecordingState.AVAILABLE)
            assert gateway.recordings.library.alarms == []
        assert [line["event"] for line in logs if line["event"].startswith("recordings_")] == [
            "recordings_fail",
            "recordings_work_again",
        ]


async def test_a_disk_that_is_nearly_full_stops_fetching_and_says_so(world: World) -> None:
    (world.monitor / FILE).write_bytes(wav(30.0))
    free_mb = shutil.disk_usage(world.monitor).free // 1_000_000
    world.settings = msgspec.structs.replace(world.settings, keep_free_mb=free_mb + 100_000)
    async with world.gateway() as gateway:
        await over(gateway)
        detail = await alarm(gateway)
        assert "recordings.keep_free_mb keeps" in detail
        assert "make room there, or lower recordings.days" in detail
        assert files(world) == []
    world.settings = msgspec.structs.replace(world.settings, keep_free_mb=0)
    async with world.gateway() as gateway:
        gateway.later(MAX_PAUSE_S * 10)
        await gateway.becomes(RecordingState.AVAILABLE)


async def test_a_storage_that_cannot_be_written_raises_an_alarm(world: World) -> None:
    (world.monitor / FILE).write_bytes(wav(30.0))
    world.kept.mkdir(parents=True)
    (world.kept / "default").write_bytes(b"in the way")
    async with world.gateway() as gateway:
        await over(gateway)
        assert "recordings.folder must be a folder" in await alarm(gateway)
        (world.kept / "default").unlink()
        await until(lambda: no_alarm(gateway))
        await gateway.becomes(RecordingState.AVAILABLE)


async def test_an_incoming_folder_that_cannot_be_made_raises_an_alarm(world: World) -> None:
    (world.monitor / FILE).write_bytes(wav(30.0))
    world.state_dir.write_bytes(b"in the way")
    async with world.gateway() as gateway:
        await over(gateway)
        assert "the gateway must be able to write there" in await alarm(gateway)


async def test_a_fault_of_ours_is_logged_and_costs_no_other_recording(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (FILE, "q-2.wav"):
        (world.monitor / name).write_bytes(wav(30.0))

    def broken(name: str, head: bytes, size: int) -> Sound:
        if name == FILE:
            raise ZeroDivisionError
        return look_at(name, head, size)

    async with world.gateway() as gateway:
        with capture_logs() as logs, monkeypatch.context() as patched:
            patched.setattr("gateway.recordings.fetcher.look_at", broken)
            await over(gateway)
            faulty = await tried(gateway, 2)
            assert faulty.problem == "a fault of the gateway, ZeroDivisionError: its log has the whole"
            await gateway.begin("q-2.wav", "second")
            await gateway.end("second")
            await gateway.becomes(RecordingState.AVAILABLE, file="q-2.wav")
        assert {line["log_level"] for line in logs if line["event"] == "recording_not_handled"} == {"error"}
        gateway.later(3_600.0)
        await gateway.becomes(RecordingState.AVAILABLE, file=FILE)


@pytest.mark.parametrize("delete", [False, True])
async def test_the_pbx_keeps_its_file_unless_it_was_said_otherwise(world: World, delete: bool) -> None:
    world.source(delete=delete)
    (world.monitor / FILE).write_bytes(wav(30.0))
    async with world.gateway() as gateway:
        await over(gateway)
        await gateway.becomes(RecordingState.AVAILABLE)
        if delete:
            await until(lambda: not (world.monitor / FILE).exists())
        assert (world.monitor / FILE).exists() is not delete


async def test_what_is_deleted_while_it_is_on_its_way_stays_deleted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.monitor / FILE).write_bytes(wav(30.0))
    async with world.gateway() as gateway:
        put = gateway.recordings._storage.put

        async def put_late(key: str, *arguments: Any, **more: Any) -> None:
            await gateway.recordings.library.delete(DEFAULT_TENANT, (await gateway.only()).id, by="Ana")
            await put(key, *arguments, **more)

        monkeypatch.setattr(gateway.recordings._storage, "put", put_late)
        await over(gateway)
        recording = await gateway.becomes(RecordingState.DELETED)
        await until(lambda: files(world) == [])
        assert (recording.stored_as, recording.deleted_by) == (None, "Ana")


async def test_what_does_not_fit_its_call_is_kept_with_a_warning(world: World) -> None:
    (world.monitor / FILE).write_bytes(wav(2.0))
    async with world.gateway() as gateway:
        await over(gateway)
        recording = await gateway.becomes(RecordingState.AVAILABLE)
        assert recording.warning == "it lasts 2 s, and they talked for 30 s"


async def test_a_files_name_is_personal_data_in_the_log(world: World) -> None:
    async with world.gateway() as gateway:
        with capture_logs() as logs:
            await over(gateway, "in-4001-01062551234.wav")
            await tried(gateway, 1)
        said = [line for line in logs if line["event"] == "recording_not_fetched"]
        assert said
        for line in said:
            assert "01062551234" not in str({name: value for name, value in line.items() if not name.startswith("pii.")})
            assert "01062551234" in line["pii.reason"]


async def test_a_disk_that_is_full_in_the_middle_says_what_to_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.monitor / FILE).write_bytes(wav(30.0))

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    async with world.gateway() as gateway:
        with monkeypatch.context() as patched:
            patched.setattr("gateway.recordings.fetcher._take", full)
            await over(gateway)
            assert "No space left on device: make room there" in await alarm(gateway)
            assert files(world) == []
        await gateway.becomes(RecordingState.AVAILABLE)


async def test_after_a_correction_another_file_is_fetched_and_the_same_is_not(world: World) -> None:
    (world.monitor / FILE).write_bytes(wav(29.0))
    async with world.gateway() as gateway:
        await over(gateway)
        first = await gateway.becomes(RecordingState.AVAILABLE, told=True)

        async def correct() -> None:
            news = [Corrected(call_id=first.call_id, at=gateway.world.clock())]
            position = await gateway.known.position(DEFAULT_TENANT)
            await gateway.known.follow(DEFAULT_TENANT, position or 0, [first.call_id], lambda known: follow(known, news))

        await correct()
        assert (await gateway.becomes(RecordingState.AVAILABLE, due_at=None)).version == 1
        (world.monitor / FILE).write_bytes(wav(30.0))
        await correct()
        again = await gateway.becomes(RecordingState.AVAILABLE, version=2, told=True)
        assert again.sound is not None
        assert again.sound.duration_s == 30.0
        assert (world.kept / (again.stored_as or "")).read_bytes() == wav(30.0)
        (world.monitor / FILE).unlink()
        await correct()
        assert await gateway.becomes(RecordingState.AVAILABLE, due_at=None) == again
