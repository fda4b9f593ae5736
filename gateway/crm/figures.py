"""Counts now and then what waits for the CRMs, so that ``/metrics`` needs no database for its answer."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from gateway.crm.crm import Crm
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import Tenant
from gateway.ports.crm_log import CrmCounts, CrmLog
from gateway.ports.crms import CrmFigure
from gateway.ports.store import Store

COUNT_S: Final = 30.0
"""Seconds between two counts; one of a million calls takes a tenth of a second."""

_log = structlog.get_logger()


class Figures:
    """Of all CRMs.

    Args:
        crms: By name.
        log: Knows what waits.
        store: Has the events.
        tenant: Whose CRMs they are.
        now: Seconds since the epoch.
    """

    def __init__(self, crms: Mapping[str, Crm], log: CrmLog, store: Store, *, tenant: Tenant, now: Callable[[], float]) -> None:
        self._crms = crms
        self._crm_log = log
        self._store = store
        self._tenant = tenant
        self._now = now
        self._counted: dict[str, tuple[CrmCounts, float | None]] = {}

    async def run(self) -> None:
        """Count until cancelled."""
        while self._crms:
            for name in self._crms:
                try:
                    counts = await self._crm_log.counts(self._tenant, name)
                    self._counted[name] = counts, await self._waits_since(name) if counts.waiting else None
                except StoreUnavailableError as error:
                    # What is not known is not told.
                    self._counted.pop(name, None)
                    _log.debug("crm_not_counted", crm=name, reason=str(error))
            await asyncio.sleep(COUNT_S)

    def all(self) -> list[CrmFigure]:
        """Return how each stands, by name."""
        return [self._of(name, crm) for name, crm in sorted(self._crms.items())]

    def _of(self, name: str, crm: Crm) -> CrmFigure:
        counts, since = self._counted.get(name, (None, None))
        return CrmFigure(
            name=name,
            told=crm.courier.told,
            failed=crm.courier.failed,
            waiting=None if counts is None else counts.waiting,
            dead=None if counts is None else counts.dead,
            oldest_s=None if counts is None else 0.0 if since is None else max(self._now() - since, 0.0),
            away=crm.courier.away_since is not None,
            lookups=crm.lookups.asked,
            lookups_at_hand=crm.lookups.at_hand,
        )

    async def _waits_since(self, name: str) -> float | None:
        """Return when that happened of which the CRM should have heard first; None where its event is not kept any more."""
        for eldest in await self._crm_log.due(self._tenant, name, now=float("inf"), limit=1):
            for told in await self._store.told_after(eldest.position - 1, 1):
                return told.at if told.position == eldest.position else None
        return None
