"""An account and an adapter for it."""

from collections.abc import AsyncIterator

import pytest
from support.crm import around
from support.crm_hubspot import KEY, Account, open_account

from crm_adapters.hubspot.adapter import HubSpotAdapter, create
from crm_adapters.hubspot.settings import HubSpotSettings
from gateway.model.secret import Secret


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    async with open_account() as opened:
        yield opened


@pytest.fixture
async def hubspot(account: Account) -> AsyncIterator[HubSpotAdapter]:
    adapter = create(HubSpotSettings(url=account.url, key=Secret(KEY)), around("sales"))
    yield adapter
    await adapter.close()


@pytest.fixture
async def sure(account: Account) -> AsyncIterator[HubSpotAdapter]:
    """One with a property of unique values."""
    account.unique = "tieline_call_id"
    settings = HubSpotSettings(url=account.url, key=Secret(KEY), call_id_property="tieline_call_id")
    adapter = create(settings, around("sales"))
    yield adapter
    await adapter.close()
