"""Finds out who is who: the person that entries are of, and who is behind a number.

Another program may write to the store too (an import): what was looked up is believed for some seconds only.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from gateway.model.claims import PERSONAL, Claim, ClaimId, CustomerId, Identity, IdentityKind, groups, joins
from gateway.model.customers import Match, Person, is_found_by, match_of, person_of
from gateway.model.errors import TooManyCustomersError, UnknownCustomerError
from gateway.model.ids import Tenant
from gateway.ports.customers import CustomerStore

REMEMBERED: Final = 4_096
"""Identities whose match is remembered, nobody's too; about 2 kB each."""
BELIEVED_S: Final = 30.0
"""Seconds for which a match is believed, for another program may change it."""
MAX_FOUND: Final = 500
"""Customers of whose numbers calls are searched for at once."""
MAX_ENTRIES: Final = 200
"""Entries of one person, and customers on one identity, that are looked at: more have come about by mistake."""


class People:
    """One tenant's customers, as they are now.

    Args:
        store: Where what is known of them is kept.
        tenant: Whose customers they are.
        now: Seconds since the epoch.
    """

    def __init__(self, store: CustomerStore, tenant: Tenant, *, now: Callable[[], float]) -> None:
        self._store = store
        self._tenant = tenant
        self._now = now
        self._matches: OrderedDict[Identity, tuple[float, Match]] = OrderedDict()
        self._changes = 0
        self._notes: dict[CustomerId, int] = {}

    def forget(self) -> None:
        """Something was changed: believe nothing that was looked up before."""
        self._changes += 1
        self._matches.clear()

    def noted(self, customer: CustomerId) -> None:
        """Something was written about a person; who he is did not change."""
        self._notes[customer] = self._notes.get(customer, 0) + 1
        if len(self._notes) > REMEMBERED:
            self._notes.clear()
            self._changes += 1

    def version(self, customer: CustomerId | None) -> tuple[int, int]:
        """Return what is another after each change of customers, and after each note on this one."""
        return self._changes, 0 if customer is None else self._notes.get(customer, 0)

    def remembers(self, identity: Identity) -> bool:
        """Tell whether who is behind this was looked up lately, and nothing has changed since."""
        known = self._matches.get(identity)
        return known is not None and known[0] > self._now()

    async def behind(self, identity: Identity) -> Match:
        """Return who may be behind an identity."""
        known = self._matches.get(identity)
        if known is not None and known[0] > self._now():
            self._matches.move_to_end(identity)
            return known[1]
        changes = self._changes
        claims = await self._store.claims_on(self._tenant, [identity])
        owners = list(dict.fromkeys(claim.customer for claim in claims))[:MAX_ENTRIES]
        persons = await self.persons(owners) if owners else []
        shared = bool(await self._store.shared(self._tenant, [identity]))
        match = match_of(identity, persons, shared=shared)
        if changes == self._changes:  # what was read before a change must not be remembered after it
            self._matches[identity] = (self._now() + BELIEVED_S, match)
            self._matches.move_to_end(identity)
            while len(self._matches) > REMEMBERED:
                self._matches.popitem(last=False)
        return match

    async def persons(self, customers: Iterable[CustomerId]) -> list[Person]:
        """Return the persons that these entries are of, each once, the eldest first."""
        claims: dict[ClaimId, Claim] = {}
        found: set[CustomerId] = set()
        todo = set(customers)
        while todo and len(found) <= max(MAX_ENTRIES, len(todo)):
            found |= todo
            news = {claim.id: claim for claim in await self._store.claims_of(self._tenant, todo)}
            accounts = {claim.identity for claim in news.values() if joins(claim) and claim.identity.kind in PERSONAL}
            if accounts:
                news |= {claim.id: claim for claim in await self._store.claims_on(self._tenant, accounts)}
            claims |= news
            ends = {CustomerId(claim.identity.value) for claim in news.values() if _says_same(claim)}
            todo = (ends | {claim.customer for claim in news.values() if joins(claim)}) - found
        entries = {entry.id: entry for entry in await self._store.entries(self._tenant, found)}
        accounts = {claim.identity for claim in claims.values() if claim.identity.kind in PERSONAL}
        shared = {each.identity for each in await self._store.shared(self._tenant, accounts)} if accounts else set()
        of_all = groups(entries, claims.values(), shared)
        return [person_of(group, entries, claims.values()) for group in of_all]

    async def person(self, customer: CustomerId) -> Person:
        """Return the person that has this id, or had it before he was merged.

        Raises:
            UnknownCustomerError: There is none.
        """
        for person in await self.persons([customer]):
            if customer in person.customers:
                return person
        raise UnknownCustomerError(f"there is no customer {customer}")

    async def numbers_of(self, words: str) -> frozenset[str]:
        """Return the telephone numbers of those whom a search for these words finds.

        Raises:
            TooManyCustomersError: They are more than :data:`MAX_FOUND`.
        """
        persons, more = await self.page(words=words, after=None, limit=MAX_FOUND)
        if more is not None:
            raise TooManyCustomersError(f"more than {MAX_FOUND} customers are found by {words!r}")
        return frozenset(number for person in persons for number in person.numbers)

    async def page(self, *, words: str | None, after: CustomerId | None, limit: int) -> tuple[list[Person], CustomerId | None]:
        """Return the next persons by their entries' ids, and after which entry the page after it begins; None on the last."""
        entries = await self._store.page(self._tenant, words=words, after=after, limit=limit + 1)
        page, more = entries[:limit], len(entries) > limit
        persons = {customer: person for person in await self.persons([each.id for each in page]) for customer in person.customers}
        elders = {customer for person in persons.values() for customer in person.customers[:-1]}
        matching = {
            entry.id
            for entry in (await self._store.entries(self._tenant, elders) if elders else [])
            if words is None or is_found_by(entry, words)
        }
        # A person of several entries stands where the first of them does that is found.
        shown = [
            persons[entry.id]
            for entry in page
            if entry.id in persons and not any(each < entry.id for each in persons[entry.id].customers if each in matching)
        ]
        return shown, page[-1].id if more else None


def _says_same(claim: Claim) -> bool:
    return claim.stands and claim.identity.kind is IdentityKind.CUSTOMER
