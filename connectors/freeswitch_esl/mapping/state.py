"""What the mapper keeps of the legs that live, because an event does not repeat it. Pure."""

from collections import deque
from collections.abc import Callable
from typing import Final

from connectors.freeswitch_esl.mapping.agents import CallCenter
from connectors.freeswitch_esl.mapping.registrations import Registrations
from connectors.freeswitch_esl.protocol.message import EslMessage
from gateway.model.events import LegTransferred, LegUnbridged, PbxEvent
from gateway.model.ids import BridgeId, LegId, QueueName
from gateway.model.site import Site

MAX_ASKED: Final = 10_000
REMEMBERED_LEGS: Final = 4096
"""Ids of legs that are gone, kept so that what FreeSWITCH says of them late does not bring them back."""


class LegState:
    """What the mapper keeps of a live leg."""

    __slots__ = (
        "bridge",
        "consulting",
        "device",
        "dialled",
        "dialled_for",
        "early",
        "gave",
        "gave_up",
        "handed_to",
        "held",
        "held_peer",
        "id",
        "last_device",
        "last_peer",
        "menu",
        "menus",
        "name",
        "number",
        "parked",
        "peer",
        "queue",
        "refers",
        "released",
        "terminating",
        "transfer",
        "unanswered",
    )

    def __init__(self, leg: LegId, name: str, device: str, number: str | None, *, terminating: bool) -> None:
        self.id = leg
        self.name = name
        self.device = device
        self.number = number
        self.terminating = terminating
        self.unanswered = False
        """It is called, and surely nobody has answered yet."""
        self.dialled: str | None = None
        """What it called, where it is who calls."""
        self.dialled_for: LegId | None = None
        """The leg for which FreeSWITCH calls this one, until it is answered or gives up."""
        self.bridge: BridgeId | None = None
        self.early: LegId | None = None
        """Who hears what it plays before it is answered: FreeSWITCH bridges the two already then."""
        self.peer: LegId | None = None
        """The other member of its bridge; None in a conference."""
        self.last_peer: LegId | None = None
        """With whom it was bridged last."""
        self.last_device: str | None = None
        """That one's device: he may be gone when he is asked for."""
        self.held_peer: LegId | None = None
        """Whom it was bridged with when it began to consult."""
        self.queue: QueueName | None = None
        self.menu: str | None = None
        self.menus: list[tuple[str, str]] = []
        """What waits for input just now, application and menu, the last at the end: one may run within another."""
        self.gave_up = False
        """The last one got no input, or nothing but wrong one."""
        self.handed_to: str | None = None
        """The socket that it was handed to before anybody picked up; nobody may listen there."""
        self.held = False
        self.parked = False
        self.released = False
        """Who ends it has been told."""
        self.consulting: LegId | None = None
        """The first leg that was called while this one consults by ``att_xfer``; itself before there is one."""
        self.refers: LegId | None = None
        """The second leg of its party, which asked to have the two others connected."""
        self.gave = False
        """It is a second leg, and that it gave away whom its party held has been told."""
        self.transfer = ""
        """The last ``Caller-Transfer-Source`` that was looked at."""


class Legs:
    """The legs of one FreeSWITCH."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.center = CallCenter(site)
        self.registrations = Registrations(site)
        self.legs: dict[LegId, LegState] = {}
        self.by_name: dict[str, LegState] = {}
        self.commanded: set[LegId] = set()
        """Legs that a command sends elsewhere."""
        self.consultations: dict[LegId, tuple[LegId, LegId]] = {}
        """By whom was consulted: who did, and whom he held, once he hung up on both."""
        self.handed: dict[LegId, list[LegTransferred]] = {}
        """By whom was consulted: that he is given the held one, told when the two are bridged; each that it may be."""
        self.thirds: dict[LegId, LegId] = {}
        """Who makes a conversation one of three, by whose conversation it is."""
        self.parting: tuple[LegState, float] | None = None
        """A member of a bridge that was told to end, and when: who hung up may be told only after it."""
        self.asked: deque[str] = deque(maxlen=MAX_ASKED)
        """``api`` commands whose answers have not come: they come in this order."""
        self.listed: dict[LegId, dict[str, str]] | None = None
        """What ``show channels`` listed, until ``show calls`` says who is bridged."""
        self.unconfirmed: set[LegId] = set()
        """Legs known from before the connection was made, until a snapshot lists them."""
        self.stopping = False
        """FreeSWITCH goes down."""
        self._gone: deque[LegId] = deque(maxlen=REMEMBERED_LEGS)
        self._gone_set: set[LegId] = set()

    def add(self, leg: LegState) -> None:
        self.legs[leg.id] = leg
        self.by_name[leg.name] = leg

    def of(self, message: EslMessage, key: str = "Unique-ID") -> LegState | None:
        """Return the leg that a message names; None when it is not known."""
        return self.legs.get(LegId(message.get(key)))

    def is_gone(self, leg: LegId) -> bool:
        """Tell whether this leg has ended."""
        return leg in self._gone_set

    def remove(self, leg_id: LegId) -> LegState | None:
        """Take a leg out that is gone, and remember its id; None when it was not known."""
        leg = self.legs.pop(leg_id, None)
        if leg is None:
            return None
        self.commanded.discard(leg_id)
        self.consultations.pop(leg_id, None)
        self.handed.pop(leg_id, None)
        if self.thirds:
            self.thirds = {key: third for key, third in self.thirds.items() if leg_id not in (key, third)}
        if self.by_name.get(leg.name) is leg:
            del self.by_name[leg.name]
        if len(self._gone) == REMEMBERED_LEGS:
            self._gone_set.discard(self._gone[0])
        self._gone.append(leg_id)
        self._gone_set.add(leg_id)
        return leg

    def give_away(self, leg: LegState) -> None:
        """Its party hung up while he consulted: the bridge of the other two completes the transfer."""
        if leg.consulting is not None and leg.held_peer is not None:
            self.consultations[leg.consulting] = (leg.id, leg.held_peer)
        leg.consulting = None

    def part(self, leg: LegState, at: float) -> list[PbxEvent]:
        """Take a leg out of its bridge, and with it whom it leaves alone there."""
        if self.parting is not None and self.parting[0].bridge == leg.bridge:
            at, self.parting = self.parting[1], None
        if leg.bridge is None:
            return []
        bridge, peer = leg.bridge, self.legs.get(leg.peer) if leg.peer is not None else None
        leg.bridge = leg.peer = None
        events: list[PbxEvent] = [LegUnbridged(at=at, leg=leg.id, bridge=bridge)]
        if peer is not None and peer.bridge == bridge:
            peer.bridge = peer.peer = None
            events.append(LegUnbridged(at=at, leg=peer.id, bridge=bridge))
        return events


Handler = Callable[[Legs, EslMessage, float], list[PbxEvent]]


def known(text: str) -> str | None:
    """Return the text, or None where FreeSWITCH knows none."""
    return text or None
