"""Deletes what is older than the operator wants kept: each kind of thing by its own age."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT, Tenant

LOOK_S: Final = 3_600.0
"""Seconds between two looks for what has become too old."""
DAY_S: Final = 86_400.0

_log = structlog.get_logger()


class Prune(Protocol):
    """Deletes one kind of thing."""

    async def __call__(self, tenant: Tenant, *, before: float) -> int:
        """Delete what ended or happened before this time, in small steps; return how much it was.

        Raises:
            StoreUnavailableError: The store does not answer; the rest is deleted another time.
        """


@dataclass(frozen=True)
class Kept:
    """One kind of thing, and for how long it is kept."""

    what: str
    """For the log."""
    days: float
    prune: Prune


class Retention:
    """Keeps everything for some days, by its kind.

    Args:
        kept: The kinds.
        now: Seconds since the epoch.
        sleep: Waits for some seconds.
    """

    def __init__(self, kept: Sequence[Kept], *, now: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._kept = kept
        self._now = now
        self._sleep = sleep

    async def run(self) -> None:
        """Look now and every hour, until cancelled. Cancelling is safe: what is deleted is deleted whole."""
        while True:
            for kept in self._kept:
                await self._look(kept)
            await self._sleep(LOOK_S)

    async def _look(self, kept: Kept) -> None:
        try:
            deleted = await kept.prune(DEFAULT_TENANT, before=self._now() - kept.days * DAY_S)
        except StoreUnavailableError as error:
            # What one kind is kept in may fail alone; the others are looked at all the same.
            _log.warning("retention_put_off", what=kept.what, reason=str(error))
        else:
            if deleted:
                _log.info("retention", what=kept.what, deleted=deleted, days=kept.days)
