from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.building import START
from support.recording_world import Running, World
from support.recordings import wav
from support.waiting import until

from gateway.model.errors import StoreUnavailableError
from gateway.model.events import RecordingStarted
from gateway.model.ids import DEFAULT_TENANT, CallId, LegId
from gateway.model.recordings import Recording, RecordingState
from gateway.model.terms import LegRole
from gateway.session.committer import Message


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def listed(gateway: Running) -> list[Recording]:
    return await gateway.known.page(DEFAULT_TENANT, states=None, pbxs=None, after=None, limit=99)


async def followed(gateway: Running) -> None:
    """Wait until all that was told is followed."""

    async def is_so() -> bool:
        return await gateway.known.position(DEFAULT_TENANT) == gateway.hub.position

    gateway.committer.tell([nothing(gateway)])
    await gateway.committer.settled()
    await until(is_so)


def nothing(gateway: Running) -> Message:
    """An event that is followed and means nothing."""
    return Message(
        id=None,
        type="recording.available",
        at=gateway.world.clock(),
        tenant=DEFAULT_TENANT,
        pbx=gateway.world.story.board.pbx,
        call_id=CallId("none"),
        data={"recording_id": "none", "version": 1},
    )


async def test_a_call_without_a_recording_leaves_nothing(world: World) -> None:
    async with world.gateway() as gateway:
        world.story.comes_in().rings("8001").answers("8001").hangs_up("caller", "8001")
        await gateway.hear()
        await followed(gateway)
        assert await listed(gateway) == []


async def test_a_file_named_before_the_first_party_is_found_at_the_end(world: World) -> None:
    """A dial plan that records on a helper leg names the file before there is a call to tell of."""
    async with world.gateway() as gateway:
        story = world.story.helper("half", "half").says(RecordingStarted, leg=LegId("half"), file="q-1.wav")
        story.creates("8001", "PJSIP/8001", LegRole.TERMINATING, "half").connects("8001", "half").later(5.0)
        story.clears("8001", "half")
        await gateway.hear()
        assert "call.recording_started" not in [event.type for event in story.told]
        await followed(gateway)
        assert [(each.file, each.state) for each in await listed(gateway)] == [("q-1.wav", RecordingState.WAITING)]


async def test_two_recordings_of_one_call_are_two(world: World) -> None:
    async with world.gateway() as gateway:
        await gateway.begin("q-1.wav")
        world.story.says(RecordingStarted, leg=LegId("caller"), file="q-2.wav")
        await gateway.hear()
        await gateway.end()
        await followed(gateway)
        assert sorted(each.file for each in await listed(gateway)) == ["q-1.wav", "q-2.wav"]


async def test_a_new_gateway_begins_with_what_is_new(world: World) -> None:
    """Recordings of before nobody asked for: they may be gone from the PBX, and old."""
    async with world.gateway(recording=False) as gateway:
        await gateway.begin("q-1.wav")
        await gateway.end()
    async with world.gateway() as gateway:
        await followed(gateway)
        assert await listed(gateway) == []


async def test_positions_that_are_lost_are_told_and_costs_no_later_recording(world: World) -> None:
    async with world.gateway() as gateway:
        await gateway.begin("q-1.wav")
        await followed(gateway)
    async with world.gateway(recording=False) as gateway:
        for number in range(3):
            world.story.comes_in(f"x{number}").hangs_up(f"x{number}")
        await gateway.hear()
        await gateway.store.prune_events(DEFAULT_TENANT, before=START + 1e9)
    (world.monitor / "q-2.wav").write_bytes(wav(30.0))
    with capture_logs() as logs:
        async with world.gateway() as gateway:
            await gateway.begin("q-2.wav", leg="second")
            await gateway.end("second")
            await gateway.becomes(RecordingState.AVAILABLE)
    assert "recordings_missed_events" in [line["event"] for line in logs]


async def test_a_database_that_fails_is_asked_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.monitor / "q-1.wav").write_bytes(wav(30.0))
    async with world.gateway() as gateway:
        follow, failures = gateway.recordings._recordings.follow, [StoreUnavailableError("db: away")] * 2

        async def failing(*arguments: object) -> object:
            if failures:
                raise failures.pop()
            return await follow(*arguments)  # type: ignore[arg-type]  # handed on as they came

        with capture_logs() as logs:
            monkeypatch.setattr(gateway.recordings._recordings, "follow", failing)
            await gateway.begin("q-1.wav")
            await gateway.end()
            await gateway.becomes(RecordingState.AVAILABLE)
        assert [line["event"] for line in logs].count("recordings_put_off") == 2
