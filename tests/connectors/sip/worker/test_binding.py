"""What our build has beside pjsua2: its limits, and the guard at its door."""

import asyncio
import secrets
import socket

import pytest
from rig.phone import Phone
from support.sip_workers import HOST, SipWorker, trunk

from connectors.sip import wire
from connectors.sip.worker import binding

pytestmark = pytest.mark.live


def test_build_has_room_for_a_thousand_calls_and_the_codecs_that_settings_name() -> None:
    assert binding.max_calls() == 1024
    assert binding.codecs() == ("PCMU/8000", "PCMA/8000", "G722/16000", "opus/48000")


class Stranger:
    """Sends requests, and says with what code each was answered."""

    def __init__(self, to: tuple[str, int], host: str = HOST) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.setblocking(False)
        self.to = to

    def send(self, method: str, extra: str = "") -> None:
        host, port = self.socket.getsockname()
        mark = secrets.token_hex(6)
        self.socket.sendto(
            f"{method} sip:8000@{self.to[0]}:{self.to[1]} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{mark}\r\n"
            f"From: <sip:guest@{host}>;tag={mark}\r\nTo: <sip:8000@{self.to[0]}>\r\nCall-ID: {mark}\r\nCSeq: 1 {method}\r\n"
            f"Contact: <sip:guest@{host}:{port}>\r\nMax-Forwards: 70\r\n{extra}Content-Length: 0\r\n\r\n".encode(),
            self.to,
        )

    async def ask(self, method: str, extra: str = "") -> int | None:
        """Return the code of the answer; None when there is none for half a second."""
        self.send(method, extra)
        try:
            async with asyncio.timeout(0.5):
                return int((await asyncio.get_running_loop().sock_recv(self.socket, 4096)).split()[1])
        except TimeoutError:
            return None


async def test_who_is_not_let_in_gets_no_answer(worker: SipWorker, phone: Phone) -> None:
    stranger, neighbour = Stranger(worker.address, "127.0.0.9"), Stranger(worker.address)
    assert await stranger.ask("OPTIONS") is None
    assert await stranger.ask("INVITE") is None
    assert await neighbour.ask("OPTIONS") == 200
    with socket.create_connection(worker.address, source_address=("127.0.0.9", 0)) as connection:
        connection.setblocking(False)
        async with asyncio.timeout(5):
            assert await asyncio.get_running_loop().sock_recv(connection, 10) == b""
    async with asyncio.timeout(5):
        while (beat := await worker.until(wire.Heartbeat)).refused < 3:
            pass
    assert beat.refused == 3
    assert not [report for report in worker.reports if isinstance(report, wire.CallArrived)]
    stranger.socket.close()
    neighbour.socket.close()


async def test_who_tries_passwords_is_locked_out_and_named(worker: SipWorker, phone: Phone) -> None:
    guesser = Stranger(worker.address)
    guess = 'Authorization: Digest username="100", realm="x", nonce="y", uri="sip:x", response="z"\r\n'
    assert [await guesser.ask("REGISTER"), await guesser.ask("INVITE", guess)] == [403, 403]
    assert await guesser.ask("OPTIONS") == 200
    assert await guesser.ask("REGISTER") == 403
    assert await guesser.ask("OPTIONS") is None
    noted = await worker.until(wire.Noted)
    assert (noted.event, noted.facts["source"]) == ("source_locked_out", HOST)
    guesser.socket.close()


async def test_who_asks_too_often_is_told_to_try_elsewhere(worker: SipWorker) -> None:
    phone = await Phone("1001", worker.address, HOST).open()
    guard = wire.Guard(allow=("127.0.0.0/8",), requests_per_s=0.1, burst=3, max_failures=3, lockout_s=60)
    await worker.configure(trunk(phone.port), guard=guard)
    leg = await phone.dial("8000")
    await worker.answered()
    await leg.until_up()
    flood = Stranger(worker.address)
    assert [await flood.ask("OPTIONS") for _ in range(4)] == [200, 200, 503, 503]
    # A call that was let in is never in the way of it.
    await leg.hang_up()
    await leg.until_ended()
    flood.socket.close()
    await phone.close()


async def test_what_is_no_sip_at_all_changes_nothing(worker: SipWorker, phone: Phone) -> None:
    torturer = Stranger(worker.address)
    for packet in (b"", b"\0" * 100, b"INVITE", b"INVITE sip:a SIP/2.0\r\n\r\n", secrets.token_bytes(1400), b"\r\n" * 500):
        torturer.socket.sendto(packet, worker.address)
    torturer.send("INVITE", "Content-Length: 99999\r\n")
    torturer.send("INVITE", "Content-Length: -1\r\n")
    torturer.send("INVITE", "From: <sip:%00@%ff>;tag=;;;\r\n")
    torturer.send("X" * 300, "Via: " + "A" * 5000 + "\r\n")
    leg = await phone.dial("8000")
    while (info := (await worker.until(wire.CallArrived)).info).sip_call_id != leg.call_id:
        await worker.ask(wire.HangUp(call=info.call))
    await worker.ask(wire.Answer(call=info.call))
    await leg.until_up()
    torturer.socket.close()
