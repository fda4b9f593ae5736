from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from support.memory_webhooks import MemoryWebhooks

from gateway.model.ids import DEFAULT_TENANT, CallId, Tenant
from gateway.model.webhooks import Attempt, Delivery, Endpoint, Key, WebhookId
from gateway.ports.webhooks import Progress, WebhookStore
from gateway.store.database import Database
from gateway.store.urls import parse_url
from gateway.store.webhooks import KEPT_ATTEMPTS, SqlWebhooks

ELSEWHERE = Tenant("other")
ONE = Endpoint(
    id=WebhookId("1"),
    name="CRM",
    url="https://crm.example/hook",
    topics=("call.ended",),
    pbxs=("hq",),
    queues=("support",),
    template='{"id": "{{id}}"}',
    keys=(Key(secret="whsec_b", created_at=2.0), Key(secret="whsec_a", created_at=1.0, retires_at=9.0)),
    created_at=1.0,
    created_by="me",
)
TWO = Endpoint(id=WebhookId("2"), name="B", url="https://b.example", topics=("*",), keys=(), created_at=2.0, created_by="x")


def delivery(position: int, *, dead: bool = False, at: float = 1.0) -> Delivery:
    return Delivery(
        position=position,
        event_id=f"c:{position}",
        type="call.ended",
        call_id=CallId("c") if position % 2 else None,
        envelope=b'{"position":%d}' % position,
        at=at,
        attempts=3,
        retry_at=7.5,
        dead=dead,
        why="500 Internal Server Error",
    )


