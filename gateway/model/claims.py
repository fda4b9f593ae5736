"""Who is who: claims that an identity is a customer's, and what follows from them.

What is stored are claims alone; which customers are one person is computed from those that stand. So it can be said why two
are one, and revoking a claim takes back all that followed from it.
"""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Final, NewType

import msgspec

CustomerId = NewType("CustomerId", str)
"""A ULID. Several may be of one person: then the first of them is that person's."""
ClaimId = NewType("ClaimId", str)
"""A ULID."""


class IdentityKind(StrEnum):
    PHONE = "phone"
    """A number in E.164."""
    WECHAT = "wechat"
    """An OpenID."""
    APP = "app"
    """An account of the company's own app or site."""
    EMAIL = "email"
    WEB = "web"
    """A visitor's browser."""
    CUSTOMER = "customer"
    """Another customer's id: the two are one."""


class Evidence(StrEnum):
    """How well a claim is founded, the strongest first."""

    ATTESTED = "attested"
    """The person proved it: signed in, or typed the code that was sent there."""
    CRM = "crm"
    """A CRM or a list of contacts says so."""
    TYPED = "typed"
    """Somebody typed it."""
    CALLER_ID = "caller_id"
    """A call showed it, which anybody can forge."""


STRENGTH: Final[Mapping[Evidence, int]] = {evidence: -place for place, evidence in enumerate(Evidence)}
"""The larger the stronger."""

PERSONAL: Final = frozenset({IdentityKind.WECHAT, IdentityKind.APP})
"""Kinds that belong to one person by their nature; telephones, mailboxes and browsers are shared in families and offices."""


class Identity(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """Under which a person appears on a channel."""

    kind: IdentityKind
    value: str
    """In one form: a number in E.164, an e-mail address in lower case."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's word that an identity is a customer's. It is never changed, only revoked."""

    id: ClaimId
    customer: CustomerId
    identity: Identity
    evidence: Evidence
    at: float
    """Seconds since the epoch."""
    by: str
    """Who says so: a person, a program, a file."""
    label: str | None = None
    """Of a number, say: ``mobile``."""
    revoked_at: float | None = None
    revoked_by: str | None = None

    @property
    def stands(self) -> bool:
        """Whether it was not revoked."""
        return self.revoked_at is None


class Joint(msgspec.Struct, frozen=True, kw_only=True):
    """Why two customers are one."""

    first: CustomerId
    second: CustomerId
    claims: tuple[ClaimId, ...]
    """Revoking any of them takes this reason away."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Customers that are one person."""

    customers: tuple[CustomerId, ...]
    """The eldest first: its id is the person's."""
    joints: tuple[Joint, ...] = ()
    """All that holds them together, each reason by itself: they part when none that connects them is left."""


def groups(customers: Iterable[CustomerId], claims: Iterable[Claim], shared: Collection[Identity] = ()) -> list[Group]:
    """Return these customers by person, the eldest person first.

    Two customers are one where a claim says so in words (kind ``customer``), or where both proved the same personal account
    and it is not declared to be shared. A number that several customers have never makes them one.
    """
    leader: dict[CustomerId, CustomerId] = {customer: customer for customer in customers}

    def find(customer: CustomerId) -> CustomerId:
        while leader[customer] != customer:
            leader[customer] = leader[leader[customer]]
            customer = leader[customer]
        return customer

    joints = [joint for joint in _joints(claims, shared) if joint.first in leader and joint.second in leader]
    for joint in joints:
        one, other = sorted((find(joint.first), find(joint.second)))
        leader[other] = one
    members: dict[CustomerId, list[CustomerId]] = {}
    for customer in sorted(leader):
        members.setdefault(find(customer), []).append(customer)
    reasons: dict[CustomerId, list[Joint]] = {}
    for joint in joints:
        reasons.setdefault(find(joint.first), []).append(joint)
    return [Group(customers=tuple(each), joints=tuple(reasons.get(first, ()))) for first, each in members.items()]


def joins(claim: Claim) -> bool:
    """Tell whether a claim can make two customers one."""
    return claim.stands and (
        claim.identity.kind is IdentityKind.CUSTOMER or (claim.identity.kind in PERSONAL and claim.evidence is Evidence.ATTESTED)
    )


def _joints(claims: Iterable[Claim], shared: Collection[Identity]) -> list[Joint]:
    found: list[Joint] = []
    accounts: dict[Identity, dict[CustomerId, Claim]] = {}
    for claim in sorted(filter(joins, claims), key=lambda claim: claim.id):
        if claim.identity.kind is IdentityKind.CUSTOMER:
            other = CustomerId(claim.identity.value)
            found.append(Joint(first=claim.customer, second=other, claims=(claim.id,)))
        elif claim.identity not in shared:
            accounts.setdefault(claim.identity, {}).setdefault(claim.customer, claim)
    for of_account in accounts.values():
        # Each with each, so that revoking one claim leaves the others together.
        several = list(of_account.values())
        found += [
            Joint(first=one.customer, second=other.customer, claims=(one.id, other.id))
            for place, one in enumerate(several)
            for other in several[place + 1 :]
        ]
    return found
