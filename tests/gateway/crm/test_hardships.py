"""Adapters, clocks and restarts that make it hard to tell a CRM of calls, in virtual time."""

import asyncio
from pathlib import Path

import pytest
from support.crm_fake import FakeAdapter, FakeCrm
from support.crm_world import CrmWorld, crm_world
from support.memory_crm_log import CrmLogAway, MemoryCrmLog
from support.virtual_time import in_virtual_time

from gateway.crm.courier import AT_ONCE, MAX_WHY_CHARACTERS
from gateway.crm.refusals import MANY
from gateway.model.crm import CallActivity, CallStage, CrmUser
from gateway.model.crm_calls import CrmRules
from gateway.model.limits import Rate
from gateway.ports.crm import CrmDeniedError, CrmRefusedError, CrmUnavailableError

ANNA = CrmUser(id="u1", login="anna", name="Anna", extension="8001")


async def passes(world: CrmWorld, seconds: float = 2.0) -> None:
    """Let the PBX say what it has to, and time go by for it and the gateway."""
    await world.happens()
    await asyncio.sleep(seconds)
    world.story.later(seconds)


@in_virtual_time
async def test_a_call_that_hangs_does_not_keep_another_from_being_tried_again(tmp_path: Path) -> None:
    crm = FakeCrm()
    async with crm_world(tmp_path, crm, CrmRules(live=False)) as world, world.running():
        for leg in ("hangs", "fails"):
            world.story.comes_in(leg, number=None).later(1.0).hangs_up(leg)
        crm.faults = [10_000.0, CrmUnavailableError("crm: status 500")]
        await passes(world, 10.0)
        assert len(crm.records) == 1
        await passes(world, 180.0)
        assert len(crm.records) == 2
        assert crm.asked == 4


@in_virtual_time
async def test_an_adapter_that_cancels_itself_is_not_asked_without_end(tmp_path: Path) -> None:
    crm = FakeCrm()
    async with crm_world(tmp_path, crm, CrmRules(live=False)) as world, world.running():
        for leg in ("one", "two"):
            world.story.comes_in(leg, number=None).later(1.0).hangs_up(leg)
        crm.faults = [asyncio.CancelledError()]
        await passes(world, 1.0)
        assert crm.asked == 2
        await passes(world, 10.0)
        assert [(each.waiting, each.dead) for each in await world.service.all()] == [(0, 0)]
        assert len(crm.records) == 2


@in_virtual_time
async def test_what_an_adapter_says_is_kept_whatever_characters_it_has(tmp_path: Path) -> None:
    crm = FakeCrm()
    async with crm_world(tmp_path, crm, CrmRules(live=False)) as world, world.running():
        for leg in ("one", "two", "three"):
            world.story.comes_in(leg, number=None).later(1.0).hangs_up(leg)
        crm.faults = [CrmRefusedError("crm: \0 \udcff field\nmissing" + "x" * 100_000)]
        await passes(world, 5.0)
        (dead,) = await world.service.dead("crm", after=0, limit=10)
        assert (dead.why or "").startswith("crm: field missing")
        assert len(dead.why or "") <= MAX_WHY_CHARACTERS
        assert len(crm.records) == 2


@in_virtual_time
async def test_a_wrong_clock_that_is_set_right_keeps_no_call_waiting(tmp_path: Path) -> None:
    crm = FakeCrm()
    async with crm_world(tmp_path, crm, CrmRules(live=False)) as world:
        world.clock_is_off_s = 8 * 3_600.0
        async with world.running():
            crm.faults = [CrmUnavailableError("crm: status 500")] * 6
            for leg in ("one", "two", "three", "four", "five"):
                world.story.comes_in(leg, number=None).later(1.0).hangs_up(leg)
            await passes(world, 4.0)
            assert (await world.service.all())[0].away_since is not None
            world.clock_is_off_s = 0.0
            await passes(world, 60.0)
            assert (len(crm.records), (await world.service.all())[0].away_since) == (5, None)
        world.clock_is_off_s = 10 * 365 * 86_400.0
        async with world.running():
            crm.faults = [CrmUnavailableError("crm: status 500")]
            world.story.comes_in("six", number=None).later(1.0).hangs_up("six")
            await passes(world, 0.5)
        world.clock_is_off_s = 0.0
        async with world.running():
            await passes(world, 60.0)
            assert len(crm.records) == 6


@in_virtual_time
async def test_who_says_that_the_crm_is_back_need_not_wait_for_the_next_look(tmp_path: Path) -> None:
    crm = FakeCrm()
    async with crm_world(tmp_path, crm, CrmRules(live=False), log=MemoryCrmLog()) as world, world.running():
        for again in ("check", "replay"):
            crm.faults = [CrmDeniedError("crm: status 401")] * 1_000
            world.story.comes_in(again, number=None).later(1.0).hangs_up(again)
            await passes(world, 3_600.0)
            assert [each.waiting for each in await world.service.all()] == [1]
            crm.faults = []
            await (world.service.check("crm") if again == "check" else world.service.replay("crm", None))
            await passes(world, 1.0)
            assert [each.waiting for each in await world.service.all()] == [0]
            await passes(world, 60.0)


