"""Webhooks in a database: endpoints with the keys that sign, what did not arrive yet, and a log of attempts."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from gateway.model.ids import CallId, Tenant
from gateway.model.webhooks import Attempt, Delivery, Endpoint, Key, WebhookId
from gateway.ports.webhooks import Progress
from gateway.store.database import Database
from gateway.store.metadata import METADATA

KEPT_ATTEMPTS: Final = 1_000
"""Attempts of an endpoint that stay in the log."""

WEBHOOKS: Final = sa.Table(
    "webhooks",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("webhook_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("topics", sa.Text, nullable=False),
    sa.Column("pbxs", sa.Text, nullable=False),
    sa.Column("queues", sa.Text, nullable=False),
    sa.Column("template", sa.Text),
    sa.Column("signing_keys", sa.Text, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("disabled_why", sa.Text),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
)
"""``topics``, ``pbxs``, ``queues`` and ``signing_keys`` are JSON arrays."""

DELIVERIES: Final = sa.Table(
    "webhook_deliveries",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("webhook_id", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("call_id", sa.Text),
    sa.Column("envelope", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("retry_at", sa.Double, nullable=False),
    sa.Column("dead", sa.Boolean, nullable=False),
    sa.Column("why", sa.Text),
    sa.Index("webhook_deliveries_by_fate", "tenant", "webhook_id", "dead", "position"),
)
"""What did not arrive, with the envelope itself: events are kept for some days only."""

ATTEMPTS: Final = sa.Table(
    "webhook_attempts",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("webhook_id", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("why", sa.Text),
    sa.Column("took_s", sa.Double, nullable=False),
)

_TEXTS: Final = msgspec.json.Decoder(tuple[str, ...])
_KEYS: Final = msgspec.json.Decoder(tuple[Key, ...])


class SqlWebhooks:
    """See :class:`gateway.ports.webhooks.WebhookStore`.

    Args:
        database: Open.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put_delivery = database.replacing(DELIVERIES)

    async def put(self, tenant: Tenant, endpoint: Endpoint, *, position: int | None = None) -> None:
        """Keep an endpoint, new or in the place of what is there."""
        row = _endpoint_row(endpoint)
        this = _of(WEBHOOKS, tenant, endpoint.id)
        async with self._database.writing() as connection:
            changed = await connection.execute(sa.update(WEBHOOKS).where(this).values(**row))
            if changed.rowcount == 0:
                key = {"tenant": tenant, "webhook_id": endpoint.id, "position": position or 0}
                await connection.execute(sa.insert(WEBHOOKS), [row | key])

    async def endpoints(self, tenant: Tenant) -> list[tuple[Endpoint, int]]:
        """Return all endpoints by id, each with how far it got."""
        wanted = sa.select(WEBHOOKS).where(WEBHOOKS.c.tenant == tenant).order_by(WEBHOOKS.c.webhook_id)
        return [(_endpoint(row), row.position) for row in await self._database.rows(wanted)]

    async def remove(self, tenant: Tenant, webhook: WebhookId) -> None:
        """Delete an endpoint with its deliveries and its log."""
        async with self._database.writing() as connection:
            for table in (WEBHOOKS, DELIVERIES, ATTEMPTS):
                await connection.execute(sa.delete(table).where(_of(table, tenant, webhook)))

    async def note(self, tenant: Tenant, webhook: WebhookId, progress: Progress) -> None:
        """Keep how far an endpoint got."""
        key = {"tenant": tenant, "webhook_id": webhook}
        async with self._database.writing() as connection:
            this = _of(WEBHOOKS, tenant, webhook)
            known = await connection.execute(sa.update(WEBHOOKS).where(this).values(position=progress.position))
            if known.rowcount == 0:
                return
            if progress.done:
                done = DELIVERIES.c.position.in_(progress.done)
                await connection.execute(sa.delete(DELIVERIES).where(_of(DELIVERIES, tenant, webhook), done))
            if progress.kept:
                await connection.execute(self._put_delivery, [key | _delivery_row(each) for each in progress.kept])
            if progress.attempts:
                of_it = _of(ATTEMPTS, tenant, webhook)
                last = await connection.scalar(sa.select(sa.func.max(ATTEMPTS.c.number)).where(of_it)) or 0
                rows = [key | {"number": last + count} | _attempt_row(each) for count, each in enumerate(progress.attempts, 1)]
                await connection.execute(sa.insert(ATTEMPTS), rows)
                old = ATTEMPTS.c.number <= last + len(rows) - KEPT_ATTEMPTS
                await connection.execute(sa.delete(ATTEMPTS).where(of_it, old))

    async def waiting(self, tenant: Tenant, webhook: WebhookId) -> list[Delivery]:
        """Return what waits to be tried again, by position."""
        return await self._deliveries(_of(DELIVERIES, tenant, webhook), DELIVERIES.c.dead.is_(False))

    async def dead(self, tenant: Tenant, webhook: WebhookId, *, after: int, limit: int) -> list[Delivery]:
        """Return what is not tried any more, by position."""
        these = (_of(DELIVERIES, tenant, webhook), DELIVERIES.c.dead.is_(True), DELIVERIES.c.position > after)
        return await self._deliveries(*these, limit=limit)

    async def counts(self, tenant: Tenant, webhook: WebhookId) -> tuple[int, int]:
        """Return how many wait and how many are dead."""
        count = sa.func.count().label("how_many")
        counted = sa.select(DELIVERIES.c.dead, count).where(_of(DELIVERIES, tenant, webhook)).group_by(DELIVERIES.c.dead)
        found: dict[bool, int] = {row.dead: row.how_many for row in await self._database.rows(counted)}
        return found.get(False, 0), found.get(True, 0)

    async def revive(
        self, tenant: Tenant, webhook: WebhookId, *, positions: Sequence[int] | None, since: float | None, at: float
    ) -> int:
        """Let dead deliveries be tried again."""
        these = [_of(DELIVERIES, tenant, webhook), DELIVERIES.c.dead.is_(True)]
        if positions is not None:
            these.append(DELIVERIES.c.position.in_(positions))
        if since is not None:
            these.append(DELIVERIES.c.at >= since)
        async with self._database.writing() as connection:
            changed = await connection.execute(sa.update(DELIVERIES).where(*these).values(dead=False, attempts=0, retry_at=at))
        return changed.rowcount

    async def attempts(self, tenant: Tenant, webhook: WebhookId, *, limit: int) -> list[Attempt]:
        """Return the last attempts, the latest first."""
        wanted = sa.select(ATTEMPTS).where(_of(ATTEMPTS, tenant, webhook)).order_by(ATTEMPTS.c.number.desc()).limit(limit)
        return [_attempt(row) for row in await self._database.rows(wanted)]

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete dead deliveries of events before this time; return how many."""
        old = (DELIVERIES.c.tenant == tenant, DELIVERIES.c.dead.is_(True), DELIVERIES.c.at < before)
        async with self._database.writing() as connection:
            done = await connection.execute(sa.delete(DELIVERIES).where(*old))
        return done.rowcount

    async def _deliveries(self, *conditions: sa.ColumnElement[bool], limit: int | None = None) -> list[Delivery]:
        wanted = sa.select(DELIVERIES).where(*conditions).order_by(DELIVERIES.c.position)
        return [_delivery(row) for row in await self._database.rows(wanted if limit is None else wanted.limit(limit))]


def _of(table: sa.Table, tenant: Tenant, webhook: WebhookId) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.tenant == tenant, table.c.webhook_id == webhook)


def _endpoint_row(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "name": endpoint.name,
        "url": endpoint.url,
        "topics": msgspec.json.encode(endpoint.topics).decode(),
        "pbxs": msgspec.json.encode(endpoint.pbxs).decode(),
        "queues": msgspec.json.encode(endpoint.queues).decode(),
        "template": endpoint.template,
        "signing_keys": msgspec.json.encode(endpoint.keys).decode(),
        "enabled": endpoint.enabled,
        "disabled_why": endpoint.disabled_why,
        "created_at": endpoint.created_at,
        "created_by": endpoint.created_by,
    }


def _endpoint(row: sa.Row[Any]) -> Endpoint:
    return Endpoint(
        id=WebhookId(row.webhook_id),
        name=row.name,
        url=row.url,
        topics=_TEXTS.decode(row.topics),
        pbxs=_TEXTS.decode(row.pbxs),
        queues=_TEXTS.decode(row.queues),
        template=row.template,
        keys=_KEYS.decode(row.signing_keys),
        enabled=row.enabled,
        disabled_why=row.disabled_why,
        created_at=row.created_at,
        created_by=row.created_by,
    )


def _delivery_row(delivery: Delivery) -> dict[str, Any]:
    return {
        "position": delivery.position,
        "event_id": delivery.event_id,
        "type": delivery.type,
        "call_id": delivery.call_id,
        "envelope": delivery.envelope,
        "at": delivery.at,
        "attempts": delivery.attempts,
        "retry_at": delivery.retry_at,
        "dead": delivery.dead,
        "why": delivery.why,
    }


def _delivery(row: sa.Row[Any]) -> Delivery:
    return Delivery(
        position=row.position,
        event_id=row.event_id,
        type=row.type,
        call_id=None if row.call_id is None else CallId(row.call_id),
        envelope=row.envelope,
        at=row.at,
        attempts=row.attempts,
        retry_at=row.retry_at,
        dead=row.dead,
        why=row.why,
    )


def _attempt_row(attempt: Attempt) -> dict[str, Any]:
    return {
        "at": attempt.at,
        "position": attempt.position,
        "event_id": attempt.event_id,
        "type": attempt.type,
        "status": attempt.status,
        "why": attempt.why,
        "took_s": attempt.took_s,
    }


def _attempt(row: sa.Row[Any]) -> Attempt:
    return Attempt(
        at=row.at,
        position=row.position,
        event_id=row.event_id,
        type=row.type,
        status=row.status,
        why=row.why,
        took_s=row.took_s,
    )
