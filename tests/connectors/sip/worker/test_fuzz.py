"""What was damaged on the way, requests within a call and answers: the worker lives, and the next call is as good as any."""

import asyncio
import socket
from contextlib import suppress
from functools import partial
from random import Random
from typing import Final

import pytest
from rig import sip
from rig.leg import Answer
from rig.phone import Phone
from support.sip_workers import HOST, RefusedError, SipWorker, trunk
from support.waiting import until

from connectors.sip import wire

pytestmark = pytest.mark.live
MUTANTS: Final = 600
CALLS: Final = 120
BODIES: Final = {
    "INVITE": ("application/sdp", sip.offer((HOST, 40_000), "sendonly", 2)),
    "UPDATE": ("application/sdp", sip.offer((HOST, 40_000), "sendrecv", 3)),
    "INFO": ("application/dtmf-relay", "Signal=5\r\nDuration=100\r\n"),
    "NOTIFY": ("message/sipfrag", "SIP/2.0 200 OK\r\n"),
    "REFER": ("text/plain", ""),
    "OPTIONS": ("text/plain", ""),
    "CANCEL": ("text/plain", ""),
    "PRACK": ("text/plain", ""),
}
PIECES: Final = (b"%00", b"\r\n", b";;;", b'"', b"<" * 50, b"9" * 40, b"-1", b"[::1", b"A" * 3000, b"\xff\xfe")


def damaged(packet: bytes, random: Random) -> bytes:
    found = bytearray(packet)
    for _ in range(random.choice((1, 1, 2, 5, 20))):
        at = random.randrange(len(found))
        match random.randrange(4):
            case 0:
                found[at] = random.randrange(256)
            case 1:
                del found[at : min(at + random.randrange(1, 30), len(found) - 1)]
            case 2:
                found[at:at] = found[at : at + random.randrange(1, 300)]
            case _:
                found[at:at] = random.choice(PIECES)
    return bytes(found)


async def test_damaged_requests_cost_nothing_but_their_own_call(worker: SipWorker) -> None:
    random = Random(3261)
    phone = await Phone("1001", worker.address, HOST).open()
    guard = wire.Guard(allow=(HOST,), requests_per_s=10_000, burst=10_000, max_failures=10_000, lockout_s=1)
    await worker.configure(trunk(phone.port), guard=guard)
    leg = await phone.dial("8000")
    await worker.answered()
    await leg.until_up()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((HOST, 0))
        for number in range(MUTANTS):
            method = random.choice(tuple(BODIES))
            kind, body = BODIES[method]
            headers = sip.Headers().add("Via", f"SIP/2.0/UDP {HOST}:{sender.getsockname()[1]};branch={sip.new_branch()};rport")
            headers.add("From", leg.local).add("To", leg.remote).add("Call-ID", leg.call_id).add("CSeq", f"{number + 9} {method}")
            headers.add("Contact", phone.contact).add("Event", "refer").add("Refer-To", "<sip:9@pbx?Replaces=x>")
            if body and random.random() < 0.4:
                # A whole request, so that what it holds is read.
                body = damaged(body.encode(), random).decode("latin-1")
                packet = headers.render(f"{method} {leg.target} SIP/2.0", body, kind)
            else:
                packet = damaged(headers.render(f"{method} {leg.target} SIP/2.0", body, kind), random)
            sender.sendto(packet, worker.address)
            await asyncio.sleep(0.001)
    again = await phone.dial("8001")
    while (info := (await worker.until(wire.CallArrived)).info).sip_call_id != again.call_id:
        await worker.ask(wire.Reject(call=info.call, code=486))
    await worker.ask(wire.Answer(call=info.call))
    await again.until_up()
    assert worker.process.returncode is None
    await worker.ask(wire.Stop())
    await again.until_ended()
    await phone.close()


class Mangling(asyncio.DatagramProtocol):
    """Answers each INVITE by several responses, most of them damaged, and whatever else by 200."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.answered = 0
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # it is one
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a request."""
        request = sip.parse(data)
        if request is None or request.code or request.method == "ACK":
            return
        contact = f"<sip:1001@{HOST}:{self.transport.get_extra_info('sockname')[1]}>"
        if not request.start.startswith("INVITE "):
            self.transport.sendto(sip.respond(request, 200, "far", contact, sip.Headers()), addr)
            return
        self.answered += 1
        for code in (100, 180, 183, self.random.choice((200, 200, 302, 401, 407, 422, 486, 491, 603))):
            body = sip.offer((HOST, 40_000), "sendrecv", 1) if code in (183, 200) else ""
            if body and self.random.random() < 0.5:
                body = damaged(body.encode(), self.random).decode("latin-1")
            extra = sip.Headers()
            if code in (401, 407):
                name = "WWW-Authenticate" if code == 401 else "Proxy-Authenticate"
                extra.add(name, 'Digest realm="pbx", nonce="1", algorithm=SHA-256, qop="auth,auth-int"')
            packet = sip.respond(request, code, "far", contact, extra.add("Session-Expires", "90;refresher=uac"), body)
            self.transport.sendto(damaged(packet, self.random) if self.random.random() < 0.5 else packet, addr)


def answered_more(mangling: Mangling, than: int) -> bool:
    return mangling.answered > than


async def test_damaged_answers_cost_nothing_but_their_own_call(worker: SipWorker) -> None:
    mangling = Mangling(Random(3262))
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: mangling, local_addr=(HOST, 0))
    phone = await Phone("1001", worker.address, HOST).open()
    phone.behaviour = Answer(0.0)
    bad = trunk(transport.get_extra_info("sockname")[1], name="bad", user="tieline", password="secret")
    await worker.configure(trunk(phone.port), bad)
    calls = []
    for number in range(CALLS):
        placed = await worker.ask(wire.Place(account="bad", to=f"2{number}", reference="r", ring_s=0.3))
        assert placed.call is not None
        calls.append(placed.call)
        if number % 10 == 9:
            # None of the answers may be good enough to be told of.
            await until(partial(answered_more, mangling, number))
            for call in calls:
                with suppress(RefusedError):  # it is over
                    await worker.ask(wire.HangUp(call=call))
            for call in calls:
                await worker.changed(call, wire.CallState.ENDED)
            calls.clear()
    assert mangling.answered >= CALLS
    call = await worker.place("1001")
    leg = await phone.next_leg()
    await worker.ask(wire.HangUp(call=call))
    await leg.until_ended()
    assert worker.process.returncode is None
    await phone.close()
    transport.close()
