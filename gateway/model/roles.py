"""What people may do, by their role. Programs have scopes of their own: see :mod:`gateway.model.tokens`."""

from collections.abc import Mapping
from typing import Final

from gateway.model.principals import ALL_SCOPES, Role, Scope

_AGENT: Final = frozenset(
    {
        Scope.CALLS_READ,
        Scope.CALLS_PLACE,
        Scope.CALLS_CONTROL,
        Scope.EVENTS_READ,
        Scope.AGENTS_READ,
        Scope.AGENTS_CONTROL,
        Scope.QUEUES_READ,
        Scope.CUSTOMERS_READ,
        Scope.CUSTOMERS_WRITE,
    }
)
_SUPERVISOR: Final = _AGENT | {Scope.CALLS_LISTEN, Scope.RECORDINGS_READ, Scope.SYSTEM_READ}
_PARTNER: Final = frozenset(
    {
        Scope.CALLS_READ,
        Scope.EVENTS_READ,
        Scope.AGENTS_READ,
        Scope.QUEUES_READ,
        Scope.SYSTEM_READ,
        Scope.WEBHOOKS_MANAGE,
        Scope.CRMS_MANAGE,
    }
)

SCOPES_OF: Final[Mapping[Role, frozenset[Scope]]] = {
    Role.AGENT: _AGENT,
    Role.SUPERVISOR: _SUPERVISOR,
    Role.ADMIN: ALL_SCOPES,
    Role.PARTNER: _PARTNER,
}
"""An agent's are narrowed to his own telephone and queues besides. Who joins systems for the company (a partner) sees that calls
come and go, and none of what is known of its customers."""