def attempt(position: int, *, why: str | None = None) -> Attempt:
    return Attempt(at=1.5, position=position, event_id="e", type="call.ended", status=None if why else 204, why=why, took_s=0.25)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def webhooks(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[WebhookStore]:
    if request.param == "memory":
        yield MemoryWebhooks()
        return
    url = f"sqlite:///{tmp_path}/tieline.db" if request.param == "sqlite" else request.getfixturevalue("cluster").database()
    database = Database(parse_url(url))
    await database.open()
    yield SqlWebhooks(database)
    await database.close()


async def test_endpoints_are_kept_as_they_are_and_go_on_where_they_were(webhooks: WebhookStore) -> None:
    await webhooks.put(DEFAULT_TENANT, TWO, position=7)
    await webhooks.put(DEFAULT_TENANT, ONE, position=5)
    disabled = msgspec.structs.replace(ONE, enabled=False, disabled_why="410 Gone", name="Old CRM")

    await webhooks.put(DEFAULT_TENANT, disabled)

    assert await webhooks.endpoints(DEFAULT_TENANT) == [(disabled, 5), (TWO, 7)]


async def test_progress_is_kept_at_once(webhooks: WebhookStore) -> None:
    await webhooks.put(DEFAULT_TENANT, ONE, position=0)
    first = Progress(position=4, kept=[delivery(1), delivery(2), delivery(3, dead=True)], attempts=[attempt(1, why="no answer")])
    await webhooks.note(DEFAULT_TENANT, ONE.id, first)
    later = msgspec.structs.replace(delivery(2), attempts=4)

    await webhooks.note(DEFAULT_TENANT, ONE.id, Progress(position=9, kept=[later], done=[1], attempts=[attempt(4), attempt(5)]))

    assert [position for _, position in await webhooks.endpoints(DEFAULT_TENANT)] == [9]
    assert await webhooks.waiting(DEFAULT_TENANT, ONE.id) == [later]
    assert await webhooks.dead(DEFAULT_TENANT, ONE.id, after=0, limit=10) == [delivery(3, dead=True)]
    assert await webhooks.dead(DEFAULT_TENANT, ONE.id, after=3, limit=10) == []
    assert await webhooks.counts(DEFAULT_TENANT, ONE.id) == (1, 1)
    assert await webhooks.attempts(DEFAULT_TENANT, ONE.id, limit=2) == [attempt(5), attempt(4)]
    assert (await webhooks.attempts(DEFAULT_TENANT, ONE.id, limit=9))[-1] == attempt(1, why="no answer")


@pytest.mark.parametrize(
    ("positions", "since", "revived"), [(None, None, [1, 2, 3]), ([2, 9], None, [2]), (None, 2.0, [2, 3]), ([1, 2], 2.0, [2])]
)
async def test_the_dead_are_tried_again(
    webhooks: WebhookStore, positions: list[int] | None, since: float | None, revived: list[int]
) -> None:
    await webhooks.put(DEFAULT_TENANT, ONE, position=0)
    dead = [delivery(each, dead=True, at=float(each)) for each in (1, 2, 3)]
    await webhooks.note(DEFAULT_TENANT, ONE.id, Progress(position=4, kept=[*dead, delivery(4)]))

    assert await webhooks.revive(DEFAULT_TENANT, ONE.id, positions=positions, since=since, at=50.0) == len(revived)

    waiting = await webhooks.waiting(DEFAULT_TENANT, ONE.id)
    assert [each.position for each in waiting] == [*revived, 4]
    assert {(each.attempts, each.retry_at) for each in waiting[:-1]} == {(0, 50.0)}


async def test_the_dead_are_deleted_when_they_are_old(webhooks: WebhookStore) -> None:
    await webhooks.put(DEFAULT_TENANT, ONE, position=0)
    kept = [delivery(1, dead=True, at=1.0), delivery(2, dead=True, at=2.0), delivery(3, at=1.0)]
    await webhooks.note(DEFAULT_TENANT, ONE.id, Progress(position=3, kept=kept))

    assert await webhooks.prune(ELSEWHERE, before=2.0) == 0
    assert await webhooks.prune(DEFAULT_TENANT, before=2.0) == 1
    assert await webhooks.dead(DEFAULT_TENANT, ONE.id, after=0, limit=9) == [kept[1]]
    assert await webhooks.waiting(DEFAULT_TENANT, ONE.id) == [kept[2]]


async def test_the_log_is_bounded(webhooks: WebhookStore) -> None:
    await webhooks.put(DEFAULT_TENANT, ONE, position=0)
    for _ in range(2):
        attempts = [attempt(position) for position in range(KEPT_ATTEMPTS - 1)]
        await webhooks.note(DEFAULT_TENANT, ONE.id, Progress(position=1, attempts=attempts))

    assert len(await webhooks.attempts(DEFAULT_TENANT, ONE.id, limit=10_000)) == KEPT_ATTEMPTS


async def test_nothing_is_left_of_an_endpoint_that_is_removed(webhooks: WebhookStore) -> None:
    await webhooks.put(DEFAULT_TENANT, ONE, position=0)
    progress = Progress(position=1, kept=[delivery(1)], attempts=[attempt(1)])
    await webhooks.note(DEFAULT_TENANT, ONE.id, progress)

    await webhooks.remove(DEFAULT_TENANT, ONE.id)
    await webhooks.note(DEFAULT_TENANT, ONE.id, progress)

    assert await webhooks.endpoints(DEFAULT_TENANT) == []
    assert await webhooks.counts(DEFAULT_TENANT, ONE.id) == (0, 0)
    assert await webhooks.attempts(DEFAULT_TENANT, ONE.id, limit=1) == []


async def test_tenants_know_nothing_of_each_other(webhooks: WebhookStore) -> None:
    await webhooks.put(DEFAULT_TENANT, ONE, position=0)
    await webhooks.note(DEFAULT_TENANT, ONE.id, Progress(position=1, kept=[delivery(1, dead=True)], attempts=[attempt(1)]))

    await webhooks.note(ELSEWHERE, ONE.id, Progress(position=99, done=[1]))
    await webhooks.remove(ELSEWHERE, ONE.id)

    assert await webhooks.endpoints(ELSEWHERE) == []
    assert await webhooks.dead(ELSEWHERE, ONE.id, after=0, limit=9) == []
    assert await webhooks.waiting(ELSEWHERE, ONE.id) == []
    assert await webhooks.counts(ELSEWHERE, ONE.id) == (0, 0)
    assert await webhooks.attempts(ELSEWHERE, ONE.id, limit=9) == []
    assert await webhooks.revive(ELSEWHERE, ONE.id, positions=None, since=None, at=1.0) == 0
    assert await webhooks.endpoints(DEFAULT_TENANT) == [(ONE, 1)]
    assert await webhooks.counts(DEFAULT_TENANT, ONE.id) == (0, 1)
