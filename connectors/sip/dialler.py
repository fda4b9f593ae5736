"""Places calls: whom, by which worker, and what goes along."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from connectors.sip import wire
from connectors.sip.events import SipMapper
from connectors.sip.legs import Reference
from gateway.model.errors import CommandRefusedError
from gateway.model.events import PbxEvent

CALL_HEADER: Final = "X-Tieline-Call"
"""Names, in what we send, the leg that our call began with."""
TARGET_RINGS_S: Final = 120.0
"""Seconds for whom somebody is connected to: the PBX gives up sooner, by its own rules."""
_NUMBER: Final = re.compile(r"[0-9A-Za-z*#+._-]{1,64}", re.ASCII)

Ask = Callable[[int, wire.Order, Callable[[wire.Done], None] | None], Awaitable[wire.Done]]
"""Gives the worker of this number an order; what is given last gets the answer before anything else that the worker says."""


def is_number(text: str) -> bool:
    """Tell whether a telephone could dial this."""
    return _NUMBER.fullmatch(text) is not None


def number(text: str, what: str) -> str:
    """Return a number as it is; the worker writes it as the user of a SIP address.

    Raises:
        CommandRefusedError: It holds what no telephone dials.
    """
    if not is_number(text):
        raise CommandRefusedError(f"{what} {text!r} is none: digits, letters and any of * # + . _ - make one, 64 at most")
    return text


class Dialler:
    """Of one PBX.

    Args:
        mapper: Knows the legs.
        ask: Gives a worker an order.
        tell: Takes the events that come of it.
        now: Seconds since the epoch.
    """

    def __init__(self, mapper: SipMapper, ask: Ask, tell: Callable[[Sequence[PbxEvent]], None], now: Callable[[], float]) -> None:
        self._mapper = mapper
        self._ask = ask
        self._tell = tell
        self._now = now

    async def call(
        self, reference: Reference, worker: int, account: str, ring_s: float, headers: Sequence[wire.Header] = ()
    ) -> None:
        """Call whom a reference names; what comes of it is told by events.

        Raises:
            CommandRefusedError: It is no number, or the worker does not call it.
            CommandUnansweredError: The worker gave no answer.
            PeerUnavailableError: It is not at work.
        """

        def placed(done: wire.Done) -> None:
            assert done.call is not None  # a Place that was done has one
            self._tell(self._mapper.placed(worker, done.call, account, reference, self._now()))

        shown = None if reference.shown is None else number(reference.shown, "the number to be shown")
        place = wire.Place(
            account=account,
            to=number(reference.number, "the number"),
            reference=reference.written(),
            caller=shown,
            headers=((CALL_HEADER, reference.root), *headers),
            ring_s=ring_s,
            urgent=reference.urgent,
        )
        await self._ask(worker, place, placed)
