"""The SIP connector with real workers: Tieline is a telephone or two of a real Asterisk."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from rig.asterisk import Asterisk
from rig.leg import PhoneLeg
from support.sip_centre import Parrot, SipCentre, running
from support.waiting import until

from connectors.sip.process import WORKER
from connectors.sip.settings import AccountSettings, ListenSettings
from gateway.model.calls import Call
from gateway.model.commands import (
    CompleteTransfer,
    Consult,
    HangUp,
    Hold,
    Order,
    PlaceCall,
    Redirect,
    Retrieve,
    SendDigits,
    StartRecording,
    StopRecording,
)
from gateway.model.secret import Secret

pytestmark = [pytest.mark.live, pytest.mark.slow]

Phones = Callable[[str], Any]
OURS = ("1005", "1004")
"""The extensions that the workers are, the first worker's first."""


def free_ports(count: int) -> int:
    """Return the first of so many ports that nobody has."""
    for first in range(15070, 16000, count):
        try:
            for port in range(first, first + count):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    with socket.socket(socket.AF_INET, kind) as tried:
                        tried.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise OSError("no ports are free")


def centre_at(asterisk: Asterisk, folder: Path, workers: int = 1, **settings: Any) -> SipCentre:
    accounts = tuple(
        AccountSettings(
            name=f"as-{OURS[worker]}",
            host=asterisk.sip[0],
            port=asterisk.sip[1],
            user=OURS[worker],
            secret=Secret(f"secret{OURS[worker]}"),
            worker=worker + 1,
        )
        for worker in range(workers)
    )
    listen = ListenSettings(address="127.0.0.1", port=free_ports(workers), rtp_ports="21000-21399")
    return SipCentre(folder, program=WORKER, accounts=accounts, workers=workers, listen=listen, hang_after_s=2.0, **settings)


@asynccontextmanager
async def registered(centre: SipCentre) -> AsyncIterator[SipCentre]:
    async with running(centre):
        await until(lambda: all(centre.connector.usable(worker.number) for worker in centre.connector.workers))
        yield centre


async def talking(centre: SipCentre, phones: Phones) -> tuple[Call, PhoneLeg, PhoneLeg]:
    """Have 1001 called and connected to 1002."""
    agent, target = await phones("1001"), await phones("1002")
    known = {call.call_id for call in centre.live()}
    await centre.do(PlaceCall(extension="1001", number="1002"))
    legs = [await (await phone.next_leg()).until_up() for phone in (agent, target)]
    await until(lambda: any(call.answered_at is not None for call in centre.live() if call.call_id not in known))
    call = next(call for call in centre.live() if call.call_id not in known)
    return call, legs[0], legs[1]


async def test_click_to_dial_is_joined_held_recorded_and_handed_over(asterisk: Asterisk, phones: Phones, tmp_path: Path) -> None:
    async with registered(centre_at(asterisk, tmp_path)) as centre:
        call, agent, target = await talking(centre, phones)
        agent.voice.tone_hz, target.voice.tone_hz = 600, 900
        await until(lambda: agent.voice.hears(900) and target.voice.hears(600))
        await centre.do(Hold(by="1001"), call)
        await until(lambda: not agent.voice.hears(900))
        await centre.do(Retrieve(by="1001"), call)
        await until(lambda: agent.voice.hears(900) and target.voice.hears(600))
        await centre.do(SendDigits(by="1001", digits="42#"), call)
        await until(lambda: target.voice.digits == "42#")
        await centre.do(StartRecording(), call)
        recording = centre.calls[call.call_id].recording or ""
        third = await phones("1003")
        await centre.do(Consult(by="1001", to="1003"), call)
        consulted = await (await third.next_leg()).until_up()
        consulted.voice.tone_hz = 1200
        await until(lambda: agent.voice.hears(1200) and consulted.voice.hears(600) and not agent.voice.hears(900))
        await centre.do(StopRecording(), call)
        assert (await asyncio.to_thread(Path(recording).stat)).st_size > 8000
        consultation = next(each for each in centre.live() if each.call_id != call.call_id)
        order = centre.order(CompleteTransfer(by="1001"), call)
        await centre.connector.execute(
            Order(id=order.id, pbx=order.pbx, command=order.command, call=call, consultation=consultation)
        )
        await agent.until_ended()
        await until(lambda: target.voice.hears(1200) and consulted.voice.hears(900))
        await target.hang_up()
        await consulted.until_ended()
        await until(lambda: not centre.live())
        record = next(record for record in centre.records() if record["call_id"] == call.call_id)
    assert (record["caller"], record["called"], record["outcome"]) == ("1001", "1002", "answered")
    assert [(each["kind"], each["by"], each["to"], each["result"]) for each in record["transfers"]] == [
        ("attended", "1001", "1003", "completed")
    ]


