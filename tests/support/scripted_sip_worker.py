"""A SIP worker without SIP: a real process that speaks the real protocol, and fails when it is told to.

The number of a ``Place`` says what becomes of the call: three digits refuse with that SIP code, ``3…`` rings for ever, what
else is a number is answered at once; ``call-me`` has a call come in (``call-me:1001`` from 1001), ``call-again`` one with the
Call-ID of the one before; ``abort``, ``segfault``, ``freeze`` and ``mumble`` are the faults; with ``lag`` it is late. The name of
the configuration's first account may be ``unbindable``.
"""

import asyncio
import ctypes
import os
import signal
import socket
import sys
import time
from itertools import count
from pathlib import Path
from typing import Final

import msgspec

from connectors.sip import wire
from connectors.sip.packets import PacketLink
from gateway.model.errors import PeerProtocolError

PROGRAM: Final = (str(Path(__file__)),)
"""What Python runs as the worker, for a supervisor."""


class ScriptedWorker:
    """All of it; ``orphan_s`` is short, so that tests are."""

    def __init__(self, listening: socket.socket, orphan_s: float) -> None:
        self.listening = listening
        self.orphan_s = orphan_s
        self.calls: dict[wire.CallNumber, wire.CallInfo] = {}
        self.numbers = count(1)
        self.fingerprint: str | None = None
        self.accounts: tuple[wire.SipAccount, ...] = ()
        self.control: PacketLink | None = None
        self.media: PacketLink | None = None
        self.orphan: asyncio.TimerHandle | None = None
        self.draining = False
        self.lag_ms = 0.1
        self.done = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(self.listening, self.accept)
        beating = asyncio.create_task(self.beat())
        self.left("nobody came")
        await self.done.wait()
        beating.cancel()

    async def beat(self) -> None:
        while True:
            self.say(
                wire.Heartbeat(calls=len(self.calls), lag_ms=self.lag_ms, rss_bytes=10_000_000, dropped_frames=0, refused=0),
            )
            await asyncio.sleep(wire.HEARTBEAT_S / 5)

    def accept(self) -> None:
        connection, _ = self.listening.accept()
        links: list[PacketLink] = []

        def first(packet: bytes) -> None:
            link = links[0]
            if link is self.control:
                self.take(wire.decode_order(packet))
            elif link is self.media:
                self.take_frame(packet)
            elif wire.decode_attach(packet).kind is wire.Attachment.CONTROL:
                self.control, _ = link, self.control
                self.greet()
            else:
                self.media = link

        links.append(
            PacketLink(
                connection,
                max_bytes=wire.MAX_MESSAGE_BYTES,
                max_waiting=1000,
                drops_oldest=False,
                take=first,
                ended=lambda reason: self.left(reason) if links[0] is self.control else None,
            )
        )

    def left(self, reason: str) -> None:
        self.control = None
        self.orphan = asyncio.get_running_loop().call_later(self.orphan_s, self.done.set)

    def greet(self) -> None:
        if self.orphan is not None:
            self.orphan.cancel()
        self.say(
            wire.Hello(
                protocol=wire.PROTOCOL,
                pid=os.getpid(),
                pjsip="none",
                codecs=("PCMA/8000",),
                max_calls=100,
                fingerprint=self.fingerprint,
                draining=self.draining,
            )
        )
        for info in self.calls.values():
            self.say(wire.CallListed(info=info))
        self.say(wire.Listed())
        self.tell_accounts()

    def tell_accounts(self) -> None:
        for account in self.accounts:
            self.say(wire.AccountChanged(account=account.name, state=wire.AccountState.USABLE, code=200, reason="OK"))

    def say(self, report: wire.Report) -> None:
        if self.control is not None:
            self.control.send(wire.encode(report))

    def change(self, call: wire.CallNumber, state: wire.CallState, code: int, cause: int = 0, *, by_peer: bool = True) -> None:
        if state is wire.CallState.ENDED:
            del self.calls[call]
        else:
            now = time.time() if state is wire.CallState.CONNECTED else None
            self.calls[call] = msgspec.structs.replace(self.calls[call], state=state, connected_at=now)
        self.say(
            wire.CallChanged(call=call, state=state, code=code, reason="", cause=cause, by_peer=by_peer, at=time.time()),
        )
        if self.draining and not self.calls:
            self.say(wire.Drained())

    def take_frame(self, packet: bytes) -> None:
        frame = wire.decode_frame(packet)
        if self.media is not None and frame.kind is not wire.FrameKind.CLEAR:
            self.media.send(packet)

    def take(self, order: wire.Order) -> None:
        done = wire.Done(request=order.request)
        match order:
            case wire.Configure() if order.accounts[0].name == "unbindable":
                self.say(wire.Failed(request=order.request, reason="UDP port 5070 is taken"))
                return
            case wire.Configure():
                self.fingerprint, self.accounts = order.fingerprint, order.accounts
                self.say(done)
                self.tell_accounts()
                return
            case wire.Stop():
                self.say(done)
                self.done.set()
                return
            case wire.Drain():
                self.draining = True
                self.say(done)
                return
            case wire.Place():
                self.place(order)
                return
            case _:
                pass
        calls = [getattr(order, name) for name in ("call", "other") if hasattr(order, name)]
        if any(call not in self.calls for call in calls):
            self.say(wire.Failed(request=order.request, reason="there is no such call"))
            return
        self.say(done)
        match order:
            case wire.Answer():
                self.change(order.call, wire.CallState.CONNECTED, 200)
            case wire.Ring():
                self.change(order.call, wire.CallState.ALERTING, 180)
            case wire.Reject():
                self.change(order.call, wire.CallState.ENDED, order.code, order.cause, by_peer=False)
            case wire.HangUp():
                self.change(order.call, wire.CallState.ENDED, 200, order.cause, by_peer=False)
            case wire.Hold() | wire.Retrieve():
                self.say(
                    wire.HoldChanged(call=order.call, by_peer=False, held=isinstance(order, wire.Hold), at=time.time()),
                )
            case wire.Refer(to=to) if len(to) == 3:
                self.say(
                    wire.TransferProgress(call=order.call, code=int(to), reason="Decline", final=True, at=time.time()),
                )
            case wire.Refer() | wire.ReferReplacing():
                self.say(wire.TransferProgress(call=order.call, code=200, reason="OK", final=True, at=time.time()))
                self.change(order.call, wire.CallState.ENDED, 200, 16)
            case wire.Record():
                self.calls[order.call] = msgspec.structs.replace(self.calls[order.call], recording=order.file)
            case wire.StopRecording():
                file = self.calls[order.call].recording or ""
                self.say(wire.RecordingEnded(call=order.call, file=file, error=""))
            case wire.Play():
                self.say(wire.PlayEnded(call=order.call, file=order.file, complete=True))
            case wire.SendDigits():
                for digit in order.digits:
                    self.say(wire.DigitHeard(call=order.call, digit=digit, by=wire.DigitsBy.RTP, at=time.time()))
            case _:
                pass

    def place(self, order: wire.Place) -> None:
        kind, _, caller = order.to.partition(":")
        match kind:
            case "abort":
                os.write(2, b"../src/pjsua.c:1: Assertion `made for a test' failed.\n")
                os.abort()
            case "segfault":
                ctypes.string_at(0)
            case "freeze":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "lag":
                self.lag_ms = 500.0
            case "mumble":
                assert self.control is not None
                self.control.send(b"\xc1 is no message")
            case _:
                pass
        number = wire.CallNumber(next(self.numbers))
        incoming = kind.startswith("call-")
        info = wire.CallInfo(
            call=number,
            reference="" if incoming else order.reference,
            sip_call_id=f"{number - 1 if kind == 'call-again' else number}-{os.getpid()}@scripted",
            account=order.account,
            incoming=incoming,
            state=wire.CallState.OFFERED if incoming else wire.CallState.CALLING,
            local="8000" if incoming else order.caller or "tieline",
            remote=caller or "1001" if incoming else order.to,
            remote_name="",
            source="127.0.0.1:5060" if incoming else "",
            headers=(),
            began_at=time.time(),
        )
        self.calls[number] = info
        self.say(wire.Done(request=order.request, call=number))
        if incoming:
            self.say(wire.CallArrived(info=info))
        elif len(kind) == 3 and kind.isdigit():
            self.change(number, wire.CallState.ENDED, int(kind))
        else:
            self.change(number, wire.CallState.ALERTING, 180)
            if not kind.startswith("3"):
                self.change(number, wire.CallState.CONNECTED, 200)
                self.say(
                    wire.MediaChanged(call=number, active=True, codec="PCMA/8000", encrypted=False, remote="127.0.0.1:4000"),
                )


def main() -> None:
    orphan_s = float(os.environ.get("SCRIPTED_ORPHAN_S", str(wire.ORPHAN_S)))
    listening = socket.socket(fileno=int(sys.argv[1]))
    listening.setblocking(False)

    async def run() -> None:
        await ScriptedWorker(listening, orphan_s).run()

    try:
        asyncio.run(run())
    except PeerProtocolError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
