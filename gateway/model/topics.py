"""Which events somebody may hear: what a subscription may ask for, by the scopes of the one who asks."""

from collections.abc import Sequence
from typing import Final

from gateway.model.principals import Principal, Scope

EVERYTHING: Final = "*"
"""The topic of all events."""

SCOPES: Final = {
    "agent": Scope.AGENTS_READ,
    "call": Scope.CALLS_READ,
    "command": Scope.CALLS_READ,
    "customer": Scope.CUSTOMERS_READ,
    "gateway": Scope.EVENTS_READ,
    "queue": Scope.QUEUES_READ,
    "recording": Scope.RECORDINGS_READ,
    "session": Scope.CALLS_READ,
}
"""What it takes to hear of each subject, the first word of an event's type, beside ``events:read`` for the stream itself."""


def missing(topics: Sequence[str], principal: Principal) -> Scope | None:
    """Return the first scope that these topics take and the principal has not; None when he may hear them all.

    Everything takes no more than the stream itself: it is what he may hear, see :func:`allowed`.
    """
    wanted = [Scope.EVENTS_READ, *(SCOPES.get(topic.partition(".")[0], Scope.EVENTS_READ) for topic in topics)]
    return next((scope for scope in wanted if not principal.may(scope)), None)


def allowed(topics: Sequence[str], principal: Principal) -> tuple[str, ...]:
    """Return the topics with everything narrowed to the subjects that the principal may hear of."""
    if EVERYTHING not in topics or all(principal.may(scope) for scope in SCOPES.values()):
        return tuple(topics)
    return tuple(subject for subject, scope in SCOPES.items() if principal.may(scope))
