import asyncio
from pathlib import Path

import pytest
from support.sip_centre import Parrot, SipCentre, running
from support.waiting import until

from connectors.sip import wire
from gateway.model.commands import HangUp, PlaceCall
from gateway.ports.media import MediaSession, SessionEndedBy


class Broken:
    """An application with a fault."""

    async def run(self, session: MediaSession) -> None:
        raise RuntimeError("made for a test")


async def test_an_application_hears_what_the_caller_says_and_is_heard(tmp_path: Path) -> None:
    parrot = Parrot()
    async with running(SipCentre(tmp_path)) as centre:
        centre.serve(parrot)
        await centre.make("call-me:1001")
        await centre.sink.until(lambda: "ServiceStarted" in centre.sink.order)
        worker = centre.connector.workers[0]
        # The scripted worker sends back what it is sent: so the parrot hears its own first word for ever.
        worker.send(wire.Frame(wire.FrameKind.AUDIO, wire.CallNumber(1), 0, b"\x07" * wire.FRAME_BYTES))
        session = parrot.sessions[0]
        await asyncio.wait_for(session.said(), 20)
        await worker.ask(wire.SendDigits(call=wire.CallNumber(1), digits="42#"))
        await until(lambda: session.ended is not None)
        assert parrot.digits == "42"
        assert session.ended is not None
        assert session.ended.by is SessionEndedBy.APPLICATION
        await centre.until("ended")
        assert centre.records()[0]["digits"] == "42#"


async def test_a_call_that_comes_a_second_time_is_a_loop(tmp_path: Path) -> None:
    parrot = Parrot()
    async with running(SipCentre(tmp_path)) as centre:
        centre.serve(parrot)
        await centre.make("call-me")
        await centre.make("call-again")
        await until(lambda: centre.connector.workers[0].calls == 1)
        await centre.sink.until(lambda: "ServiceStarted" in centre.sink.order)
        assert len(centre.live()) == len(parrot.sessions) == 1
        assert centre.live()[0].answered_at is None


async def test_a_fault_of_an_application_costs_its_own_call_alone(tmp_path: Path) -> None:
    async with running(SipCentre(tmp_path)) as centre:
        centre.serve(Broken())
        await centre.make("call-me")
        await centre.until("ended")
        parrot = Parrot()
        centre.serve(parrot)
        await centre.make("call-me")
        await centre.until("active")
        await until(lambda: len(parrot.sessions) == 1)


async def test_a_session_of_a_worker_that_dies_ends_with_the_reason(tmp_path: Path) -> None:
    parrot = Parrot()
    async with running(SipCentre(tmp_path)) as centre:
        centre.serve(parrot)
        await centre.make("call-me")
        await centre.sink.until(lambda: "ServiceStarted" in centre.sink.order)
        await centre.make("segfault")
        session = parrot.sessions[0]
        await until(lambda: session.ended is not None)
        assert session.ended is not None
        assert session.ended.by is SessionEndedBy.FAULT
        assert "SIGSEGV" in session.ended.detail


async def test_when_one_side_is_gone_the_other_is_let_go(tmp_path: Path) -> None:
    async with running(SipCentre(tmp_path)) as centre:
        await centre.do(PlaceCall(extension="1001", number="3000"))
        await until(lambda: centre.connector.workers[0].calls == 2)
        call = (await centre.until("active"))[0]
        await centre.do(HangUp(by="1001"), call)
        await until(lambda: centre.connector.workers[0].calls == 0)
        await centre.until("ended")


@pytest.mark.parametrize("served", [False, True])
async def test_a_caller_whom_an_earlier_gateway_left_is_talked_with_anew(tmp_path: Path, served: bool) -> None:
    first, later = Parrot(), Parrot()
    async with running(SipCentre(tmp_path)) as centre:
        centre.serve(first)
        await centre.make("call-me")
        await centre.sink.until(lambda: "ServiceStarted" in centre.sink.order)
    next_centre = SipCentre(tmp_path)
    if served:
        next_centre.serve(later)
    async with running(next_centre):
        if served:
            await until(lambda: len(later.sessions) == 1)
            await later.sessions[0].hang_up()
        await next_centre.until("ended")


async def test_a_call_of_nobody_we_know_is_ended(tmp_path: Path) -> None:
    async with running(SipCentre(tmp_path)) as centre:
        await centre.make("2005")
    async with running(SipCentre(tmp_path)) as later:
        await until(lambda: later.connector.workers[0].calls == 0)
        assert later.records() == []
