import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs
from support.batches import SITE, live_calls
from support.faulty_store import FaultyStore
from support.gateways import at_work
from support.memory_store import MemoryStore
from support.replaying import PBX
from support.waiting import until

from gateway.model.errors import StoreTakenError, StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT, CallId
from gateway.ports.store import Batch
from gateway.session import committer as module
from gateway.session.committer import Committer, Message
from gateway.session.hub import Hub
from gateway.session.pbx_state import PbxState

FIRST = 1_000
AWAY = StoreUnavailableError("db: connection refused")


def message(number: int, *, own: bool = False) -> Message:
    return Message(
        id=None if own else f"c:{number}",
        type="call.started",
        at=1_800_000_000.5,
        tenant=DEFAULT_TENANT,
        pbx=PBX,
        call_id=None,
        data={"number": number},
    )


def about(call_id: str | None, kind: str, subjects: tuple[str, ...] = (), **data: Any) -> Message:
    call = None if call_id is None else CallId(call_id)
    like = message(1, own=True)
    return msgspec.structs.replace(like, id=None, type=kind, call_id=call, data=data, subjects=subjects)


class Desk:
    """A committer at work, the store behind it and the hub before it."""

    def __init__(self) -> None:
        self.store = FaultyStore(MemoryStore(calls=100, events=100_000, last_position=FIRST - 1))
        self.hub = Hub(kept=100_000, log=self.store, position=FIRST - 1)
        self.slept: list[float] = []
        self.committer = Committer(self.store, self.hub, now=lambda: 1_800_000_000.0, sleep=self._sleep)
        self.state = PbxState(PBX, SITE, now=0.0)
        self.listener = self.hub.listen(["*"])

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def alarm(self) -> str | None:
        return None if self.committer.alarm is None else self.committer.alarm.detail

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(each.json) for each in self.hub.told_after(FIRST - 1)] if self.hub.position >= FIRST else []


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    async with at_work(made.committer):
        yield made


async def test_an_event_is_told_in_the_envelope() -> None:
    async with desk() as one:
        one.committer.put(one.state, messages=[message(7)])
        await one.committer.settled()

        assert one.told() == [
            {
                "id": "c:7",
                "type": "call.started",
                "time": "2027-01-15T08:00:00.500Z",
                "tenant": "default",
                "pbx": PBX,
                "position": FIRST,
                "data": {"number": 7},
            }
        ]


async def test_what_is_about_no_pbx_is_told_in_the_same_order() -> None:
    async with desk() as one:
        one.committer.put(one.state, messages=[message(1)])
        changed = msgspec.structs.replace(message(2), id=None, type="customer.changed", pbx=None)
        one.committer.tell([changed])
        await one.committer.settled()

        first, second = one.told()
        assert (first["position"], second["position"], second["id"]) == (FIRST, FIRST + 1, f"customer:{FIRST + 1}")
        assert "pbx" not in second
        (kept,) = await one.store.told_after(FIRST, 10)
        assert kept.pbx is None


async def test_what_comes_together_is_committed_at_once_in_its_order() -> None:
    (call, *_) = live_calls()
    async with desk() as one:
        one.committer.put(one.state, [call], [message(1)], heard_at=1.0)
        one.committer.put(one.state, [call], [message(2), message(3, own=True)], heard_at=2.0)
        await one.committer.settled()

        (batch,) = one.store.batches
        assert [changed.call for changed in batch.calls] == [call]
        assert [(told.position, told.id) for told in batch.events] == [
            (FIRST, "c:1"),
            (FIRST + 1, "c:2"),
            (FIRST + 2, f"{PBX}:{FIRST + 2}"),
        ]
        assert [heard.at for heard in batch.heard] == [2.0]
        assert (one.committer.commits, one.committer.waiting) == (1, 0)


async def test_nothing_is_told_or_shown_before_it_is_committed() -> None:
    (call, *_) = live_calls()
    async with desk() as one:
        one.store.fault = AWAY
        one.committer.put(one.state, [call], [message(1)])
        await until(lambda: one.committer.failed_commits > 3)
        assert (one.told(), one.state.live_count) == ([], 0)

        one.store.fault = None
        await one.committer.settled()
        assert ([each["id"] for each in one.told()], one.state.live_count) == (["c:1"], 1)


