from pathlib import Path

from support.gateways import at_work
from support.waiting import until
from support.workplaces import at_workplace

from gateway.model.ids import DEFAULT_TENANT
from gateway.model.terms import QueueResult


async def test_all_that_is_done_without_being_asked_is_done(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world, at_work(world.workplace):
        await until(lambda: world.hub.listeners > 0)
        world.story.comes_in().queues("support").later(9).leaves_queue("support", QueueResult.ABANDONED).hangs_up("caller")
        await world.happens()
        await until(lambda: bool(world.told("callback.changed")))


async def test_what_is_kept_is_kept_for_so_long(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        kept = world.workplace.kept(30.0)
        assert [(each.what, each.days) for each in kept] == [("notes on calls", 30.0), ("calls to return", 30.0)]
        assert [await each.prune(DEFAULT_TENANT, before=world.story.now) for each in kept] == [0, 0]
