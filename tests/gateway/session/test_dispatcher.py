import asyncio

import pytest
from structlog.testing import capture_logs
from support.dispatching import Desk, Disk, to, wish
from support.replaying import PBX
from support.virtual_time import in_virtual_time

from gateway.model.command_records import CommandState
from gateway.model.commands import HangUp, PlaceCall, SendDigits
from gateway.model.dial_rules import DialRules, RoleRules
from gateway.model.errors import CommandRefusedError, PeerUnavailableError, StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.principals import ALL_SCOPES, Principal, Role
from gateway.model.refusals import CommandNotDoneError, Refusal
from gateway.ports.commands import AuditFilter
from gateway.session import dispatcher


@in_virtual_time
async def test_a_placed_call_is_written_down_then_sent_and_answered_with_its_id() -> None:
    disk = Disk()
    desk = Desk(disk)
    async with desk.running():
        disk.pbx.gate.clear()
        asking = asyncio.create_task(desk.dispatcher.submit(wish()))
        await asyncio.sleep(0.1)
        (before,) = await disk.log.unsettled()
        assert (before.state, disk.pbx.received) == (CommandState.SENDING, [])
        disk.pbx.gate.set()
        record = await asking
        await desk.settled()

    assert [order.id for order in disk.pbx.received] == [record.id]
    assert (record.state, record.principal, record.pbx) == (CommandState.ACCEPTED, "token-1", PBX)
    assert record.call_id == record.began == disk.events("call.started")[0]["call_id"]
    assert await disk.log.find(DEFAULT_TENANT, record.id) == record
    (told,) = disk.events("command.")
    assert (told["id"], told["type"], told["call_id"]) == (f"{record.id}:1", "command.accepted", record.call_id)
    assert told["data"] == {
        "command_id": record.id,
        "command": "place_call",
        "state": "accepted",
        "principal": "CRM",
        "extension": "8001",
        "began": record.call_id,
    }


@in_virtual_time
async def test_a_call_that_appears_late_is_told_by_the_event() -> None:
    disk = Disk()
    desk = Desk(disk)
    disk.pbx.deaf = True
    async with desk.running():
        record = await desk.dispatcher.submit(wish())
        assert (record.state, record.call_id) == (CommandState.ACCEPTED, None)
        assert disk.events("command.") == []
        await asyncio.sleep(5.0)
        await disk.pbx.ring(disk.pbx.received[0])
        await desk.settled()
        found = await desk.book.find(DEFAULT_TENANT, record.id)

    assert found is not None
    assert found.call_id == disk.events("call.started")[0]["call_id"]
    (told,) = disk.events("command.")
    assert (told["type"], told["call_id"]) == ("command.accepted", found.call_id)


@in_virtual_time
async def test_what_the_pbx_refuses_is_told_with_its_reason() -> None:
    disk = Disk()
    desk = Desk(disk)
    disk.pbx.fault = CommandRefusedError("8001 is not registered")
    async with desk.running():
        record = await desk.dispatcher.submit(wish())
        await desk.settled()

    assert (record.state, record.refusal, record.reason) == (
        CommandState.REFUSED,
        Refusal.COMMAND_REFUSED,
        "8001 is not registered",
    )
    (told,) = disk.events("command.")
    assert told["type"] == "command.failed"
    assert (told["data"]["refusal"], told["data"]["reason"]) == ("command-refused", "8001 is not registered")
    assert desk.dispatcher.counts == {("place_call", "command-refused"): 1}


@in_virtual_time
async def test_an_answer_that_never_comes_leaves_the_fate_open_until_the_call_shows_it() -> None:
    disk = Disk()
    desk = Desk(disk)
    disk.pbx.mute = disk.pbx.deaf = True
    async with desk.running():
        record = await desk.dispatcher.submit(wish(key="k"))
        assert (record.state, record.reason) == (CommandState.UNANSWERED, "pbx1 did not answer within 5 s")
        assert disk.events("command.") == []
        again = await desk.dispatcher.submit(wish(key="k"))
        assert again.id == record.id
        await asyncio.sleep(10.0)
        await disk.pbx.ring(disk.pbx.received[0])
        await desk.settled()
        found = await desk.book.find(DEFAULT_TENANT, record.id)

    assert found is not None
    assert (found.state, found.began) == (CommandState.ACCEPTED, disk.events("call.started")[0]["call_id"])
    assert [told["type"] for told in disk.events("command.")] == ["command.accepted"]
    assert len(disk.pbx.received) == 1


