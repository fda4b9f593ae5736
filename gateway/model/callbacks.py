"""The list of calls to return: who called and talked with nobody, who promised to call him, and whether that was done. Pure."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, Final, NewType, assert_never

import msgspec

from gateway.model.calls import Call
from gateway.model.customers import outside_number
from gateway.model.day_figures import MISSED
from gateway.model.errors import CallbackTakenError
from gateway.model.ids import CallId, PbxName, Tenant
from gateway.model.legs import PartyKind
from gateway.model.outcome import outcome_of, rang
from gateway.model.record import direction_of
from gateway.model.site import Site

CallbackId = NewType("CallbackId", str)
"""A ULID."""

PROMISED: Final = "promised"
"""In an outcome's place: the caller was talked with, and told that he would be called."""
MAX_CALLS: Final = 100
"""Calls that one entry names, the last ones."""
STAGES: Final = frozenset({"queue", "ringing"})
"""Where he must have been: who gave up before he waited for anybody wanted nobody."""


class CallbackState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    """Somebody has taken it on."""
    DONE = "done"
    """Somebody said so."""
    REACHED = "reached"
    """The caller was talked with since, in whichever direction."""
    WITHDRAWN = "withdrawn"
    """It turned out that the call was answered."""


WAITS: Final = frozenset({CallbackState.OPEN, CallbackState.CLAIMED})


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Who has taken it on."""

    id: str
    """Of the principal."""
    name: str
    extension: str | None
    at: float
    """Since when, in seconds since the epoch."""
    by: str | None = None
    """Name of who gave it to him; None where he took it himself."""


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """One caller who is to be called; times are seconds since the epoch."""

    id: CallbackId
    tenant: Tenant
    pbx: PbxName
    number: str
    """E.164 where it is known, else as the PBX sent it."""
    caller_name: str | None
    queue: str | None
    """Where he waited; None where he called an extension."""
    extension: str | None
    calls: tuple[CallId, ...]
    """In which he talked with nobody, the first one first."""
    first_at: float
    last_at: float
    waited_s: float | None
    """In the last of them; None where it is not known."""
    outcome: str
    """Of the last one; ``promised`` where an agent said that he would be called."""
    stage: str | None
    state: CallbackState = CallbackState.OPEN
    owner: Owner | None = None
    note: str | None = None
    closed_at: float | None = None
    closed_by: str | None = None
    version: int = 1

    @property
    def waits(self) -> bool:
        """Whether he is still to be called."""
        return self.state in WAITS


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """A call in which nobody talked with the caller."""

    call_id: CallId
    pbx: PbxName
    tenant: Tenant
    number: str
    caller_name: str | None
    queue: str | None
    extension: str | None
    began_at: float
    at: float
    waited_s: float | None
    outcome: str
    stage: str | None


class Talked(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody outside was talked with."""

    call_id: CallId
    tenant: Tenant
    number: str
    by: str | None
    began_at: float
    at: float
    """When he was reached."""


class Unmissed(msgspec.Struct, frozen=True, kw_only=True):
    """A call is none that was missed: what was thought of it before is taken back."""

    call_id: CallId
    tenant: Tenant
    at: float


News = Missed | Talked | Unmissed


def news_of(call: Call, site: Site) -> list[News]:
    """Return what a call means for the list, as it stands now."""
    direction = direction_of(call, site)
    if call.merged_into is not None or direction not in ("inbound", "outbound"):
        return []
    number = number_of(call, site)
    found: list[News] = []
    outcome = outcome_of(call) if call.ended else None
    if direction == "inbound" and outcome is not None:
        missed = None if number is None else _missed(call, outcome.outcome, outcome.stage, number)
        found.append(missed or Unmissed(call_id=call.call_id, tenant=call.tenant, at=call.changed_at))
    if number is not None and call.answered_at is not None:
        by = next((party for party in reversed(call.answered_by) if _is_inside(call, party)), None)
        if by is None and direction == "outbound" and call.caller is not None:
            by = call.caller.party
        found.append(
            Talked(
                call_id=call.call_id,
                tenant=call.tenant,
                number=number,
                by=by,
                began_at=call.began_at,
                at=call.answered_at,
            )
        )
    return found


