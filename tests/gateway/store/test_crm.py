from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from support.memory_crm_log import MemoryCrmLog

from gateway.model.crm import CrmContact
from gateway.model.ids import DEFAULT_TENANT, CallId, Tenant
from gateway.ports.crm_log import CrmCall, CrmCounts, CrmLog
from gateway.store.crm import SqlCrmLog
from gateway.store.database import Database
from gateway.store.urls import parse_url

ELSEWHERE = Tenant("other")
A, B = CallId("a"), CallId("b")


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CrmLog]:
    if request.param == "memory":
        yield MemoryCrmLog()
        return
    url = f"sqlite:///{tmp_path}/tieline.db" if request.param == "sqlite" else request.getfixturevalue("cluster").database()
    database = Database(parse_url(url))
    await database.open()
    yield SqlCrmLog(database)
    await database.close()


async def note(log: CrmLog, position: int, **heard: tuple[int, int]) -> None:
    named = {CallId(call): places for call, places in heard.items()}
    await log.note(DEFAULT_TENANT, "odoo", position=position, heard=named, at=1.0)


async def due(log: CrmLog, now: float = 1.0) -> list[CrmCall]:
    return await log.due(DEFAULT_TENANT, "odoo", now=now, limit=10)


async def test_a_new_crm_has_no_cursor_and_each_its_own(log: CrmLog) -> None:
    assert await log.cursor(DEFAULT_TENANT, "odoo") is None
    await note(log, 7)
    assert await log.cursor(DEFAULT_TENANT, "odoo") == 7
    assert await log.cursor(DEFAULT_TENANT, "zammad") is None
    assert await log.cursor(ELSEWHERE, "odoo") is None


async def test_what_is_heard_is_due_in_the_order_in_which_it_was_first_heard(log: CrmLog) -> None:
    await note(log, 5, b=(3, 5), a=(4, 4))
    await note(log, 9, a=(6, 9))
    assert [(call.call_id, call.position, call.heard) for call in await due(log)] == [(B, 3, 5), (A, 4, 9)]
    assert await log.due(DEFAULT_TENANT, "zammad", now=1.0, limit=10) == []
    assert await log.due(ELSEWHERE, "odoo", now=1.0, limit=10) == []
    assert len(await log.due(DEFAULT_TENANT, "odoo", now=1.0, limit=1)) == 1


async def test_what_is_told_is_due_no_more_until_something_new_is_heard(log: CrmLog) -> None:
    await note(log, 4, a=(4, 4))
    contact = CrmContact(id="7", name="Wei", numbers=("138",))
    await log.choose(DEFAULT_TENANT, "odoo", A, contact, position=4, at=1.0)
    (call,) = await due(log)
    told = msgspec.structs.replace(call, pending=False, memo="m", said="s", recording="r", remade=True)
    await log.put(DEFAULT_TENANT, "odoo", told)
    assert await due(log) == []
    assert await log.find(DEFAULT_TENANT, "odoo", [A, B]) == [told]
    await note(log, 8, a=(8, 8))
    (again,) = await due(log)
    assert (again.position, again.heard, again.memo, again.contact) == (8, 8, "m", contact)


async def test_what_was_heard_while_it_was_told_stays_to_be_told(log: CrmLog) -> None:
    await note(log, 4, a=(4, 4))
    (call,) = await due(log)
    await note(log, 6, a=(6, 6))
    await log.put(DEFAULT_TENANT, "odoo", msgspec.structs.replace(call, pending=False, memo="m"))
    (more,) = await due(log)
    assert (more.heard, more.memo, more.pending) == (6, "m", True)


async def test_what_was_told_in_vain_keeps_its_place_though_more_was_heard(log: CrmLog) -> None:
    await note(log, 4, a=(4, 4))
    (call,) = await due(log)
    await note(log, 6, a=(6, 6), b=(5, 5))
    await log.put(DEFAULT_TENANT, "odoo", msgspec.structs.replace(call, attempts=1))
    assert [(each.call_id, each.position, each.heard) for each in await due(log)] == [(A, 4, 6), (B, 5, 5)]


async def test_what_is_put_off_keeps_its_place_and_time(log: CrmLog) -> None:
    await note(log, 4, a=(4, 4))
    (call,) = await due(log)
    await log.put(DEFAULT_TENANT, "odoo", msgspec.structs.replace(call, attempts=1, retry_at=30.0, why="away"))
    await note(log, 9, a=(9, 9), b=(8, 8))
    assert [each.call_id for each in await due(log)] == [B]
    assert [(each.call_id, each.attempts) for each in await due(log, 30.0)] == [(A, 1), (B, 0)]
    assert await log.next_at(DEFAULT_TENANT, "odoo", after=-1.0) == 0.0
    assert await log.next_at(DEFAULT_TENANT, "odoo", after=0.0) == 30.0
    assert await log.next_at(DEFAULT_TENANT, "zammad", after=-1.0) is None


