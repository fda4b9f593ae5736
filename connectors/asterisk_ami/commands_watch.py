"""Watches what the PBX says for what becomes of an action that it answers before it has tried. No I/O.

Source: AMI ``Originate`` with ``Async``, ``Atxfer``; measured on Asterisk 16.28 and 22.10.
"""

import asyncio
from typing import Final

from connectors.asterisk_ami.protocol import AmiMessage
from gateway.model.ids import LegId

NEWS: Final = frozenset({"Newchannel", "OriginateResponse", "Hold"})
"""Events that may be what is waited for; the mapper wants them too."""


class Beginning:
    """A leg of ours that is waited for.

    Args:
        of_party: It is not enough that it is there where it is a Local leg: somebody's telephone must be called behind it.
    """

    def __init__(self, *, of_party: bool) -> None:
        self.of_party = of_party
        self.is_there = False
        """Whether the leg itself is there."""
        self.reason: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        """Why nobody will be called; of None when somebody is."""


class Watch:
    """What is waited for on one connection after the other. Whoever reads gives each message to :meth:`note`."""

    def __init__(self) -> None:
        self._begins: dict[LegId, Beginning] = {}
        self._holds: dict[LegId, asyncio.Future[None]] = {}

    def begins(self, leg: LegId, *, of_party: bool) -> Beginning:
        """Wait for a leg that we make; it is forgotten when ``reason`` is done or cancelled."""
        beginning = self._begins[leg] = Beginning(of_party=of_party)
        beginning.reason.add_done_callback(lambda _: self._begins.pop(leg) if self._begins.get(leg) is beginning else None)
        return beginning

    def holds(self, leg: LegId) -> "asyncio.Future[None]":
        """Return a future that is done when the party of this leg puts the others on hold."""
        future = self._holds[leg] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda _: self._holds.pop(leg) if self._holds.get(leg) is future else None)
        return future

    def note(self, message: AmiMessage) -> None:
        """See whether this is what somebody waits for."""
        if message.name not in NEWS:
            return
        leg = LegId(message.get("Uniqueid"))
        if message.name == "Hold":
            held = self._holds.get(leg)
            if held is not None and not held.done():
                held.set_result(None)
        elif message.name == "Newchannel":
            is_local = message.get("Channel").startswith("Local/")
            own, first = self._begins.get(leg), self._begins.get(LegId(message.get("Linkedid")))
            if own is not None:
                own.is_there = True
            for beginning in (own, first):
                if beginning is not None and not (is_local and (beginning.of_party or beginning is not own)):
                    _tell(beginning, None)
        elif message.get("Response") == "Failure" and (failed := self._begins.get(leg)) is not None:
            _tell(failed, message.get("Reason"))


def _tell(beginning: Beginning, reason: str | None) -> None:
    if not beginning.reason.done():
        beginning.reason.set_result(reason)
