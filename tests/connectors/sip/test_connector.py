import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pytest
from support.recording_sink import RecordingSink
from support.sip_centre import PBX, SITE, Parrot, SipCentre, running
from support.waiting import until

from connectors.sip.connector import WITHOUT_BINDING, SipConnector, create
from connectors.sip.settings import AccountSettings, SipSettings
from gateway.model.board import Board
from gateway.model.commands import (
    BlindTransfer,
    HangUp,
    Hold,
    Park,
    PlaceCall,
    Redirect,
    Retrieve,
    StartRecording,
    StopRecording,
)
from gateway.model.errors import CommandRefusedError, PeerUnavailableError
from gateway.model.events import ConnectionLost
from gateway.ports.connector import LinkStatus

CLICK = PlaceCall(extension="1001", number="2002")


@asynccontextmanager
async def refused(connector: SipConnector) -> AsyncIterator[RecordingSink]:
    """Run a connector that cannot start."""
    sink = RecordingSink()
    task = asyncio.create_task(connector.run(sink))
    await sink.until(lambda: sink.status is LinkStatus.REFUSED)
    yield sink
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_without_the_binding_the_operator_is_told_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.sip.connector.BINDING", "no_such_binding")
    centre = SipCentre(tmp_path)
    connector = create(PBX, SipSettings(accounts=(AccountSettings(host="127.0.0.1"),), site=SITE), tmp_path)
    centre.connector = connector
    async with refused(connector) as sink:
        assert WITHOUT_BINDING in sink.states[-1].detail
        assert "make sip" in sink.states[-1].detail
        assert connector.commands == frozenset()
        with pytest.raises(PeerUnavailableError, match="make sip"):
            await centre.do(CLICK)
        with pytest.raises(PeerUnavailableError, match="make sip"):
            connector.why_not("place_call")


async def test_a_click_to_dial_is_one_call_of_two_legs(tmp_path: Path) -> None:
    async with running(SipCentre(tmp_path)) as centre:
        order = centre.order(CLICK)
        accepted = await centre.connector.execute(order)
        assert accepted.first_leg == centre.connector.first_leg(order)
        call = (await centre.until("answered"))[0]
        assert list(call.legs) == [accepted.first_leg, f"{accepted.first_leg}-2"]
        await centre.do(HangUp(by="1001"), call)
        await centre.until("ended")
        record = centre.records()[0]
    assert (record["caller"], record["called"], record["answered_by"]) == ("1001", "2002", ["2002"])
    assert (record["outcome"], record["ended_by"], record["complete"]) == ("answered", "cti", True)
    assert record["rang"] == ["2002"]


async def test_who_calls_for_help_gets_through_a_full_worker(tmp_path: Path) -> None:
    async with running(SipCentre(tmp_path, calls_per_worker=1)) as centre:
        await centre.do(CLICK)
        await centre.until("answered")
        with pytest.raises(PeerUnavailableError, match="cannot be called now"):
            await centre.do(PlaceCall(extension="1003", number="2003"))
        order = centre.order(PlaceCall(extension="1003", number="2003"))
        await centre.connector.execute(msgspec.structs.replace(order, is_emergency=True))
        await centre.until("answered", 2)
        assert len(centre.live()) == 2


@pytest.mark.parametrize(
    ("number", "outcome", "ended_by"), [("486", "busy", "called"), ("404", "unreachable", "pbx"), ("503", "failed", "pbx")]
)
async def test_a_target_that_is_not_reached_says_why(tmp_path: Path, number: str, outcome: str, ended_by: str) -> None:
    async with running(SipCentre(tmp_path)) as centre:
        await centre.do(PlaceCall(extension="1001", number=number))
        await centre.until("ended")
        record = centre.records()[0]
    assert (record["outcome"], record["stage"], record["ended_by"]) == (outcome, "ringing", ended_by)


async def test_an_agent_who_is_busy_is_no_call_to_his_target(tmp_path: Path) -> None:
    async with running(SipCentre(tmp_path, site=SITE)) as centre:
        await centre.do(PlaceCall(extension="486", number="2002"))
        await centre.until("ended")
        record = centre.records()[0]
    assert (record["outcome"], record["stage"]) == ("busy", "agent_leg")


async def test_a_call_is_steered_by_its_agent(tmp_path: Path) -> None:
    async with running(SipCentre(tmp_path)) as centre:
        await centre.do(CLICK)
        call = (await centre.until("answered"))[0]
        await centre.do(Hold(by="1001"), call)
        await centre.sink.until(lambda: "LegHeld" in centre.sink.order)
        await centre.do(Retrieve(by="1001"), call)
        await centre.do(StartRecording(), call)
        recording = next(iter(centre.calls.values())).recording or ""
        assert recording.startswith(str(tmp_path))
        assert recording.endswith(".wav")
        with pytest.raises(CommandRefusedError, match="recorded already"):
            await centre.do(StartRecording(), call)
        await centre.do(StopRecording(), call)
        with pytest.raises(CommandRefusedError, match="SIP alone, which knows no park"):
            await centre.do(Park(by="1001"), call)
        await centre.do(BlindTransfer(by="1001", to="2003"), call)
        await centre.until("ended")
        record = centre.records()[0]
    assert [(each["kind"], each["by"], each["to"]) for each in record["transfers"]] == [("blind", "1001", "2003")]
    assert record["hold_s"] is not None


async def test_a_caller_talks_with_an_application(tmp_path: Path) -> None:
    parrot = Parrot()
    async with running(SipCentre(tmp_path)) as centre:
        centre.serve(parrot)
        await centre.make("call-me:1001")
        await centre.sink.until(lambda: "ServiceStarted" in centre.sink.order)
        session = parrot.sessions[0]
        assert (session.info.pbx, session.info.way, str(session.info.leg)) == (PBX, "sip", str(session.info.id))
        await session.hang_up()
        await until(lambda: session.ended is not None)
        await centre.until("ended")
        record = centre.records()[0]
    assert (record["caller"], record["called"], record["outcome"]) == ("1001", "8000", "self_served")


