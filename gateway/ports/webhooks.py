"""What webhooks need to be kept, and what the API can ask of them."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from gateway.model.ids import Tenant
from gateway.model.webhooks import Attempt, Delivery, Endpoint, Outcome, Standing, WebhookId


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an endpoint got, kept at once."""

    position: int
    """Every event up to it was delivered, or is kept as a delivery."""
    kept: Sequence[Delivery] = ()
    """New ones, or in the place of what is there."""
    done: Sequence[int] = ()
    """Positions of those that arrived since."""
    attempts: Sequence[Attempt] = ()


class WebhookStore(Protocol):
    """Endpoints, what they did not get yet, and a log, durable.

    Every method may raise ``StoreUnavailableError``: then nothing was changed, but for a change whose answer was lost.
    """

    async def put(self, tenant: Tenant, endpoint: Endpoint, *, position: int | None = None) -> None:
        """Keep an endpoint, new or in the place of what is there; a new one begins after ``position``."""

    async def endpoints(self, tenant: Tenant) -> list[tuple[Endpoint, int]]:
        """Return all endpoints by id, each with how far it got."""

    async def remove(self, tenant: Tenant, webhook: WebhookId) -> None:
        """Delete an endpoint with its deliveries and its log."""

    async def note(self, tenant: Tenant, webhook: WebhookId, progress: Progress) -> None:
        """Keep how far an endpoint got. Of an endpoint that is not there nothing is kept."""

    async def waiting(self, tenant: Tenant, webhook: WebhookId) -> list[Delivery]:
        """Return what waits to be tried again, by position."""

    async def dead(self, tenant: Tenant, webhook: WebhookId, *, after: int, limit: int) -> list[Delivery]:
        """Return what is not tried any more, by position."""

    async def counts(self, tenant: Tenant, webhook: WebhookId) -> tuple[int, int]:
        """Return how many wait and how many are dead."""

    async def revive(
        self, tenant: Tenant, webhook: WebhookId, *, positions: Sequence[int] | None, since: float | None, at: float
    ) -> int:
        """Let dead deliveries be tried again from ``at`` on: these, those of events since a time, or all; return how many."""

    async def attempts(self, tenant: Tenant, webhook: WebhookId, *, limit: int) -> list[Attempt]:
        """Return the last attempts, the latest first; so many at most are kept at all."""

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete dead deliveries of events before this time; return how many."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What an endpoint should be, as somebody asks for it."""

    name: str
    url: str
    topics: tuple[str, ...]
    pbxs: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    template: str | None = None
    enabled: bool = True


class Webhooks(Protocol):
    """The endpoints, and what is sent to them.

    Raises, where it fits: ``UnknownWebhookError``, ``TargetError``, ``TemplateError``, ``StoreUnavailableError``.
    """

    def all(self) -> list[tuple[Endpoint, Standing]]:
        """Return the endpoints by id, each with how it stands."""

    def one(self, webhook: WebhookId) -> tuple[Endpoint, Standing]:
        """Return one of them."""

    async def add(self, draft: Draft, secret: str | None, *, by: str) -> Endpoint:
        """Add an endpoint; it gets what happens from now on. None makes a new secret."""

    async def change(self, webhook: WebhookId, draft: Draft) -> Endpoint:
        """Put a draft in the place of what an endpoint is; one that is enabled again goes on where it was."""

    async def rotate(self, webhook: WebhookId, secret: str | None) -> Endpoint:
        """Give an endpoint a new secret; the former one signs too for a day."""

    async def remove(self, webhook: WebhookId) -> None:
        """Take an endpoint away with all that waits for it."""

    async def ping(self, webhook: WebhookId) -> Outcome:
        """Send a test message at once and return what came of it."""

    async def dead(self, webhook: WebhookId, *, after: int, limit: int) -> list[Delivery]:
        """Return messages that are not tried any more, by position."""

    async def replay(self, webhook: WebhookId, *, positions: Sequence[int] | None, since: float | None) -> int:
        """Try dead messages again: these, those of events since a time, or all; return how many."""

    async def attempts(self, webhook: WebhookId, *, limit: int) -> list[Attempt]:
        """Return the last attempts, the latest first."""
