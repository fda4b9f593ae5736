"""From the PBX's word to the file in its place: the whole way, on a real database and real folders."""

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs
from support.building import START
from support.recording_world import World, told
from support.recordings import wav
from support.replaying import PBX
from support.waiting import until

from gateway.model.errors import ConfigurationError
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.recordings import RecordingState
from gateway.recordings.fetcher import Fetcher
from gateway.recordings.folder import FolderSource
from gateway.recordings.follower import Follower
from gateway.recordings.http import HttpSource
from gateway.recordings.service import source_of
from gateway.recordings.settings import HttpSettings, SftpSettings, SourceSettings
from gateway.recordings.sftp import SftpSource

SFTP = SftpSettings(host="127.0.0.1", user="tieline", key_file="/none", host_key="ssh-ed25519 AAAA")


async def test_a_recording_comes_after_its_call_and_the_world_is_told(tmp_path: Path) -> None:
    world = World(tmp_path)
    (world.monitor / "2026").mkdir()
    (world.monitor / "2026" / "q-1.wav").write_bytes(wav(30.0))
    async with world.gateway() as gateway:
        listener = gateway.listen()
        call_id = await gateway.begin("/var/spool/asterisk/monitor/2026/q-1.wav")
        expected = await gateway.becomes(RecordingState.EXPECTED)
        assert expected.call_id == call_id
        assert not world.kept.exists()

        await gateway.end()
        recording = await gateway.becomes(RecordingState.AVAILABLE, told=True)
        assert (world.kept / (recording.stored_as or "")).read_bytes() == wav(30.0)
        assert (recording.size, recording.warning, recording.problem) == (480_044, None, None)
        kind, data = await told(listener)
        assert kind == "recording.available"
        assert data["recording_id"] == recording.id
        assert (data["duration_s"], data["version"], data["sha256"]) == (30.0, 1, recording.sha256)
        assert list((world.kept / "incoming").iterdir()) == []
        listener.close()


async def test_a_gateway_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.gateway() as gateway:
        await gateway.begin("q-1.wav")
        await gateway.becomes(RecordingState.EXPECTED)
    # It ends while nobody follows; what it left half way is of no use.
    (world.kept / "incoming").mkdir(parents=True)
    (world.kept / "incoming" / "half.part").write_bytes(b"half")
    async with world.gateway(recording=False) as gateway:
        await gateway.end()
    (world.monitor / "q-1.wav").write_bytes(wav(30.0))
    async with world.gateway() as gateway:
        await gateway.becomes(RecordingState.AVAILABLE, told=True)
        assert list((world.kept / "incoming").iterdir()) == []


async def test_a_gateway_whose_events_are_gone_finds_the_end_by_the_call(tmp_path: Path) -> None:
    world = World(tmp_path)
    (world.monitor / "q-1.wav").write_bytes(wav(30.0))
    async with world.gateway() as gateway:
        await gateway.begin("q-1.wav")
        await gateway.becomes(RecordingState.EXPECTED)
    async with world.gateway(recording=False) as gateway:
        await gateway.end()
        await gateway.store.prune_events(DEFAULT_TENANT, before=START + 1e9)
    async with world.gateway() as gateway:
        await gateway.becomes(RecordingState.AVAILABLE)


async def test_what_was_kept_and_not_told_is_told_by_the_next_gateway(tmp_path: Path) -> None:
    world = World(tmp_path)
    (world.monitor / "q-1.wav").write_bytes(wav(30.0))
    async with world.gateway() as gateway:
        await gateway.begin("q-1.wav")
        await gateway.end()
        recording = await gateway.becomes(RecordingState.AVAILABLE, told=True)
        await gateway.known.change(DEFAULT_TENANT, recording.id, lambda now: msgspec.structs.replace(now, told=False))
    async with world.gateway(recording=False) as gateway:
        position = gateway.hub.position
    async with world.gateway() as gateway:
        await gateway.becomes(RecordingState.AVAILABLE, told=True)
        (event,) = await gateway.store.told_after(position, 10)
        assert event.type == "recording.available"


