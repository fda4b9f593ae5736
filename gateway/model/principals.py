"""Who asks: a program or a person, and what they may do."""

from enum import StrEnum
from typing import Final

import msgspec

from gateway.model.ids import DEFAULT_TENANT, PbxName, Tenant


class Scope(StrEnum):
    """One thing that may be allowed."""

    CALLS_READ = "calls:read"
    CALLS_PLACE = "calls:place"
    CALLS_CONTROL = "calls:control"
    CALLS_LISTEN = "calls:listen"
    """Listen in, whisper, barge in."""
    EVENTS_READ = "events:read"
    AGENTS_READ = "agents:read"
    AGENTS_CONTROL = "agents:control"
    QUEUES_READ = "queues:read"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"
    RECORDINGS_READ = "recordings:read"
    """See and hear them; each hearing is written down."""
    RECORDINGS_MANAGE = "recordings:manage"
    """Delete them, and have them fetched again."""
    WEBHOOKS_MANAGE = "webhooks:manage"
    CRMS_MANAGE = "crms:manage"
    """See how CRMs stand, and tell them again what they did not take."""
    TOKENS_MANAGE = "tokens:manage"
    USERS_MANAGE = "users:manage"
    DESK_MANAGE = "desk:manage"
    """Change the list by which calls are filed."""
    AUDIT_READ = "audit:read"
    SYSTEM_READ = "system:read"
    """The PBXs' connections, figures, alarms."""


class Role(StrEnum):
    """By which number rules are chosen."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    PARTNER = "partner"


ALL_SCOPES: Final = frozenset(Scope)


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who made a request."""

    id: str
    """Unique and lasting: what an audit names."""
    name: str
    """For people."""
    role: Role
    scopes: frozenset[Scope]
    extension: str | None = None
    """The one device whose calls it may place and control, and whose it is; None does not bind it to one."""
    pbx: PbxName | None = None
    """Where the extension is; None leaves that open."""
    may_act_for_others: bool = False
    """Whether the extension is only his own, and others' devices may be meant as well."""
    presses_for_callers: bool = False
    """Whether it may press keys in a caller's place: an application that talks with him, for the menu of his PBX."""
    sees_own_only: bool = False
    """Whether it is shown and told only what concerns its own extension and the queues that this serves."""
    login: str | None = None
    """What a person signs in with; None for a program."""
    session: str | None = None
    """Id of the session in which a person is signed in; None for a program."""
    tenant: Tenant = DEFAULT_TENANT

    @property
    def addresses(self) -> frozenset[str]:
        """By what a customer is given to him, and to nobody else: his extension, his login."""
        return frozenset(each for each in (self.extension, self.login) if each is not None)

    def may(self, scope: Scope) -> bool:
        """Tell whether this is allowed."""
        return scope in self.scopes


NOBODY: Final = Principal(id="nobody", name="nobody", role=Role.AGENT, scopes=frozenset())
"""Who shows nothing."""
