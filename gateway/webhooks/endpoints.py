"""All endpoints of a gateway: adds, changes and tests them, and keeps a courier at work for each."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from random import Random
from typing import Final

import msgspec
import structlog

from gateway.model.errors import StoreUnavailableError, TargetError, UnknownWebhookError
from gateway.model.ids import TAIL_BYTES, Tenant, ulid
from gateway.model.signatures import KEY_BYTES, key_of, secret_of
from gateway.model.targets import check_url
from gateway.model.templates import template_of
from gateway.model.times import rfc3339
from gateway.model.webhooks import Attempt, Delivery, Endpoint, Key, Outcome, Standing, WebhookId, rotated
from gateway.ports.webhooks import Draft, WebhookStore
from gateway.session.hub import Hub
from gateway.webhooks.courier import Courier
from gateway.webhooks.sender import Sender

MAX_ENDPOINTS: Final = 100
"""Each listens for itself."""
RESTART_S: Final = 5.0
"""Seconds until a courier that failed by a fault of ours begins anew."""

_log = structlog.get_logger()


class Endpoints:
    """See :class:`gateway.ports.webhooks.Webhooks`.

    Args:
        store: Open before :meth:`load`.
        hub: Has the events.
        sender: Posts messages; closed with it.
        tenant: Whose the endpoints are.
        allowed: Hosts in our own network that the operator trusts.
        now: Seconds since the epoch.
        random_bytes: Gives so many bytes that nobody can foresee, for keys and ids.
        jitter: Spreads what is tried again.
    """

    def __init__(
        self,
        store: WebhookStore,
        hub: Hub,
        sender: Sender,
        *,
        tenant: Tenant,
        allowed: Collection[str],
        now: Callable[[], float],
        random_bytes: Callable[[int], bytes],
        jitter: Random,
    ) -> None:
        self._store = store
        self._hub = hub
        self._sender = sender
        self._tenant = tenant
        self._allowed = frozenset(allowed)
        self._now = now
        self._random_bytes = random_bytes
        self._jitter = jitter
        self._couriers: dict[WebhookId, Courier] = {}
        self._work: dict[WebhookId, asyncio.Task[None]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Take over the endpoints that are kept; before :meth:`run`.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        for endpoint, position in await self._store.endpoints(self._tenant):
            self._couriers[endpoint.id] = courier = self._courier(endpoint, position)
            if not endpoint.enabled:
                await courier.load()

    async def run(self) -> None:
        """Serve the endpoints until cancelled; then how far each got is noted."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                for webhook in self._couriers:
                    self._start(webhook)
                await asyncio.Event().wait()
        finally:
            self._tasks = None
            for courier in self._couriers.values():
                await _note(courier)
            await self._sender.close()

    def all(self) -> list[tuple[Endpoint, Standing]]:
        """Return the endpoints by id, each with how it stands."""
        return [(courier.endpoint, courier.standing) for _, courier in sorted(self._couriers.items())]

    def one(self, webhook: WebhookId) -> tuple[Endpoint, Standing]:
        """Return one of them."""
        courier = self._known(webhook)
        return courier.endpoint, courier.standing

    async def add(self, draft: Draft, secret: str | None, *, by: str) -> Endpoint:
        """Add an endpoint; it gets what happens from now on."""
        self._check(draft)
        now = self._now()
        key = Key(secret=self._secret(secret), created_at=now)
        fields = msgspec.structs.asdict(draft)
        endpoint = Endpoint(id=WebhookId(self._id(now)), keys=(key,), created_at=now, created_by=by, **fields)
        async with self._changing:
            if len(self._couriers) >= MAX_ENDPOINTS:
                raise TargetError(f"there are {MAX_ENDPOINTS} webhooks already: remove one first")
            position = self._hub.position
            await self._store.put(self._tenant, endpoint, position=position)
            self._couriers[endpoint.id] = self._courier(endpoint, position)
            self._start(endpoint.id)
        return endpoint

    async def change(self, webhook: WebhookId, draft: Draft) -> Endpoint:
        """Put a draft in the place of what an endpoint is; one that is enabled again goes on where it was."""
        self._check(draft)
        async with self._changing:
            fields = msgspec.structs.asdict(draft) | {"disabled_why": None}
            return await self._replace(msgspec.structs.replace(self._known(webhook).endpoint, **fields))

    async def rotate(self, webhook: WebhookId, secret: str | None) -> Endpoint:
        """Give an endpoint a new secret; the former one signs too for a day."""
        async with self._changing:
            return await self._replace(rotated(self._known(webhook).endpoint, self._secret(secret), self._now()))

    async def remove(self, webhook: WebhookId) -> None:
        """Take an endpoint away with all that waits for it."""
        async with self._changing:
            self._known(webhook)
            await self._stop(webhook)
            await self._store.remove(self._tenant, webhook)
            del self._couriers[webhook]

    async def ping(self, webhook: WebhookId) -> Outcome:
        """Send a test message at once and return what came of it."""
        courier, now = self._known(webhook), self._now()
        event_id = f"ping:{self._id(now)}"
        data = {"webhook_id": webhook, "name": courier.endpoint.name}
        envelope = {"id": event_id, "type": "webhook.ping", "time": rfc3339(now), "tenant": self._tenant, "data": data}
        body = courier.body(msgspec.json.encode(envelope))
        return await self._sender.post(courier.endpoint.url, body, courier.headers(event_id, body))

    async def dead(self, webhook: WebhookId, *, after: int, limit: int) -> list[Delivery]:
        """Return messages that are not tried any more, by position."""
        await _note(self._known(webhook))
        return await self._store.dead(self._tenant, webhook, after=after, limit=limit)

    async def replay(self, webhook: WebhookId, *, positions: Sequence[int] | None, since: float | None) -> int:
        """Try dead messages again: these, those of events since a time, or all; return how many."""
        courier = self._known(webhook)
        async with self._changing:
            await courier.flush()
            count = await self._store.revive(self._tenant, webhook, positions=positions, since=since, at=self._now())
            await courier.load()
        return count

    async def attempts(self, webhook: WebhookId, *, limit: int) -> list[Attempt]:
        """Return the last attempts, the latest first."""
        await _note(self._known(webhook))
        return await self._store.attempts(self._tenant, webhook, limit=limit)

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete dead messages of events before this time; see :class:`gateway.session.retention.Prune`."""
        count = await self._store.prune(tenant, before=before)
        if count:
            for courier in self._couriers.values():
                await courier.flush()
                await courier.recount()
        return count

    async def _replace(self, endpoint: Endpoint) -> Endpoint:
        """Let another courier go on where the former one stopped."""
        await self._stop(endpoint.id)
        former = self._couriers[endpoint.id]
        try:
            await former.flush()
            await self._store.put(self._tenant, endpoint)
            self._couriers[endpoint.id] = courier = self._courier(endpoint, former.standing.position)
            if not endpoint.enabled:
                await courier.load()
        finally:
            self._start(endpoint.id)
        return endpoint

    def _courier(self, endpoint: Endpoint, position: int) -> Courier:
        return Courier(
            endpoint,
            position,
            tenant=self._tenant,
            hub=self._hub,
            store=self._store,
            sender=self._sender,
            now=self._now,
            jitter=self._jitter,
        )

    def _start(self, webhook: WebhookId) -> None:
        courier = self._couriers[webhook]
        if self._tasks is not None and courier.endpoint.enabled:
            self._work[webhook] = self._tasks.create_task(self._keep_at_work(courier), name=f"webhook.{webhook}")

    async def _stop(self, webhook: WebhookId) -> None:
        work = self._work.pop(webhook, None)
        if work is not None:
            work.cancel()
            await asyncio.wait([work])

    async def _keep_at_work(self, courier: Courier) -> None:
        while courier.endpoint.enabled:
            try:
                await courier.run()
            except Exception:  # noqa: BLE001  # a fault of ours at one endpoint must not cost the others
                _log.exception("webhook_failed", webhook=courier.endpoint.name)
                await asyncio.sleep(RESTART_S)
        endpoint = courier.endpoint
        _log.warning("webhook_disabled", webhook=endpoint.name, **{"pii.reason": endpoint.disabled_why})
        while True:
            try:
                await self._store.put(self._tenant, endpoint)
                return await courier.flush()
            except StoreUnavailableError as error:
                _log.warning("webhook_waits_for_store", webhook=endpoint.name, reason=str(error))
                await asyncio.sleep(RESTART_S)

    def _known(self, webhook: WebhookId) -> Courier:
        courier = self._couriers.get(webhook)
        if courier is None:
            raise UnknownWebhookError(f"there is no webhook {webhook}")
        return courier

    def _check(self, draft: Draft) -> None:
        check_url(draft.url, self._allowed)
        if draft.template is not None:
            template_of(draft.template)

    def _secret(self, given: str | None) -> str:
        if given is None:
            return secret_of(self._random_bytes(KEY_BYTES))
        if key_of(given) is None:
            raise TargetError("a secret is whsec_ and 24 to 64 bytes in base64; leave it out, and a new one is made")
        return given

    def _id(self, now: float) -> str:
        return ulid(now, self._random_bytes(TAIL_BYTES))


async def _note(courier: Courier) -> None:
    """Note how far a courier got, if the store answers; else some messages are sent again."""
    try:
        await courier.flush()
    except StoreUnavailableError as error:
        _log.warning("webhook_not_noted", webhook=courier.endpoint.name, reason=str(error))
