"""A portal and an adapter for it."""

from collections.abc import AsyncIterator

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


@pytest.fixture
async def bitrix(portal: Portal) -> AsyncIterator[Bitrix24Adapter]:
    settings = Bitrix24Settings(url=Secret(portal.url + WEBHOOK), application_token=Secret("t0ken"), unowned=7)
    adapter = create(settings, around("sales"))
    yield adapter
    await adapter.close()
