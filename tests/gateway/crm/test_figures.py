"""What is counted of CRMs, in virtual time."""

import asyncio
from pathlib import Path

import pytest
from support.crm_fake import FakeCrm
from support.crm_world import crm_world
from support.memory_crm_log import CrmLogAway
from support.virtual_time import in_virtual_time

from gateway.crm.figures import COUNT_S
from gateway.model.crm_calls import CrmRules
from gateway.ports.crm import CrmRefusedError, CrmUnavailableError


@in_virtual_time
async def test_what_waits_is_counted_and_how_long_it_has(tmp_path: Path) -> None:
    crm, log = FakeCrm(), CrmLogAway()
    async with crm_world(tmp_path, crm, CrmRules(live=False), log=log) as world, world.running():
        crm.faults = [CrmRefusedError("crm: no"), *[CrmUnavailableError("crm: status 500")] * 1_000]
        for leg in ("one", "two", "three", "four", "five", "six"):
            world.story.comes_in(leg, number=None).hangs_up(leg)
        await world.happens()
        await asyncio.sleep(600.0)
        (away,) = world.service.figures.all()
        assert (away.name, away.told, away.waiting, away.dead, away.away) == ("crm", 0, 5, 1, True)
        assert away.oldest_s == pytest.approx(600.0, abs=1.0)
        assert away.failed > 4
        crm.faults = []
        await world.service.check("crm")
        await asyncio.sleep(COUNT_S + 10.0)
        (back,) = world.service.figures.all()
        assert (back.told, back.waiting, back.dead, back.oldest_s, back.away) == (5, 0, 1, 0.0, False)
        log.away = True
        await asyncio.sleep(COUNT_S + 1.0)
        (unknown,) = world.service.figures.all()
        assert (unknown.told, unknown.waiting, unknown.dead, unknown.oldest_s) == (5, None, None, None)
