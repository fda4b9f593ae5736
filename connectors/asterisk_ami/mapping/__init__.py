"""Asterisk's events in the words of CSTA. Pure: no socket, no clock.

The mapper keeps what an event does not repeat: which legs exist and under which names, where each is in the dial plan. It
never decides what a call is; that is the board's.

Source: docs.asterisk.org, "AMI Events"; where a real Asterisk differs, the line says so, and a capture holds it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from connectors.asterisk_ami.mapping import bridges, legs, listings, queues, snapshot, steps, transfers
from connectors.asterisk_ami.mapping.sent import ABOUT_A_LEG, originated
from connectors.asterisk_ami.mapping.state import Handler, Legs
from connectors.asterisk_ami.protocol import AmiMessage
from gateway.model.events import ConnectionLost, ConnectionMade, PbxEvent
from gateway.model.ids import LegId
from gateway.model.site import Site


def _reporting(read: Callable[[AmiMessage, float], PbxEvent]) -> Handler:
    return lambda _, message, at: [read(message, at)]


_HANDLERS: Final[Mapping[str, Handler]] = {
    **legs.HANDLERS,
    **bridges.HANDLERS,
    **steps.HANDLERS,
    **queues.HANDLERS,
    **transfers.HANDLERS,
    **snapshot.HANDLERS,
    **{name: _reporting(read) for name, read in listings.READERS.items()},
}

LAST_SECOND: Final = 1e11
"""Seconds since the epoch in the year 5138: a ``Timestamp`` beyond it is no time."""

WANTED: Final = frozenset(_HANDLERS)
"""The events that the mapper reads; all others may be skipped before they are decoded."""


class AmiMapper:
    """Turns one Asterisk's messages into events; it lives as long as the PBX is in the configuration."""

    def __init__(self, site: Site) -> None:
        self._state = Legs(site)
        self._least_behind_s = float("inf")
        self.late_s = 0.0
        """Seconds by which the last message with a time of its own came later than the quickest of this connection."""

    def connection_made(self, at: float) -> list[PbxEvent]:
        """Say that the PBX is heard; its snapshot follows."""
        self._least_behind_s, self.late_s = float("inf"), 0.0
        self._state.seen.clear()
        self._state.unconfirmed = set(self._state.legs)
        return [ConnectionMade(at=at)]

    def connection_lost(self, at: float) -> list[PbxEvent]:
        """Say that the PBX is heard no longer, from ``at`` on: the last byte's time."""
        return [ConnectionLost(at=at)]

    def receive(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        """Return what one message says; ``at`` is its arrival, which Asterisk's own ``Timestamp`` overrides."""
        handler = _HANDLERS.get(message.name)
        if handler is None:
            return []
        stamp = message.get("Timestamp")
        if stamp:
            with suppress(ValueError):
                own = float(stamp)
                # Neither nan nor a time that no calendar has.
                if 0.0 < own < LAST_SECOND:
                    behind_s = at - own
                    self._least_behind_s = min(self._least_behind_s, behind_s)
                    self.late_s = behind_s - self._least_behind_s
                    at = own
        return handler(self._state, message, at)

    def sent(self, action: str, headers: Sequence[tuple[str, str]], at: float) -> list[PbxEvent]:
        """Return what an action of ours means for the calls, before Asterisk says anything."""
        fields = {key.lower(): value for key, value in headers}
        if action == "Originate":
            originated(self._state, fields)
            return []
        handler, leg = ABOUT_A_LEG.get(action), self._state.by_name.get(fields.get("channel", ""))
        return [] if handler is None or leg is None else handler(leg, fields, at)

    def name_of(self, leg: LegId) -> str | None:
        """Return a live leg's present name; None when there is no such leg, or no more."""
        known = self._state.legs.get(leg)
        return None if known is None else known.name

    def is_silenced(self, leg: LegId) -> bool:
        """Tell whether we silenced a live leg, so that its party holds the others."""
        known = self._state.legs.get(leg)
        return known is not None and known.silenced