@in_virtual_time
async def test_an_answer_that_never_comes_is_told_when_no_call_shows_up() -> None:
    disk = Disk()
    desk = Desk(disk)
    disk.pbx.mute = disk.pbx.deaf = True
    async with desk.running():
        record = await desk.dispatcher.submit(wish())
        await asyncio.sleep(dispatcher.JOIN_S + 1)
        await desk.settled()

    (told,) = disk.events("command.")
    assert (told["type"], told["data"]["state"]) == ("command.failed", "unanswered")
    assert told["data"]["reason"] == record.reason
    assert len(disk.pbx.received) == 1


@in_virtual_time
async def test_a_connector_that_never_ends_is_not_waited_for_for_ever() -> None:
    disk = Disk()
    desk = Desk(disk)
    async with desk.running():
        disk.pbx.gate.clear()
        record = await desk.dispatcher.submit(wish())

    assert (record.state, record.reason) == (CommandState.UNANSWERED, "pbx1 did not answer within 60 s")


@in_virtual_time
async def test_a_fault_in_a_connector_leaves_the_fate_open() -> None:
    class BrokenError(Exception):
        pass

    disk = Disk()
    desk = Desk(disk)
    disk.pbx.fault = BrokenError()  # type: ignore[assignment]  # a fault is none of our own errors
    async with desk.running():
        with capture_logs() as logs:
            record = await desk.dispatcher.submit(wish())

    assert (record.state, record.reason) == (CommandState.UNANSWERED, "pbx1: the connector failed: BrokenError")
    assert "command_fault" in [line["event"] for line in logs]


@in_virtual_time
async def test_the_same_key_is_answered_by_the_first_command() -> None:
    disk = Disk()
    desk = Desk(disk)
    async with desk.running():
        first = await desk.dispatcher.submit(wish(key="k"))
        both = await asyncio.gather(*(desk.dispatcher.submit(wish(key="k")) for _ in range(5)))
        other = await desk.dispatcher.submit(wish(key="l"))
        elsewhere = await desk.dispatcher.submit(wish(key="k", route="POST /y"))
        somebody = Principal(id="token-2", name="other", role=Role.PARTNER, scopes=ALL_SCOPES)
        others = await desk.dispatcher.submit(wish(key="k", principal=somebody))

    assert {each.id for each in both} == {first.id}
    assert len({first.id, other.id, elsewhere.id, others.id}) == 4
    assert len(disk.pbx.received) == 4


@in_virtual_time
async def test_the_same_key_at_once_is_sent_once() -> None:
    disk = Disk()
    desk = Desk(disk)
    async with desk.running():
        disk.pbx.gate.clear()
        asking = [asyncio.create_task(desk.dispatcher.submit(wish(key="k"))) for _ in range(10)]
        await asyncio.sleep(0.1)
        disk.pbx.gate.set()
        answers = await asyncio.gather(*asking)

    assert len({each.id for each in answers}) == 1
    assert {each.state for each in answers} == {CommandState.ACCEPTED}
    assert len(disk.pbx.received) == 1


@in_virtual_time
async def test_a_command_is_done_though_nobody_waits_for_it_any_more() -> None:
    disk = Disk()
    desk = Desk(disk)
    async with desk.running():
        disk.pbx.gate.clear()
        asking = asyncio.create_task(desk.dispatcher.submit(wish(key="k")))
        await asyncio.sleep(0.1)
        asking.cancel()
        disk.pbx.gate.set()
        again = await desk.dispatcher.submit(wish(key="k"))

    assert asking.cancelled()
    assert (again.state, len(disk.pbx.received)) == (CommandState.ACCEPTED, 1)


