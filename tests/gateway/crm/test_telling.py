"""One call is told: what of it is kept, and whose fault it is when it cannot be told."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.crm_fake import FakeAdapter, FakeCrm
from support.crm_world import CrmWorld, crm_world
from support.memory_crm_log import CrmLogAway, MemoryCrmLog
from support.replaying import PBX
from support.virtual_time import clock, in_virtual_time

from gateway.model.crm import CallActivity, CallStage, CrmAbility, CrmContact, CrmUser
from gateway.model.crm_calls import CrmRules, SeveralMatches
from gateway.model.ids import DEFAULT_TENANT, LegId
from gateway.model.numbers import PhoneQuery
from gateway.model.recordings import Recording, RecordingId, RecordingState, Sound
from gateway.model.terms import LegRole, TransferKind
from gateway.ports.crm import CrmGoneError, CrmRefusedError, CrmUnavailableError

ANNA = CrmUser(id="u1", login="anna", name="Anna", extension="8001")
BEN = CrmUser(id="u2", login="ben", name="Ben", extension="8002")
WEI = CrmContact(id="c1", name="Wei Zhang", numbers=("010-6255 1234",))


def stocked(*contacts: CrmContact) -> FakeCrm:
    crm = FakeCrm()
    crm.crm_users, crm.contacts = [ANNA, BEN], list(contacts or [WEI])
    return crm


async def passes(world: CrmWorld, seconds: float = 2.0) -> None:
    await world.happens()
    await asyncio.sleep(seconds)
    world.story.later(seconds)


def comes_and_goes(world: CrmWorld, *legs: str) -> None:
    """Let a call of nobody come in and end: one request tells of it."""
    for leg in legs:
        world.story.comes_in(leg, number=None).later(1.0).hangs_up(leg)


@in_virtual_time
async def test_what_a_crm_took_is_remembered_though_the_database_is_away_when_it_answers(tmp_path: Path) -> None:
    crm, log = FakeCrm(), CrmLogAway()
    crm.searchable = False
    async with crm_world(tmp_path, crm, CrmRules(live=False), log=log) as world, world.running():
        comes_and_goes(world, "one", "two", "three")
        # The first one is answered, and cannot be kept, while the others are under way.
        crm.faults = [1.0, 20.0, 30.0]
        await passes(world, 0.5)
        log.away = True
        await passes(world, 3_600.0)
        assert len(crm.history) == 3
        log.away = False
        await passes(world, 60.0)
        assert [(each.waiting, each.dead, each.away_since) for each in await world.service.all()] == [(0, 0, None)]
    assert len(crm.history) == len(crm.records) == 3


@in_virtual_time
async def test_calls_of_which_a_crm_is_not_asked_say_nothing_of_whether_it_is_back(tmp_path: Path) -> None:
    crm = FakeCrm()
    async with crm_world(tmp_path, crm, CrmRules(live=False), log=MemoryCrmLog()) as world, world.running():
        crm.faults = [CrmUnavailableError("crm: cannot be reached")] * 100_000
        comes_and_goes(world, "one", "two", "three", "four", "five")
        await passes(world, 60.0)
        (before,) = await world.service.all()
        for number in range(200):
            # Calls inside the house, which no CRM hears of.
            leg = f"inside-{number}"
            world.story.creates(leg, "PJSIP/8001", LegRole.ORIGINATING, leg, number="8001", dialled="8002").hangs_up(leg)
            await passes(world, 300.0)
        (standing,) = await world.service.all()
        assert (standing.waiting, standing.dead) == (5, 0)
        assert standing.away_since == before.away_since is not None
        waiting = await world.log.due(DEFAULT_TENANT, "crm", now=float("inf"), limit=10)
        assert max(each.attempts for each in waiting) <= 1


@in_virtual_time
async def test_a_crm_that_lists_no_users_has_no_dead_calls_and_is_caught_up(tmp_path: Path) -> None:
    crm = stocked()
    users = FakeAdapter.users

    async def refuses(self: FakeAdapter) -> Sequence[CrmUser]:
        await users(self)
        raise CrmRefusedError("crm: status 400: users: unknown field")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeAdapter, "users", refuses)
        async with crm_world(tmp_path, crm, CrmRules(live=False), log=MemoryCrmLog()) as world, world.running():
            for leg, by in (("one", "8001"), ("two", "8002")):
                world.story.comes_in(leg).rings(by, by=leg).later(1.0).answers(by, by=leg, bridge=f"of {leg}")
                world.story.later(1.0).hangs_up(leg, by)
                await passes(world, 3_600.0)
            (standing,) = await world.service.all()
            assert (standing.waiting, standing.dead) == (2, 0)
            assert "crm: status 400: users: unknown field" in (standing.why or "")
            patch.undo()
            await passes(world, 600.0)
            assert [each.owner for each in sorted(crm.records.values(), key=lambda each: each.started_at)] == [ANNA, BEN]


@in_virtual_time
async def test_a_call_of_whose_number_a_crm_will_not_speak_is_told_as_nobodys(tmp_path: Path) -> None:
    crm = stocked()

    async def refuses(self: FakeAdapter, query: PhoneQuery) -> Sequence[CrmContact]:
        raise CrmRefusedError("crm: status 400: no such number")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeAdapter, "find", refuses)
        async with crm_world(tmp_path, crm) as world, world.running():
            world.story.comes_in().rings("8001").answers("8001")
            await passes(world)
            world.story.hangs_up("caller", "8001")
            await passes(world)
            assert [each.dead for each in await world.service.all()] == [0]
    assert [(each.contact, each.stage) for each in crm.records.values()] == [(None, CallStage.ENDED)]


@in_virtual_time
async def test_what_an_adapter_is_not_able_to_do_is_never_asked_of_it(tmp_path: Path) -> None:
    crm = stocked()
    crm.able = frozenset({CrmAbility.CALLS})
    async with crm_world(tmp_path, crm, CrmRules(recordings="upload")) as world:
        world.entry = msgspec.structs.replace(world.entry, abilities=crm.able)
        async with world.running():
            world.story.comes_in().rings("8001").answers("8001")
            await passes(world)
            world.story.hangs_up("caller", "8001")
            await passes(world)
            (standing,) = await world.service.all()
        assert (standing.waiting, standing.dead, standing.lookups) == (0, 0, 0)
    assert [each.stage for each in crm.records.values()] == [CallStage.ENDED]


@in_virtual_time
async def test_whom_the_agent_chooses_while_the_call_is_told_is_told_after_that(tmp_path: Path) -> None:
    other = msgspec.structs.replace(WEI, id="c2", name="Li Na")
    crm = stocked(WEI, other)
    crm.searchable = False
    put = FakeAdapter.put_call

    async def slow(self: FakeAdapter, activity: CallActivity, memo: str | None) -> str:
        await asyncio.sleep(5.0)
        return await put(self, activity, memo)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeAdapter, "put_call", slow)
        async with crm_world(tmp_path, crm, CrmRules(several=SeveralMatches.ASK)) as world, world.running():
            world.story.comes_in().rings("8001")
            await passes(world)
            await world.service.choose("crm", world.story.call().call_id, "c2")
            await passes(world, 30.0)
    assert [each.contact for each in crm.history] == [None, other]
    assert len(crm.records) == 1


async def recorded(world: CrmWorld, *legs: str) -> None:
    """Calls of nobody end whose recordings are there."""
    comes_and_goes(world, *legs)
    sound = Sound(media_type="audio/wav", encoding="pcm16", duration_s=1.0)
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
        for number, call in enumerate(world.story.calls.values())
    ]
    world.sound = b"RIFF"
    await passes(world)


@in_virtual_time
async def test_recordings_that_cannot_be_read_are_not_the_crms_fault(tmp_path: Path) -> None:
    crm = FakeCrm()
    async with crm_world(tmp_path, crm, CrmRules(live=False, recordings="upload")) as world, world.running():
        world.sound_is_gone = True
        await recorded(world, "one", "two", "three", "four", "five")
        await passes(world, 60.0)
        (standing,) = await world.service.all()
        assert (standing.waiting, standing.dead, standing.away_since, len(crm.records)) == (5, 0, None, 5)
        assert standing.why == "crm: the recording of the call cannot be read: a.wav is gone"
        # One is deleted before it was given to the CRM.
        world.recordings.pop()
        world.sound_is_gone = False
        await passes(world, 1_000.0)
        (standing,) = await world.service.all()
        assert (standing.waiting, standing.dead, standing.why) == (0, 0, None)
        assert (len(crm.records), len(crm.sounds)) == (5, 4)


@in_virtual_time
async def test_a_recording_that_the_crm_does_not_take_is_dead_and_its_activity_is_there(tmp_path: Path) -> None:
    crm = FakeCrm()
    async with crm_world(tmp_path, crm, CrmRules(live=False, recordings="upload")) as world, world.running():
        crm.faults = [None, CrmRefusedError("crm: status 413: at most 20 MB")]
        await recorded(world, "one")
        (dead,) = await world.service.dead("crm", after=0, limit=10)
        assert (dead.why, dead.memo, len(crm.records)) == ("crm: status 413: at most 20 MB", "activity-1", 1)
        assert await world.service.replay("crm", [dead.call_id]) == 1
        await passes(world)
        assert (len(crm.history), list(crm.sounds)) == (1, ["activity-1"])


@in_virtual_time
async def test_what_was_to_be_taken_away_and_is_gone_already_is_no_error(tmp_path: Path) -> None:
    crm = stocked()

    async def gone(self: FakeAdapter, activity: CallActivity, memo: str) -> None:
        raise CrmGoneError("crm: status 404")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeAdapter, "withdraw_call", gone)
        async with crm_world(tmp_path, crm) as world, world.running():
            story = world.story.phones("8001", to="013800138000")
            story.rings("caller", by="8001", device="PJSIP/carrier", number="13800138000").answers("caller", by="8001")
            await passes(world)
            story.creates("8003", "PJSIP/8003", LegRole.ORIGINATING, "8003", number="8003", dialled="013900139000")
            story.rings("other", by="8003", device="PJSIP/carrier", number="13900139000")
            story.answers("other", by="8003", bridge="second")
            await passes(world)
            story.transfers(TransferKind.ATTENDED, by="8003", consult="8003", transferee=LegId("caller"), target="other")
            story.clears("8003")
            await passes(world)
            assert len(world.told("call.merged")) == 1
            assert [(each.waiting, each.dead) for each in await world.service.all()] == [(0, 0)]


@in_virtual_time
async def test_a_memo_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    crm = FakeCrm()

    async def put(self: FakeAdapter, activity: CallActivity, memo: str | None) -> str:
        memo_of: str = memos.pop()
        return memo_of

    memos: list[Any] = [None, 7, "x" * 4_001, "a\0b", "a\udcff"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeAdapter, "put_call", put)
        async with crm_world(tmp_path, crm, CrmRules(live=False)) as world, world.running():
            comes_and_goes(world, "one", "two", "three", "four", "five")
            await passes(world, 60.0)
            dead = await world.service.dead("crm", after=0, limit=10)
    assert len(dead) == 5
    assert all("its adapter's memo of a call" in (each.why or "") for each in dead)


@in_virtual_time
async def test_a_contact_or_an_owner_that_is_gone_in_the_crm_costs_no_call(tmp_path: Path) -> None:
    crm = stocked()
    put = FakeAdapter.put_call

    async def knows(self: FakeAdapter, activity: CallActivity, memo: str | None) -> str:
        if activity.contact is not None and activity.contact.id not in [each.id for each in crm.contacts]:
            raise CrmGoneError("crm: status 404: no such contact")
        if activity.owner is not None and activity.owner not in crm.crm_users:
            raise CrmRefusedError("crm: status 400: the user is not active")
        return await put(self, activity, memo)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeAdapter, "put_call", knows)
        async with crm_world(tmp_path, crm) as world, world.running():
            world.story.comes_in().rings("8001").later(1.0).answers("8001")
            await passes(world, 120.0)
            crm.contacts = [msgspec.structs.replace(WEI, id="c9")]
            crm.crm_users = [BEN]
            world.story.hangs_up("caller", "8001")
            await passes(world, 10.0)
            assert [(each.waiting, each.dead) for each in await world.service.all()] == [(0, 0)]
    ((_, last),) = crm.records.items()
    assert (last.stage, last.owner, last.contact) == (CallStage.ENDED, None, crm.contacts[0])


@in_virtual_time
async def test_what_the_crm_is_doing_when_the_gateway_ends_is_waited_for_a_moment(tmp_path: Path) -> None:
    crm = FakeCrm()
    crm.searchable = False
    put = FakeAdapter.put_call

    async def slow(self: FakeAdapter, activity: CallActivity, memo: str | None) -> str:
        made = await put(self, activity, memo)
        await asyncio.sleep(1.0)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeAdapter, "put_call", slow)
        async with crm_world(tmp_path, crm, CrmRules(live=False)) as world:
            async with world.running():
                comes_and_goes(world, "one", "two", "three")
                await passes(world, 0.5)
                assert len(crm.records) == 3
            async with world.running():
                await passes(world, 60.0)
    assert len(crm.history) == len(crm.records) == 3
