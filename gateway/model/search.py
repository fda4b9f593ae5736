"""How calls are searched for: by when, how they came out, and who and what had a part in them."""

from typing import Final

import msgspec

from gateway.model.calls import Call
from gateway.model.legs import PartyKind
from gateway.model.numbers import e164
from gateway.model.outcome import outcome_of
from gateway.model.record import called_of, caller_name_of, direction_of
from gateway.model.site import Site


class CallSearch(msgspec.Struct, frozen=True, kw_only=True):
    """What a call must be; a condition that is None is none."""

    since: float | None = None
    """Began then or later; seconds since the epoch."""
    until: float | None = None
    """Began before."""
    direction: str | None = None
    outcome: str | None = None
    """Of an ended call."""
    terms: tuple[frozenset[str], ...] = ()
    """Of each of these sets at least one must be among the call's terms, see :func:`terms_of`."""
    name: str | None = None
    """Is in the caller's name, whichever letters are capital; or the call has one of these terms:"""
    named: frozenset[str] = frozenset()
    """Of customers' numbers who are called so."""


ANY_CALL: Final = CallSearch()
_QUEUE: Final = "queue:"
NAME: Final = "name:"
"""What the term of a caller's name begins with."""


def number_term(number: str) -> str:
    """Return the term of calls in which this number has a part, as it is written or in E.164."""
    return f"number:{number}"


def extension_term(extension: str) -> str:
    """Return the term of calls in which this extension had a leg."""
    return f"extension:{extension}"


def agent_term(agent: str) -> str:
    """Return the term of calls that a queue gave to this agent."""
    return f"agent:{agent}"


def queue_term(queue: str) -> str:
    """Return the term of calls that were in this queue."""
    return f"{_QUEUE}{queue}"


def name_term(name: str) -> str:
    """Return the term of calls whose caller shows this name."""
    return f"{NAME}{name.casefold()}"


def is_queue_term(term: str) -> bool:
    """Tell whether a term is a queue's."""
    return term.startswith(_QUEUE)


def terms_of(call: Call, site: Site) -> frozenset[str]:
    """Return all by which a call is found."""
    numbers = {called_of(call, site, direction_of(call, site))}
    found = {agent_term(agent.agent) for agent in call.agents} | {queue_term(stay.queue) for stay in call.queues}
    for leg in call.legs.values():
        if leg.kind is PartyKind.EXTENSION and leg.party is not None:
            found.add(extension_term(leg.party))
        elif leg.is_party:
            numbers.add(leg.party)
    name = caller_name_of(call.caller)
    if name is not None:
        found.add(name_term(name))
    for number in numbers:
        if number:
            found |= {number_term(each) for each in (number, e164(number, site)) if each}
    return frozenset(found)


def matches(call: Call, site: Site, search: CallSearch) -> bool:
    """Tell whether a call is one that is searched for."""
    if search.since is not None and call.began_at < search.since:
        return False
    if search.until is not None and call.began_at >= search.until:
        return False
    if search.direction is not None and direction_of(call, site) != search.direction:
        return False
    if search.outcome is not None and not (call.ended and outcome_of(call).outcome == search.outcome):
        return False
    if not search.terms and search.name is None:
        return True
    terms = terms_of(call, site)
    return not any(terms.isdisjoint(wanted) for wanted in search.terms) and _is_named(terms, search)


def _is_named(terms: frozenset[str], search: CallSearch) -> bool:
    if search.name is None or not terms.isdisjoint(search.named):
        return True
    words = search.name.casefold()
    return any(words in term[len(NAME) :] for term in terms if term.startswith(NAME))
