"""Where the gateway listens, and what it says when it cannot."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from gateway.api.listening import listen
from gateway.model.errors import ConfigurationError
from gateway.settings.values import ApiSettings


@pytest.fixture
async def runner() -> AsyncIterator[web.AppRunner]:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    yield runner
    await runner.cleanup()


async def test_it_says_which_port_it_took(runner: web.AppRunner) -> None:
    address = await listen(runner, ApiSettings(port=0, names=("pbx.example.com",)))
    assert address == f"http://127.0.0.1:{runner.addresses[0][1]}/"


async def test_it_is_reached_by_its_name_from_elsewhere(runner: web.AppRunner) -> None:
    address = await listen(runner, ApiSettings(host="0.0.0.0", port=0, names=("pbx.example.com",)))  # what is tried here
    assert address == f"http://pbx.example.com:{runner.addresses[0][1]}/"


async def test_a_port_that_is_taken_is_told_with_its_cure(runner: web.AppRunner) -> None:
    await listen(runner, ApiSettings(port=0))
    with pytest.raises(ConfigurationError, match=r"cannot listen on 127\.0\.0\.1:\d+: .*change api\.port"):
        await listen(runner, ApiSettings(port=runner.addresses[0][1]))
