"""All CRMs of a gateway, as the API shows and uses them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from gateway.model.crm import CrmAbility, CrmContact, Made, NewContact, NewTicket
from gateway.model.errors import TielineError
from gateway.model.ids import CallId
from gateway.model.limits import Rate
from gateway.model.principals import Principal
from gateway.ports.crm import CallbackAnswer
from gateway.ports.crm_log import CrmCall


class UnknownCrmError(TielineError):
    """No CRM is called so; the text says which there are."""


class CrmAbilityError(TielineError):
    """The CRM's adapter cannot do it; the text says what it can."""


class CrmStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How one CRM stands."""

    name: str
    adapter: str
    abilities: frozenset[CrmAbility]
    quota: Rate | None
    waiting: int
    """Calls that there is something to tell of."""
    dead: int
    told: int
    """Since the gateway started."""
    failed: int
    away_since: float | None
    """Seconds since the epoch; None while it does what it is asked."""
    why: str | None
    """What went wrong last, while something does."""
    lookups: int
    lookups_at_hand: int


class CrmFigure(msgspec.Struct, frozen=True, kw_only=True):
    """How one CRM stands, for ``/metrics``; what is counted in the database is None while that does not answer."""

    name: str
    told: int
    """Since the gateway started, as :attr:`failed` and the lookups."""
    failed: int
    waiting: int | None
    dead: int | None
    oldest_s: float | None
    """Seconds since the first thing of which it was not told yet; 0 where nothing waits."""
    away: bool
    lookups: int
    lookups_at_hand: int


class Crms(Protocol):
    """Raises, where it fits: ``UnknownCrmError``, ``CrmAbilityError``, ``CrmError``, ``StoreUnavailableError``."""

    async def all(self) -> Sequence[CrmStanding]:
        """Return all by name."""

    async def check(self, crm: str) -> str:
        """Sign in there now; return what it is."""

    async def dead(self, crm: str, *, after: int, limit: int) -> Sequence[CrmCall]:
        """Return the calls that it is not told of any more, by position."""

    async def replay(self, crm: str, calls: Sequence[CallId] | None) -> int:
        """Tell it of dead ones again, these or all; return how many."""

    async def find(self, crm: str, number: str) -> Sequence[CrmContact]:
        """Return whom it knows with a number (E.164)."""

    async def matched(self, call_id: CallId) -> Sequence[Mapping[str, Any]]:
        """Return what all CRMs know of a live call's customer, as far as they have answered."""

    async def choose(self, crm: str, call_id: CallId, contact_id: str) -> CrmContact:
        """Let a call be this contact's, who is one of those that the CRM knows with its number.

        Raises:
            UnknownCrmError: It knows no such contact with that number.
        """

    async def make_contact(self, crm: str, new: NewContact, call_id: CallId | None, by: Principal) -> CrmContact:
        """Add somebody, for whoever asks; a call becomes his."""

    async def make_ticket(self, crm: str, new: NewTicket, by: Principal) -> Made:
        """Make a ticket, for whoever asks, of a call where ``new.call_id`` says of which."""

    async def called_back(self, crm: str, headers: Mapping[str, str], body: bytes) -> CallbackAnswer:
        """Let a CRM's adapter read what it sent us, and begin the call that it asks for."""
