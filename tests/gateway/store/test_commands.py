from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.batches import batch, told
from support.memory_commands import MemoryCommands

from gateway.model.command_records import CommandRecord, CommandState
from gateway.model.commands import CommandId, Hold, PlaceCall
from gateway.model.ids import DEFAULT_TENANT, CallId, PbxName, Tenant, ulid
from gateway.model.principals import Role
from gateway.ports.commands import AuditFilter, CommandLog
from gateway.store import commands
from gateway.store.commands import SqlCommands
from gateway.store.database import Database
from gateway.store.sql import SqlStore
from gateway.store.urls import parse_url


class Kept(NamedTuple):
    log: CommandLog
    events_told: list[str]
    """Ids of events; tell one by :meth:`tell`."""
    store: SqlStore | None

    async def tell(self, event_id: str) -> None:
        self.events_told.append(event_id)
        if self.store is not None:
            position = len(self.events_told)
            event = told(position)
            await self.store.commit(batch(events=[type(event)(**{**_fields(event), "id": event_id})]))


def _fields(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    ids: list[str] = []
    if request.param == "memory":
        yield Kept(MemoryCommands(ids), ids, None)
        return
    url = f"sqlite:///{tmp_path}/tieline.db" if request.param == "sqlite" else request.getfixturevalue("cluster").database()
    database = Database(parse_url(url))
    store = SqlStore(database)
    await store.open()
    try:
        yield Kept(SqlCommands(database), ids, store)
    finally:
        await store.close()


def record(number: int, **more: Any) -> CommandRecord:
    fields: dict[str, Any] = {
        "id": CommandId(ulid(1_000.0 + number, b"\0" * 10)),
        "tenant": DEFAULT_TENANT,
        "principal": "token-1",
        "principal_name": "CRM",
        "role": Role.PARTNER,
        "pbx": PbxName("pbx1"),
        "command": Hold(by="8001"),
        "state": CommandState.SENDING,
        "asked_at": 1_000.0 + number,
    } | more
    return CommandRecord(**fields)


async def test_what_is_written_is_found_by_its_id_and_its_key(kept: Kept) -> None:
    one = record(1, key="k1", asked="a1", command=PlaceCall(extension="8001", number="01062551234"))
    await kept.log.write(one)
    await kept.log.write(record(2))

    assert await kept.log.find(DEFAULT_TENANT, one.id) == one
    assert await kept.log.find_by_key(DEFAULT_TENANT, "k1") == one
    assert await kept.log.find(Tenant("other"), one.id) is None
    assert await kept.log.find_by_key(Tenant("other"), "k1") is None
    assert await kept.log.find_by_key(DEFAULT_TENANT, "k2") is None


async def test_a_command_that_goes_on_is_the_same_command(kept: Kept) -> None:
    await kept.log.write(record(1, key="k1"))
    await kept.log.write(record(1, key="k1", state=CommandState.ACCEPTED, settled_at=5.0))

    (only,) = await kept.log.listed(DEFAULT_TENANT, AuditFilter(), before=None, limit=10)
    assert (only.state, only.settled_at) == (CommandState.ACCEPTED, 5.0)


async def test_a_key_that_is_given_back_can_be_spent_again(kept: Kept) -> None:
    await kept.log.write(record(1, key="k1"))
    await kept.log.write(record(1, key=None, state=CommandState.FAILED, settled_at=5.0))
    await kept.log.write(record(2, key="k1"))

    found = await kept.log.find_by_key(DEFAULT_TENANT, "k1")
    assert found is not None
    assert found.id == record(2).id


async def test_those_whose_fate_is_open_are_known_after_a_crash(kept: Kept) -> None:
    await kept.log.write(record(2))
    await kept.log.write(record(1))
    await kept.log.write(record(3, state=CommandState.UNANSWERED, settled_at=9.0))

    assert [each.id for each in await kept.log.unsettled()] == [record(1).id, record(2).id]


async def test_those_of_which_nothing_was_told_are_known_after_a_crash(kept: Kept) -> None:
    for number in range(1, 5):
        await kept.log.write(record(number, state=CommandState.ACCEPTED, settled_at=float(number)))
    await kept.log.write(record(5))
    await kept.tell(record(3).event_id)

    assert [each.id for each in await kept.log.untold(1.5)] == [record(2).id, record(4).id]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (AuditFilter(), [4, 3, 2, 1]),
        (AuditFilter(principal="token-2"), [2]),
        (AuditFilter(pbx=PbxName("pbx2")), [3]),
        (AuditFilter(call_id=CallId("c")), [4]),
        (AuditFilter(state=CommandState.REFUSED), [1]),
        (AuditFilter(kind="place_call"), [3]),
        (AuditFilter(from_at=1_002.0, to_at=1_004.0), [3, 2]),
        (AuditFilter(kind="hold", principal="token-1"), [4, 1]),
    ],
)
async def test_the_audit_is_filtered_and_the_last_comes_first(kept: Kept, wanted: AuditFilter, numbers: list[int]) -> None:
    await kept.log.write(record(1, state=CommandState.REFUSED, settled_at=1.0))
    await kept.log.write(record(2, principal="token-2"))
    await kept.log.write(record(3, pbx=PbxName("pbx2"), command=PlaceCall(extension="8001", number="1")))
    await kept.log.write(record(4, call_id=CallId("c")))
    await kept.log.write(record(5, tenant=Tenant("other")))

    found = await kept.log.listed(DEFAULT_TENANT, wanted, before=None, limit=10)
    assert [each.id for each in found] == [record(number).id for number in numbers]


async def test_the_audit_is_read_page_by_page(kept: Kept) -> None:
    for number in range(5):
        await kept.log.write(record(number))

    pages, before = [], None
    while page := await kept.log.listed(DEFAULT_TENANT, AuditFilter(), before=before, limit=2):
        pages.append([each.id for each in page])
        before = page[-1].id
    assert pages == [[record(4).id, record(3).id], [record(2).id, record(1).id], [record(0).id]]


async def test_old_ones_are_deleted_but_those_whose_fate_is_open(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "PRUNE_ROWS", 2)
    for number in range(7):
        await kept.log.write(record(number, state=CommandState.ACCEPTED, settled_at=1.0))
    await kept.log.write(record(0, state=CommandState.SENDING))

    assert await kept.log.prune(DEFAULT_TENANT, before=1_006.0) == 5
    left = await kept.log.listed(DEFAULT_TENANT, AuditFilter(), before=None, limit=10)
    assert [each.id for each in left] == [record(6).id, record(0).id]
