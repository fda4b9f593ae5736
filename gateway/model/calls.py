"""A call as it stands: what the reducer keeps, and what the call record is made from.

A :class:`Call` is a value: :func:`gateway.model.reducer.apply` copies it before it changes anything, and everything inside is
immutable but the ``legs`` dict, which the copy renews.
"""

import msgspec

from gateway.model.ids import CallId, LegId, PbxName, QueueName, Tenant, call_id
from gateway.model.legs import Leg
from gateway.model.reports import CallDetail
from gateway.model.terms import DiversionReason, QueueResult, RecordingState, Service, TransferKind


class QueueStay(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One time in one queue."""

    queue: QueueName
    leg: LegId
    joined_at: float | None
    left_at: float | None = None
    result: QueueResult | None = None


class MenuChoice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the caller pressed in one menu."""

    menu: str | None
    """None where it is not known which."""
    digits: str
    """Data is masked."""


class AgentTalk(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An agent whom a queue gave the caller to."""

    agent: str
    extension: str | None
    leg: LegId | None
    since: float | None = None
    talk_s: float = 0.0


class Transfer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    kind: TransferKind
    at: float
    by: str | None
    by_leg: LegId | None
    to: str | None
    target: LegId | None = None
    result: str | None = None
    """``completed busy no_answer abandoned failed``; None while it is not known."""
    consult_s: float | None = None
    slot: str | None = None


class Diversion(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    diverted_from: str
    diverted_to: str
    reason: DiversionReason


class Consultation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A call that was folded into this one."""

    call_id: CallId
    caller_leg: LegId | None
    talk_s: float


class Release(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who asked for the end."""

    by: str
    """``caller called cti``"""
    leg: LegId
    at: float


class Call(msgspec.Struct, kw_only=True):
    """What a customer experiences, from the first ring to the last hang-up. Times are seconds since the epoch."""

    call_id: CallId
    pbx: PbxName
    tenant: Tenant
    began_at: float
    changed_at: float
    """The latest event's time; what a PBX dates earlier than that counts as then, so that no time runs backwards."""
    seq: int = 0
    version: int = 1
    published: bool = False
    """A party's leg exists, so that the world may know of it; helper legs alone are no call."""
    answered_at: float | None = None
    ended_at: float | None = None
    ended: bool = False
    complete: bool = True
    merged_into: CallId | None = None

    legs: dict[LegId, Leg]
    caller_leg: LegId | None = None
    click_to_dial: bool = False
    dial_target: str | None = None
    """What a click-to-dial calls once the agent has answered."""
    attempted: str | None = None
    """The device that the dial plan dialled last and that no leg came of yet."""
    dial_cause: int | None = None
    """The cause with which the dial plan itself refused the call, 0 where it gave none; None where it did not."""

    digits: str = ""
    choices: tuple[MenuChoice, ...] = ()
    """The same by menu."""
    menus: tuple[str, ...] = ()
    menu: str | None = None
    menus_began_at: float | None = None
    menus_left_at: float | None = None
    menu_expired: bool = False
    queues: tuple[QueueStay, ...] = ()
    agents: tuple[AgentTalk, ...] = ()
    service: Service | None = None
    place: str = "route"
    """Where the caller is while nobody has answered: ``route ivr queue ringing``."""

    answered_by: tuple[str, ...] = ()
    talk_since: float | None = None
    talk_s: float = 0.0
    talk_known: bool = True
    talk_said: float | None = None
    """Seconds of talk by the PBX's own account, where we did not hear it all."""
    talk_begin_heard: bool = False
    """When the sight of it was lost it was talking, and since when was known."""
    queue_said: bool = False
    """``talk_said`` is the queue's own account, which counts the talk alone."""
    held_since: float | None = None
    held_by: LegId | None = None
    held_by_feature: bool = False
    """Held by a feature code: until the caller is bridged again, whatever becomes of who held him."""
    held_alone: bool = False
    """Who held the caller by a feature code has left the bridge."""
    hold_is_talk: bool = True
    """While held by a feature code the caller is still the holder's, until he is handed over to somebody who only rings."""
    unheld_at: float | None = None
    """When a feature code's hold was taken back; it stands unless a transfer follows at once."""
    hold_s: float = 0.0
    own_hold_since: float | None = None
    """Since when a caller of the site holds whom he called; that is no time in which he is held."""
    release: Release | None = None
    cut_off: bool = False
    """The PBX went down under it."""

    transfers: tuple[Transfer, ...] = ()
    diversions: tuple[Diversion, ...] = ()
    folded: tuple[Consultation, ...] = ()
    conference: str | None = None
    parties: tuple[str, ...] = ()
    recording: str | None = None
    recording_state: RecordingState | None = None
    """What became of the recording that started last; None before the first."""
    details: tuple[CallDetail, ...] = ()
    """What the PBX's CDR says of the caller's leg, row by row, where a gap hides something of the call."""
    pbx_answers: bool = False
    """The PBX is known to answer the number dialled itself, so that a row's billed seconds are more than talk."""
    begin_heard: bool = True
    """False for a call that was first seen in a snapshot or in the CDR."""

    @property
    def state(self) -> str:
        """``active`` or ``ended``."""
        return "ended" if self.ended else "active"

    @property
    def known_talk_s(self) -> float | None:
        """Seconds of talk: what was heard, else what the PBX said later; None while they talk, and where nobody knows."""
        if self.talk_since is not None:
            return None
        return round(self.talk_s, 3) if self.talk_known else self.talk_said

    @property
    def caller(self) -> Leg | None:
        """The leg of who began the call."""
        return None if self.caller_leg is None else self.legs.get(self.caller_leg)


def begun(pbx: PbxName, tenant: Tenant, first_leg: LegId, at: float) -> Call:
    """Return the call that a leg begins, without the leg yet."""
    return Call(call_id=call_id(pbx, first_leg, at), pbx=pbx, tenant=tenant, began_at=at, changed_at=at, legs={})
