"""A Zammad and an adapter for it."""

from collections.abc import AsyncIterator

import pytest
from support.crm import around
from support.crm_zammad import KEY, TOKEN, Helpdesk, open_helpdesk

from crm_adapters.zammad_cti.adapter import ZammadAdapter, create
from crm_adapters.zammad_cti.settings import ZammadSettings
from gateway.model.secret import Secret


@pytest.fixture
async def helpdesk() -> AsyncIterator[Helpdesk]:
    async with open_helpdesk() as opened:
        yield opened


@pytest.fixture
async def zammad(helpdesk: Helpdesk) -> AsyncIterator[ZammadAdapter]:
    adapter = create(ZammadSettings(url=helpdesk.url, token=Secret(TOKEN), key=Secret(KEY)), around("help"))
    yield adapter
    await adapter.close()