async def test_an_application_sends_a_caller_elsewhere(tmp_path: Path) -> None:
    parrot = Parrot()
    async with running(SipCentre(tmp_path)) as centre:
        centre.serve(parrot)
        await centre.make("call-me")
        call = (await centre.until("active"))[0]
        await centre.sink.until(lambda: "LegConnected" in centre.sink.order)
        await centre.do(Redirect(to="1005"), call)
        await centre.until("ended")
        record = centre.records()[0]
    assert [(each["kind"], each["by"], each["to"]) for each in record["transfers"]] == [("redirect", "cti", "1005")]


async def test_what_an_application_hands_over_is_a_transfer(tmp_path: Path) -> None:
    parrot = Parrot()
    async with running(SipCentre(tmp_path)) as centre:
        centre.serve(parrot)
        await centre.make("call-me")
        await centre.sink.until(lambda: "ServiceStarted" in centre.sink.order)
        session = parrot.sessions[0]
        with pytest.raises(CommandRefusedError, match="does not hand the call over to 603"):
            await session.transfer("603", {})
        assert session.ended is None
        await session.transfer("1005", {"order_id": "42"})
        await centre.until("ended")
        record = centre.records()[0]
    assert [(each["kind"], each["to"]) for each in record["transfers"]] == [("redirect", "1005")]


async def test_a_caller_can_be_connected_by_ourselves(tmp_path: Path) -> None:
    parrot = Parrot()
    async with running(SipCentre(tmp_path, transfer="connect")) as centre:
        centre.serve(parrot)
        await centre.make("call-me:1001")
        await centre.sink.until(lambda: "ServiceStarted" in centre.sink.order)
        session = parrot.sessions[0]
        with pytest.raises(CommandRefusedError, match="does not connect 486: 486"):
            await session.transfer("486", {})
        assert session.ended is None
        await session.transfer("1005", {"order_id": "42"})
        call = (await centre.until("answered"))[0]
        assert centre.connector.workers[0].calls == 2
        await centre.do(HangUp(by="1005"), call)
        await centre.until("ended")
        record = centre.records()[0]
    assert [(each["to"], each["result"]) for each in record["transfers"]] == [("1005", "completed")]
    assert (record["outcome"], record["answered_by"]) == ("answered", ["1005"])


async def test_a_caller_whom_no_application_wants_is_refused(tmp_path: Path) -> None:
    async with running(SipCentre(tmp_path)) as centre:
        await centre.make("call-me")
        await centre.until("ended")
        leg = centre.records()[0]["legs"][0]
    assert leg["cause"] == 18


async def test_the_calls_of_a_worker_that_dies_have_failed_and_others_live_on(tmp_path: Path) -> None:
    async with running(SipCentre(tmp_path, workers=2)) as centre:
        # What a worker answers comes after what it says of its accounts.
        for worker in (1, 2):
            await centre.make("486", worker)
        await until(lambda: all(worker.calls == 0 for worker in centre.connector.workers))
        await centre.do(PlaceCall(extension="1001", number="3000"))
        await centre.do(CLICK)
        await centre.until("active", 2)
        await centre.until("answered")
        doomed, kept = centre.connector.workers
        await until(lambda: (doomed.calls, kept.calls) == (2, 2))
        assert doomed.pid is not None
        os.kill(doomed.pid, signal.SIGKILL)
        await centre.until("ended")
        await until(lambda: doomed.is_at_work)
        record, other = centre.records()
        assert (record["outcome"], record["ended_by"], record["complete"]) == ("failed", "pbx", True)
        assert [leg["cause"] for leg in record["legs"]] == [41, 41]
        assert other["state"] == "active"
        assert kept.calls == 2
        await centre.do(HangUp(), centre.live()[0])
        await centre.until("ended", 2)


async def test_what_a_gateway_left_goes_on_at_the_next(tmp_path: Path) -> None:
    board = Board(PBX, SITE)
    async with running(SipCentre(tmp_path, board)) as centre:
        await centre.do(CLICK)
        await centre.until("answered")
        before = centre.live()[0]
    board.apply(ConnectionLost(at=before.changed_at))
    async with running(SipCentre(tmp_path, board)) as later:
        call = (await later.until("answered"))[0]
        assert call.call_id == before.call_id
        await later.do(HangUp(), call)
        await later.until("ended")
        record = later.records()[0]
    assert (record["outcome"], record["ended_by"]) == ("answered", "cti")


async def test_calls_that_ended_while_no_gateway_looked_are_closed(tmp_path: Path) -> None:
    board = Board(PBX, SITE)
    async with running(SipCentre(tmp_path, board)) as centre:
        await centre.do(CLICK)
        call = (await centre.until("answered"))[0]
        pid = centre.connector.workers[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    board.apply(ConnectionLost(at=call.changed_at))
    async with running(SipCentre(tmp_path, board)) as later:
        await later.until("ended")
        assert later.live() == []


async def test_an_account_that_the_pbx_refuses_is_for_the_operator(tmp_path: Path) -> None:
    async with running(SipCentre(tmp_path)) as centre:
        assert centre.sink.states[-1].detail == "hq: connected by SIP to 127.0.0.1:5060 as trunk"
        assert "place_call" in centre.connector.commands
        with pytest.raises(CommandRefusedError, match="the number"):
            await centre.do(PlaceCall(extension="1001", number="2002@evil.example"))
    assert centre.sink.status is LinkStatus.STOPPED
