"""How a CRM that takes 10 requests a second is told of 10,000 calls that it missed, in real time: in which order, within its
quota, with how much memory, and what it costs those whose telephone rings meanwhile.

The CRM is a program of its own on loopback, which counts; the calls are in SQLite. ``python -m bench.crm_backlog --check`` (in
tests/) fails under a bar; 10,000 calls take 17 minutes.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from base64 import b64encode
from collections import deque
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec
from aiohttp import web
from support.building import SITE, Story
from support.gateways import Parts, at_work
from support.replaying import PBX
from support.waiting import until

from gateway.crm.activities import Sounds
from gateway.crm.service import CrmService
from gateway.model.ids import DEFAULT_TENANT, CallId
from gateway.model.limits import Rate
from gateway.session.customers import CustomerBook
from gateway.session.desk import DeskBook
from gateway.session.engine import Engine
from gateway.settings.crms import adapter_of, entry_of
from gateway.store.crm import SqlCrmLog
from gateway.store.customers import SqlCustomers
from gateway.store.database import Database
from gateway.store.desk import SqlDesk
from gateway.store.sql import SqlStore
from gateway.store.urls import parse_url
from gateway.store.users import SqlUsers

CALLS: Final = 10_000
QUOTA: Final = Rate(per_second=10.0, burst=10)
SECRET: Final = "TIELINE_BENCH_SECRET"
POP_EVERY_S: Final = 5.0
OUT_OF_PLACE_BAR: Final = 8
"""Places by which a call may come too early or too late: four are told at once."""
MATCH_BAR_S: Final = 0.5
"""From the first ring to what the CRM knows, p95, with the backlog."""
RING_BAR: Final = 2.0
"""How much longer an event of a ringing telephone may take with the backlog than without, p95."""
MEMORY_BAR: Final = 1.1
"""Memory at the end over that after a tenth."""


class Crm:
    """Takes calls and says who has a number; notes when it was asked, and in which order calls came."""

    def __init__(self) -> None:
        self.times: deque[float] = deque()
        self.fastest = 0
        """Requests in the fastest second."""
        self.calls: list[CallId] = []
        self.is_away = True

    async def handle(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            self._count()
            number = request.query["number"]
            return web.json_response([{"id": number, "name": "Wei", "numbers": [number]}])
        if self.is_away:
            return web.Response(status=503)
        self._count()
        self.calls.append(CallId(msgspec.json.decode(await request.read())["call_id"]))
        return web.Response(status=200)

    def _count(self) -> None:
        now = time.monotonic()
        self.times.append(now)
        while self.times[0] < now - 1.0:
            self.times.popleft()
        self.fastest = max(self.fastest, len(self.times))


def rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


async def run(count: int) -> list[str]:
    """Measure; return what missed its bar."""
    crm = Crm()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", crm.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as folder:
        database = Database(parse_url(f"sqlite:///{folder}/bench.db"))
        store = SqlStore(database)
        await store.open()
        try:
            return await _measured(crm, url, database, store, count)
        finally:
            await store.close()
            await runner.cleanup()


async def _measured(crm: Crm, url: str, database: Database, store: SqlStore, count: int) -> list[str]:
    parts = Parts(kept=50_000, store=store)
    engine = Engine(parts.committer, {PBX: SITE}, now=time.time)
    random_bytes = Random(1).randbytes
    customers = CustomerBook(
        SqlCustomers(database), parts.committer, [SITE], tenant=DEFAULT_TENANT, now=time.time, random_bytes=random_bytes
    )
    desk = DeskBook(
        SqlDesk(database),
        store,
        customers,
        parts.committer,
        {PBX: SITE},
        tenant=DEFAULT_TENANT,
        now=time.time,
        random_bytes=random_bytes,
    )
    os.environ[SECRET] = f"whsec_{b64encode(b'benchmark' * 4).decode()}"
    settings = {
        "name": "crm",
        "adapter": "webhook",
        "url": f"{url}/calls",
        "find_url": f"{url}/find",
        "secret": f"${{env:{SECRET}}}",
        "calls": {"live": False},
        "quota": msgspec.to_builtins(QUOTA),
    }
    entry = entry_of(settings, "CN")
    service = CrmService(
        [entry],
        adapter_of,
        log=SqlCrmLog(database),
        calls=store,
        customers=customers,
        users=SqlUsers(database),
        desk=desk,
        sounds=Sounds(_none, _Silent(), lambda: ""),
        engine=engine,
        hub=parts.hub,
        committer=parts.committer,
        dial=_nothing,
        tenant=DEFAULT_TENANT,
        now=time.time,
        jitter=Random(1),
    )
    story = Story(SITE, time.time())
    async with at_work(engine, parts.committer, service):
        before = [await _pop(engine, parts, story, number) for number in range(20)]
        for number in range(count):
            story.comes_in(f"c{number}", number=None).later(0.001).hangs_up(f"c{number}")
            if len(story.events) >= 500:
                await _say(engine, parts, story)
        await _say(engine, parts, story)
        await until(lambda: _waits(service, count), timeout_s=120.0)
        told = [call.call_id for _, call in await store.ended(DEFAULT_TENANT, pbxs=None, after=None, limit=count + 50)]
        crm.is_away = False
        began = time.monotonic()
        during: list[tuple[float, float]] = []
        memory = 0.0
        while len(crm.calls) < count:
            await asyncio.sleep(POP_EVERY_S)
            during.append(await _pop(engine, parts, story, 1_000 + len(during)))
            if not memory and len(crm.calls) >= count / 10:
                memory = rss_mb()
        took_s, at_the_end = time.monotonic() - began, rss_mb()
    right = {call: place for place, call in enumerate(reversed([call for call in told if call in set(crm.calls)]))}
    out_of_place = max(abs(place - right[call]) for place, call in enumerate(crm.calls))
    rings = [_p95([ring for ring, _ in each]) for each in (before, during)]
    matches = [_p95([match for _, match in each]) for each in (before, during)]
    print(f"{count} calls missed, told in {took_s:.0f} s: {count / took_s:.1f} calls/s")
    print(f"fastest second                {crm.fastest} requests (quota 10, burst 10)")
    print(f"furthest out of place         {out_of_place} places")
    print(f"ringing told, p95             {rings[0] * 1e3:.1f} ms without, {rings[1] * 1e3:.1f} ms with the backlog")
    print(f"what the CRM knows, p95       {matches[0] * 1e3:.0f} ms without, {matches[1] * 1e3:.0f} ms with the backlog")
    print(f"memory                        {memory:.0f} MB after a tenth, {at_the_end:.0f} MB at the end")
    bars = {
        "a call was told twice, or never": len(crm.calls) == len(set(crm.calls)) >= count,
        "calls were told out of order": out_of_place <= OUT_OF_PLACE_BAR,
        "the quota was not kept": crm.fastest <= QUOTA.per_second + QUOTA.burst,
        "a ringing telephone was told late": rings[1] <= max(rings[0] * RING_BAR, 0.02),
        "what the CRM knows came late": matches[1] <= MATCH_BAR_S,
        "memory grew": at_the_end <= memory * MEMORY_BAR,
    }
    return [text for text, met in bars.items() if not met]


async def _pop(engine: Engine, parts: Parts, story: Story, number: int) -> tuple[float, float]:
    """Let somebody new call; return after how many seconds his ringing was told, and who he is."""
    story.now = time.time()
    listener = parts.hub.listen(["call.alerting", "call.crm_matched"])
    began = time.monotonic()
    story.comes_in(f"pop{number}", number=f"0138001{number:05d}").rings(f"phone{number}", by=f"pop{number}", device="PJSIP/8001")
    engine_said = asyncio.create_task(engine.accept(PBX, story.events))
    times: dict[str, float] = {}
    try:
        async with asyncio.timeout(10.0):
            while len(times) < 2:
                for told in await listener.next_batch():
                    times.setdefault(told.type, time.monotonic() - began)
    finally:
        listener.close()
        await engine_said
        story.events.clear()
    story.hangs_up(f"pop{number}", f"phone{number}")
    await _say(engine, parts, story)
    return times["call.alerting"], times["call.crm_matched"]


async def _waits(service: CrmService, count: int) -> bool:
    return (await service.all())[0].waiting >= count


async def _say(engine: Engine, parts: Parts, story: Story) -> None:
    await engine.accept(PBX, list(story.events))
    story.events.clear()
    await parts.committer.settled()


class _Silent:
    def audio(self, recording: Any, *, original: bool) -> None:
        return None


async def _none(tenant: Any, calls: Any) -> list[Any]:
    return []


async def _nothing(crm: str, asked: Any) -> None:
    return None


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]


def main() -> int:
    """Return 0, or 1 when a bar is missed and ``--check`` was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a figure is over its bar")
    parser.add_argument("--calls", type=int, default=CALLS, help="how many the CRM missed")
    options = parser.parse_args()
    missed = asyncio.run(run(options.calls))
    for line in missed:
        print(f"MISSED {line}", file=sys.stderr)
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
