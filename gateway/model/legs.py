"""One leg of a call, and who is at its end."""

from enum import StrEnum
from typing import Final

import msgspec

from gateway.model.events import LegCreated, LegSeen
from gateway.model.ids import BridgeId, LegId
from gateway.model.site import Site
from gateway.model.terms import BridgeKind, DialResult, LegRole

_WITHHELD: Final = frozenset({"", "anonymous", "unknown", "unavailable", "restricted", "private", "withheld", "s"})
"""What PBXs write where a caller hides his number (RFC 3323 ``anonymous``; the others from trunks seen in the field)."""


class PartyKind(StrEnum):
    EXTENSION = "extension"
    OUTSIDE = "outside"
    OTHER = "other"
    HELPER = "helper"


class Leg(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A leg's state; times are seconds since the epoch, None while it has not come so far."""

    id: LegId
    name: str
    device: str
    role: LegRole
    kind: PartyKind
    party: str | None
    """The extension or number at its end, as a call record names it; None for helpers and where it is not known."""
    number: str | None
    """The raw text that the PBX gave for the number."""
    display: str | None
    dialled: str | None
    place: str | None
    created_at: float
    alerting_at: float | None = None
    connected_at: float | None = None
    cleared_at: float | None = None
    cleared_unheard: bool = False
    fate_untold: bool = False
    """The PBX does not tell why it ended, nor, where nothing was dialled for it, whom it called and whether anybody answered."""
    """It ended while nobody listened: ``cleared_at`` is only when we learned it."""
    cause: int = 0
    sip: int = 0
    refused: tuple[int, int] | None = None
    """Cause and SIP code that its own telephone gave; a PBX may show another leg's in ``cause``."""
    bridge: BridgeId | None = None
    bridged_at: float = 0.0
    """When it came into the bridge that it is in."""
    bridge_kind: BridgeKind = BridgeKind.TALK
    twin: LegId | None = None
    dialled_by: LegId | None = None
    was_dialled: bool = False
    result: DialResult | None = None
    over_with: int | None = None
    """How many legs the call had when the attempt to reach this one was over: who came later was tried after it."""
    picked_up: bool = False
    """It joined by picking up what rang or was parked elsewhere."""
    stands_for_caller: bool = False
    """A helper leg that was handed over in the caller's place: what the PBX does with it, it does with him."""
    transferred: bool = False
    """Its party handed the other one over: its hang-up ends no call."""

    @property
    def is_party(self) -> bool:
        return self.kind is not PartyKind.HELPER

    @property
    def is_ringing(self) -> bool:
        """Tell whether somebody is being called on it, and nothing has come of it yet."""
        return self.was_dialled and self.cleared_at is None and self.result is None and self.connected_at is None

    @property
    def is_live(self) -> bool:
        return self.cleared_at is None


def is_withheld(number: str | None) -> bool:
    """Tell whether this text in a number's place means that the caller hides it, or that the PBX knows none."""
    return number is None or number.strip().lower() in _WITHHELD


def party_of(device: str, role: LegRole, number: str | None, site: Site) -> tuple[PartyKind, str | None]:
    """Tell what kind of party is behind a device, and its extension or number."""
    if role is LegRole.HELPER:
        return PartyKind.HELPER, None
    known = None if is_withheld(number) else number
    if site.is_outside(device, known):
        return PartyKind.OUTSIDE, known if role is LegRole.ORIGINATING else None
    peer = device.partition("/")[2]
    if site.is_extension(peer):
        return PartyKind.EXTENSION, peer
    if site.is_extension(known):
        return PartyKind.EXTENSION, known
    return PartyKind.OTHER, known or peer or None


def leg_of(event: LegCreated | LegSeen, site: Site, created_at: float) -> Leg:
    """Return the leg that an event announces, as it begins."""
    kind, party = party_of(event.device, event.role, event.number, site)
    if isinstance(event, LegSeen) and kind is PartyKind.OUTSIDE and party is None and not is_withheld(event.number):
        # Nobody heard what was sent out on it; Asterisk shows on such a leg what the telephone dialled.
        party = site.without_prefix(event.number or "")
    return Leg(
        id=event.leg,
        name=event.name,
        device=event.device,
        role=event.role,
        kind=kind,
        party=party,
        number=event.number,
        display=event.display,
        dialled=event.dialled,
        place=event.place,
        created_at=created_at,
    )