def number_of(call: Call, site: Site) -> str | None:
    """Return the outside number by which the list knows a call's customer: E.164, else as it came; None where it is withheld."""
    known = outside_number(call, site)
    if known is not None:
        return known
    caller = call.caller
    return None if caller is None or caller.kind is not PartyKind.OUTSIDE else caller.party


def _missed(call: Call, outcome: str, stage: str | None, number: str) -> Missed | None:
    if outcome not in MISSED or stage not in STAGES:
        return None
    stay = call.queues[-1] if call.queues else None
    extension = None
    if stay is None:
        wanted = [leg.party for leg in call.legs.values() if leg.was_dialled and leg.kind is PartyKind.EXTENSION]
        extension = next(iter(rang(call)), None) or next((party for party in wanted if party is not None), None)
        if extension is None:
            return None
    ended_at = call.ended_at or call.changed_at
    began = call.began_at if stay is None or stay.joined_at is None else stay.joined_at
    return Missed(
        call_id=call.call_id,
        pbx=call.pbx,
        tenant=call.tenant,
        number=number,
        caller_name=None if call.caller is None else call.caller.display,
        queue=None if stay is None else stay.queue,
        extension=extension,
        began_at=call.began_at,
        at=ended_at,
        waited_s=round(max(ended_at - began, 0.0), 3) if call.complete else None,
        outcome=outcome,
        stage=stage,
    )


def _is_inside(call: Call, party: str) -> bool:
    return any(leg.party == party and leg.kind is PartyKind.EXTENSION for leg in call.legs.values())


def follow(known: Iterable[Callback], news: Iterable[News], new_id: Callable[[float], CallbackId]) -> list[Callback]:
    """Return the entries that are new or another by this, as they are now. Told twice it changes nothing more.

    Args:
        known: All entries of the numbers and of the calls that the news are about.
        new_id: Makes the id of a new one, of a time in seconds since the epoch.
    """
    before = {entry.id: entry for entry in known}
    entries = dict(before)
    for each in news:
        match each:
            case Missed():
                _take_missed(entries, each, new_id)
            case Talked():
                _take_talked(entries, each)
            case Unmissed():
                _take_unmissed(entries, each)
            case _:
                assert_never(each)
    return [
        entry if entry.id not in before else msgspec.structs.replace(entry, version=entry.version + 1)
        for entry in entries.values()
        if before.get(entry.id) != entry
    ]


def _take_missed(entries: dict[CallbackId, Callback], missed: Missed, new_id: Callable[[float], CallbackId]) -> None:
    for entry in entries.values():
        if missed.call_id in entry.calls:
            if missed.call_id == entry.calls[-1] and (entry.outcome, entry.stage) != (missed.outcome, missed.stage):
                corrected = {"outcome": missed.outcome, "stage": missed.stage, "waited_s": missed.waited_s}
                entries[entry.id] = msgspec.structs.replace(entry, **corrected)
            return
    place = (missed.tenant, missed.pbx, missed.number, missed.queue, missed.extension)
    for entry in entries.values():
        if entry.waits and (entry.tenant, entry.pbx, entry.number, entry.queue, entry.extension) == place:
            last = missed.at >= entry.last_at
            newer = {"outcome": missed.outcome, "stage": missed.stage, "waited_s": missed.waited_s} if last else {}
            entries[entry.id] = msgspec.structs.replace(
                entry,
                calls=(*entry.calls, missed.call_id)[-MAX_CALLS:],
                first_at=min(entry.first_at, missed.at),
                last_at=max(entry.last_at, missed.at),
                caller_name=missed.caller_name or entry.caller_name,
                **newer,
            )
            return
    made = Callback(
        id=new_id(missed.at),
        tenant=missed.tenant,
        pbx=missed.pbx,
        number=missed.number,
        caller_name=missed.caller_name,
        queue=missed.queue,
        extension=missed.extension,
        calls=(missed.call_id,),
        first_at=missed.at,
        last_at=missed.at,
        waited_s=missed.waited_s,
        outcome=missed.outcome,
        stage=missed.stage,
    )
    entries[made.id] = made


