"""What webhooks need to be kept, without a database: for tests in virtual time."""

from collections.abc import Sequence

import msgspec

from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import Tenant
from gateway.model.webhooks import Attempt, Delivery, Endpoint, WebhookId
from gateway.ports.webhooks import Progress
from gateway.store.webhooks import KEPT_ATTEMPTS

Key = tuple[Tenant, WebhookId]


class MemoryWebhooks:
    """See :class:`gateway.ports.webhooks.WebhookStore`; with a ``fault`` it does not answer."""

    def __init__(self) -> None:
        self.fault: str | None = None
        self.notes = 0
        self._endpoints: dict[Key, tuple[Endpoint, int]] = {}
        self._deliveries: dict[Key, dict[int, Delivery]] = {}
        self._attempts: dict[Key, list[Attempt]] = {}

    async def put(self, tenant: Tenant, endpoint: Endpoint, *, position: int | None = None) -> None:
        self._check()
        key = (tenant, endpoint.id)
        _, known = self._endpoints.get(key, (None, position or 0))
        self._endpoints[key] = (endpoint, known)

    async def endpoints(self, tenant: Tenant) -> list[tuple[Endpoint, int]]:
        self._check()
        return [found for (owner, _), found in sorted(self._endpoints.items()) if owner == tenant]

    async def remove(self, tenant: Tenant, webhook: WebhookId) -> None:
        self._check()
        for kept in (self._endpoints, self._deliveries, self._attempts):
            kept.pop((tenant, webhook), None)

    async def note(self, tenant: Tenant, webhook: WebhookId, progress: Progress) -> None:
        self._check()
        key = (tenant, webhook)
        if key not in self._endpoints:
            return
        self.notes += 1
        self._endpoints[key] = (self._endpoints[key][0], progress.position)
        deliveries = self._deliveries.setdefault(key, {})
        for position in progress.done:
            deliveries.pop(position, None)
        deliveries |= {each.position: each for each in progress.kept}
        attempts = self._attempts.setdefault(key, [])
        attempts += progress.attempts
        del attempts[:-KEPT_ATTEMPTS]

    async def waiting(self, tenant: Tenant, webhook: WebhookId) -> list[Delivery]:
        return [each for each in self._of(tenant, webhook) if not each.dead]

    async def dead(self, tenant: Tenant, webhook: WebhookId, *, after: int, limit: int) -> list[Delivery]:
        return [each for each in self._of(tenant, webhook) if each.dead and each.position > after][:limit]

    async def counts(self, tenant: Tenant, webhook: WebhookId) -> tuple[int, int]:
        found = self._of(tenant, webhook)
        return sum(not each.dead for each in found), sum(each.dead for each in found)

    async def revive(
        self, tenant: Tenant, webhook: WebhookId, *, positions: Sequence[int] | None, since: float | None, at: float
    ) -> int:
        revived = [
            msgspec.structs.replace(each, dead=False, attempts=0, retry_at=at)
            for each in self._of(tenant, webhook)
            if each.dead and (positions is None or each.position in positions) and (since is None or each.at >= since)
        ]
        self._deliveries.setdefault((tenant, webhook), {}).update({each.position: each for each in revived})
        return len(revived)

    async def attempts(self, tenant: Tenant, webhook: WebhookId, *, limit: int) -> list[Attempt]:
        self._check()
        return self._attempts.get((tenant, webhook), [])[::-1][:limit]

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        self._check()
        count = 0
        for (owner, _), deliveries in self._deliveries.items():
            old = [each.position for each in deliveries.values() if owner == tenant and each.dead and each.at < before]
            count += len(old)
            for position in old:
                del deliveries[position]
        return count

    def _of(self, tenant: Tenant, webhook: WebhookId) -> list[Delivery]:
        self._check()
        return [each for _, each in sorted(self._deliveries.get((tenant, webhook), {}).items())]

    def _check(self) -> None:
        if self.fault is not None:
            raise StoreUnavailableError(self.fault)
