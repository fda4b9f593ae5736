import re

import pytest
from support.faulty_store import FaultyStore
from support.gateways import served
from support.kept_tokens import KeptTokens, bearer
from support.memory_store import MemoryStore
from support.replaying import CAPTURES, PBX
from support.waiting import until

from gateway.api import health
from gateway.model.errors import StoreUnavailableError
from gateway.model.principals import Scope
from gateway.ports.connector import Gap, LinkStatus
from gateway.ports.recordings import RecordingAlarm

QUEUE = CAPTURES / "asterisk" / "22" / "queue_caller_hangs"


async def test_a_gateway_that_answers_is_alive() -> None:
    async with served(QUEUE) as one:
        response = await one.client.get("/healthz")

        assert (response.status, await response.json()) == (200, {"status": "alive"})


@pytest.mark.parametrize(
    ("link", "status", "word"),
    [
        (LinkStatus.CONNECTED, 200, "ready"),
        (LinkStatus.CONNECTING, 503, "not ready"),
        (LinkStatus.RETRYING, 503, "not ready"),
        (LinkStatus.REFUSED, 503, "not ready"),
    ],
)
async def test_readiness_says_in_words_what_is_wrong(link: LinkStatus, status: int, word: str) -> None:
    detail = "pbx1: wrong secret for user tieline at 192.0.2.1:5038"
    async with served(QUEUE) as one:
        await one.link(link, detail)
        response = await one.client.get("/readyz")
        body = await response.json()

    assert (response.status, body["status"]) == (status, word)
    assert body["pbxs"] == [{"pbx": PBX, "status": link.value, "detail": detail, "since": "2027-01-15T08:00:00.000Z"}]


async def test_one_pbx_that_is_heard_is_enough_to_serve() -> None:
    async with served(QUEUE, others=["two"]) as one:
        await one.link(LinkStatus.CONNECTED)
        response = await one.client.get("/readyz")

        assert (response.status, (await response.json())["status"]) == (200, "degraded")


async def test_figures_are_those_of_the_engine() -> None:
    async with served(QUEUE) as one:
        await one.link(LinkStatus.CONNECTED)
        await one.play()
        await one.engine.declare_gap(PBX, Gap(began_at=1.0, ended_at=3.5, reason="cut"))
        await one.committer.settled()
        text = await (await one.client.get("/metrics")).text()
        counts = one.engine.pbxs[PBX].counts

    figures = dict(re.findall(r"^(tieline_\S+) (\S+)$", text, re.MULTILINE))
    assert float(figures[f'tieline_pbx_events_total{{pbx="{PBX}"}}']) == counts.events == len(one.events)
    assert float(figures[f'tieline_call_events_total{{pbx="{PBX}"}}']) == counts.call_events > 0
    assert figures[f'tieline_live_calls{{pbx="{PBX}"}}'] == "0.0"
    assert figures[f'tieline_gaps_total{{pbx="{PBX}"}}'] == "1.0"
    assert figures[f'tieline_gap_seconds_total{{pbx="{PBX}"}}'] == "2.5"
    assert figures[f'tieline_link_status{{pbx="{PBX}",status="connected"}}'] == "1.0"
    assert figures[f'tieline_link_status{{pbx="{PBX}",status="refused"}}'] == "0.0"
    assert f'tieline_inbox_batches{{pbx="{PBX}"}}' in figures
    assert "process_resident_memory_bytes" in text


async def test_figures_tell_nobodys_number() -> None:
    async with served(QUEUE) as one:
        await one.play(12)
        text = await (await one.client.get("/metrics")).text()

    assert "85291234567" not in text


async def test_a_store_that_fails_is_told_in_words_and_figures() -> None:
    store = FaultyStore(MemoryStore(calls=10, events=1_000, last_position=999))
    async with served(QUEUE, store=store) as one:
        await one.link(LinkStatus.CONNECTED)
        store.fault = StoreUnavailableError("/var/lib/tieline.db: the disk is full (database or disk is full)")
        await one.engine.accept(PBX, one.events[:12])
        await until(lambda: one.committer.alarm is not None)
        ready = await one.client.get("/readyz")
        body = await ready.json()
        figures = await (await one.client.get("/metrics")).text()
        store.fault = None
        await one.committer.settled()
        again = await (await one.client.get("/readyz")).json()

    assert (ready.status, body["status"], body["store"]["status"]) == (200, "degraded", "failing")
    assert "the disk is full" in body["store"]["detail"]
    assert "tieline_store_failing 1.0" in figures
    assert (again["status"], again["store"]["status"], again["store"]["detail"]) == ("ready", "works", "calls are kept in memory")


async def test_who_shows_no_token_learns_whether_and_not_what() -> None:
    tokens = KeptTokens()
    watcher, other = tokens.give(Scope.SYSTEM_READ), tokens.give(Scope.CALLS_READ)
    async with served(QUEUE, authenticator=tokens.authenticator()) as one:
        await one.link(LinkStatus.REFUSED, "pbx1: wrong secret")
        unknown = await one.client.get("/readyz")
        terse = await unknown.json()
        alive = await one.client.get("/healthz")
        whole = await (await one.client.get("/readyz", headers=bearer(watcher))).json()
        partly = await (await one.client.get("/readyz", headers=bearer(other))).json()

    assert (unknown.status, terse, alive.status) == (503, {"status": "not ready"}, 200)
    assert whole["pbxs"][0]["detail"] == "pbx1: wrong secret"
    assert partly == terse


async def test_figures_take_a_token_that_may_read_them() -> None:
    tokens = KeptTokens()
    watcher, other = tokens.give(Scope.SYSTEM_READ), tokens.give(Scope.CALLS_READ)
    async with served(QUEUE, authenticator=tokens.authenticator()) as one:
        statuses = [
            (await one.client.get("/metrics", headers=headers)).status for headers in ({}, bearer(other), bearer(watcher))
        ]

    assert statuses == [401, 403, 200]


async def test_figures_may_be_open_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(QUEUE, authenticator=KeptTokens().authenticator(), open_metrics=True) as one:
        here = await one.client.get("/metrics")
        monkeypatch.setattr(health, "is_local", lambda _request: False)
        elsewhere = await one.client.get("/metrics")

    assert (here.status, elsewhere.status) == (200, 403)


async def test_recordings_that_cannot_be_fetched_are_told_and_the_rest_goes_on() -> None:
    alarm = RecordingAlarm(pbx=PBX, detail="/mnt/monitor: No such file or directory: is it mounted?", since=1_800_000_000.0)
    async with served(QUEUE, recording_alarms=[alarm]) as one:
        await one.link(LinkStatus.CONNECTED)
        response = await one.client.get("/readyz")
        body = await response.json()

    assert (response.status, body["status"]) == (200, "degraded")
    assert body["recordings"] == [{"pbx": PBX, "detail": alarm.detail, "since": "2027-01-15T08:00:00.000Z"}]
