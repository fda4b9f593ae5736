"""One call of a SIP worker, as a leg of its PBX. Pure."""

import msgspec

from connectors.sip import wire
from gateway.model.events import LegSeen
from gateway.model.ids import BridgeId, LegId
from gateway.model.terms import LegRole

Key = tuple[int, wire.CallNumber]
"""A worker's number, and its call's."""


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """What we give a worker with a call that it is to place, and get back of it: all that a later gateway must know."""

    leg: LegId
    root: LegId
    """Of the call that it belongs to; itself when it begins one."""
    number: str
    """Who is called."""
    then: str = ""
    """Whom to call once this one has answered."""
    shown: str | None = None
    """The number that one is shown."""
    then_shown: str | None = None
    """The number that that one is shown."""
    consults: LegId | None = None
    """Who consults this one, holding somebody else meanwhile."""
    urgent: bool = False
    """Part of an emergency call."""
    redirected: bool = False
    """An application sent the call's first leg to this one."""

    def written(self) -> str:
        """Return it as text."""
        return msgspec.json.encode(self).decode()


def read_reference(text: str) -> Reference | None:
    """Return what :meth:`Reference.written` wrote; None for anything else."""
    try:
        return msgspec.json.decode(text, type=Reference)
    except msgspec.DecodeError:
        return None


class SipLeg(msgspec.Struct, kw_only=True):
    """One call of one worker, as a leg."""

    key: Key
    leg: LegId
    root: LegId
    name: str
    device: str
    account: str
    incoming: bool
    number: str
    display: str
    dialled: str
    began_at: float
    reference: Reference | None
    connected_at: float | None = None
    alerting: bool = False
    joined: "SipLeg | None" = None
    bridged: BridgeId | None = None
    """Told, of the join, once both were connected."""
    ended_by_command: bool = False
    consulted_by: LegId | None = None
    """Who consults this one, until he hands over."""
    held_by: LegId | None = None
    """Who consults somebody while this one waits."""
    transfer_to: str | None = None
    recording: str | None = None
    application: str = ""


def bridge_of(one: SipLeg, other: SipLeg) -> BridgeId:
    """Return the id of what joins two legs: the same for each gateway that looks at it."""
    first, second = sorted((one.leg, other.leg))
    return BridgeId(f"{first}+{second}")


def seen(leg: SipLeg, at: float) -> LegSeen:
    """Return the leg as a snapshot lists it."""
    return LegSeen(
        at=at,
        leg=leg.leg,
        name=leg.name,
        device=leg.device,
        role=LegRole.ORIGINATING if leg.incoming else LegRole.TERMINATING,
        root=leg.root,
        number=leg.number or None,
        display=leg.display or None,
        dialled=leg.dialled or None,
        place=None,
        age_s=max(at - leg.began_at, 0.0),
        connected=leg.connected_at is not None,
        alerting=leg.alerting,
        bridge=leg.bridged,
    )
