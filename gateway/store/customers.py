"""Customers, claims and notes in a database."""

from collections.abc import AsyncIterator, Collection
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from gateway.model.claims import Claim, ClaimId, CustomerId, Evidence, Identity, IdentityKind
from gateway.model.customers import Customer, Note, NoteId, searched_text
from gateway.model.ids import CallId, Tenant
from gateway.ports.customers import CustomerChange, Declared
from gateway.store.conversations import CONVERSATIONS, MESSAGES
from gateway.store.database import Database
from gateway.store.desk import CALL_WORK
from gateway.store.metadata import METADATA

CUSTOMERS: Final = sa.Table(
    "customers",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("company", sa.Text),
    sa.Column("language", sa.Text),
    sa.Column("vip", sa.Boolean, nullable=False),
    sa.Column("tags", sa.Text, nullable=False),
    sa.Column("external_id", sa.Text),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("changed_at", sa.Double, nullable=False),
    sa.Column("searched", sa.Text, nullable=False),
    sa.UniqueConstraint("tenant", "external_id", name="customers_by_external_id"),
)
"""``tags`` is a JSON array. ``searched`` is what a search looks through, in one case."""

CLAIMS: Final = sa.Table(
    "claims",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("claim_id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("label", sa.Text),
    sa.Column("revoked_at", sa.Double),
    sa.Column("revoked_by", sa.Text),
    sa.Index("claims_by_customer", "tenant", "customer_id"),
    sa.Index("claims_by_identity", "tenant", "kind", "value"),
)
"""Revoked claims stay: they say what was believed."""

SHARED: Final = sa.Table(
    "shared_identities",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
)

NOTES: Final = sa.Table(
    "notes",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("note_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("call_id", sa.Text),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Index("notes_by_customer", "tenant", "customer_id", "note_id"),
)

AT_ONCE: Final = 500
"""Entries read at once where all are gone through."""


class SqlCustomers:
    """See :class:`gateway.ports.customers.CustomerStore`.

    Args:
        database: Open, but for ``beside_gateway``.
        beside_gateway: Write without the lock by which a gateway keeps others out: customers stand by themselves, so that they
            can be imported while the gateway runs.
    """

    def __init__(self, database: Database, *, beside_gateway: bool = False) -> None:
        self._database = database
        self._writing = database.writing_beside if beside_gateway else database.writing
        self._put_entry = database.replacing(CUSTOMERS)
        self._put_shared = database.replacing(SHARED)

    async def put(self, tenant: Tenant, change: CustomerChange) -> None:
        """Keep a change."""
        async with self._writing() as connection:
            if change.entries:
                await connection.execute(self._put_entry, [_entry_row(tenant, each) for each in change.entries])
            if change.claims:
                await connection.execute(sa.insert(CLAIMS), [_claim_row(tenant, each) for each in change.claims])
            for revoked in change.revoked:
                standing = (CLAIMS.c.tenant == tenant, CLAIMS.c.claim_id == revoked.claim, CLAIMS.c.revoked_at.is_(None))
                await connection.execute(sa.update(CLAIMS).where(*standing).values(revoked_at=revoked.at, revoked_by=revoked.by))
            if change.notes:
                await connection.execute(sa.insert(NOTES), [_note_row(tenant, each) for each in change.notes])

    async def entries(self, tenant: Tenant, customers: Collection[CustomerId]) -> list[Customer]:
        """Return those of the entries that are kept."""
        return await self._entries(CUSTOMERS.c.tenant == tenant, CUSTOMERS.c.customer_id.in_(customers))

    async def by_external_id(self, tenant: Tenant, external_ids: Collection[str]) -> list[Customer]:
        """Return the entries that have these external ids."""
        return await self._entries(CUSTOMERS.c.tenant == tenant, CUSTOMERS.c.external_id.in_(external_ids))

    async def page(self, tenant: Tenant, *, words: str | None, after: CustomerId | None, limit: int) -> list[Customer]:
        """Return the next entries by id."""
        wanted = [CUSTOMERS.c.tenant == tenant]
        if words is not None:
            wanted.append(CUSTOMERS.c.searched.contains(words.casefold(), autoescape=True))
        if after is not None:
            wanted.append(CUSTOMERS.c.customer_id > after)
        return await self._entries(*wanted, limit=limit)

    async def claims_of(self, tenant: Tenant, customers: Collection[CustomerId]) -> list[Claim]:
        """Return all claims of these entries, and those of others that say they are one with these."""
        on_them = sa.and_(CLAIMS.c.kind == IdentityKind.CUSTOMER, CLAIMS.c.value.in_(customers))
        return await self._claims(CLAIMS.c.tenant == tenant, sa.or_(CLAIMS.c.customer_id.in_(customers), on_them))

    async def claims_on(self, tenant: Tenant, identities: Collection[Identity]) -> list[Claim]:
        """Return the claims on these identities that stand."""
        rows = [
            row
            for kind, values in _by_kind(identities).items()
            for row in await self._database.rows(_CLAIMS_ON, {"of": tenant, "of_kind": kind, "among": values})
        ]
        return sorted(map(_claim, rows), key=lambda claim: claim.id)

    async def note(self, tenant: Tenant, note: NoteId) -> list[Note]:
        """Return all versions of a note, the first one first."""
        wanted = sa.select(NOTES).where(NOTES.c.tenant == tenant, NOTES.c.note_id == note).order_by(NOTES.c.version)
        return [_note(row) for row in await self._database.rows(wanted)]

    async def notes(self, tenant: Tenant, customers: Collection[CustomerId], *, after: NoteId | None, limit: int) -> list[Note]:
        """Return the last versions of these entries' notes, the youngest note first."""
        later = NOTES.alias("later")
        newer = sa.exists().where(
            later.c.tenant == NOTES.c.tenant, later.c.note_id == NOTES.c.note_id, later.c.version > NOTES.c.version
        )
        wanted = sa.select(NOTES).where(NOTES.c.tenant == tenant, NOTES.c.customer_id.in_(customers), ~newer)
        if after is not None:
            wanted = wanted.where(NOTES.c.note_id < after)
        return [_note(row) for row in await self._database.rows(wanted.order_by(NOTES.c.note_id.desc()).limit(limit))]

    async def declare_shared(self, tenant: Tenant, declared: Declared) -> None:
        """Keep that an identity is used by several."""
        row = {"tenant": tenant, **_key(declared.identity), "at": declared.at, "by": declared.by}
        async with self._writing() as connection:
            await connection.execute(self._put_shared, [row])

    async def forget_shared(self, tenant: Tenant, identity: Identity) -> bool:
        """Take that back; tells whether it was there."""
        async with self._writing() as connection:
            given = {"of": tenant, "of_kind": identity.kind, "among": [identity.value]}
            done = await connection.execute(sa.delete(SHARED).where(_among(SHARED)), given)
        return done.rowcount > 0

    async def shared(self, tenant: Tenant, identities: Collection[Identity] | None = None) -> list[Declared]:
        """Return which of these (None: of all) identities are declared to be used by several."""
        if identities is None:
            wanted = sa.select(SHARED).where(SHARED.c.tenant == tenant).order_by(SHARED.c.kind, SHARED.c.value)
            rows = [*await self._database.rows(wanted)]
        else:
            rows = [
                row
                for kind, values in sorted(_by_kind(identities).items())
                for row in await self._database.rows(_SHARED_AMONG, {"of": tenant, "of_kind": kind, "among": values})
            ]
        return [Declared(identity=_identity(row), at=row.at, by=row.by) for row in rows]

    async def erase(self, tenant: Tenant, customers: Collection[CustomerId]) -> None:
        """Delete entries with their claims, also those of others on them, notes, what was written about their calls, and
        conversations that their browsers had."""
        on_them = sa.and_(CLAIMS.c.kind == IdentityKind.CUSTOMER, CLAIMS.c.value.in_(customers))
        async with self._writing() as connection:
            his = sa.select(CLAIMS.c.value).where(
                CLAIMS.c.tenant == tenant,
                CLAIMS.c.customer_id.in_(customers),
                CLAIMS.c.kind == IdentityKind.WEB,
                CLAIMS.c.revoked_at.is_(None),
            )
            ended = sa.select(CONVERSATIONS.c.conversation_id).where(
                CONVERSATIONS.c.tenant == tenant, CONVERSATIONS.c.visitor.in_(his), CONVERSATIONS.c.ended_at.is_not(None)
            )
            for table in (MESSAGES, CONVERSATIONS):
                await connection.execute(sa.delete(table).where(table.c.tenant == tenant, table.c.conversation_id.in_(ended)))
            for table in (CUSTOMERS, NOTES, CALL_WORK):
                await connection.execute(sa.delete(table).where(table.c.tenant == tenant, table.c.customer_id.in_(customers)))
            of_them = sa.or_(CLAIMS.c.customer_id.in_(customers), on_them)
            await connection.execute(sa.delete(CLAIMS).where(CLAIMS.c.tenant == tenant, of_them))

    async def every(self, tenant: Tenant) -> AsyncIterator[tuple[list[Customer], list[Claim]]]:
        """Go through all entries by id, some hundred at once, with their claims."""
        after: CustomerId | None = None
        while entries := await self.page(tenant, words=None, after=after, limit=AT_ONCE):
            after = entries[-1].id
            yield entries, await self.claims_of(tenant, [entry.id for entry in entries])

    async def _entries(self, *conditions: sa.ColumnElement[bool], limit: int | None = None) -> list[Customer]:
        wanted = sa.select(CUSTOMERS).where(*conditions).order_by(CUSTOMERS.c.customer_id)
        return [_entry(row) for row in await self._database.rows(wanted if limit is None else wanted.limit(limit))]

    async def _claims(self, *conditions: sa.ColumnElement[bool]) -> list[Claim]:
        return [
            _claim(row) for row in await self._database.rows(sa.select(CLAIMS).where(*conditions).order_by(CLAIMS.c.claim_id))
        ]


def _by_kind(identities: Collection[Identity]) -> dict[IdentityKind, list[str]]:
    of_kind: dict[IdentityKind, list[str]] = {}
    for identity in identities:
        of_kind.setdefault(identity.kind, []).append(identity.value)
    return of_kind


def _among(table: sa.Table) -> sa.ColumnElement[bool]:
    """Identities of one kind, as parameters."""
    values = table.c.value.in_(sa.bindparam("among", expanding=True))
    return sa.and_(table.c.tenant == sa.bindparam("of"), table.c.kind == sa.bindparam("of_kind"), values)


_CLAIMS_ON: Final = sa.select(CLAIMS).where(_among(CLAIMS), CLAIMS.c.revoked_at.is_(None))
_SHARED_AMONG: Final = sa.select(SHARED).where(_among(SHARED)).order_by(SHARED.c.value)


def _key(identity: Identity) -> dict[str, str]:
    return {"kind": identity.kind, "value": identity.value}


def _identity(row: sa.Row[Any]) -> Identity:
    return Identity(kind=IdentityKind(row.kind), value=row.value)


def _entry_row(tenant: Tenant, entry: Customer) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "customer_id": entry.id,
        "name": entry.name,
        "company": entry.company,
        "language": entry.language,
        "vip": entry.vip,
        "tags": msgspec.json.encode(entry.tags).decode(),
        "external_id": entry.external_id,
        "created_at": entry.created_at,
        "changed_at": entry.changed_at,
        "searched": searched_text(entry),
    }


def _entry(row: sa.Row[Any]) -> Customer:
    return Customer(
        id=CustomerId(row.customer_id),
        name=row.name,
        company=row.company,
        language=row.language,
        vip=row.vip,
        tags=msgspec.json.decode(row.tags, type=tuple[str, ...]),
        external_id=row.external_id,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


def _claim_row(tenant: Tenant, claim: Claim) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "claim_id": claim.id,
        "customer_id": claim.customer,
        **_key(claim.identity),
        "evidence": claim.evidence,
        "at": claim.at,
        "by": claim.by,
        "label": claim.label,
        "revoked_at": claim.revoked_at,
        "revoked_by": claim.revoked_by,
    }


def _claim(row: sa.Row[Any]) -> Claim:
    return Claim(
        id=ClaimId(row.claim_id),
        customer=CustomerId(row.customer_id),
        identity=_identity(row),
        evidence=Evidence(row.evidence),
        at=row.at,
        by=row.by,
        label=row.label,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
    )


def _note_row(tenant: Tenant, note: Note) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "note_id": note.id,
        "version": note.version,
        "customer_id": note.customer,
        "call_id": note.call_id,
        "text": note.text,
        "author": note.author,
        "at": note.at,
    }


def _note(row: sa.Row[Any]) -> Note:
    return Note(
        id=NoteId(row.note_id),
        version=row.version,
        customer=CustomerId(row.customer_id),
        call_id=None if row.call_id is None else CallId(row.call_id),
        text=row.text,
        author=row.author,
        at=row.at,
    )