async def test_a_store_that_fails_is_an_alarm_until_it_works_again() -> None:
    async with desk() as one:
        one.store.fault = AWAY
        with capture_logs() as logs:
            one.committer.put(one.state, messages=[message(1)])
            await until(lambda: one.committer.failed_commits > 8)
            assert one.alarm() == "db: connection refused"
            one.store.fault = None
            await one.committer.settled()

        assert one.alarm() is None
        assert [line["event"] for line in logs] == ["store_fails", "store_works_again"]
        waits = one.slept[1:]
        assert waits[:4] == [0.2, 0.4, 0.8, 1.6]
        assert max(waits) == module.MAX_RETRY_S


async def test_what_comes_meanwhile_is_committed_afterwards_in_its_order() -> None:
    async with desk() as one:
        one.store.fault = AWAY
        for number in range(200):
            one.committer.put(one.state, messages=[message(number)])
            if number % 20 == 0:
                await asyncio.sleep(0)
        one.store.fault = None
        await one.committer.settled()

        assert [each["data"]["number"] for each in one.told()] == list(range(200))
        assert [each["position"] for each in one.told()] == list(range(FIRST, FIRST + 200))


async def test_a_commit_whose_answer_was_lost_is_not_made_twice() -> None:
    async with desk() as one:
        one.store.lost_answer = AWAY
        one.committer.put(one.state, messages=[message(1)])
        await one.committer.settled()
        one.committer.put(one.state, messages=[message(2)])
        await one.committer.settled()

        assert [each["id"] for each in one.told()] == ["c:1", "c:2"]
        assert len(one.store.batches) == 2


async def test_another_gateway_at_the_same_store_ends_this_one() -> None:
    one = Desk()
    await one.store.commit(Batch(events=()))
    one.store.fault = StoreTakenError("somebody else has written to it")
    one.committer.put(one.state, messages=[message(1)])

    with pytest.raises(StoreTakenError):
        await one.committer.run()


async def test_when_too_much_waits_the_engines_wait_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 10)
    async with desk() as one:
        one.store.fault = AWAY
        one.committer.put(one.state, messages=[message(0)])
        await until(lambda: one.committer.failed_commits > 0)
        await one.committer.room()
        one.committer.put(one.state, messages=[message(number) for number in range(1, 11)])
        waiting = asyncio.create_task(one.committer.room())
        await until(lambda: one.committer.failed_commits > 5)
        assert not waiting.done()

        one.store.fault = None
        await waiting
        await one.committer.settled()
        assert len(one.told()) == 11


async def test_what_others_tell_of_a_call_is_told_to_those_whom_the_call_concerns() -> None:
    concerned = ("call:c", "extension:1001", "queue:support")
    async with desk() as one:
        one.committer.put(one.state, messages=[about("c", "call.ended", concerned)])
        one.committer.tell([about("c", "recording.available", agent="Alice"), about("d", "recording.available")])
        one.committer.tell([about("c", "agent.state_changed", extension="1002", queues=["sales"])])
        await one.committer.settled()

    assert [told.subjects for told in one.hub.told_after(FIRST - 1)] == [
        concerned,
        (*concerned, "agent:Alice"),
        ("call:d",),
        ("call:c", "extension:1002", "queue:sales"),
    ]


async def test_whom_calls_concern_is_remembered_of_the_last_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KNOWN_CALLS", 2)
    async with desk() as one:
        for call_id in ("a", "b", "a", "c"):
            one.committer.put(one.state, messages=[about(call_id, "call.held", (f"call:{call_id}", "extension:1001"))])
        one.committer.tell([about(call_id, "recording.available") for call_id in ("a", "b", "c")])
        await one.committer.settled()

    told = one.hub.told_after(FIRST - 1)[-3:]
    assert [len(each.subjects) for each in told] == [2, 1, 2]
