"""A Zendesk and an adapter for it."""

from collections.abc import AsyncIterator

import pytest
from support.crm import around
from support.crm_zendesk import EMAIL, KEY, Desk, open_desk

from crm_adapters.zendesk.adapter import ZendeskAdapter, create
from crm_adapters.zendesk.settings import ZendeskSettings
from gateway.model.secret import Secret


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk() as opened:
        yield opened


@pytest.fixture
async def zendesk(desk: Desk) -> AsyncIterator[ZendeskAdapter]:
    adapter = create(ZendeskSettings(url=desk.url, email=EMAIL, key=Secret(KEY)), around("help"))
    yield adapter
    await adapter.close()
