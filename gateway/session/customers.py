"""Changes what is known of customers, and tells of it.

Changes are made one after another, so that each sees what the one before left.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final

import msgspec

from gateway.model.claims import PERSONAL, Claim, ClaimId, CustomerId, Evidence, Identity, IdentityKind, joins
from gateway.model.customers import Customer, Note, NoteId, Person, read_identity
from gateway.model.errors import CustomerConflictError, IdentityError, UnknownCustomerError
from gateway.model.ids import TAIL_BYTES, CallId, Tenant, ulid
from gateway.model.site import Site
from gateway.ports.customers import CustomerChange, CustomerStore, Declared, Revoked
from gateway.session.committer import Committer, Message
from gateway.session.people import People


class CustomerFields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an entry says of a customer, as far as it is given."""

    name: str | msgspec.UnsetType | None = msgspec.UNSET
    company: str | msgspec.UnsetType | None = msgspec.UNSET
    language: str | msgspec.UnsetType | None = msgspec.UNSET
    vip: bool | msgspec.UnsetType = msgspec.UNSET
    tags: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    external_id: str | msgspec.UnsetType | None = msgspec.UNSET


class NewIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Under which a customer appears, as it was given."""

    kind: IdentityKind
    written: str
    evidence: Evidence = Evidence.TYPED
    label: str | None = None


class CustomerBook:
    """All that is known of one tenant's customers.

    Args:
        store: Where it is kept.
        committer: Where changes are told.
        sites: By which national numbers are read.
        tenant: Whose customers they are.
        now: Seconds since the epoch.
        random_bytes: Gives so many bytes that nobody can foresee, for ids.
    """

    def __init__(
        self,
        store: CustomerStore,
        committer: Committer,
        sites: Collection[Site],
        *,
        tenant: Tenant,
        now: Callable[[], float],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self.store = store
        self._committer = committer
        self._sites = sites
        self.tenant = tenant
        self._now = now
        self._random_bytes = random_bytes
        self._changing = asyncio.Lock()
        self.people = People(store, tenant, now=now)

    def identity(self, kind: IdentityKind, written: str) -> Identity:
        """Read an identity as somebody wrote it.

        Raises:
            IdentityError: It is none.
        """
        found = read_identity(kind, written, self._sites)
        if found is None:
            how = "write it with + and its country" if kind is IdentityKind.PHONE else f"that is no {kind} address or id"
            raise IdentityError(f"{written!r} cannot be read: {how}")
        return found

    async def create(self, fields: CustomerFields, identities: Sequence[NewIdentity], *, by: str) -> Person:
        """Add a customer.

        Raises:
            IdentityError: An identity cannot be read.
            CustomerConflictError: Its external id is another's.
        """
        now = self._now()
        blank = Customer(id=CustomerId(self._id(now)), created_at=now, changed_at=now)
        async with self._changing:
            await self._check_external_id(fields, {blank.id})
            entry = _changed(blank, fields, now)
            given = dict.fromkeys((self.identity(each.kind, each.written), each.evidence, each.label) for each in identities)
            claims = [self._claim(entry.id, identity, evidence, by, label) for identity, evidence, label in given]
            change = CustomerChange(entries=[entry], claims=claims)
            persons = await self._put(change, [entry.id], by, "customer.created", sorted(_given(fields)))
        return _of(persons, entry.id)

    async def change(self, customer: CustomerId, fields: CustomerFields, *, by: str) -> Person:
        """Change what is said of a customer, in his eldest entry.

        Raises:
            UnknownCustomerError: There is none.
            CustomerConflictError: The external id is another's.
        """
        async with self._changing:
            person = await self.people.person(customer)
            await self._check_external_id(fields, set(person.customers))
            entries = {entry.id: entry for entry in await self.store.entries(self.tenant, person.customers)}
            changed = [_changed(entries[person.id], fields, self._now())]
            # What a younger entry says would shine through where the eldest is emptied.
            changed += [
                emptied
                for younger in person.customers[1:]
                if (emptied := _emptied(entries[younger], fields, self._now())) != entries[younger]
            ]
            change = CustomerChange(entries=changed)
            persons = await self._put(change, [person.id], by, "customer.changed", sorted(_given(fields)))
        return _of(persons, person.id)

    async def identify(self, customer: CustomerId, identity: NewIdentity, *, by: str) -> tuple[Person, Claim]:
        """Claim that an identity is a customer's; what is claimed on the same evidence already stays as it is.

        Raises:
            UnknownCustomerError: There is no such customer.
            IdentityError: It cannot be read.
        """
        read = self.identity(identity.kind, identity.written)
        async with self._changing:
            person = await self.people.person(customer)
            for claim in person.claims:
                if (claim.identity, claim.evidence) == (read, identity.evidence):
                    return person, claim
            made = self._claim(person.id, read, identity.evidence, by, identity.label)
            persons = await self._put(CustomerChange(claims=[made]), [person.id], by, "customer.changed", ["identities"])
        return _of(persons, person.id), made

    async def revoke(self, customer: CustomerId, claim: ClaimId, *, by: str) -> Person:
        """Take an identity away from a customer.

        Raises:
            UnknownCustomerError: There is no such customer, or no such claim of his that stands.
        """
        async with self._changing:
            person = await self.people.person(customer)
            if all(each.id != claim for each in person.claims):
                raise UnknownCustomerError(f"customer {customer} has no identity {claim}")
            await self._revoke(person, claim, by, ["identities"])
            return await self.people.person(customer)

    async def merge(self, customer: CustomerId, other: CustomerId, *, by: str) -> Person:
        """Say that two customers are one.

        Raises:
            UnknownCustomerError: One of them is not there.
            CustomerConflictError: They are one already.
        """
        async with self._changing:
            one, second = await self.people.person(customer), await self.people.person(other)
            if one.id == second.id:
                raise CustomerConflictError(f"{customer} and {other} are one customer already: {one.id}")
            same = Identity(kind=IdentityKind.CUSTOMER, value=other)
            claim = self._claim(customer, same, Evidence.TYPED, by, None)
            persons = await self._put(CustomerChange(claims=[claim]), [one.id, second.id], by, None, [])
        return _of(persons, one.id)

    async def part(self, customer: CustomerId, claim: ClaimId, *, by: str) -> list[Person]:
        """Take a reason away for which entries are one person; return who they are now, the eldest first.

        Raises:
            UnknownCustomerError: There is no such customer, or the claim holds nothing of his together.
        """
        async with self._changing:
            person = await self.people.person(customer)
            if all(claim not in joint.claims for joint in person.joints):
                raise UnknownCustomerError(f"customer {customer} was not merged by {claim}")
            return await self._revoke(person, claim, by, ["merges"])

    async def note(self, customer: CustomerId, text: str, call_id: CallId | None, *, author: str) -> Note:
        """Write down a note.

        Raises:
            UnknownCustomerError: There is no such customer.
        """
        now = self._now()
        async with self._changing:
            person = await self.people.person(customer)
            note = Note(id=NoteId(self._id(now)), customer=person.id, call_id=call_id, text=text, author=author, at=now)
            await self._put(CustomerChange(notes=[note]), [person.id], author, "customer.changed", ["notes"])
        return note

    async def edit(self, customer: CustomerId, note: NoteId, text: str, *, author: str) -> Note:
        """Write another version of a note.

        Raises:
            UnknownCustomerError: There is no such customer, or no such note on him.
        """
        async with self._changing:
            versions = await self.versions(customer, note)
            edited = msgspec.structs.replace(
                versions[-1], version=versions[-1].version + 1, text=text, author=author, at=self._now()
            )
            await self._put(CustomerChange(notes=[edited]), [edited.customer], author, "customer.changed", ["notes"])
        return edited

    async def versions(self, customer: CustomerId, note: NoteId) -> list[Note]:
        """Return all versions of a note on a customer, the first one first.

        Raises:
            UnknownCustomerError: There is no such customer, or no such note on him.
        """
        person = await self.people.person(customer)
        versions = await self.store.note(self.tenant, note)
        if not versions or versions[0].customer not in person.customers:
            raise UnknownCustomerError(f"customer {customer} has no note {note}")
        return versions

    async def erase(self, customer: CustomerId, *, by: str) -> None:
        """Delete all that is known of a person, for good.

        Raises:
            UnknownCustomerError: There is none.
        """
        async with self._changing:
            person = await self.people.person(customer)
            await self.store.erase(self.tenant, person.customers)
            self.people.forget()
            self._tell("customer.erased", {"customer_id": person.id, "customer_ids": person.customers, "by": by})

    async def declare_shared(self, identity: Identity, *, by: str) -> Declared:
        """Say that an identity is used by several people."""
        declared = Declared(identity=identity, at=self._now(), by=by)
        async with self._changing:
            await self.store.declare_shared(self.tenant, declared)
            self.people.forget()
        return declared

    async def forget_shared(self, identity: Identity) -> None:
        """Take that back.

        Raises:
            UnknownCustomerError: Nobody said so.
        """
        async with self._changing:
            if not await self.store.forget_shared(self.tenant, identity):
                raise UnknownCustomerError(f"{identity.value} is not declared to be shared")
            self.people.forget()

    async def _revoke(self, person: Person, claim: ClaimId, by: str, changed: list[str]) -> list[Person]:
        revoked = Revoked(claim=claim, at=self._now(), by=by)
        return await self._put(CustomerChange(revoked=[revoked]), person.customers, by, "customer.changed", changed)

    async def _put(
        self, change: CustomerChange, touched: Collection[CustomerId], by: str, kind: str | None, changed: list[str]
    ) -> list[Person]:
        """Keep a change, tell it, and tell who became one or several by it; return the persons whom it is about."""
        accounts = {claim.identity for claim in change.claims if joins(claim) and claim.identity.kind in PERSONAL}
        others = await self.store.claims_on(self.tenant, accounts) if accounts else []
        before = await self.people.persons({*touched, *(claim.customer for claim in others)})
        await self.store.put(self.tenant, change)
        if change.entries or change.claims or change.revoked:
            self.people.forget()
        else:
            for customer in touched:
                self.people.noted(customer)
        after = await self.people.persons({*touched, *(customer for person in before for customer in person.customers)})
        for person in after:
            if kind is not None and not set(touched).isdisjoint(person.customers):
                self._tell(kind, {"customer_id": person.id, "changed": changed, "by": by})
        now_of = {customer: person.id for person in after for customer in person.customers}
        was_of = {customer: person.id for person in before for customer in person.customers}
        for former in before:
            if now_of.get(former.id, former.id) != former.id:
                self._tell("customer.merged", {"from": former.id, "into": now_of[former.id], "by": by})
        for person in after:
            if was_of.get(person.id, person.id) != person.id:
                self._tell("customer.parted", {"customer_id": person.id, "from": was_of[person.id], "by": by})
        return after

    async def _check_external_id(self, fields: CustomerFields, his: Collection[CustomerId]) -> None:
        if not isinstance(fields.external_id, str):
            return
        for entry in await self.store.by_external_id(self.tenant, [fields.external_id]):
            if entry.id not in his:
                raise CustomerConflictError(f"external_id {fields.external_id!r} is customer {entry.id}'s")

    def _claim(self, customer: CustomerId, identity: Identity, evidence: Evidence, by: str, label: str | None) -> Claim:
        now = self._now()
        claim_id = ClaimId(self._id(now))
        return Claim(id=claim_id, customer=customer, identity=identity, evidence=evidence, at=now, by=by, label=label)

    def _id(self, now: float) -> str:
        return ulid(now, self._random_bytes(TAIL_BYTES))

    def _tell(self, kind: str, data: dict[str, Any]) -> None:
        message = Message(id=None, type=kind, at=self._now(), tenant=self.tenant, pbx=None, call_id=None, data=data)
        self._committer.tell([message])


def _of(persons: Iterable[Person], customer: CustomerId) -> Person:
    return next(person for person in persons if customer in person.customers)


def _given(fields: CustomerFields) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(fields).items() if value is not msgspec.UNSET}


def _changed(entry: Customer, fields: CustomerFields, now: float) -> Customer:
    return msgspec.structs.replace(entry, changed_at=now, **_given(fields))


def _emptied(entry: Customer, fields: CustomerFields, now: float) -> Customer:
    """Return a younger entry without what the eldest now has not; tags are those of all entries."""
    blank = {name: _BLANK[name] for name, value in _given(fields).items() if name == "tags" or value == _BLANK.get(name, ...)}
    empty = {name: value for name, value in blank.items() if getattr(entry, name) != value}
    return msgspec.structs.replace(entry, changed_at=now, **empty) if empty else entry


_BLANK: Final[dict[str, Any]] = {"name": None, "company": None, "language": None, "vip": False, "tags": ()}
