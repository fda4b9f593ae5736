"""What becomes of calls on their way to a CRM, in virtual time and with a PBX that says what the test wants."""

import asyncio
from pathlib import Path

import pytest
from support.crm_fake import FakeCrm, Lost
from support.crm_world import CrmWorld, crm_world
from support.dispatching import CRM as SOMEBODY
from support.memory_crm_log import MemoryCrmLog
from support.virtual_time import clock, in_virtual_time

from gateway.crm.courier import AT_ONCE
from gateway.crm.schedule import JITTER, LOOK_AT_MOST_S
from gateway.model.crm import CallStage, CrmContact, CrmUser
from gateway.model.crm_calls import CrmRules
from gateway.model.dispositions import DispositionId
from gateway.model.events import LegHeld, LegRetrieved
from gateway.model.ids import LegId
from gateway.model.limits import Rate
from gateway.model.terms import LegRole, QueueResult, TransferKind
from gateway.ports.crm import CrmDeniedError, CrmRefusedError, CrmUnavailableError

ANNA = CrmUser(id="u1", login="anna", name="Anna", extension="8001")
BEN = CrmUser(id="u2", login="ben", name="Ben", extension="8002")
WEI = CrmContact(id="c1", name="Wei Zhang", numbers=("010-6255 1234",), owner="u1", url="https://crm.example/c1")


def stocked() -> FakeCrm:
    crm = FakeCrm()
    crm.crm_users, crm.contacts = [ANNA, BEN], [WEI]
    return crm


async def passes(world: CrmWorld, seconds: float = 2.0) -> None:
    """Let the PBX say what it has to, and time go by for it and the gateway."""
    await world.happens()
    await asyncio.sleep(seconds)
    world.story.later(seconds)


def answered(world: CrmWorld, leg: str = "caller", by: str = "8001") -> None:
    world.story.comes_in(leg).rings(by, by=leg).later(0.5).answers(by, by=leg, bridge=f"of {leg}")


def consults(world: CrmWorld) -> None:
    """8001 holds the customer and talks with 8002 on a second leg."""
    story = world.story.says(LegHeld, leg=LegId("8001"), by_feature=False)
    story.creates("8001-b", "PJSIP/8001", LegRole.ORIGINATING, "8001-b", number="8001", dialled="8002")
    story.rings("8002", by="8001-b").answers("8002", by="8001-b", bridge="second")


def hands_over(world: CrmWorld) -> None:
    story = world.story.says(LegRetrieved, leg=LegId("8001")).leaves("caller", "8001-b").bridges("caller", bridge="second")
    story.leaves("8001").transfers(TransferKind.ATTENDED, by="8001", consult="8001-b", target="8002").clears("8001", "8001-b")


@in_virtual_time
async def test_a_call_is_one_activity_that_follows_it(tmp_path: Path) -> None:
    async with crm_world(tmp_path, stocked()) as world, world.running():
        world.story.comes_in().rings("8001")
        await passes(world)
        world.story.answers("8001")
        await passes(world, 60.0)
        world.story.hangs_up("caller", "8001")
        await passes(world)
        assert [each.stage for each in world.crm.history] == [CallStage.RINGING, CallStage.ANSWERED, CallStage.ENDED]
        ((_, last),) = world.crm.records.items()
    assert (last.number, last.direction, last.outcome, last.talk_s) == ("+861062551234", "inbound", "answered", 60.0)
    assert (last.contact, last.owner, last.extension, last.rang) == (WEI, ANNA, "8001", ("8001",))
    assert last.ended_at is not None
    assert last.ended_at - last.started_at == pytest.approx(62.0)


@in_virtual_time
async def test_a_hard_life_ends_in_one_activity_of_the_right_agent_with_one_note(tmp_path: Path) -> None:
    crm = stocked()
    crm.faults = [
        CrmUnavailableError("crm: status 429", retry_after_s=3.0),
        None,
        None,
        Lost(error=CrmUnavailableError("crm: did not answer within 20 s")),
        CrmUnavailableError("crm: status 500"),
        CrmUnavailableError("crm: 200 with an error that passes"),
    ]
    async with crm_world(tmp_path, crm) as world:
        async with world.running():
            began = clock()
            world.story.comes_in().queues("support")
            for agent in ("8001", "8003", "8004"):
                world.story.rings(agent)
            await passes(world, 5.0)
            world.story.answers("8001").leaves_queue("support", QueueResult.ANSWERED)
            for agent in ("8003", "8004"):
                world.story.clears(agent)
            await passes(world, 5.0)
        # Killed while the CRM fails.
        async with world.running():
            await passes(world, 20.0)
            call = world.desk.engine.pbxs[world.story.board.pbx].live[0]
            await world.notes.write(call, SOMEBODY, disposition=DispositionId("solved"), note="Wants an offer", done=True)
            consults(world)
            await passes(world, 10.0)
            hands_over(world)
            await passes(world, 0.1)
        # Killed before it was told of the transfer.
        async with world.running():
            await passes(world, 20.0)
            world.story.hangs_up("caller", "8002")
            await passes(world, 400.0)
            waiting = await world.service.all()
    assert [(each.waiting, each.dead, each.away_since) for each in waiting] == [(0, 0, None)]
    ((_, last),) = crm.records.items()
    assert {each.call_id for each in crm.history} == {last.call_id}
    assert (last.owner, last.extension, last.queue, last.stage) == (BEN, "8002", "support", CallStage.ENDED)
    assert (last.note, last.disposition) == ("Wants an offer", "Solved")
    assert last.started_at == pytest.approx(began)
    assert last.answered_at == pytest.approx(began + 5.0)
    assert last.ended_at == pytest.approx(began + 60.1)