async def test_a_memo_takes_the_place_of_the_one_it_was_made_of_only(log: CrmLog) -> None:
    await note(log, 4, a=(4, 4))
    await log.remember(DEFAULT_TENANT, "odoo", A, before=None, memo="1")
    await log.remember(DEFAULT_TENANT, "odoo", A, before="0", memo="2")
    assert [each.memo for each in await due(log)] == ["1"]


async def test_what_waits_can_be_hurried(log: CrmLog) -> None:
    await note(log, 4, a=(4, 4))
    (call,) = await due(log)
    await log.put(DEFAULT_TENANT, "odoo", msgspec.structs.replace(call, attempts=1, retry_at=30.0))
    await log.hurry(DEFAULT_TENANT, "zammad", attempts=9)
    assert await due(log) == []
    await log.hurry(DEFAULT_TENANT, "odoo", attempts=0)
    assert await due(log) == []
    await log.hurry(DEFAULT_TENANT, "odoo", attempts=1)
    assert [(each.call_id, each.attempts) for each in await due(log)] == [(A, 1)]


async def test_the_dead_are_listed_revived_and_woken_by_news(log: CrmLog) -> None:
    await note(log, 5, a=(4, 4), b=(5, 5))
    for call in await due(log):
        await log.put(DEFAULT_TENANT, "odoo", msgspec.structs.replace(call, dead=True, attempts=9, why="refused"))
    assert await log.counts(DEFAULT_TENANT, "odoo") == CrmCounts(waiting=0, dead=2)
    assert [each.call_id for each in await log.dead(DEFAULT_TENANT, "odoo", after=0, limit=10)] == [A, B]
    assert [each.call_id for each in await log.dead(DEFAULT_TENANT, "odoo", after=4, limit=10)] == [B]
    assert await log.revive(DEFAULT_TENANT, "odoo", calls=[A], at=2.0) == 1
    assert await log.counts(DEFAULT_TENANT, "odoo") == CrmCounts(waiting=1, dead=1)
    await note(log, 9, b=(9, 9))
    assert await log.counts(DEFAULT_TENANT, "odoo") == CrmCounts(waiting=2, dead=0)
    assert {each.attempts for each in await due(log, 2.0)} == {0}
    assert await log.revive(DEFAULT_TENANT, "odoo", calls=None, at=2.0) == 0


async def test_what_is_forgotten_or_old_is_gone(log: CrmLog) -> None:
    await note(log, 5, a=(4, 4), b=(5, 5))
    await log.forget(DEFAULT_TENANT, "odoo", A, heard=3)
    assert await due(log) != []
    await log.forget(DEFAULT_TENANT, "odoo", A, heard=4)
    assert await log.find(DEFAULT_TENANT, "odoo", [A]) == []
    assert await log.prune(ELSEWHERE, before=2.0) == 0
    assert await log.prune(DEFAULT_TENANT, before=1.0) == 0
    assert await log.prune(DEFAULT_TENANT, before=2.0) == 1


async def test_whom_the_agent_chose_is_kept_though_the_call_is_being_told(log: CrmLog) -> None:
    await note(log, 4, a=(4, 4))
    (call,) = await due(log)
    wei = CrmContact(id="7", name="Wei", numbers=("138",))
    await log.choose(DEFAULT_TENANT, "odoo", A, wei, position=9, at=2.0)
    told = msgspec.structs.replace(call, pending=False, memo="7", said="x", changed_at=3.0)
    await log.put(DEFAULT_TENANT, "odoo", told)
    (again,) = await due(log)
    assert (again.contact, again.memo, again.heard) == (wei, "7", 4)
    await log.put(DEFAULT_TENANT, "odoo", msgspec.structs.replace(again, pending=False))
    assert await due(log) == []
    await log.choose(DEFAULT_TENANT, "odoo", A, msgspec.structs.replace(wei, id="8"), position=12, at=4.0)
    (again,) = await due(log)
    assert (again.position, again.memo, again.contact) == (12, "7", msgspec.structs.replace(wei, id="8"))


async def test_somebody_is_chosen_of_a_call_of_which_nothing_is_kept_and_of_a_dead_one(log: CrmLog) -> None:
    wei = CrmContact(id="7", numbers=())
    await log.choose(DEFAULT_TENANT, "odoo", B, wei, position=9, at=2.0)
    (call,) = await due(log)
    assert (call.call_id, call.position, call.contact) == (B, 9, wei)
    await log.put(DEFAULT_TENANT, "odoo", msgspec.structs.replace(call, dead=True, attempts=12, why="refused"))
    await log.choose(DEFAULT_TENANT, "odoo", B, wei, position=10, at=3.0)
    assert [(each.attempts, each.dead) for each in await due(log)] == [(0, False)]
    assert await log.cursor(DEFAULT_TENANT, "odoo") is None