@in_virtual_time
async def test_who_still_waits_when_the_gateway_stops_is_let_go() -> None:
    disk = Disk()
    desk = Desk(disk)
    async with desk.running():
        disk.pbx.gate.clear()
        asking = asyncio.create_task(desk.dispatcher.submit(wish()))
        await asyncio.sleep(0.1)
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert [each.state for each in disk.log.records.values()] == [CommandState.SENDING]


@in_virtual_time
async def test_a_key_is_not_used_for_two_things() -> None:
    disk = Disk()
    desk = Desk(disk)
    async with desk.running():
        first = await desk.dispatcher.submit(wish(key="k", asked=b"one"))
        with pytest.raises(CommandNotDoneError, match=first.id) as caught:
            await desk.dispatcher.submit(wish(key="k", asked=b"two"))

    assert caught.value.refusal is Refusal.KEY_REUSED
    assert len(disk.pbx.received) == len(disk.log.records) == 1


@in_virtual_time
async def test_a_key_is_free_again_where_nothing_was_sent() -> None:
    disk = Disk()
    desk = Desk(disk)
    async with desk.running():
        disk.pbx.fault = PeerUnavailableError("pbx1 is not connected")
        failed = await desk.dispatcher.submit(wish(key="k"))
        disk.pbx.fault = None
        done = await desk.dispatcher.submit(wish(key="k"))
        await desk.settled()

    assert (failed.state, failed.refusal) == (CommandState.FAILED, Refusal.PBX_UNAVAILABLE)
    assert done.state is CommandState.ACCEPTED
    assert sorted(told["type"] for told in disk.events("command.")) == ["command.accepted", "command.failed"]


@in_virtual_time
async def test_what_cannot_be_written_down_is_not_sent() -> None:
    disk = Disk()
    desk = Desk(disk)
    async with desk.running():
        disk.log.away = True
        with pytest.raises(StoreUnavailableError):
            await desk.dispatcher.submit(wish())
        assert disk.pbx.received == []


@in_virtual_time
async def test_a_call_for_help_is_sent_though_it_cannot_be_written_down_and_written_later() -> None:
    disk = Disk()
    desk = Desk(disk)
    async with desk.running():
        disk.log.away = True
        with capture_logs() as logs:
            record = await desk.dispatcher.submit(wish(fields=to("110"), key="k"))
        again = await desk.dispatcher.submit(wish(fields=to("110"), key="k"))
        shown = await desk.book.find(DEFAULT_TENANT, record.id)
        await asyncio.sleep(10)
        assert (disk.log.records, disk.events("command.")) == ({}, [])
        disk.log.away = False
        await asyncio.sleep(10)
        await desk.settled()

    assert len(disk.pbx.received) == 1
    assert (record.state, again, shown) == (CommandState.ACCEPTED, record, record)
    assert "emergency_call_not_written_down" in [line["event"] for line in logs]
    assert await disk.log.find(DEFAULT_TENANT, record.id) == record
    assert [told["type"] for told in disk.events("command.")] == ["command.accepted"]


@in_virtual_time
async def test_an_outcome_that_cannot_be_written_is_written_and_told_later() -> None:
    disk = Disk()
    desk = Desk(disk)
    async with desk.running():
        disk.pbx.gate.clear()
        asking = asyncio.create_task(desk.dispatcher.submit(wish()))
        await asyncio.sleep(0.1)
        disk.log.away = True
        disk.pbx.gate.set()
        record = await asking
        await asyncio.sleep(5)
        assert (record.state, disk.events("command.")) == (CommandState.ACCEPTED, [])
        assert await desk.book.find(DEFAULT_TENANT, record.id) == record
        disk.log.away = False
        await asyncio.sleep(5)
        await desk.settled()

    assert await disk.log.find(DEFAULT_TENANT, record.id) == record
    assert [told["type"] for told in disk.events("command.")] == ["command.accepted"]


