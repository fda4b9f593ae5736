from pathlib import Path

import msgspec
import pytest
from support.recording_world import World
from support.recordings import recording_of, wav
from support.replaying import PBX

from gateway.model.ids import DEFAULT_TENANT, CallId
from gateway.model.principals import Principal, Role, Scope
from gateway.model.recordings import Play, RecordingId, RecordingState
from gateway.model.terms import DialResult


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def who(extension: str | None) -> Principal:
    return Principal(id="t", name="Ana", role=Role.AGENT, scopes=frozenset({Scope.RECORDINGS_READ}), extension=extension)


async def test_a_calls_recordings_are_listed_and_an_unknown_call_has_none(world: World) -> None:
    async with world.gateway() as gateway:
        library = gateway.recordings.library
        world.story.comes_in("plain").hangs_up("plain")
        call_id = await gateway.begin("q-1.wav")
        recording = await gateway.only()
        assert await library.of_call(DEFAULT_TENANT, call_id) == [recording]
        plain = next(call for call in world.story.calls if call != call_id)
        assert await library.of_call(DEFAULT_TENANT, plain) == []
        assert await library.of_call(DEFAULT_TENANT, CallId("none")) is None
        listed = await library.page(DEFAULT_TENANT, states=None, pbxs=[PBX], after=None, limit=9)
        assert listed == [recording] == [await library.find(DEFAULT_TENANT, recording.id)]


async def test_who_is_bound_to_an_extension_hears_its_calls_and_no_others(world: World) -> None:
    async with world.gateway() as gateway:
        library = gateway.recordings.library
        await gateway.begin("q-1.wav")
        recording = await gateway.only()
        (talker,) = world.parties.values()
        assert await library.may_hear(who(None), recording)
        assert await library.may_hear(who(talker), recording)
        assert not await library.may_hear(who("8999"), recording)
        # Of a call that is kept no longer nobody knows whose it was.
        assert not await library.may_hear(who(talker), recording_of(9))


async def test_a_phone_that_only_rang_hears_nothing(world: World) -> None:
    async with world.gateway() as gateway:
        world.story.comes_in("second").rings("8007", "second").dial_ends("8007", DialResult.NO_ANSWER, by="second").clears("8007")
        await gateway.begin("q-1.wav", leg="third")
        recording = await gateway.only()
        assert not await gateway.recordings.library.may_hear(who("8007"), recording)


async def test_only_what_is_not_here_is_fetched_again(world: World) -> None:
    (world.monitor / "q-1.wav").write_bytes(wav(1.0))
    async with world.gateway() as gateway:
        library = gateway.recordings.library
        await gateway.begin("q-1.wav")
        expected = await gateway.only()
        assert await library.fetch_again(DEFAULT_TENANT, expected.id) == expected
        await gateway.end()
        here = await gateway.becomes(RecordingState.AVAILABLE, told=True)
        assert await library.fetch_again(DEFAULT_TENANT, here.id) == here
        await library.delete(DEFAULT_TENANT, here.id, by="Ana")
        left = await library.fetch_again(DEFAULT_TENANT, here.id)
        assert left is not None
        assert left.state is RecordingState.DELETED
        assert await library.fetch_again(DEFAULT_TENANT, RecordingId("none")) is None


async def test_sound_is_there_when_the_recording_is(world: World) -> None:
    (world.monitor / "q-1.wav").write_bytes(wav(1.0))
    async with world.gateway() as gateway:
        library = gateway.recordings.library
        await gateway.begin("q-1.wav")
        assert library.audio(await gateway.only(), original=True) is None
        await gateway.end()
        here = await gateway.becomes(RecordingState.AVAILABLE, told=True)
        assert library.audio(here, original=True) is not None
        assert library.audio(msgspec.structs.replace(here, state=RecordingState.DELETED), original=True) is None


async def test_who_heard_it_is_kept(world: World) -> None:
    async with world.gateway() as gateway:
        library = gateway.recordings.library
        await gateway.begin("q-1.wav")
        recording = await gateway.only()
        play = Play(
            recording_id=recording.id, call_id=recording.call_id, at=1.0, principal_id="t", principal="Ana", address="", asked=""
        )
        await library.note_play(DEFAULT_TENANT, play)
        assert await library.plays(DEFAULT_TENANT, recording.id) == [play]
