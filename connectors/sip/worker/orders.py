"""What the gateway orders, done. Each is answered once, here or by whoever raises."""

import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from connectors.sip import wire
from connectors.sip.worker import messages
from connectors.sip.worker.audio import Prompt
from connectors.sip.worker.calls import Call, parameters
from connectors.sip.worker.switchboard import Process, Switchboard
from gateway.model.errors import CommandRefusedError


class Ordered(Process, Protocol):
    """The process, as orders see it."""

    board: Switchboard
    stopping: bool

    def configure(self, configured: wire.Configure) -> None:
        """Be what the gateway wants."""

    def drain(self) -> None:
        """Take no new calls."""


def obey(worker: Ordered, order: wire.Order) -> None:
    """Do it, and say so.

    Raises:
        CommandRefusedError: It cannot be done.
        pj.Error: PJSIP does not do it.
    """
    if isinstance(order, wire.Place):
        call = worker.board.place(order, time.monotonic())
        worker.say(wire.Done(request=order.request, call=call.number))
        call.known()
        return
    match order:
        case wire.Configure():
            worker.configure(order)
        case wire.Drain():
            worker.drain()
        case wire.Stop():
            worker.stopping = True
        case _:
            _DO[type(order)](worker.find(order.call), order, worker)
    worker.say(wire.Done(request=order.request))


def _ring(call: Call, order: wire.Ring, _worker: Ordered) -> None:
    call.answer(183 if order.early_media else 180)


def _answer(call: Call, order: wire.Answer, _worker: Ordered) -> None:
    call.answer(200, order.headers)


def _reject(call: Call, order: wire.Reject, _worker: Ordered) -> None:
    call.answer(order.code, (messages.reason_header(order.cause),) if order.cause else ())


def _hang_up(call: Call, order: wire.HangUp, _worker: Ordered) -> None:
    call.end(603, order.cause)


def _refer(call: Call, order: wire.Refer, worker: Ordered) -> None:
    for header in order.headers:
        if not messages.is_header(header):
            raise CommandRefusedError(f"{header[0]!r} with this value is no header")
    target = worker.accounts[call.info.account].settings.target
    call.xfer(messages.refer_to(messages.uri_of(target, order.to), order.headers), parameters(()))


def _refer_replacing(call: Call, order: wire.ReferReplacing, worker: Ordered) -> None:
    call.xferReplaces(worker.find(order.other), parameters(()))


def _part(call: Call, order: wire.Part, worker: Ordered) -> None:
    if call.sound.joined != order.other:
        raise CommandRefusedError("the calls are not joined")
    call.sound.part()


def _send_digits(call: Call, order: wire.SendDigits, _worker: Ordered) -> None:
    call.send_digits(order.digits, order.by or call.account.settings.digits)


_DO: Final[dict[type, Callable[[Call, Any, Ordered], None]]] = {
    wire.Ring: _ring,
    wire.Answer: _answer,
    wire.Reject: _reject,
    wire.HangUp: _hang_up,
    wire.Hold: lambda call, _order, _worker: call.hold(held=True),
    wire.Retrieve: lambda call, _order, _worker: call.hold(held=False),
    wire.Refer: _refer,
    wire.ReferReplacing: _refer_replacing,
    wire.Join: lambda call, order, worker: call.sound.join(worker.find(order.other).sound),
    wire.Part: _part,
    wire.SendDigits: _send_digits,
    wire.Play: lambda call, order, _worker: call.sound.play(Prompt(order.file, loop=order.loop)),
    wire.StopPlaying: lambda call, _order, _worker: call.sound.play(None),
    wire.Record: lambda call, order, _worker: call.sound.record(order.file),
    wire.PauseRecording: lambda call, order, _worker: call.sound.pause_recording(paused=order.paused),
    wire.StopRecording: lambda call, _order, _worker: call.sound.stop_recording(),
    wire.OpenMedia: lambda call, _order, _worker: call.sound.open(),
    wire.CloseMedia: lambda call, _order, _worker: call.sound.close(),
}
