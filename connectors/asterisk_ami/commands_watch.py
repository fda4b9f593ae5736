"""Watches what the PBX says for what becomes of an action that it answers before it has tried. No I/O.

Source: AMI ``Originate`` with ``Async``, ``Atxfer``; measured on Asterisk 16.28 and 22.10.
"""

import asyncio
from typing import Final

from connectors.asterisk_ami.protocol import AmiMessage
from gateway.model.ids import LegId

NEWS: Final = frozenset({"Newchannel", "OriginateResponse", "Hold"})
"""Events that may be what is waited for; the mapper wants them too."""


class Watch:
    """What is waited for on one connection after the other. Whoever reads gives each message to :meth:`note`."""

    def __init__(self) -> None:
        self._begins: dict[LegId, asyncio.Future[str | None]] = {}
        self._holds: dict[LegId, asyncio.Future[str | None]] = {}

    def begins(self, leg: LegId) -> "asyncio.Future[str | None]":
        """Return a future of why no such leg will be made; of None when it is there."""
        return _waiting(self._begins, leg)

    def holds(self, leg: LegId) -> "asyncio.Future[str | None]":
        """Return a future of None when the party of this leg puts the others on hold."""
        return _waiting(self._holds, leg)

    def note(self, message: AmiMessage) -> None:
        """See whether this is what somebody waits for."""
        if message.name not in NEWS:
            return
        leg = LegId(message.get("Uniqueid"))
        if message.name == "Hold":
            _tell(self._holds, leg, None)
        elif message.name == "Newchannel":
            _tell(self._begins, leg, None)
        elif message.get("Response") == "Failure":
            _tell(self._begins, leg, message.get("Reason"))


def _waiting(waiting: dict[LegId, asyncio.Future[str | None]], leg: LegId) -> asyncio.Future[str | None]:
    future: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
    waiting[leg] = future
    future.add_done_callback(lambda _: waiting.pop(leg, None) if waiting.get(leg) is future else None)
    return future


def _tell(waiting: dict[LegId, asyncio.Future[str | None]], leg: LegId, news: str | None) -> None:
    future = waiting.get(leg)
    if future is not None and not future.done():
        future.set_result(news)
