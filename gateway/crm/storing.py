"""Keeps what a CRM did though the database is away just then: to forget it would be to do it twice."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from gateway.model.errors import StoreUnavailableError

STORE_RETRY_S: Final = 5.0
"""Seconds after which a database that was away is asked again."""

T = TypeVar("T")

_log = structlog.get_logger()


async def stored(crm: str, keep: Callable[[], Awaitable[T]]) -> T:
    """Do something with the database, however long it is away meanwhile.

    Args:
        crm: What the configuration calls it.
        keep: May raise ``StoreUnavailableError``, and has changed nothing then.
    """
    while True:
        try:
            return await keep()
        except StoreUnavailableError as error:
            _log.warning("crm_waits_for_store", crm=crm, reason=str(error))
            await asyncio.sleep(STORE_RETRY_S)
