"""One call is told: what of it is kept, and whose fault it is when it cannot be told."""

import asyncio
from pathlib import Path

from support.crm_fake import FakeCrm
from support.crm_world import CrmWorld, crm_world
from support.memory_crm_log import CrmLogAway
from support.virtual_time import in_virtual_time

from gateway.model.crm import CrmContact, CrmUser
from gateway.model.crm_calls import CrmRules

ANNA = CrmUser(id="u1", login="anna", name="Anna", extension="8001")
WEI = CrmContact(id="c1", name="Wei Zhang", numbers=("010-6255 1234",))


def stocked(*contacts: CrmContact) -> FakeCrm:
    crm = FakeCrm()
    crm.crm_users, crm.contacts = [ANNA], list(contacts or [WEI])
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