@in_virtual_time
async def test_a_call_that_ended_while_the_gateway_was_down_is_told_as_ended(tmp_path: Path) -> None:
    crm = FakeCrm()
    crm.crm_users = [ANNA]
    async with crm_world(tmp_path, crm) as world:
        async with world.running():
            world.story.comes_in().rings("8001").later(0.5).answers("8001")
            await passes(world, 10.0)
        await asyncio.sleep(600.0)
        world.story.later(10.0).hangs_up("caller", "8001")
        async with world.running():
            await passes(world, 60.0)
            assert [(each.waiting, each.dead) for each in await world.service.all()] == [(0, 0)]
    ((_, last),) = crm.records.items()
    assert last.stage is CallStage.ENDED


@in_virtual_time
async def test_an_outage_and_the_attempts_it_cost_outlive_a_restart(tmp_path: Path) -> None:
    crm = FakeCrm()
    async with crm_world(tmp_path, crm, CrmRules(live=False)) as world:
        crm.faults = [CrmUnavailableError("crm: status 500")] * 100_000
        async with world.running():
            for number in range(10):
                world.story.comes_in(f"c{number}", number=None).later(1.0).hangs_up(f"c{number}")
            await passes(world, 60.0)
        for _ in range(20):
            asked = crm.asked
            async with world.running():
                await passes(world, 30.0)
            assert crm.asked - asked <= 3 * AT_ONCE
        async with world.running():
            assert [(each.waiting, each.dead) for each in await world.service.all()] == [(10, 0)]
            crm.faults = []
            await passes(world, 600.0)
        assert len(crm.history) == len(crm.records) == 10


@in_virtual_time
async def test_what_is_under_way_at_the_end_is_given_up_and_told_by_the_next_process(tmp_path: Path) -> None:
    crm = FakeCrm()
    async with crm_world(tmp_path, crm, CrmRules(live=False)) as world:
        async with world.running():
            for leg in ("one", "two", "three", "four", "five"):
                world.story.comes_in(leg, number=None).later(1.0).hangs_up(leg)
            crm.faults = [100.0] * AT_ONCE
            await passes(world, 1.0)
            assert (crm.asked, len(crm.records)) == (AT_ONCE, 0)
        assert crm.closed == 1
        async with world.running():
            await passes(world, 30.0)
        assert len(crm.history) == len(crm.records) == 5


@in_virtual_time
async def test_a_crm_that_asks_to_be_left_alone_costs_no_call_an_attempt(tmp_path: Path) -> None:
    crm, free_at = FakeCrm(), 0.0
    put = FakeAdapter.put_call

    async def limited(self: FakeAdapter, activity: CallActivity, memo: str | None) -> str:
        nonlocal free_at
        now = asyncio.get_running_loop().time()
        if now < free_at:
            raise CrmUnavailableError("crm: status 429", retry_after_s=free_at - now)
        free_at = now + 10.0
        return await put(self, activity, memo)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeAdapter, "put_call", limited)
        async with crm_world(tmp_path, crm, CrmRules(live=False), log=MemoryCrmLog()) as world, world.running():
            for number in range(60):
                world.story.comes_in(f"c{number}", number=None).hangs_up(f"c{number}")
            await passes(world, 60 * 15.0)
            assert [(each.waiting, each.dead) for each in await world.service.all()] == [(0, 0)]
    assert len(crm.records) == len(crm.history) == 60


@in_virtual_time
async def test_one_call_that_the_crm_denies_is_tried_slowly_and_keeps_no_other_waiting(tmp_path: Path) -> None:
    crm, tried = FakeCrm(), 0
    put = FakeAdapter.put_call

    async def denies(self: FakeAdapter, activity: CallActivity, memo: str | None) -> str:
        nonlocal tried
        if activity.direction == "outbound":
            tried += 1
            raise CrmDeniedError("crm: status 403")
        return await put(self, activity, memo)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeAdapter, "put_call", denies)
        async with crm_world(tmp_path, crm, CrmRules(live=False), log=MemoryCrmLog()) as world, world.running():
            story = world.story.phones("8001", to="013800138000")
            story.rings("caller", by="8001", device="PJSIP/carrier", number="13800138000").hangs_up("8001", "caller")
            for number in range(100):
                story.comes_in(f"c{number}", number=None).hangs_up(f"c{number}")
                await passes(world, 36.0)
            await passes(world, 60.0)
            assert [(each.waiting, each.dead) for each in await world.service.all()] == [(1, 0)]
    assert len(crm.records) == 100
    assert tried < 30


