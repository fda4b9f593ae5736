"""What a subscription may ask for: types of events, and whom or what they are about; and what it takes to hear them.

A topic is a type or the beginning of one up to a dot (``call``, ``call.ended``), ``*``, or a subject: ``extension:1001`` (calls
in which it has or had a leg, its agent's state), ``agent:Alice``, ``queue:support``, ``call:01M81G2HX26T1BW0K9REE1GTYE``.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from gateway.model.calls import Call
from gateway.model.ids import CallId
from gateway.model.legs import PartyKind
from gateway.model.principals import Principal, Scope

EVERYTHING: Final = "*"
"""The topic of all events."""

SCOPES: Final = {
    "agent": Scope.AGENTS_READ,
    "call": Scope.CALLS_READ,
    "callback": Scope.CALLS_READ,
    "command": Scope.CALLS_READ,
    "conversation": Scope.CALLS_READ,
    "customer": Scope.CUSTOMERS_READ,
    "gateway": Scope.EVENTS_READ,
    "mailbox": Scope.AGENTS_READ,
    "queue": Scope.QUEUES_READ,
    "recording": Scope.RECORDINGS_READ,
    "session": Scope.CALLS_READ,
}
"""What it takes to hear of each subject, the first word of an event's type, beside ``events:read`` for the stream itself."""
SUBJECT_SCOPES: Final = {
    "agent": Scope.AGENTS_READ,
    "call": Scope.CALLS_READ,
    "extension": Scope.CALLS_READ,
    "queue": Scope.QUEUES_READ,
}
"""What it takes to ask for all that happens to one of these: ``queue:support``."""
ABOUT_CUSTOMERS: Final = frozenset({"call.customer_identified"})
"""Types that tell of a customer though they are about a call: they take ``customers:read`` besides."""
_NAMED_IN: Final = (("extension", "extension"), ("agent", "agent"), ("queue", "queue"), ("call_id", "call"))
"""Fields of an event's data that name a subject, and of which kind."""


def missing(topics: Sequence[str], principal: Principal) -> Scope | None:
    """Return the first scope that these topics take and the principal has not; None when he may hear them all.

    Everything takes no more than the stream itself: it is what he may hear, see :func:`allowed`.
    """
    wanted = [Scope.EVENTS_READ, *map(_scope_of, topics)]
    return next((scope for scope in wanted if not principal.may(scope)), None)


def _scope_of(topic: str) -> Scope:
    kind, colon, _ = topic.partition(":")
    if colon:
        return SUBJECT_SCOPES.get(kind, Scope.EVENTS_READ)
    return SCOPES.get(topic.partition(".")[0], Scope.EVENTS_READ)


def allowed(topics: Sequence[str], principal: Principal) -> tuple[str, ...]:
    """Return the topics with everything narrowed to the subjects that the principal may hear of."""
    if EVERYTHING not in topics or all(principal.may(scope) for scope in SCOPES.values()):
        return tuple(topics)
    return tuple(subject for subject, scope in SCOPES.items() if principal.may(scope))


def audible(principal: Principal) -> frozenset[str] | None:
    """Return the first words of the types that the principal may hear, whatever he asks for; None is all."""
    if all(principal.may(scope) for scope in SCOPES.values()):
        return None
    return frozenset(subject for subject, scope in SCOPES.items() if principal.may(scope))


@lru_cache(maxsize=1_000)
def topics_of_type(kind: str) -> tuple[str, ...]:
    """Return the topics that an event of this type is told to, subjects apart."""
    words = kind.split(".")
    return (EVERYTHING, *(".".join(words[:count]) for count in range(1, len(words) + 1)))


def subjects_of_call(call: Call) -> tuple[str, ...]:
    """Return what an event of this call is about, as topics: the call, its extensions, agents and queues until now."""
    found = {f"call:{call.call_id}": None}
    for leg in call.legs.values():
        if leg.kind is PartyKind.EXTENSION and leg.party is not None:
            found[f"extension:{leg.party}"] = None
    for agent in call.agents:
        found[f"agent:{agent.agent}"] = None
    for stay in call.queues:
        found[f"queue:{stay.queue}"] = None
    return tuple(found)


def subjects_of_data(call_id: CallId | None, data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what an event is about that is none of a call's own, as topics."""
    found = {} if call_id is None else {f"call:{call_id}": None}
    for field, kind in _NAMED_IN:
        if isinstance(name := data.get(field), str):
            found[f"{kind}:{name}"] = None
    for queue in data.get("queues") or ():
        if isinstance(queue, str):
            found[f"queue:{queue}"] = None
    return tuple(found)
