"""A whole gateway whose database fails under load: nothing is lost, memory is bounded, and it says what is wrong.

The bench does the same for a minute on a real Asterisk: tests/bench/soak_outage.py.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import ClientSession
from support.fake_asterisk import SECRET, USERNAME, FakeAsterisk, leg_event
from support.postgres import Postgres, postgres
from support.waiting import until

from connectors.asterisk_ami.connection import AsteriskConnector
from connectors.asterisk_ami.settings import AsteriskSettings
from gateway.app import Gateway
from gateway.model.ids import DEFAULT_TENANT, PbxName
from gateway.model.principals import ALL_SCOPES, Role
from gateway.model.secret import Secret
from gateway.model.site import Site
from gateway.model.tokens import RANDOM_BYTES, NewToken, made, written
from gateway.session import committer as committing
from gateway.settings.values import ApiSettings, ConnectorEntry, Settings, StoreSettings

PBX = PbxName("cc1")
SITE = Site(region="HK", extensions=r"^1\d{3}$", trunks=("PJSIP/carrier",))
BEFORE, DURING, AFTER = 50, 6_000, 50
"""Calls."""
AT_ONCE = 50
ROOM = 500
"""Events and calls that may wait in the committer here, so that a short test fills it."""
TOKEN = written(bytes(RANDOM_BYTES))


class Office:
    """A gateway that hears a PBX and has a client."""

    def __init__(self, gateway: Gateway, asterisk: FakeAsterisk, client: ClientSession) -> None:
        self.gateway = gateway
        self.asterisk = asterisk
        self.client = client
        self.calls = 0
        self.most_waiting = 0

    async def have(self, calls: int) -> None:
        """Let the PBX have these calls, each over at once."""
        for _ in range(calls // AT_ONCE):
            said = b""
            for _ in range(AT_ONCE):
                self.calls += 1
                said += leg_event("Newchannel", self.calls)
                said += leg_event("Newstate", self.calls, ChannelState="6")
                said += leg_event("Hangup", self.calls, Cause="16")
            self.asterisk.write(said)
            await asyncio.sleep(0.001)
            self.most_waiting = max(self.most_waiting, self.gateway.committer.waiting)

    async def got(self, path: str) -> tuple[int, dict[str, Any]]:
        async with self.client.get(path) as answer:
            return answer.status, json.loads(await answer.text())

    @property
    def connector(self) -> AsteriskConnector:
        found = self.gateway.supervisor.connector(PBX)
        assert isinstance(found, AsteriskConnector)
        return found

    async def kept(self) -> int:
        return len(await self.gateway.store.ended(DEFAULT_TENANT, pbxs=None, after=None, limit=2 * DURING))

    async def all_kept(self) -> bool:
        return await self.kept() == self.calls


@asynccontextmanager
async def running(folder: Path, url: str | None) -> AsyncIterator[Office]:
    asterisk = FakeAsterisk(time.time)
    await asterisk.listen()
    hears = AsteriskSettings(
        host="127.0.0.1",
        port=asterisk.port,
        username=USERNAME,
        secret=Secret(SECRET),
        site=SITE,
        memory_bytes=1024 * 1024,
    )
    settings = Settings(
        api=ApiSettings(port=0),
        connectors=(ConnectorEntry(pbx=PBX, plugin="asterisk_ami", settings=hears),),
        store=StoreSettings(url=url),
        state_dir=str(folder),
    )
    gateway = Gateway(settings)
    async with gateway.running() as address:
        token = made(NewToken(name="a test", scopes=tuple(ALL_SCOPES), role=Role.ADMIN), TOKEN, created_by="a test", now=0.0)
        await gateway.tokens.add(token)
        async with ClientSession(address, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            site = Office(gateway, asterisk, client)
            await until(lambda: gateway.engine.pbxs[PBX].link.status == "connected")
            yield site
    await asterisk.stop()


async def fails_and_comes_back(
    site: Office, begin: Callable[[], Awaitable[None]], end: Callable[[], Awaitable[None]], reason: str
) -> None:
    """Have calls before, during and after the trouble, and see that each is kept once."""
    gateway = site.gateway
    await site.have(BEFORE)
    await until(site.all_kept)
    assert (await site.got("readyz"))[1]["status"] == "ready"

    await begin()
    await site.have(DURING)
    await until(lambda: gateway.committer.alarm is not None)
    # The committer is full, the engine waits, and so what the PBX says goes into the connector's memory and its spool.
    await until(lambda: site.connector.waiting_bytes > 1024 * 1024)
    status, ready = await site.got("readyz")
    assert (status, ready["status"], ready["store"]["status"]) == (200, "degraded", "failing")
    assert reason in ready["store"]["detail"]
    assert ready["pbxs"][0]["status"] == "connected"
    # A batch that is applied may find the last of the room.
    assert max(site.most_waiting, gateway.committer.waiting) < ROOM + 10 * AT_ONCE

    await end()
    await site.have(AFTER)
    await until(site.all_kept, timeout_s=60)
    await until(lambda: gateway.committer.alarm is None)
    await gateway.committer.settled()
    assert (await site.got("readyz"))[1]["status"] == "ready"
    await assert_each_once(site)


async def assert_each_once(site: Office) -> None:
    """Each call has one record and all its events, in an order without holes; nothing was not heard."""
    store, hub = site.gateway.store, site.gateway.hub
    told: list[Any] = []
    while page := await store.told_after(told[-1].position if told else 0, 5_000):
        told += page
    assert [each.position for each in told] == list(range(1, hub.position + 1))
    assert "gateway.gap" not in {each.type for each in told}
    assert sum(each.type == "call.ended" for each in told) == site.calls
    assert len({each.id for each in told}) == len(told)
    calls = [call for _, call in await store.ended(DEFAULT_TENANT, pbxs=None, after=None, limit=2 * DURING)]
    assert len(calls) == site.calls == BEFORE + DURING + AFTER
    assert {leg for call in calls for leg in call.legs} == {f"1795000000.{number}" for number in range(1, site.calls + 1)}
    assert all(call.complete for call in calls)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgres]:
    with postgres() as running_:
        yield running_


@pytest.fixture(autouse=True)
def soon_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committing, "MAX_WAITING", ROOM)
    monkeypatch.setattr(committing, "MAX_RETRY_S", 0.5)


async def test_all_is_kept_when_postgresql_was_stopped_under_load(cluster: Postgres, tmp_path: Path) -> None:
    async with running(tmp_path, cluster.database()) as site:

        async def begin() -> None:
            await asyncio.to_thread(cluster.stop)

        async def end() -> None:
            status, problem = await site.got("api/v1/calls?state=ended")
            assert (status, problem["type"]) == (503, "urn:tieline:problem:store-unavailable")
            await asyncio.to_thread(cluster.start)

        await fails_and_comes_back(site, begin, end, "Connect call failed")


async def test_all_is_kept_when_the_disk_was_full_under_load(tmp_path: Path) -> None:
    pages = [1_000_000]

    def limit(connection: Any, _record: object, _proxy: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages[0]}").close()

    async with running(tmp_path, None) as site:
        engine = site.gateway.database.engine

        async def used() -> int:
            async with engine.connect() as connection:
                return int((await connection.exec_driver_sql("PRAGMA page_count")).scalar_one())

        async def begin() -> None:
            sa.event.listen(engine.sync_engine, "checkout", limit)
            pages[0] = await used() + 20
            async with site.gateway.database.writing() as connection:  # its connection is out already
                await connection.exec_driver_sql(f"PRAGMA max_page_count={pages[0]}")

        async def end() -> None:
            status, _ = await site.got("api/v1/calls?state=ended")
            assert status == 200
            pages[0] = 1_000_000  # for whoever takes a connection next, as each does after a failure

        await fails_and_comes_back(site, begin, end, "the disk is full")
