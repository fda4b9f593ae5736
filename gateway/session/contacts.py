"""Takes lists of contacts over into customers: once or a hundred times, the result is the same."""

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import count

import msgspec

from gateway.model.claims import Claim, ClaimId, CustomerId, Evidence, Identity
from gateway.model.contacts import Contact
from gateway.model.customers import Customer
from gateway.model.ids import TAIL_BYTES, Tenant, ulid
from gateway.ports.customers import CustomerChange, CustomerStore


class Imported(msgspec.Struct, kw_only=True):
    """What became of contacts."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


class ContactImport:
    """Takes contacts over, some at once.

    A contact is the entry with the same external id, else the one that has one of its identities and the same name. It says of
    it what it has; what it does not have stays. A claim that somebody revoked is not made again.

    Args:
        store: Where they go.
        tenant: Whose they are.
        source: What the claims are said by, such as ``file contacts.csv``.
        now: Seconds since the epoch.
        random_bytes: Gives so many bytes that nobody can foresee, for ids.
    """

    def __init__(
        self,
        store: CustomerStore,
        tenant: Tenant,
        source: str,
        *,
        now: Callable[[], float],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._store = store
        self._tenant = tenant
        self._source = source
        self._now = now
        # Those of a list sort as its lines do.
        self._tails = count(int.from_bytes(random_bytes(TAIL_BYTES), "big") >> 1)
        self.imported = Imported()

    async def take(self, contacts: Collection[Contact], *, dry_run: bool = False) -> None:
        """Take these over in one transaction; with ``dry_run`` only count what would become of them.

        Raises:
            StoreUnavailableError: The database does not answer: nothing of these was taken over.
        """
        desk = await self._desk(contacts)
        for contact in contacts:
            self._count(desk.take(contact))
        if not dry_run and (desk.changed or desk.made):
            await self._store.put(self._tenant, CustomerChange(entries=list(desk.changed.values()), claims=desk.made))

    def _count(self, result: str) -> None:
        setattr(self.imported, result, getattr(self.imported, result) + 1)

    async def _desk(self, contacts: Collection[Contact]) -> "_Desk":
        """Return what is known of all that these contacts may be."""
        external_ids = {contact.external_id for contact in contacts if contact.external_id is not None}
        entries = {entry.id: entry for entry in await self._store.by_external_id(self._tenant, external_ids)}
        known = {entry.external_id for entry in entries.values()}
        unknown = (contact for contact in contacts if contact.external_id not in known)
        identities = {identity for contact in unknown for identity, _ in contact.identities}
        owners = {claim.customer for claim in await self._store.claims_on(self._tenant, identities)} - entries.keys()
        if owners:
            entries |= {entry.id: entry for entry in await self._store.entries(self._tenant, owners)}
        claims = await self._store.claims_of(self._tenant, entries.keys()) if entries else []
        return _Desk(entries.values(), claims, self._source, self._now(), self._id)

    def _id(self) -> str:
        return ulid(self._now(), next(self._tails).to_bytes(TAIL_BYTES, "big"))


class _Desk:
    """Entries and claims around some contacts, and what changes of them."""

    def __init__(
        self, entries: Iterable[Customer], claims: Sequence[Claim], source: str, now: float, new_id: Callable[[], str]
    ) -> None:
        self._entries = {entry.id: entry for entry in entries}
        self._by_external_id = {entry.external_id: entry.id for entry in self._entries.values() if entry.external_id}
        self._claimed: dict[CustomerId, set[Identity]] = {}
        self._owners: dict[Identity, list[CustomerId]] = {}
        for claim in claims:
            if claim.customer in self._entries:
                if claim.stands or claim.evidence is Evidence.CRM:
                    self._claimed.setdefault(claim.customer, set()).add(claim.identity)
                if claim.stands:
                    self._owners.setdefault(claim.identity, []).append(claim.customer)
        self._source = source
        self._now = now
        self._new_id = new_id
        self.changed: dict[CustomerId, Customer] = {}
        self.made: list[Claim] = []

    def take(self, contact: Contact) -> str:
        """Take a contact over; return ``added``, ``changed`` or ``unchanged``."""
        known = self._find(contact)
        before = Customer(id=CustomerId(self._new_id()), created_at=self._now, changed_at=0.0) if known is None else known
        said = {
            "name": contact.name,
            "company": contact.company,
            "language": contact.language,
            "vip": contact.vip,
            "tags": tuple(dict.fromkeys((*before.tags, *contact.tags))),
            "external_id": contact.external_id,
        }
        after = msgspec.structs.replace(before, **{name: value for name, value in said.items() if value is not None})
        claimed = self._claimed.setdefault(after.id, set())
        new = [(identity, label) for identity, label in contact.identities if identity not in claimed]
        if after == before and not new and known is not None:
            return "unchanged"
        self._keep(msgspec.structs.replace(after, changed_at=self._now), new)
        return "added" if known is None else "changed"

    def _find(self, contact: Contact) -> Customer | None:
        if contact.external_id is not None:
            known = self._by_external_id.get(contact.external_id)
            if known is not None:
                return self._entries[known]
        for identity, _ in contact.identities:
            for owner in self._owners.get(identity, ()):
                entry = self._entries[owner]
                other_id = None not in (entry.external_id, contact.external_id)
                if not other_id and _same_name(entry.name, contact.name):
                    return entry
        return None

    def _keep(self, entry: Customer, new: Sequence[tuple[Identity, str | None]]) -> None:
        self._entries[entry.id] = self.changed[entry.id] = entry
        if entry.external_id is not None:
            self._by_external_id[entry.external_id] = entry.id
        for identity, label in new:
            self._claimed[entry.id].add(identity)
            self._owners.setdefault(identity, []).append(entry.id)
            self.made.append(
                Claim(
                    id=ClaimId(self._new_id()),
                    customer=entry.id,
                    identity=identity,
                    evidence=Evidence.CRM,
                    at=self._now,
                    by=self._source,
                    label=label,
                )
            )


def _same_name(one: str | None, other: str | None) -> bool:
    return (one or "").casefold() == (other or "").casefold()