def _take_talked(entries: dict[CallbackId, Callback], talked: Talked) -> None:
    for entry in entries.values():
        if entry.waits and (entry.tenant, entry.number) == (talked.tenant, talked.number) and talked.at > entry.last_at:
            entries[entry.id] = msgspec.structs.replace(
                entry, state=CallbackState.REACHED, closed_at=talked.at, closed_by=talked.by
            )


def _take_unmissed(entries: dict[CallbackId, Callback], unmissed: Unmissed) -> None:
    for entry in entries.values():
        if unmissed.call_id not in entry.calls or entry.outcome == PROMISED:
            continue
        calls = tuple(call for call in entry.calls if call != unmissed.call_id)
        gone = {} if calls or not entry.waits else {"state": CallbackState.WITHDRAWN, "closed_at": unmissed.at}
        entries[entry.id] = msgspec.structs.replace(entry, calls=calls, **gone)


def promised(call: Call, number: str, owner: Owner, note: str | None, new_id: Callable[[float], CallbackId]) -> Callback:
    """Return the entry of a caller to whom somebody said that he would be called."""
    stay = call.queues[-1] if call.queues else None
    return Callback(
        id=new_id(owner.at),
        tenant=call.tenant,
        pbx=call.pbx,
        number=number,
        caller_name=None if call.caller is None or call.caller.kind is not PartyKind.OUTSIDE else call.caller.display,
        queue=None if stay is None else stay.queue,
        extension=owner.extension if stay is None else None,
        calls=(call.call_id,),
        first_at=owner.at,
        last_at=owner.at,
        waited_s=None,
        outcome=PROMISED,
        stage=None,
        state=CallbackState.CLAIMED,
        owner=owner,
        note=note,
    )


def claimed(entry: Callback, owner: Owner) -> Callback:
    """Return the entry as this one's.

    Raises:
        CallbackTakenError: It is another's, or closed.
    """
    if entry.state is CallbackState.CLAIMED and entry.owner is not None and entry.owner.id == owner.id:
        return entry
    _check(entry, owner)
    return _next(entry, state=CallbackState.CLAIMED, owner=owner)


def assigned(entry: Callback, owner: Owner) -> Callback:
    """Return the entry as this one's, whoever had it before.

    Raises:
        CallbackTakenError: It is closed.
    """
    if entry.state is CallbackState.CLAIMED and entry.owner is not None and entry.owner.id == owner.id:
        return entry
    _check(entry, owner, of_others=True)
    return _next(entry, state=CallbackState.CLAIMED, owner=owner)


def released(entry: Callback, owner: Owner, *, of_others: bool) -> Callback:
    """Return the entry as nobody's.

    Args:
        of_others: He may take it from others.

    Raises:
        CallbackTakenError: It is another's, or closed.
    """
    if entry.state is CallbackState.OPEN:
        return entry
    _check(entry, owner, of_others=of_others)
    return _next(entry, state=CallbackState.OPEN, owner=None)


def done(entry: Callback, owner: Owner, note: str | None, *, of_others: bool) -> Callback:
    """Return the entry as done by this one; one that is done stays as it is.

    Raises:
        CallbackTakenError: It is another's, or closed otherwise.
    """
    if entry.state is CallbackState.DONE and entry.owner is not None and entry.owner.id == owner.id and entry.note == note:
        return entry
    _check(entry, owner, of_others=of_others)
    by = owner if entry.owner is None else entry.owner
    return _next(entry, state=CallbackState.DONE, owner=by, note=note, closed_at=owner.at, closed_by=owner.name)


def _check(entry: Callback, owner: Owner, *, of_others: bool = False) -> None:
    if not entry.waits:
        by = "" if entry.closed_by is None else f" by {entry.closed_by}"
        raise CallbackTakenError(f"it is closed: {entry.state}{by}")
    if entry.owner is not None and entry.owner.id != owner.id and not of_others:
        raise CallbackTakenError(f"{entry.owner.name} has taken it on")


def _next(entry: Callback, **changes: Any) -> Callback:
    return msgspec.structs.replace(entry, version=entry.version + 1, **changes)
