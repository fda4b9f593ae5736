import asyncio
from typing import Any

import pytest
from support.dispatching import Desk, Disk
from support.gateways import at_work
from support.virtual_time import clock, in_virtual_time

from gateway.model.command_records import CommandRecord, CommandState
from gateway.model.commands import CommandId, Hold, PlaceCall
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT, CallId, PbxName, Tenant
from gateway.model.principals import Role
from gateway.model.refusals import Refusal
from gateway.session.command_book import RECENT_S


def record(number: int = 1, **more: Any) -> CommandRecord:
    fields: dict[str, Any] = {
        "id": CommandId(f"0{number}"),
        "tenant": DEFAULT_TENANT,
        "principal": "token-1",
        "principal_name": "CRM",
        "role": Role.PARTNER,
        "pbx": PbxName("pbx1"),
        "command": Hold(by="8001"),
        "state": CommandState.SENDING,
        "asked_at": clock(),
    } | more
    return CommandRecord(**fields)


@in_virtual_time
async def test_what_is_kept_is_told_when_it_is_on_disk() -> None:
    disk = Disk()
    desk = Desk(disk)
    async with at_work(desk.committer, desk.book):
        await desk.book.begin(record(key="k"))
        disk.log.away = True
        await desk.book.keep(record(key="k", state=CommandState.ACCEPTED, call_id=CallId("c"), settled_at=clock()))
        await asyncio.sleep(30.0)
        found = await desk.book.find(DEFAULT_TENANT, CommandId("01"))
        by_key = await desk.book.find_by_key(DEFAULT_TENANT, "k")
        assert disk.events("command") == []
        with pytest.raises(StoreUnavailableError):
            await desk.book.find(Tenant("other"), CommandId("01"))
        with pytest.raises(StoreUnavailableError):
            await desk.book.begin(record(2))
        disk.log.away = False
        await asyncio.sleep(2.0)
        await desk.settled()

    assert found == by_key == await disk.log.find(DEFAULT_TENANT, CommandId("01"))
    assert found is not None
    assert found.state is CommandState.ACCEPTED
    (told,) = disk.events("command")
    assert (told["type"], told["call_id"], told["data"]["extension"]) == ("command.accepted", "c", "8001")


@in_virtual_time
async def test_the_last_that_is_known_is_what_is_written_and_told_once() -> None:
    disk = Disk()
    desk = Desk(disk)
    disk.log.away = True
    async with at_work(desk.committer, desk.book):
        desk.book.owe(record(), and_tell=False)
        await desk.book.keep(record(state=CommandState.UNANSWERED, settled_at=clock()), and_tell=False)
        await desk.book.keep(record(state=CommandState.ACCEPTED, settled_at=clock()))
        disk.log.away = False
        await asyncio.sleep(2.0)
        await desk.settled()

    assert [each.state for each in disk.log.records.values()] == [CommandState.ACCEPTED]
    assert [told["type"] for told in disk.events("command")] == ["command.accepted"]


@in_virtual_time
async def test_why_nothing_came_of_it_is_told() -> None:
    disk = Disk()
    desk = Desk(disk)
    async with at_work(desk.committer, desk.book):
        await desk.book.keep(
            record(
                command=PlaceCall(extension="8001", number="1"),
                state=CommandState.REFUSED,
                refusal=Refusal.NUMBER_NOT_ALLOWED,
                reason="no",
                settled_at=clock(),
            )
        )
        await desk.settled()

    (told,) = disk.events("command")
    assert told["type"] == "command.failed"
    assert told["data"] == {
        "command_id": "01",
        "command": "place_call",
        "state": "refused",
        "principal": "CRM",
        "extension": "8001",
        "began": None,
        "refusal": "number-not-allowed",
        "reason": "no",
    }


@in_virtual_time
async def test_what_an_earlier_process_left_open_is_known_and_what_is_long_past_is_not_told() -> None:
    disk = Disk()
    desk = Desk(disk)
    await desk.book.begin(record(1))
    await desk.book.begin(record(2, state=CommandState.ACCEPTED, settled_at=clock()))
    await desk.book.begin(record(3, state=CommandState.ACCEPTED, settled_at=clock() - RECENT_S - 1.0))

    assert [each.id for each in await desk.book.left_open()] == ["01", "02"]