async def test_a_caller_talks_with_an_application_and_is_sent_on(asterisk: Asterisk, phones: Phones, tmp_path: Path) -> None:
    parrot = Parrot()
    async with registered(centre_at(asterisk, tmp_path)) as centre:
        centre.serve(parrot)
        caller, colleague = await phones("1001"), await phones("1002")
        leg = await (await caller.dial(OURS[0])).until_up()
        leg.voice.tone_hz = 700
        await until(lambda: leg.voice.hears(700))
        await leg.press("57")
        await until(lambda: parrot.digits == "57")
        call = centre.live()[0]
        await centre.do(Redirect(to="1002", context={"order_id": "42"}), call)
        sent_on = await (await colleague.next_leg()).until_up()
        await until(lambda: not centre.live())
        record = centre.records()[0]
        await sent_on.hang_up()
        await leg.until_ended()
    assert (record["caller"], record["called"], record["digits"]) == ("1001", OURS[0], "57")
    assert [(each["kind"], each["to"]) for each in record["transfers"]] == [("redirect", "1002")]


FAULTS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "segfault": signal.SIGSEGV}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_worker_that_fails_costs_its_own_calls_alone(
    asterisk: Asterisk, phones: Phones, tmp_path: Path, fault: str
) -> None:
    async with registered(centre_at(asterisk, tmp_path, workers=2)) as centre:
        lost, agent, _ = await talking(centre, phones)
        doomed = next(worker for worker in centre.connector.workers if worker.calls)
        other = next(worker for worker in centre.connector.workers if worker is not doomed)
        parrot = Parrot()
        centre.serve(parrot)
        caller = await phones("1003")
        leg = await (await caller.dial(OURS[other.number - 1])).until_up()
        leg.voice.tone_hz = 700
        await until(lambda: leg.voice.hears(700))
        assert doomed.pid is not None
        os.kill(doomed.pid, FAULTS[fault])
        await until(lambda: centre.calls[lost.call_id].ended)
        await until(lambda: bool(centre.connector.usable(doomed.number)))
        # The other worker's call never stopped.
        assert leg.voice.hears(700)
        heard = leg.voice.heard
        await until(lambda: leg.voice.heard > heard + 10)
        await agent.hang_up()
        assert (await talking(centre, phones))[0].answered_at is not None
        await centre.do(HangUp(), centre.live()[-1])
        await leg.hang_up()
        await until(lambda: not centre.live())
        record = next(record for record in centre.records() if record["call_id"] == lost.call_id)
    assert (record["outcome"], record["ended_by"], record["complete"]) == ("answered", "pbx", True)
    assert {leg["cause"] for leg in record["legs"]} == {41}


async def test_a_later_gateway_goes_on_with_the_calls(asterisk: Asterisk, phones: Phones, tmp_path: Path) -> None:
    first = centre_at(asterisk, tmp_path)
    async with registered(first):
        call, agent, target = await talking(first, phones)
        agent.voice.tone_hz = 600
        await until(lambda: target.voice.hears(600))
    heard = target.voice.heard
    later = SipCentre(tmp_path, first.board, program=WORKER, given=first.settings)
    async with registered(later):
        await until(lambda: target.voice.heard > heard + 10 and target.voice.hears(600))
        assert [each.call_id for each in later.live()] == [call.call_id]
        await later.do(HangUp(by="1001"), later.live()[0])
        await agent.until_ended()
        await target.until_ended()
        await until(lambda: not later.live())