async def test_a_fault_is_logged_and_costs_no_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path)
    (world.monitor / "q-1.wav").write_bytes(wav(30.0))
    faults = {"follow": 1, "fetch": 1}
    take, start = Follower._take, Fetcher._start

    async def fails_to_take(self: Follower, *arguments: Any) -> None:
        faults["follow"] -= 1
        if faults["follow"] >= 0:
            raise ZeroDivisionError
        await take(self, *arguments)

    async def fails_to_start(self: Fetcher, *arguments: Any) -> float:
        faults["fetch"] -= 1
        if faults["fetch"] >= 0:
            raise ZeroDivisionError
        return await start(self, *arguments)

    monkeypatch.setattr(Follower, "_take", fails_to_take)
    monkeypatch.setattr(Fetcher, "_start", fails_to_start)
    with capture_logs() as logs:
        async with world.gateway() as gateway:
            await gateway.begin("q-1.wav")
            await gateway.end()
            await gateway.becomes(RecordingState.AVAILABLE, told=True)
    assert sorted(line["part"] for line in logs if line["event"] == "recordings_failed") == ["follow", PBX]


async def test_without_a_source_nothing_is_fetched_and_what_was_can_be_heard(tmp_path: Path) -> None:
    world = World(tmp_path)
    (world.monitor / "q-1.wav").write_bytes(wav(30.0))
    async with world.gateway() as gateway:
        await gateway.begin("q-1.wav")
        await gateway.end()
        await gateway.becomes(RecordingState.AVAILABLE, told=True)
    world.settings = msgspec.structs.replace(world.settings, sources=())
    async with world.gateway() as gateway:
        audio = gateway.recordings.library.audio(await gateway.only(), original=True)
        assert audio is not None
        async with aclosing(audio.read(0, audio.size)) as chunks:
            assert b"".join([data async for data in chunks]) == wav(30.0)
        assert gateway.recordings.library.alarms == []


async def test_what_is_old_goes_and_is_forgotten_with_the_calls(tmp_path: Path) -> None:
    world = World(tmp_path)
    (world.monitor / "q-1.wav").write_bytes(wav(30.0))
    async with world.gateway() as gateway:
        await gateway.begin("q-1.wav")
        await gateway.end()
        recording = await gateway.becomes(RecordingState.AVAILABLE, told=True)
        kept = {each.what: each for each in gateway.recordings.kept}
        assert (kept["recordings"].days, kept["deleted recordings"].days) == (90.0, 730.0)
        assert await kept["recordings"].prune(DEFAULT_TENANT, before=START + 1_000.0) == 1
        left = await gateway.only()
        assert (left.state, left.deleted_by, left.stored_as) == (RecordingState.DELETED, "retention", None)
        assert not (world.kept / (recording.stored_as or "none")).exists()
        assert await kept["deleted recordings"].prune(DEFAULT_TENANT, before=START + 1_000.0) == 1
        assert await gateway.known.find(DEFAULT_TENANT, left.id) is None


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        (SourceSettings(pbx=PBX, folder="/mnt"), FolderSource),
        (SourceSettings(pbx=PBX, sftp=SFTP), SftpSource),
        (SourceSettings(pbx=PBX, http=HttpSettings(url="http://127.0.0.1:1")), HttpSource),
    ],
)
async def test_each_way_has_its_source(settings: SourceSettings, kind: type) -> None:
    source = source_of(settings, timeout_s=1.0)
    assert isinstance(source, kind)
    assert source.description
    await source.close()


@pytest.mark.parametrize("more", [{}, {"folder": "/mnt", "sftp": SFTP}])
def test_a_source_is_in_one_place(more: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="needs exactly one of folder, sftp and http"):
        source_of(msgspec.convert({"pbx": PBX}, SourceSettings) if not more else SourceSettings(pbx=PBX, **more), timeout_s=1.0)  # type: ignore[arg-type]  # as the configuration may be


async def test_many_calls_have_their_own(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.gateway() as gateway:
        for number in range(20):
            (world.monitor / f"q-{number}.wav").write_bytes(wav(1.0, 300 + number))
            await gateway.begin(f"q-{number}.wav", leg=f"caller{number}")
        for number in range(20):
            await gateway.end(f"caller{number}")

        async def all_here() -> bool:
            gateway.later(0.1)
            states = [RecordingState.AVAILABLE]
            return len(await gateway.known.page(DEFAULT_TENANT, states=states, pbxs=None, after=None, limit=99)) == 20

        await until(all_here)
        for recording in await gateway.known.page(DEFAULT_TENANT, states=None, pbxs=None, after=None, limit=99):
            kept = await asyncio.to_thread((world.kept / (recording.stored_as or "")).read_bytes)
            assert kept == (world.monitor / recording.file).read_bytes()
