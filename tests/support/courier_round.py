"""Webhooks at work in virtual time: a hub whose events the test tells, a real receiver, and the endpoints between them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

import msgspec
from aiohttp import web
from support.gateways import at_work
from support.memory_store import MemoryStore
from support.memory_webhooks import MemoryWebhooks
from support.receiver import Receiver, receiving
from support.virtual_time import clock

from gateway.model.ids import DEFAULT_TENANT, CallId, PbxName
from gateway.model.times import rfc3339
from gateway.model.webhooks import Endpoint
from gateway.ports.store import Batch, Told
from gateway.ports.webhooks import Draft
from gateway.session.hub import Hub
from gateway.webhooks.endpoints import Endpoints
from gateway.webhooks.sender import Sender

HOST = "127.0.0.1"


def answering(status: int, **headers: str) -> web.Response:
    return web.Response(
        status=status, text="as the test says", headers={key.replace("_", "-"): text for key, text in headers.items()}
    )


class Round:
    """Everything around the endpoints; the hub's order begins at 100."""

    def __init__(self, receiver: Receiver, *, kept: int, timeout_s: float) -> None:
        self.receiver = receiver
        self.log = MemoryStore(calls=1, events=1_000_000, last_position=99)
        self.hub = Hub(kept=kept, log=self.log, position=99)
        self.store = MemoryWebhooks()
        self.timeout_s = timeout_s
        self.endpoints = self.new_endpoints()

    def new_endpoints(self) -> Endpoints:
        """Return them as another process would have them."""
        loop = asyncio.get_running_loop()
        return Endpoints(
            self.store,
            self.hub,
            Sender([HOST], timeout_s=self.timeout_s, clock=loop.time, now=clock),
            tenant=DEFAULT_TENANT,
            allowed=[HOST],
            now=clock,
            random_bytes=Random(1).randbytes,
            jitter=Random(1),
        )

    async def endpoint(self, *topics: str, **more: object) -> Endpoint:
        draft = Draft(name="CRM", url=self.receiver.url, topics=topics or ("*",))
        made = await self.endpoints.add(msgspec.structs.replace(draft, **more), None, by="me")
        self.receiver.secrets = [made.keys[0].secret]
        return made

    async def tell(self, *calls: str | None, kind: str = "call.answered", subjects: Sequence[str] = ()) -> list[str]:
        """Tell an event of each of these calls, and return the events' ids."""
        events = []
        for position, call in enumerate(calls, self.hub.position + 1):
            id_ = f"{call}:{position}"
            envelope = {"id": id_, "type": kind, "time": rfc3339(clock()), "position": position, "data": {"caller": "+49"}}
            events.append(
                Told(
                    position=position,
                    id=id_,
                    type=kind,
                    at=clock(),
                    tenant=DEFAULT_TENANT,
                    pbx=PbxName("hq"),
                    call_id=None if call is None else CallId(call),
                    subjects=tuple(subjects),
                    json=msgspec.json.encode(envelope),
                )
            )
        await self.log.commit(Batch(events=events))
        self.hub.publish(events)
        return [told.id for told in events]

    def got(self) -> list[str]:
        return [event["id"] for event in self.receiver.got]


@asynccontextmanager
async def webhook_round(*, kept: int = 10_000, timeout_s: float = 15.0) -> AsyncIterator[Round]:
    async with receiving(clock) as receiver:
        made = Round(receiver, kept=kept, timeout_s=timeout_s)
        async with at_work(made.endpoints):
            await asyncio.sleep(0)
            yield made


def in_order_of_calls(ids: Sequence[str]) -> bool:
    """Tell whether the events of each call came in their order, each once."""
    seen: dict[str, int] = {}
    for id_ in ids:
        call, _, position = id_.partition(":")
        if seen.get(call, 0) >= int(position):
            return False
        seen[call] = int(position)
    return True
