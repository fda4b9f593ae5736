import asyncio

from support.dispatching import Desk, Disk, wish
from support.virtual_time import in_virtual_time

from gateway.model.command_records import CommandState
from gateway.model.commands import HangUp
from gateway.model.errors import CommandRefusedError


@in_virtual_time
async def test_after_a_crash_the_pbx_tells_what_became_of_a_call_and_nothing_is_sent_again() -> None:
    disk = Disk()
    async with Desk(disk).running() as desk:
        disk.pbx.mute = True
        asking = asyncio.create_task(desk.dispatcher.submit(wish(key="k")))
        await asyncio.sleep(1.0)
        asking.cancel()
    (left,) = await disk.log.unsettled()
    disk.pbx.mute = False
    async with Desk(disk).running() as desk:
        await asyncio.sleep(10.0)
        again = await desk.dispatcher.submit(wish(key="k"))
        await desk.settled()

    assert again.id == left.id
    assert (again.state, again.began) == (CommandState.ACCEPTED, disk.events("call.started")[0]["call_id"])
    assert [told["type"] for told in disk.events("command.")] == ["command.accepted"]
    assert len(disk.pbx.received) == 1


@in_virtual_time
async def test_after_a_crash_a_call_that_the_pbx_does_not_have_is_given_up() -> None:
    disk = Disk()
    async with Desk(disk).running() as desk:
        disk.pbx.mute = disk.pbx.deaf = True
        asking = asyncio.create_task(desk.dispatcher.submit(wish(key="k")))
        await asyncio.sleep(1.0)
        asking.cancel()
    disk.pbx.mute = disk.pbx.deaf = False
    desk = Desk(disk)
    async with desk.running(connected=False):
        await asyncio.sleep(300.0)
        assert [each.state for each in disk.log.records.values()] == [CommandState.SENDING]
        async with disk.pbx.connected(desk.engine):
            await asyncio.sleep(10.0)
            again = await desk.dispatcher.submit(wish(key="k"))
            await desk.settled()

    assert again.state is CommandState.UNANSWERED
    assert again.reason == "the gateway was stopped before an answer came; whether it was done is not known"
    assert [told["type"] for told in disk.events("command.")] == ["command.failed"]
    assert len(disk.pbx.received) == 1


@in_virtual_time
async def test_after_a_crash_other_commands_are_left_as_they_are_known() -> None:
    disk = Disk()
    async with Desk(disk).running() as desk:
        placed = await desk.dispatcher.submit(wish())
        disk.pbx.mute = disk.pbx.deaf = True
        asking = asyncio.create_task(desk.dispatcher.submit(wish(HangUp, call_id=placed.call_id)))
        await asyncio.sleep(1.0)
        asking.cancel()
    async with Desk(disk).running(connected=False) as desk:
        await desk.settled()

    assert [told["type"] for told in disk.events("command.")] == ["command.accepted", "command.failed"]
    assert [each.state for each in disk.log.records.values()] == [CommandState.ACCEPTED, CommandState.UNANSWERED]


@in_virtual_time
async def test_what_was_settled_and_not_told_before_a_crash_is_told_once_after_it() -> None:
    disk = Disk()
    async with Desk(disk).running() as desk:
        disk.pbx.fault = CommandRefusedError("8001 is not registered")
        record = await desk.dispatcher.submit(wish())
    assert disk.events("command.") == []
    for _ in range(2):
        async with Desk(disk).running(connected=False) as desk:
            await desk.settled()

    assert [told["data"]["command_id"] for told in disk.events("command.failed")] == [record.id]
