"""From what FreeSWITCH says to what happens: ESL messages to the model's events. Pure."""

from typing import Final

from connectors.freeswitch_esl.mapping import bridges, legs, queues, snapshot, steps
from connectors.freeswitch_esl.mapping.agents import LISTS
from connectors.freeswitch_esl.mapping.marks import read_mark
from connectors.freeswitch_esl.mapping.registrations import REGISTRATIONS
from connectors.freeswitch_esl.mapping.state import Handler, Legs
from connectors.freeswitch_esl.protocol.commands import EslCommand
from connectors.freeswitch_esl.protocol.message import EslMessage, MessageKind
from gateway.model.events import ConnectionLost, ConnectionMade, PbxEvent
from gateway.model.site import Site

_HANDLERS: Final[dict[str, Handler]] = {**legs.HANDLERS, **bridges.HANDLERS, **queues.HANDLERS, **steps.HANDLERS}
WANTED: Final = frozenset(_HANDLERS)
"""Names of the events that the mapper reads."""
LAST_SECOND: Final = 32_503_680_000.0
"""The year 3000: no PBX's clock is later."""
_TELLING: Final = frozenset(
    {
        "CHANNEL_PROGRESS",
        "CHANNEL_ANSWER",
        "CHANNEL_BRIDGE",
        "CHANNEL_HOLD",
        "CHANNEL_UNHOLD",
        "CHANNEL_EXECUTE",
        "DTMF",
        "CUSTOM callcenter::info",
        "CUSTOM fifo::info",
        "CUSTOM valet_parking::info",
        "CUSTOM conference::maintenance",
    }
)
"""Events about a leg that lives: one that was never announced is met by them."""
_ENDING: Final = ("CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE")
_API: Final = ("api", "bgapi")
_MICROSECONDS: Final = 1_000_000


class EslMapper:
    """Follows the legs of one FreeSWITCH; what it does not know it passes over."""

    def __init__(self, site: Site) -> None:
        self._state = Legs(site)

    def connection_made(self, at: float) -> list[PbxEvent]:
        """Say that the PBX is heard; its snapshot follows."""
        self._state.stopping = False
        for leg in self._state.legs.values():
            # It may have been answered meanwhile.
            leg.unanswered = False
        self._state.asked.clear()
        self._state.parting = None
        self._state.listed = None
        self._state.unconfirmed = set(self._state.legs)
        self._state.center.connection_made()
        return [ConnectionMade(at=at)]

    def connection_lost(self, at: float) -> list[PbxEvent]:
        """Say that the PBX is heard no longer, from ``at`` on: the last byte's time."""
        return [ConnectionLost(at=at)]

    @property
    def lists(self) -> tuple[str, ...]:
        """The ``api`` commands that list what changes without an event; none where there is nothing of the kind."""
        return LISTS if self._state.center.is_there else ()

    def note_change(self) -> None:
        """Take note that agents or what they serve may have changed, and that perhaps no event tells so."""
        self._state.center.stale = True

    def take_stale(self) -> tuple[str, ...]:
        """Return the ``api`` commands whose answers are needed, since something changed that only they tell."""
        center, registrations = self._state.center, self._state.registrations
        found = (LISTS if center.stale else ()) + ((REGISTRATIONS,) if registrations.stale else ())
        center.stale = registrations.stale = False
        return found

    @property
    def is_stale(self) -> bool:
        """Whether :meth:`take_stale` has anything."""
        return self._state.center.stale or self._state.registrations.stale

    def receive(self, message: EslMessage, at: float) -> list[PbxEvent]:
        """Return what one event says; ``at`` is its arrival, which FreeSWITCH's own ``Event-Date-Timestamp`` overrides."""
        if message.kind is MessageKind.API:
            asked = self._state.asked
            return snapshot.listed(self._state, asked.popleft() if asked else "", message.body, at)
        handler = _HANDLERS.get(message.name)
        if handler is None:
            return []
        events = self._part(message)
        stamp = message.get("Event-Date-Timestamp")
        if stamp.isascii() and stamp.isdigit() and 0 < int(stamp[:20]) < LAST_SECOND * _MICROSECONDS:
            at = int(stamp) / _MICROSECONDS
        if message.name in _TELLING:
            events += snapshot.met(self._state, message, at)
        return events + handler(self._state, message, at)

    def _part(self, message: EslMessage) -> list[PbxEvent]:
        """Tell the end of a bridge, unless this is who ended it: that is told first."""
        parting = self._state.parting
        if parting is None:
            return []
        leg, at = parting
        if message.name in _ENDING and message.get("Unique-ID") in (leg.id, leg.peer):
            return []
        return self._state.part(leg, at)

    def sent(self, command: EslCommand, at: float) -> list[PbxEvent]:
        """Return what a command of ours says beforehand: who ends a leg, who sends it elsewhere."""
        if command.name == "api":
            self._state.asked.append(command.argument)
        if command.name not in _API:
            return []
        name, _, argument = command.argument.partition(" ")
        return bridges.commanded(self._state, name, argument, at, read_mark(command.header("Job-UUID")))
