"""Which store a configuration means, and how it is opened."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import structlog

from gateway.model.errors import StoreUnavailableError
from gateway.model.secret import Secret
from gateway.ports.store import Store
from gateway.store.memory import MemoryStore
from gateway.store.sql import SqlStore
from gateway.store.urls import MEMORY, parse_url

DEFAULT_FILE: Final = "tieline.db"
"""In the state folder, where no URL is configured."""
PATIENCE_S: Final = 60.0
"""Seconds in which a database that starts together with the gateway must answer."""
_RETRY_S: Final = 1.0
_POSITIONS_PER_SECOND: Final = 1_000_000

_log = structlog.get_logger()


def sql_store(url: str | None, password: Secret | None, state_dir: Path) -> SqlStore:
    """Make the database that is meant, without touching it.

    Raises:
        ConfigurationError: The URL is none that can be used.
    """
    parsed = parse_url(f"sqlite:///{state_dir.absolute() / DEFAULT_FILE}" if url is None else url)
    return SqlStore(parsed if password is None else parsed.set(password=password.reveal()))


def store_of(
    url: str | None, password: Secret | None, state_dir: Path, *, recent_calls: int, events: int, now: Callable[[], float]
) -> Store:
    """Make the store that is meant, without touching it; what memory keeps is bounded by ``recent_calls`` and ``events``.

    Raises:
        ConfigurationError: The URL is none that can be used.
    """
    if url == MEMORY:
        # Positions begin with the time, so that none of an earlier run is taken for one of this one.
        return MemoryStore(calls=recent_calls, events=events, last_position=int(now() * _POSITIONS_PER_SECOND) - 1)
    return sql_store(url, password, state_dir)


async def open_patiently(store: Store, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Open the store; one that does not answer yet is tried again for a while.

    Raises:
        StoreError: It cannot be used.
    """
    for _ in range(int(PATIENCE_S / _RETRY_S)):
        try:
            return await store.open()
        except StoreUnavailableError as error:
            _log.warning("store_awaited", store=store.description, reason=str(error))
            await sleep(_RETRY_S)
    return await store.open()
