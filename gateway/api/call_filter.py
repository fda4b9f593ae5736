"""What a list of calls may be narrowed to: by those who ask, and by what they may see."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from gateway.api.problems import bad_parameter
from gateway.api.records import Direction, OutcomeName
from gateway.model.errors import TooManyCustomersError
from gateway.model.ids import PbxName
from gateway.model.numbers import e164
from gateway.model.search import CallSearch, agent_term, extension_term, number_term, queue_term
from gateway.model.sight import Sight
from gateway.session.pbx_state import PbxState
from gateway.session.people import People

_PLUS: Final = re.compile(r" (?=\d\d:\d\d$)")

_Word = Annotated[str, Meta(min_length=1, max_length=100)]
_Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
_Pbx = Annotated[str | None, Meta(description="Only this PBX's.")]


class CallFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a call must be; what is left out is no condition."""

    pbx: _Pbx = None
    since: Annotated[_Moment | None, Meta(description="Calls that began then or later, with a time zone.")] = None
    until: Annotated[_Moment | None, Meta(description="Calls that began before, with a time zone.")] = None
    direction: Direction | None = None
    outcome: Annotated[OutcomeName | None, Meta(description="Of ended calls.")] = None
    queue: Annotated[_Word | None, Meta(description="Calls that were in this queue.")] = None
    extension: Annotated[_Word | None, Meta(description="Calls in which this extension had a leg.")] = None
    agent: Annotated[_Word | None, Meta(description="Calls that a queue gave to this agent.")] = None
    number: Annotated[_Word | None, Meta(description="Calls with this outside number, in E.164 or as the PBX sent it.")] = None
    name: Annotated[
        _Word | None,
        Meta(
            description="Calls whose caller shows a name with this in it; for those who may read customers, also calls with the "
            "number of a customer whose name, company or external id has it."
        ),
    ] = None


async def named(wanted: CallFilter, people: People | None) -> frozenset[str]:
    """Return the numbers of customers who are called as the calls' callers shall be; of none where it does not matter.

    Args:
        people: None for somebody who may not read customers.

    Raises:
        ApiError: There are too many.
    """
    if wanted.name is None or people is None:
        return frozenset()
    try:
        return await people.numbers_of(wanted.name)
    except TooManyCustomersError as error:
        raise bad_parameter("name", f"{error}: write more of it") from error


def search_of(wanted: CallFilter, states: Sequence[PbxState], numbers: frozenset[str] = frozenset()) -> CallSearch:
    """Return what a call must be; a national number is read as each of the PBXs reads it.

    Args:
        numbers: What :func:`named` has found.
    """
    terms = []
    if wanted.queue is not None:
        terms.append(frozenset({queue_term(wanted.queue)}))
    if wanted.extension is not None:
        terms.append(frozenset({extension_term(wanted.extension)}))
    if wanted.agent is not None:
        terms.append(frozenset({agent_term(wanted.agent)}))
    if wanted.number is not None:
        # In an address a plus is a space, unless it is written as %2B.
        number = wanted.number.replace(" ", "+", 1) if wanted.number.startswith(" ") else wanted.number
        read = (e164(number, state.site) for state in states)
        terms.append(frozenset({number_term(number), *(number_term(number) for number in read if number is not None)}))
    return CallSearch(
        since=_moment("since", wanted.since),
        until=_moment("until", wanted.until),
        direction=wanted.direction,
        outcome=wanted.outcome,
        terms=tuple(terms),
        name=wanted.name,
        named=frozenset(map(number_term, numbers)),
    )


def _moment(name: str, text: str | None) -> float | None:
    """Return seconds since the epoch."""
    if text is None:
        return None
    try:
        # In an address a plus is a space, unless it is written as %2B.
        moment: datetime = msgspec.convert(_PLUS.sub("+", text), Annotated[datetime, Meta(tz=True)])
    except msgspec.ValidationError as error:
        raise bad_parameter(name, f"{text!r} is no time with a time zone, such as 2026-11-22T08:00:00Z") from error
    return moment.timestamp()


def narrowed(search: CallSearch, sight: Sight | None) -> CallSearch:
    """Return the search for ended calls that somebody sees: those of his telephone."""
    if sight is None:
        return search
    return msgspec.structs.replace(search, terms=(*search.terms, frozenset({extension_term(sight.extension or "")})))


def pbxs_of(wanted: CallFilter, sight: Sight | None) -> list[PbxName] | None:
    """Return the PBXs whose ended calls are meant; None is all."""
    named = None if wanted.pbx is None else [PbxName(wanted.pbx)]
    if sight is None:
        return named
    return [pbx for pbx in (sight.pbx,) if pbx is not None and named in (None, [pbx])]