@in_virtual_time
async def test_a_consultation_is_told_only_when_it_stays_a_call_of_its_own(tmp_path: Path) -> None:
    async with crm_world(tmp_path, stocked(), CrmRules(internal=True)) as world, world.running():
        answered(world)
        await passes(world)
        story = world.story.says(LegHeld, leg=LegId("8001"), by_feature=False)
        story.creates("8001-b", "PJSIP/8001", LegRole.ORIGINATING, "8001-b", number="8001", dialled="013800138000")
        story.rings("outside", by="8001-b", device="PJSIP/carrier", number="13800138000")
        await passes(world, 10.0)
        assert len(world.crm.records) == 1
        world.story.answers("outside", by="8001-b", bridge="second")
        await passes(world, 10.0)
        world.story.hangs_up("outside", "8001-b").says(LegRetrieved, leg=LegId("8001"))
        await passes(world, 1.0)
        assert len(world.crm.records) == 1
        await passes(world, 5.0)
        world.story.hangs_up("caller", "8001")
        await passes(world)
        assert [(each.direction, each.number) for each in world.crm.records.values()] == [
            ("inbound", "+861062551234"),
            ("outbound", "+8613800138000"),
        ]


@in_virtual_time
async def test_calls_inside_the_house_are_told_where_that_is_wanted(tmp_path: Path) -> None:
    for internal in (False, True):
        folder = tmp_path / str(internal)
        folder.mkdir()
        async with crm_world(folder, stocked(), CrmRules(internal=internal)) as world, world.running():
            world.story.phones("8001", to="8002").rings("8002", by="8001").answers("8002", by="8001")
            await passes(world, 10.0)
            assert world.crm.records == {}
            world.story.hangs_up("8001", "8002")
            await passes(world, 10.0)
            assert [each.direction for each in world.crm.records.values()] == (["internal"] if internal else [])


@in_virtual_time
async def test_a_call_that_became_part_of_another_is_taken_away(tmp_path: Path) -> None:
    async with crm_world(tmp_path, stocked()) as world, world.running():
        story = world.story
        story.phones("8001", to="013800138000").rings("caller", by="8001", device="PJSIP/carrier", number="13800138000")
        story.answers("caller", by="8001")
        await passes(world)
        # Nobody knew of the customer's call when this one began, so that it was told.
        story.creates("8003", "PJSIP/8003", LegRole.ORIGINATING, "8003", number="8003", dialled="013900139000")
        story.rings("other", by="8003", device="PJSIP/carrier", number="13900139000").answers("other", by="8003", bridge="second")
        await passes(world)
        assert len(world.crm.records) == 2
        story.transfers(TransferKind.ATTENDED, by="8003", consult="8003", transferee=LegId("caller"), target="other")
        story.clears("8003")
        await passes(world)
        assert len(world.told("call.merged")) == 1
        assert len(world.crm.records) == 1


@in_virtual_time
async def test_a_crm_that_was_away_for_a_day_is_told_of_each_call_once_in_order(tmp_path: Path) -> None:
    crm = stocked()
    async with crm_world(tmp_path, crm, log=MemoryCrmLog()) as world, world.running():
        crm.faults = [CrmUnavailableError("crm: cannot be reached") for _ in range(10_000)]
        for number in range(30):
            answered(world, f"caller-{number}")
            await passes(world, 60.0)
            world.story.hangs_up(f"caller-{number}", "8001")
            await passes(world, 60.0)
        (standing,) = await world.service.all()
        assert (standing.waiting, standing.dead) == (30, 0)
        assert standing.away_since is not None
        assert "cannot be reached" in (standing.why or "")
        asked = crm.asked
        await passes(world, 86_400.0)
        assert crm.asked - asked < 86_400.0 / 60.0
        crm.faults = []
        await passes(world, LOOK_AT_MOST_S * (1.0 + JITTER) + 10.0)
        (standing,) = await world.service.all()
        assert (standing.waiting, standing.dead, standing.away_since, standing.why) == (0, 0, None, None)
    told = [each.started_at for each in crm.history]
    assert len(told) == 30
    # The ones by which it was looked whether it is back come first.
    assert len({each.call_id for each in crm.history}) == 30


