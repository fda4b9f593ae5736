"""What the mapper keeps of the legs that live, because an event does not repeat it. Pure."""

from collections import deque
from collections.abc import Callable
from typing import Final

from connectors.asterisk_ami.mapping import listings
from connectors.asterisk_ami.mapping.dialplan import Position
from connectors.asterisk_ami.protocol import AmiMessage
from gateway.model.events import LegSeen, PbxEvent
from gateway.model.ids import BridgeId, LegId, QueueName
from gateway.model.site import Site
from gateway.model.terms import LegRole

REMEMBERED_LEGS: Final = 4096
"""Ids of legs that are gone, kept so that what Asterisk says of them late does not bring them back."""

NEVER: Final = float("-inf")
"""When something happened that has not; a recording without times has 0 for all that did."""

_UNKNOWN: Final = frozenset({"", "<unknown>"})


class LegState:
    """What the mapper keeps of a live leg."""

    __slots__ = (
        "bridge",
        "digit_at",
        "handed_at",
        "held_at",
        "holding",
        "id",
        "last_bridge",
        "leaving",
        "moved_at",
        "moved_to",
        "name",
        "position",
        "queue",
        "recording",
        "root",
        "silenced",
        "terminating",
        "wanted",
        "wanted_from",
    )

    def __init__(self, leg: LegId, name: str, root: LegId, *, terminating: bool) -> None:
        self.id = leg
        self.name = name
        self.root = root
        self.terminating = terminating
        self.position = Position()
        self.bridge: BridgeId | None = None
        self.last_bridge: BridgeId | None = None
        self.moved_to: str | None = None
        self.moved_at = NEVER
        self.queue: QueueName | None = None
        self.digit_at = NEVER
        self.handed_at = NEVER
        self.held_at = NEVER
        self.leaving = False
        self.holding = False
        self.recording: str | None = None
        self.silenced = False
        self.wanted: str | None = None
        self.wanted_from = ""


class Legs:
    """The legs of one Asterisk."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.legs: dict[LegId, LegState] = {}
        self.by_name: dict[str, LegState] = {}
        self.seen: list[LegSeen] = []
        """What a snapshot has listed so far."""
        self.without_dialled: set[LegId] = set()
        """Callers' legs first seen in a snapshot whose dialled number is not known yet."""
        self.unconfirmed: set[LegId] = set()
        """Legs known from before the connection was made, until a snapshot lists them."""
        self.originated: dict[str, str] = {}
        """What a click-to-dial of ours calls, by its ChannelId or device, until its leg exists."""
        self.consulted: dict[LegId, LegId] = {}
        """Roots of calls whose new legs belong to a consultation, and its first helper leg."""
        self._gone: deque[LegId] = deque(maxlen=REMEMBERED_LEGS)
        self._gone_set: set[LegId] = set()

    def add(self, leg_id: LegId, name: str, root: LegId, *, terminating: bool) -> LegState:
        leg = LegState(leg_id, name, root, terminating=terminating)
        self.legs[leg_id] = leg
        self.by_name[name] = leg
        return leg

    def met(self, message: AmiMessage, at: float, events: list[PbxEvent], prefix: str = "") -> LegState | None:
        """Return the leg that a message is about; one that was never announced is added to ``events`` as seen."""
        leg_id = LegId(message.get(prefix + "Uniqueid"))
        leg = self.legs.get(leg_id)
        if leg is not None:
            return leg
        name = message.get(prefix + "Channel")
        if not leg_id or not name or self.is_gone(leg_id):
            return None
        seen = listings.leg_seen(message, at, prefix)
        if seen is None:
            return None
        events.append(seen)
        leg = self.add(leg_id, name, seen.root, terminating=seen.role is LegRole.TERMINATING)
        leg.position.context, leg.position.since = message.get(prefix + "Context"), at
        return leg

    def hand_over(self, leg_id: str, at: float) -> None:
        """Take note that somebody handed the leg over, which explains where it goes now."""
        leg = self.legs.get(LegId(leg_id))
        if leg is not None:
            leg.handed_at = at

    def end_consultation(self, leg: LegState) -> None:
        """The third party was reached, or its pipe is gone: new legs belong to the call itself again."""
        for root, helper in tuple(self.consulted.items()):
            if leg.root == helper:
                del self.consulted[root]

    def remove(self, leg_id: LegId) -> LegState | None:
        """Take a leg out that is gone, and remember its id; None when it was not known."""
        leg = self.legs.pop(leg_id, None)
        if not self.is_gone(leg_id):
            if len(self._gone) == REMEMBERED_LEGS:
                self._gone_set.discard(self._gone[0])
            self._gone.append(leg_id)
            self._gone_set.add(leg_id)
        if leg is None:
            return None
        self.without_dialled.discard(leg_id)
        if self.by_name.get(leg.name) is leg:
            del self.by_name[leg.name]
        return leg

    def is_gone(self, leg_id: LegId) -> bool:
        """Tell whether the leg is known to be gone."""
        return leg_id in self._gone_set


Handler = Callable[[Legs, AmiMessage, float], list[PbxEvent]]


def known(text: str) -> str | None:
    """Return the text, or None where Asterisk says that it knows none."""
    return None if text in _UNKNOWN else text


def cause_of(message: AmiMessage) -> tuple[int, int]:
    """Return the Q.850 cause and the SIP code (``TechCause``, Asterisk 22), 0 where there is none."""
    return listings.number(message.get("Cause")), listings.number(message.get("TechCause").removeprefix("SIP "))
