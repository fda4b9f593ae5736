"""What the live tests share: a real Asterisk, telephones, a carrier, SIPp, and a browser."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser
from rig import sipp as load
from rig.asterisk import Asterisk
from rig.leg import Ring
from rig.phone import Phone
from rig.site import CARRIER_HOST
from rig.stage import Ensemble
from support.agent_desks import browser
from support.commanded_desk import Desk, connected, snippet_files

Phones = Callable[[str], Awaitable[Phone]]


@pytest.fixture(scope="session")
def asterisk() -> Iterator[Asterisk]:
    """The recorded Asterisk 22 with the site cc1, one for all live tests."""
    pbx = Asterisk()
    asyncio.run(pbx.__aenter__())
    yield pbx
    asyncio.run(pbx.__aexit__())


@pytest.fixture
async def phones(asterisk: Asterisk) -> AsyncIterator[Phones]:
    """Gives the telephone of an extension (1001 to 1005), registered; all hang up at the end."""
    made: dict[str, Phone] = {}

    async def phone(extension: str) -> Phone:
        if extension not in made:
            made[extension] = await Phone(extension, asterisk.sip, password=f"secret{extension}").open()
            assert await made[extension].register() == 200
        return made[extension]

    yield phone
    for each in made.values():
        await each.close()


@pytest.fixture
async def carrier(asterisk: Asterisk) -> AsyncIterator[Phone]:
    """The first trunk's far end: it dials our numbers, and answers the numbers that agents dial."""
    far_end = await Phone("carrier", asterisk.sip, CARRIER_HOST, asterisk.ports.carrier).open()
    yield far_end
    await far_end.close()


@pytest.fixture
async def sipp(asterisk: Asterisk) -> AsyncIterator[Callable[[load.Load], Awaitable[list[load.LoadCall]]]]:
    """Makes many calls at once; the desks 1101 to 1199 answer after 0.3 s and never hang up first."""
    async with load.desks(asterisk) as desks:

        async def call(wanted: load.Load) -> list[load.LoadCall]:
            return await load.call(asterisk, wanted, desks)

        yield call


@pytest.fixture(scope="session")
def commanded_asterisks() -> Iterator[Callable[[int], Asterisk]]:
    """Gives the Asterisk of this major version that takes all commands, with the snippet's lines; one for all live tests."""
    running: dict[int, Asterisk] = {}

    def started(major: int) -> Asterisk:
        if major not in running:
            pbx = Asterisk(major, append=snippet_files(major))
            asyncio.run(pbx.__aenter__())
            running[major] = pbx
        return running[major]

    yield started
    for pbx in running.values():
        asyncio.run(pbx.__aexit__())


@pytest.fixture(scope="session", params=[22, 16])
def commanded_asterisk(request: pytest.FixtureRequest, commanded_asterisks: Callable[[int], Asterisk]) -> Asterisk:
    """Each of them: as modules take turns with workers, either is asked for many times."""
    return commanded_asterisks(request.param)


@pytest.fixture
async def phones_of_commanded(commanded_asterisk: Asterisk) -> AsyncIterator[Ensemble]:
    """Its telephones and trunks."""
    async with Ensemble(commanded_asterisk) as ensemble:
        yield ensemble
        await ensemble.tidy()


@pytest.fixture
def telephones(phones_of_commanded: Ensemble) -> Ensemble:
    """The same; an agent's telephone rings until the test answers it."""
    for phone in phones_of_commanded.agents.values():
        phone.behaviour = Ring()
    return phones_of_commanded


@pytest.fixture
async def desk(commanded_asterisk: Asterisk, phones_of_commanded: Ensemble, tmp_path: Path) -> AsyncIterator[Desk]:
    """The same with the connector that gives it orders."""
    async with connected(commanded_asterisk, tmp_path) as (connector, sink):
        yield Desk(commanded_asterisk, phones_of_commanded, connector, sink)


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A real browser."""
    async with browser() as running:
        yield running