@in_virtual_time
async def test_what_a_rule_refuses_is_kept_counted_and_told_and_never_sent() -> None:
    disk = Disk()
    desk = Desk(disk)
    async with desk.running():
        with capture_logs() as logs, pytest.raises(CommandNotDoneError, match="premium-rate"):
            await desk.dispatcher.submit(wish(fields=to("000449011234567"), key="k"))
        await desk.settled()
        (kept,) = await disk.log.listed(DEFAULT_TENANT, AuditFilter(), before=None, limit=10)

    assert disk.pbx.received == []
    assert (kept.state, kept.refusal, kept.key) == (CommandState.REFUSED, Refusal.NUMBER_NOT_ALLOWED, None)
    assert (kept.principal_name, kept.pbx, kept.command) == (
        "CRM",
        PBX,
        PlaceCall(extension="8001", number="000449011234567"),
    )
    assert desk.dispatcher.counts == {("place_call", "number-not-allowed"): 1}
    assert [told["data"]["refusal"] for told in disk.events("command.failed")] == ["number-not-allowed"]
    (line,) = [line for line in logs if line["event"] == "command_refused"]
    assert "0449011234567" not in str({key: value for key, value in line.items() if not key.startswith("pii.")})


@in_virtual_time
async def test_what_a_program_got_wrong_is_not_kept() -> None:
    disk = Disk()
    desk = Desk(disk, others=("other",))
    async with desk.running():
        with pytest.raises(CommandNotDoneError, match="say at which PBX, as `pbx`; there is: pbx1, other"):
            await desk.dispatcher.submit(wish())

    assert disk.log.records == {}
    assert desk.dispatcher.counts == {("place_call", "no-such-pbx"): 1}


@in_virtual_time
async def test_digits_that_are_sent_are_kept_nowhere() -> None:
    disk = Disk()
    desk = Desk(disk)
    async with desk.running():
        placed = await desk.dispatcher.submit(wish())
        await desk.settled()
        sent = await desk.dispatcher.submit(
            wish(SendDigits, call_id=placed.call_id, by="8001", fields={"digits": "4111"}, asked=b"4111", key="k")
        )

    assert disk.pbx.received[-1].command == SendDigits(by="8001", digits="4111")
    assert sent.command == SendDigits(by="8001", digits="xxxx")
    assert "4111" not in str(disk.log.records)


@in_virtual_time
async def test_a_call_is_hung_up_and_the_events_tell_who_wanted_it() -> None:
    disk = Disk()
    desk = Desk(disk)
    async with desk.running():
        placed = await desk.dispatcher.submit(wish())
        ended = await desk.dispatcher.submit(wish(HangUp, call_id=placed.call_id))
        await desk.settled()
        with pytest.raises(CommandNotDoneError, match="ended at") as caught:
            await desk.dispatcher.submit(wish(HangUp, call_id=placed.call_id))

    assert caught.value.refusal is Refusal.CALL_ENDED
    assert (ended.state, ended.call_id, ended.began) == (CommandState.ACCEPTED, placed.call_id, None)
    assert [call["type"] for call in disk.events("call.ended")] == ["call.ended"]


@in_virtual_time
async def test_so_many_calls_a_minute_and_no_more_but_for_help() -> None:
    disk = Disk()
    desk = Desk(disk, rules=DialRules(partner=RoleRules(calls_per_minute=2)))
    async with desk.running():
        for _ in range(2):
            await desk.dispatcher.submit(wish())
        with pytest.raises(CommandNotDoneError, match=r"dialling\.partner\.calls_per_minute") as caught:
            await desk.dispatcher.submit(wish())
        assert caught.value.retry_after_s is not None
        assert (await desk.dispatcher.submit(wish(fields=to("110")))).state is CommandState.ACCEPTED
        await asyncio.sleep(caught.value.retry_after_s)
        assert (await desk.dispatcher.submit(wish())).state is CommandState.ACCEPTED
