"""All of RFC 4475's messages, by UDP and by TCP: the worker answers after each, and the call that goes on is heard on."""

import asyncio
import socket
from typing import Final

import pytest
from rig import sip
from rig.leg import PhoneLeg
from rig.phone import Phone
from rig.rtp import AUDIBLE, loudness
from rig.torture import INVALID, OTHERS, VALID, message
from support.correlation import samples_of
from support.sip_workers import HOST, PATIENCE_S, SipWorker, trunk

from connectors.sip import wire

pytestmark = pytest.mark.live
ALL: Final = VALID | INVALID | OTHERS
CALLS: Final = {"esc01", "longreq", "sdp01", "inv2543"}
"""Those that ask for a call by the rules: each reaches the gateway."""
UNDERSTOOD: Final = {
    "wsinv": 481,
    "intmeth": 405,
    "esc02": 405,
    "escnull": 403,
    "lwsdisp": 200,
    "semiuri": 200,
    "transports": 200,
    "unksm2": 403,
    "invut": 415,
}
"""How some are answered by UDP: the first is of a call that there is not, a registration is nobody's here."""
SAID_HZ: Final = 700


async def talking(worker: SipWorker, phone: Phone) -> tuple[PhoneLeg, wire.CallNumber]:
    guard = wire.Guard(allow=(HOST,), requests_per_s=1000, burst=1000, max_failures=1000, lockout_s=1)
    await worker.configure(trunk(phone.port), guard=guard)
    leg = await phone.dial("8000")
    leg.voice.tone_hz = SAID_HZ
    info = await worker.answered()
    await worker.ask(wire.OpenMedia(call=info.call))
    return leg, info.call


async def still_hears(worker: SipWorker) -> bool:
    """Tell whether the last of many frames hold what the telephone says."""
    frames = [(await worker.frame()).sound for _ in range(50)]
    return loudness(samples_of(b"".join(frames[-25:])), SAID_HZ) >= AUDIBLE


def options(host: str, port: int, number: int, way: str) -> bytes:
    headers = sip.Headers().add("Via", f"SIP/2.0/{way} {host}:{port};branch={sip.new_branch()};rport")
    headers.add("From", f"<sip:probe@{host}>;tag=1").add("To", f"<sip:{host}>").add("Call-ID", f"probe-{way}-{number}")
    return headers.add("CSeq", "1 OPTIONS").add("Max-Forwards", "5").render(f"OPTIONS sip:{host} SIP/2.0", "")


async def test_worker_answers_after_each_of_them(worker: SipWorker) -> None:
    codes: dict[str, int] = {}
    phone = await Phone("1001", worker.address, HOST).open()
    leg, call = await talking(worker, phone)
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((HOST, 0))
        sender.setblocking(False)
        port = sender.getsockname()[1]
        for number, (name, text) in enumerate(ALL.items()):
            await loop.sock_sendto(sender, message(name, text, HOST, port), worker.address)
            await loop.sock_sendto(sender, options(HOST, port, number, "UDP"), worker.address)
            async with asyncio.timeout(PATIENCE_S):
                while (answer := sip.parse(await loop.sock_recv(sender, 65536))) and answer.call_id != f"probe-UDP-{number}":
                    codes[answer.call_id.partition(".")[0]] = answer.code
            assert answer is not None, name
            assert answer.code == 200, name
    for number, (name, text) in enumerate(ALL.items()):
        reader, writer = await asyncio.open_connection(*worker.address)
        host, port = writer.get_extra_info("sockname")
        writer.write(message(name, text.replace("/UDP", "/TCP"), host, port))
        writer.close()
        await writer.wait_closed()
        reader, writer = await asyncio.open_connection(*worker.address)
        writer.write(options(host, port, number, "TCP"))
        async with asyncio.timeout(PATIENCE_S):
            assert (await reader.readuntil(b"\r\n")).startswith(b"SIP/2.0 200"), name
        writer.close()
        await writer.wait_closed()
    assert leg.state == "up"
    assert await still_hears(worker)
    await worker.ask(wire.HangUp(call=call))
    await leg.until_ended()
    arrived = [report.info for report in worker.reports if isinstance(report, wire.CallArrived)]
    assert {info.sip_call_id.partition(".")[0] for info in arrived} >= CALLS
    assert {name: codes.get(name) for name in UNDERSTOOD} == UNDERSTOOD
    await phone.close()
