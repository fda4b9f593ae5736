"""A portal and an adapter for it."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from support.crm import around
from support.crm_bitrix24 import WEBHOOK, Portal, open_portal

from crm_adapters.bitrix24.adapter import Bitrix24Adapter, create
from crm_adapters.bitrix24.settings import Bitrix24Settings
from gateway.model.secret import Secret


@pytest.fixture
async def portal() -> AsyncIterator[Portal]:
    async with open_portal() as opened:
        yield opened


def adapter_of(portal: Portal) -> Bitrix24Adapter:
    settings = Bitrix24Settings(url=Secret(portal.url + WEBHOOK), application_token=Secret("t0ken"), unowned=7)
    return create(settings, around("sales"))


@pytest.fixture
async def bitrix(portal: Portal) -> AsyncIterator[Bitrix24Adapter]:
    adapter = adapter_of(portal)
    yield adapter
    await adapter.close()


@pytest.fixture
async def restart(portal: Portal) -> AsyncIterator[Callable[[Bitrix24Adapter], Awaitable[Bitrix24Adapter]]]:
    """The gateway was restarted: an adapter that remembers nothing."""
    made: list[Bitrix24Adapter] = []

    async def another(before: Bitrix24Adapter) -> Bitrix24Adapter:
        await before.close()
        made.append(adapter_of(portal))
        return made[-1]

    yield another
    for each in made:
        await each.close()
