"""Deletes what is older than the operator wants kept."""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT
from gateway.ports.store import Store

LOOK_S: Final = 3_600.0
"""Seconds between two looks for what has become too old."""
DAY_S: Final = 86_400.0

_log = structlog.get_logger()


class Retention:
    """Keeps ended calls and events for some days each.

    Args:
        store: Open.
        calls_days: Days from the end of a call.
        events_days: Days from an event.
        now: Seconds since the epoch.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        store: Store,
        *,
        calls_days: float,
        events_days: float,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._store = store
        self._calls_s = calls_days * DAY_S
        self._events_s = events_days * DAY_S
        self._now = now
        self._sleep = sleep

    async def run(self) -> None:
        """Look now and every hour, until cancelled. Cancelling is safe: what is deleted is deleted whole."""
        while True:
            now = self._now()
            try:
                pruned = await self._store.prune(
                    DEFAULT_TENANT, calls_before=now - self._calls_s, events_before=now - self._events_s
                )
            except StoreUnavailableError as error:
                _log.warning("retention_put_off", reason=str(error))
            else:
                if pruned.calls or pruned.events:
                    _log.info("retention", calls=pruned.calls, events=pruned.events)
            await self._sleep(LOOK_S)
