"""What a CRM is told of a call's sound, and when it is told the same again."""

import asyncio
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from support.crm import activity
from support.crm_fake import FakeCrm
from support.crm_world import CrmWorld, crm_world
from support.replaying import PBX
from support.virtual_time import clock, in_virtual_time

from gateway.crm.activities import digest_of
from gateway.model.crm import CrmContact, RecordingLink
from gateway.model.crm_calls import CrmRules
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.recordings import Recording, RecordingId, RecordingState, Sound
from gateway.ports.crm import CrmUnavailableError

WEI = CrmContact(id="1", name="Wei", last_contact_at=1.0)


def test_the_same_is_told_once_whatever_else_the_crm_says_of_a_contact() -> None:
    told = activity(contact=WEI)
    assert digest_of(told) == digest_of(activity(contact=msgspec.structs.replace(WEI, last_contact_at=9.0, name="Wei Z.")))
    assert digest_of(told) != digest_of(activity(contact=CrmContact(id="2")))
    assert digest_of(told) != digest_of(activity(contact=None))
    assert digest_of(told) != digest_of(activity(contact=WEI, note="new"))


async def recorded(world: CrmWorld, seconds: float = 30.0) -> Recording:
    """A call ends whose recording is there."""
    world.story.comes_in().rings("8001").answers("8001").later(seconds).hangs_up("caller", "8001")
    call = world.story.call()
    sounds = [Sound(media_type="audio/wav", encoding="pcm16", duration_s=length) for length in (2.0, seconds)]
    world.recordings = [
        Recording(
            id=RecordingId(f"r{number}"),
            tenant=DEFAULT_TENANT,
            pbx=PBX,
            call_id=call.call_id,
            file="a.wav",
            began_at=clock(),
            state=RecordingState.AVAILABLE,
            sound=sound,
            size=4,
        )
        for number, sound in enumerate(sounds)
    ]
    world.sound = b"RIFF"
    await world.happens()
    await asyncio.sleep(2.0)
    return world.recordings[1]


@pytest.mark.parametrize("how", ["none", "link", "upload"])
def test_a_recording_goes_where_it_is_wanted(tmp_path: Path, how: Literal["none", "link", "upload"]) -> None:
    @in_virtual_time
    async def run() -> None:
        crm = FakeCrm()
        crm.faults = [None, None, CrmUnavailableError("crm: status 500")] if how == "upload" else []
        async with crm_world(tmp_path, crm, CrmRules(recordings=how, live=False)) as world, world.running():
            recording = await recorded(world)
            await asyncio.sleep(20.0)
            ((id_, last),) = crm.records.items()
            url = f"https://tieline.example/api/v1/recordings/{recording.id}/audio"
            assert last.recording == (None if how == "none" else RecordingLink(url=url, seconds=30.0))
            assert crm.sounds == ({id_: b"RIFF"} if how == "upload" else {})

    run()