@in_virtual_time
async def test_ten_thousand_calls_are_told_in_order_within_the_quota_while_a_pop_waits_for_nothing(tmp_path: Path) -> None:
    crm = FakeCrm()
    crm.contacts = [WEI]
    async with (
        crm_world(tmp_path, crm, CrmRules(live=False), Rate(per_second=10.0, burst=10), MemoryCrmLog()) as world,
        world.running(),
    ):
        crm.faults = [CrmDeniedError("crm: status 401")] * 1_000_000
        # A withheld number needs no lookup: each call is one request.
        for number in range(10_000):
            world.story.comes_in(f"c{number}", number=None).later(0.01).hangs_up(f"c{number}")
            if number % 500 == 499:
                await passes(world, 5.0)
        await passes(world, 5.0)
        assert [each.waiting for each in await world.service.all()] == [10_000]
        crm.faults = []
        began = clock()
        world.story.comes_in("wei").rings("8001")
        await asyncio.sleep(400.0)
        assert 2_000 < len(crm.history) <= 10.0 * (clock() - began) + 20
        world.story.now = clock()
        world.story.comes_in("wei-again", number="013800138000").rings("8002")
        await world.happens()
        await asyncio.sleep(0.5)
        assert len(world.told("call.crm_matched")) == 2
        await asyncio.sleep(1_100.0)
        assert [each.waiting for each in await world.service.all()] == [0]
    told = [each.started_at for each in crm.history]
    right = {at: place for place, at in enumerate(sorted(told))}
    # Those that are under way at once may overtake each other while there are turns left.
    assert all(abs(place - right[at]) <= 2 * AT_ONCE + 10 for place, at in enumerate(told))


@in_virtual_time
async def test_what_the_crm_refuses_is_dead_with_its_reason_and_told_again_when_asked(tmp_path: Path) -> None:
    crm = stocked()
    async with crm_world(tmp_path, crm, CrmRules(live=False)) as world, world.running():
        answered(world)
        await passes(world)
        crm.faults = [None, CrmRefusedError("crm: field source is missing")]
        world.story.hangs_up("caller", "8001")
        await passes(world, 10.0)
        (dead,) = await world.service.dead("crm", after=0, limit=10)
        assert dead.why == "crm: field source is missing"
        assert await world.service.replay("crm", None) == 1
        await passes(world)
        assert len(crm.records) == 1
        assert [each.dead for each in await world.service.all()] == [0]


@in_virtual_time
async def test_an_adapter_that_fails_costs_its_call_only(tmp_path: Path) -> None:
    crm = stocked()
    async with crm_world(tmp_path, crm, CrmRules(live=False)) as world, world.running():
        for leg in ("one", "two"):
            world.story.comes_in(leg, number=None).later(1.0).hangs_up(leg)
        crm.faults = [ZeroDivisionError("division by zero")]
        await passes(world, 10.0)
        (dead,) = await world.service.dead("crm", after=0, limit=10)
        assert "its adapter failed: ZeroDivisionError" in (dead.why or "")
        assert len(crm.records) == 1


@in_virtual_time
async def test_an_activity_that_was_deleted_in_the_crm_is_made_anew_once(tmp_path: Path) -> None:
    crm = stocked()
    async with crm_world(tmp_path, crm) as world, world.running():
        answered(world)
        await passes(world)
        crm.records.clear()
        world.story.hangs_up("caller", "8001")
        await passes(world)
        assert [each.stage for each in crm.records.values()] == [CallStage.ENDED]
        crm.records.clear()
        call = (await world.disk.store.find(SOMEBODY.tenant, [crm.history[0].call_id]))[0]
        await world.notes.write(call, SOMEBODY, disposition=None, note="later", done=True)
        await passes(world)
        assert [each.dead for each in await world.service.all()] == [1]


@in_virtual_time
async def test_what_was_told_and_kept_is_not_told_again_after_a_restart(tmp_path: Path) -> None:
    crm = stocked()
    async with crm_world(tmp_path, crm) as world:
        async with world.running():
            answered(world)
            await passes(world, 5.0)
            world.story.hangs_up("caller", "8001")
            await passes(world, 5.0)
        told = len(crm.history)
        async with world.running():
            await passes(world, 60.0)
        assert len(crm.history) == told
        assert crm.closed == 2
