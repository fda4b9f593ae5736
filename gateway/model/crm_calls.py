"""What a CRM is told of a call, and when: from a call as it stands to the one activity that the CRM keeps of it. Pure.

A call is told from its first ring; one that may still become a part of another only when it is clear that it stays one of its
own: a consultation is mostly folded into the customer's call.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec

from gateway.model.call_work import CallWork
from gateway.model.calls import Call
from gateway.model.crm import CallActivity, CallStage, ContactKind, CrmContact, CrmUser, RecordingLink
from gateway.model.customers import outside_number
from gateway.model.desk import consulted_about
from gateway.model.legs import PartyKind
from gateway.model.outcome import outcome_of, rang
from gateway.model.record import called_of, direction_of
from gateway.model.site import Site

SETTLE_S: Final = 3.0
"""Seconds after which it is clear that an ended consultation is not folded into another call: PBXs tell of a transfer after the
hang-ups that it makes."""
MAX_NOTE_CHARACTERS: Final = 30_000
"""Of all notes of a call together; what is more stays with us."""


class SeveralMatches(StrEnum):
    """Whose activity a call becomes when a CRM knows several with its number."""

    OWNER = "owner"
    """His who is looked after by the agent that talks; nobody's where that is not one."""
    LAST_CONTACT = "last_contact"
    """His whom the CRM had to do with last; nobody's where it does not tell."""
    ASK = "ask"
    """The agent's page asks; nobody's until he chose."""
    ALL = "all"
    """All are shown, and it is the first one's."""


class CrmRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one CRM is told."""

    internal: bool = False
    """Calls between extensions too, once they ended."""
    live: bool = True
    """From the first ring on; else when a call has ended, which costs a third of the requests."""
    owner: Literal["last", "first"] = "last"
    """Of several agents who talked with the customer, whose call it is."""
    several: SeveralMatches = SeveralMatches.OWNER
    recordings: Literal["none", "link", "upload"] = "link"
    language: Literal["en", "zh"] = "en"
    """In which it is told how calls were filed."""
    users: Mapping[Annotated[str, msgspec.Meta(min_length=1)], Annotated[str, msgspec.Meta(min_length=1)]] = {}
    """The CRM's users by extension (``"1001": anna@example.com``, a login, an e-mail address or an id), where the CRM does not
    know extensions."""


class Readiness(StrEnum):
    """Whether a CRM is told of a call."""

    NOW = "now"
    LATER = "later"
    """It is not clear yet what it becomes; the next event of it, or :data:`SETTLE_S`, will show."""
    NEVER = "never"
    FOLDED = "folded"
    """It is a part of another call now."""


def readiness_of(call: Call, site: Site, others: Iterable[Call], rules: CrmRules, *, told: bool, now: float) -> Readiness:
    """Tell whether a CRM is told of a call now.

    Args:
        call: As it is.
        site: What its numbers mean.
        others: The live calls of its PBX.
        rules: What this CRM wants.
        told: It was told of this one before: then it hears how it goes on.
        now: Seconds since the epoch, by the PBX's clock.
    """
    if call.merged_into is not None:
        return Readiness.FOLDED
    if told:
        return Readiness.NOW if call.ended or rules.live else Readiness.LATER
    direction = direction_of(call, site)
    if not call.ended and (not call.published or not rules.live or direction in (None, "internal")):
        return Readiness.LATER
    if direction is None or (direction == "internal" and not rules.internal):
        return Readiness.NEVER
    if direction != "outbound" and direction != "internal":
        return Readiness.NOW
    if direction == "outbound" and called_of(call, site, direction) is None:
        # The agent's own telephone rings or rang, and no customer's yet.
        return Readiness.NEVER if call.ended else Readiness.LATER
    if call.ended:
        settled = call.ended_at is None or now - call.ended_at >= SETTLE_S
        return Readiness.NOW if settled else Readiness.LATER
    caller = None if call.caller is None else call.caller.party
    asks = caller is not None and consulted_about(call, caller, others) is not None
    return Readiness.LATER if asks else Readiness.NOW


def stage_of(call: Call) -> CallStage:
    """Return how far a call has come."""
    if call.ended:
        return CallStage.ENDED
    return CallStage.ANSWERED if call.answered_by else CallStage.RINGING


def agent_of(call: Call, site: Site, rules: CrmRules) -> str | None:
    """Return the extension of the agent whose call it is."""
    inside = {leg.party for leg in call.legs.values() if leg.kind is PartyKind.EXTENSION}
    talked = [party for party in call.answered_by if party in inside]
    if direction_of(call, site) in ("outbound", "internal") and call.caller is not None and call.caller.party is not None:
        # Who called talked first.
        talked.insert(0, call.caller.party)
    if talked:
        return talked[0] if rules.owner == "first" else talked[-1]
    ringing = [leg.party for leg in call.legs.values() if leg.is_live and leg.kind is PartyKind.EXTENSION and leg.party]
    only = ringing or rang(call)
    return only[0] if len(set(only)) == 1 else None


def ringing_at(call: Call) -> list[str]:
    """Return the extensions at which it rings now, sorted."""
    legs = (leg for leg in call.legs.values() if leg.is_live and leg.kind is PartyKind.EXTENSION and leg.id != call.caller_leg)
    return sorted({leg.party for leg in legs if leg.party and leg.alerting_at is not None and leg.connected_at is None})


def activity_of(
    call: Call,
    site: Site,
    rules: CrmRules,
    *,
    contact: CrmContact | None,
    owner: CrmUser | None,
    names: Mapping[str, str],
    work: Sequence[CallWork] = (),
    dispositions: Mapping[str, str] | None = None,
    recording: RecordingLink | None = None,
) -> CallActivity:
    """Return a call as a CRM should know it.

    Args:
        contact: Who is on the customer's side, as far as the CRM knows.
        owner: Who has the extension of :func:`agent_of` there.
        names: People's by extension.
        work: What was written about it and about those that became part of it.
        dispositions: Their labels by id.
        recording: Where its sound is.
    """
    direction = direction_of(call, site)
    number = outside_number(call, site)
    caller = None if call.caller is None else call.caller.party
    called = called_of(call, site, direction)
    inbound = direction == "inbound"
    filed = max((each for each in work if each.disposition is not None), key=lambda each: each.disposed_at or 0.0, default=None)
    disposition = None if filed is None or filed.disposition is None else filed.disposition
    inside = {leg.party for leg in call.legs.values() if leg.kind is PartyKind.EXTENSION}
    return CallActivity(
        call_id=call.call_id,
        pbx=call.pbx,
        stage=stage_of(call),
        direction="internal" if direction == "internal" else "inbound" if inbound else "outbound",
        number=number or (caller if inbound else called),
        our_number=called if inbound else None,
        extension=agent_of(call, site, rules),
        # While it rings, each telephone more would be told for itself.
        rang=tuple(rang(call)) if call.ended else (),
        owner=owner,
        contact=contact,
        started_at=call.began_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        talk_s=call.known_talk_s,
        outcome=_outcome(call),
        queue=call.queues[-1].queue if call.queues else None,
        agents=tuple(names.get(party, party) for party in call.answered_by if party in inside),
        disposition=None if disposition is None else (dispositions or {}).get(disposition, disposition),
        note=_note([each for each in work if not is_transcript(each)]),
        transcript=_note([each for each in work if is_transcript(each)]),
        recording=recording,
    )


def is_transcript(work: CallWork) -> bool:
    """Tell whether an application wrote this of its talk with the caller, and no person."""
    return work.author.startswith("application:")


def _outcome(call: Call) -> str | None:
    if not call.ended:
        return None
    return "answered" if call.answered_at is not None or call.answered_by else outcome_of(call).outcome


def _note(work: Sequence[CallWork]) -> str | None:
    written = [each for each in work if each.note is not None]
    if len(written) == 1:
        return (written[0].note or "")[:MAX_NOTE_CHARACTERS] or None
    return "\n\n".join(f"{each.by}: {each.note}" for each in written)[:MAX_NOTE_CHARACTERS] or None


def chosen(contacts: Sequence[CrmContact], rules: CrmRules, *, owner: CrmUser | None, shared: bool = False) -> CrmContact | None:
    """Return whose call it is, of those whom a CRM knows with its number; None where that is not known.

    Args:
        owner: The agent, as the CRM knows him.
        shared: The number is known to be several people's: then it is the company's where there is one.
    """
    people = [each for each in contacts if each.kind is not ContactKind.COMPANY]
    companies = [each for each in contacts if each.kind is ContactKind.COMPANY]
    if shared:
        return companies[0] if len(companies) == 1 else None
    # A company and its one person with the same number: it is he who calls.
    wanted = people or companies
    # He was a lead, and is a contact now.
    wanted = [each for each in wanted if each.kind is not ContactKind.LEAD] or wanted
    if len(wanted) <= 1:
        return wanted[0] if wanted else None
    match rules.several:
        case SeveralMatches.OWNER:
            mine = [each for each in wanted if owner is not None and each.owner == owner.id]
            return mine[0] if len(mine) == 1 else None
        case SeveralMatches.LAST_CONTACT:
            last = max(wanted, key=lambda each: each.last_contact_at or 0.0)
            return last if last.last_contact_at is not None else None
        case SeveralMatches.ASK:
            return None
        case SeveralMatches.ALL:
            return wanted[0]


def user_at(extension: str | None, users: Sequence[CrmUser], rules: CrmRules, *, known_as: Sequence[str] = ()) -> CrmUser | None:
    """Return the CRM's user who sits at an extension: as configured, else by the CRM's own extension, else by his names with us.

    Args:
        known_as: Login and e-mail address of who sits there, with us.
    """
    if extension is None:
        return None
    configured = rules.users.get(extension)
    if configured is not None:
        return next((user for user in users if configured in (user.id, user.login, user.email)), None)
    by_extension = [user for user in users if user.extension == extension]
    if by_extension:
        return by_extension[0]
    names = {name.casefold() for name in known_as if name}
    return next((user for user in users if names & {(user.login or "").casefold(), (user.email or "").casefold()}), None)