@in_virtual_time
async def test_a_crm_that_refuses_one_call_after_the_other_is_away_and_caught_up(tmp_path: Path) -> None:
    crm = FakeCrm()
    async with crm_world(tmp_path, crm, CrmRules(live=False), log=MemoryCrmLog()) as world, world.running():
        crm.faults = [CrmRefusedError("crm: status 404: <html>We are upgrading")] * 10_000
        for number in range(40):
            world.story.comes_in(f"c{number}", number=None).later(1.0).hangs_up(f"c{number}")
            await passes(world, 600.0)
        (standing,) = await world.service.all()
        assert (standing.waiting, standing.dead, standing.away_since is None) == (40, 0, False)
        assert standing.why == "crm: status 404: <html>We are upgrading (it refuses one call after the other)"
        assert crm.asked < 40 * 600 / 20
        crm.faults = []
        await passes(world, 600.0)
        assert [(each.waiting, each.dead, each.away_since) for each in await world.service.all()] == [(0, 0, None)]
    assert len(crm.history) == len(crm.records) == 40


@in_virtual_time
async def test_calls_that_are_refused_indeed_are_dead_in_the_end_and_keep_no_other_waiting(tmp_path: Path) -> None:
    crm = FakeCrm()
    put = FakeAdapter.put_call

    async def refuses(self: FakeAdapter, activity: CallActivity, memo: str | None) -> str:
        if activity.number is None:
            raise CrmRefusedError("crm: a call needs a number")
        return await put(self, activity, memo)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeAdapter, "put_call", refuses)
        async with crm_world(tmp_path, crm, CrmRules(live=False), log=MemoryCrmLog()) as world, world.running():
            for number in range(60):
                withheld = number % 30 < 25
                world.story.comes_in(f"c{number}", number=None if withheld else f"0138001{number:05}").hangs_up(f"c{number}")
            await passes(world, 600.0)
            assert len(crm.records) == 10
            for number in range(10):
                world.story.comes_in(f"d{number}", number="013800138000").hangs_up(f"d{number}")
                await passes(world, 400.0)
                assert len(crm.records) == 11 + number
            assert [(each.waiting, each.dead) for each in await world.service.all()] == [(0, 50)]


@in_virtual_time
async def test_what_happens_while_the_database_is_full_for_an_hour_is_told_after_that(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crm, log = FakeCrm(), CrmLogAway()
    async with crm_world(tmp_path, crm, CrmRules(live=False), log=log) as world, world.running():
        world.story.comes_in("before", number=None).hangs_up("before")
        await passes(world, 0.1)
        log.away = True
        for number in range(30):
            world.story.comes_in(f"c{number}", number=None).hangs_up(f"c{number}")
            await passes(world, 120.0)
        assert crm.records == {}
        log.away = False
        await passes(world, 60.0)
        assert [(each.waiting, each.dead) for each in await world.service.all()] == [(0, 0)]
    assert len(crm.history) == len(crm.records) == 31
    assert "reason='crm.db: the disk is full (database or disk is full)'" in capsys.readouterr().out


@in_virtual_time
async def test_a_small_quota_is_waited_for_and_fails_nothing(tmp_path: Path) -> None:
    crm = FakeCrm()
    quota = Rate(per_second=0.01, burst=1)
    async with crm_world(tmp_path, crm, CrmRules(live=False), quota, MemoryCrmLog()) as world, world.running():
        for number in range(20):
            world.story.comes_in(f"c{number}", number=None).hangs_up(f"c{number}")
        await passes(world, 2_500.0)
        (standing,) = await world.service.all()
        assert (standing.waiting, standing.dead, standing.failed, standing.away_since) == (0, 0, 0, None)
    assert len(crm.history) == 20


@in_virtual_time
async def test_calls_that_were_taken_for_dead_are_not_though_the_database_is_away_just_then(tmp_path: Path) -> None:
    crm, log, refused = FakeCrm(), CrmLogAway(), 0

    async def refuses(self: FakeAdapter, activity: CallActivity, memo: str | None) -> str:
        nonlocal refused
        refused += 1
        if refused == MANY:
            log.away = True
            asyncio.get_running_loop().call_later(20.0, setattr, log, "away", False)
        raise CrmRefusedError("crm: status 404")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeAdapter, "put_call", refuses)
        async with crm_world(tmp_path, crm, CrmRules(live=False), log=log) as world, world.running():
            for number in range(MANY + 2):
                world.story.comes_in(f"c{number}", number=None).hangs_up(f"c{number}")
                await passes(world, 5.0)
            await passes(world, 60.0)
            assert [(each.waiting, each.dead) for each in await world.service.all()] == [(MANY + 2, 0)]
