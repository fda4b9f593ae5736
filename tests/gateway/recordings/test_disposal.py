from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.building import START
from support.recording_world import Running, World
from support.recordings import wav

from gateway.model.errors import StorageError
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.recordings import Recording, RecordingId, RecordingState
from gateway.recordings.disposal import Disposal

NOW = START + 1_000.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def disposal_of(gateway: Running) -> Disposal:
    return Disposal(gateway.known, gateway.recordings._storage, now=lambda: NOW)


async def kept(gateway: Running, *files: str) -> list[Recording]:
    """Let these be fetched, one after the other."""
    found = []
    for number, file in enumerate(files):
        (gateway.world.monitor / file).write_bytes(wav(1.0))
        await gateway.begin(file, leg=f"caller{number}")
        await gateway.end(f"caller{number}")
        found.append(await gateway.becomes(RecordingState.AVAILABLE, file=file, told=True))
    return found


async def test_what_is_deleted_is_gone_and_stays_known(world: World) -> None:
    async with world.gateway() as gateway:
        (recording,) = await kept(gateway, "q-1.wav")
        for by in ("Ana", "Bob"):
            left = await disposal_of(gateway).delete(DEFAULT_TENANT, recording.id, by=by)
            assert left == await gateway.only()
            assert (left.state, left.deleted_by, left.deleted_at, left.stored_as) == (RecordingState.DELETED, "Ana", NOW, None)
        assert not (world.kept / (recording.stored_as or "none")).exists()
        assert await disposal_of(gateway).delete(DEFAULT_TENANT, RecordingId("none"), by="Ana") is None


async def test_what_begins_before_the_time_goes_and_the_rest_stays(world: World) -> None:
    async with world.gateway() as gateway:
        old, young = await kept(gateway, "q-1.wav", "q-2.wav")
        assert await disposal_of(gateway).delete_old(DEFAULT_TENANT, before=young.began_at) == 1
        assert await disposal_of(gateway).delete_old(DEFAULT_TENANT, before=young.began_at) == 0
        found = [await gateway.known.find(DEFAULT_TENANT, each.id) for each in (old, young)]
        assert [each.state for each in found if each is not None] == [RecordingState.DELETED, RecordingState.AVAILABLE]


async def test_bytes_that_could_not_be_deleted_are_heard_by_nobody_and_go_the_next_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.gateway() as gateway:
        (recording,) = await kept(gateway, "q-1.wav")
        disposal = disposal_of(gateway)

        async def failing(_key: str) -> None:
            raise StorageError("the bucket is away")

        with monkeypatch.context() as patched:
            patched.setattr(gateway.recordings._storage, "delete", failing)
            with pytest.raises(StorageError):
                await disposal.delete(DEFAULT_TENANT, recording.id, by="Ana")
            with capture_logs() as logs:
                assert await disposal.delete_old(DEFAULT_TENANT, before=0.0) == 0
            assert [(line["event"], line["reason"]) for line in logs] == [("recordings_retention_put_off", "the bucket is away")]
        left = await gateway.only()
        assert (left.state, left.stored_as) == (RecordingState.DELETED, recording.stored_as)
        assert gateway.recordings.library.audio(left, original=True) is None
        assert await disposal.forget(DEFAULT_TENANT, before=NOW) == 0

        assert await disposal.delete_old(DEFAULT_TENANT, before=0.0) == 1
        assert not (world.kept / (recording.stored_as or "none")).exists()
        assert (await gateway.only()).deleted_by == "Ana"
        assert await disposal.forget(DEFAULT_TENANT, before=NOW) == 1
