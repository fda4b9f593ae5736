import json
from csv import DictReader
from io import StringIO
from typing import Any

import pytest
from aiohttp import ClientPayloadError
from support.faulty_store import FaultyStore
from support.gateways import Client, served
from support.memory_store import MemoryStore
from support.replaying import CAPTURES, PBX

from gateway.api import calls, calls_csv
from gateway.api.problems import CONTENT_TYPE
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT
from gateway.ports.connector import Gap, LinkStatus

ASTERISK = CAPTURES / "asterisk"
QUEUE = ASTERISK / "22" / "queue_caller_hangs"


async def got(client: Client, path: str) -> Any:
    response = await client.get(path)
    assert response.status == 200, await response.text()
    return await response.json()


async def test_a_live_call_is_told_with_its_phase() -> None:
    async with served(QUEUE) as one:
        await one.play(12)
        (call,) = (await got(one.client, "/api/v1/calls"))["calls"]

    assert (call["state"], call["caller"], call["queue"]) == ("active", "+85291234567", "support")
    assert call["phase"]["name"] == "queued"
    assert call["phase"]["since"] == call["queues"][0]["joined_at"]


async def test_an_ended_call_is_its_record() -> None:
    async with served(QUEUE) as one:
        await one.play()
        (listed,) = (await got(one.client, "/api/v1/calls"))["calls"]
        call = await got(one.client, f"/api/v1/calls/{listed['call_id']}")

    assert call == listed
    assert (call["state"], call["outcome"], call["ended_by"]) == ("ended", "answered", "caller")
    assert "phase" not in call


async def test_listening_after_the_position_of_the_calls_misses_nothing() -> None:
    async with served(QUEUE) as one:
        await one.play(12)
        answer = await got(one.client, "/api/v1/calls")
        await one.play(start=12)
        listener = one.hub.listen(["*"], after=answer["position"])
        told = await listener.next_batch()
        listener.close()

    assert told[0].position == answer["position"] + 1
    assert [each.type for each in told][-1] == "call.ended"


@pytest.mark.parametrize(
    ("query", "states"),
    [
        ("", ["active", "active", "ended", "ended"]),
        ("?state=active", ["active", "active"]),
        ("?state=ended", ["ended", "ended"]),
        ("?state=all&limit=3", ["active", "active", "ended"]),
        (f"?pbx={PBX}&limit=1", ["active"]),
    ],
)
async def test_calls_are_filtered(query: str, states: list[str]) -> None:
    async with served(ASTERISK / "22-freepbx" / "four_at_once") as one:
        at = 0
        state = one.engine.pbxs[PBX]
        while (state.live_count, len(await one.store.ended(DEFAULT_TENANT, pbxs=None, after=None, limit=9))) != (2, 2):
            await one.play(at + 1, start=at)
            at += 1
        calls = (await got(one.client, f"/api/v1/calls{query}"))["calls"]

    assert [call["state"] for call in calls] == states
    started = [call["started_at"] for call in calls if call["state"] == "active"]
    assert started == sorted(started)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
async def test_pages_follow_each_other_from_the_live_calls_to_the_first_one_ended(limit: int) -> None:
    async with served(ASTERISK / "22-freepbx" / "four_at_once") as one:
        at, whole = 0, list[dict[str, Any]]()
        while [call["state"] for call in whole] != ["active", "active", "ended", "ended"]:
            await one.play(at + 1, start=at)
            whole = (await got(one.client, "/api/v1/calls"))["calls"]
            at += 1
        page = await got(one.client, f"/api/v1/calls?limit={limit}")
        paged = page["calls"]
        while page["next"] is not None:
            page = await got(one.client, f"/api/v1/calls?limit={limit}&cursor={page['next']}")
            assert len(page["calls"]) <= limit
            paged += page["calls"]

    assert paged == whole
    assert len(whole) == 4


@pytest.mark.parametrize("cursor", ["x", "bm9uZQ", "WyJ4IiwxLCJhIl0"])
async def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    async with served(QUEUE) as one:
        response = await one.client.get(f"/api/v1/calls?cursor={cursor}")

        assert response.status == 400
        assert (await response.json(content_type=CONTENT_TYPE))["parameter"] == "cursor"


async def test_without_the_store_live_calls_are_told_and_ended_ones_refused() -> None:
    store = FaultyStore(MemoryStore(calls=10, events=1_000, last_position=999))
    async with served(QUEUE, store=store) as one:
        await one.play(12)
        store.fault = StoreUnavailableError("db: connection refused")
        everything = await got(one.client, "/api/v1/calls")
        ended = await one.client.get("/api/v1/calls?state=ended")
        store.fault = None

        assert [call["state"] for call in everything["calls"]] == ["active"]
        assert everything["problem"]["type"] == "urn:tieline:problem:store-unavailable"
        assert (ended.status, ended.content_type) == (503, CONTENT_TYPE)
        assert "connection refused" in (await ended.json(content_type=CONTENT_TYPE))["detail"]


async def test_named_calls_are_read_at_once() -> None:
    async with served(QUEUE) as one:
        await one.play(12)
        (call,) = (await got(one.client, "/api/v1/calls"))["calls"]
        answer = await got(one.client, f"/api/v1/calls?ids={call['call_id']},nothing")

    assert answer["calls"] == [call]


async def test_a_merged_call_says_where_it_went() -> None:
    async with served(ASTERISK / "22" / "attended_transfer") as one:
        listener = one.hub.listen(["call.merged"])
        await one.play()
        (told,) = await listener.next_batch()
        listener.close()
        event = json.loads(told.json)
        answer = await got(one.client, f"/api/v1/calls/{event['data']['from']}")

    assert answer["merged_into"] == event["data"]["into"] == event["call_id"]


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/api/v1/calls/nothing", 404, "not-found"),
        ("/api/v1/calls?state=dead", 400, "bad-parameter"),
        ("/api/v1/calls?limit=0", 400, "bad-parameter"),
        ("/api/v1/calls?limit=1001", 400, "bad-parameter"),
        ("/api/v1/calls?pbx=other", 400, "bad-parameter"),
        ("/api/v1/calls?stat=active", 400, "bad-parameter"),
        ("/api/v1/calls?since=0", 400, "bad-parameter"),
        ("/api/v1/calls?since=2026-11-22T11:25:45", 400, "bad-parameter"),
        ("/api/v1/calls.csv?until=tomorrow", 400, "bad-parameter"),
        ("/api/v1/calls.csv?state=ended", 400, "bad-parameter"),
        ("/api/v1/queues?pbx=other", 400, "bad-parameter"),
        ("/api/v1/pbxs?x=1", 400, "bad-parameter"),
    ],
)
async def test_what_cannot_be_answered_is_a_problem(path: str, status: int, kind: str) -> None:
    async with served(QUEUE) as one:
        response = await one.client.get(path)

        assert (response.status, response.content_type) == (status, CONTENT_TYPE)
        assert (await response.json(content_type=CONTENT_TYPE))["type"] == f"urn:tieline:problem:{kind}"


async def test_a_pbx_is_told_with_its_link_and_gaps() -> None:
    async with served(QUEUE) as one:
        await one.link(LinkStatus.CONNECTED, "pbx1: connected")
        await one.play(12)
        await one.engine.declare_gap(PBX, Gap(began_at=1_800_000_000.0, ended_at=1_800_000_001.5, reason="cut"))
        await one.committer.settled()
        (pbx,) = (await got(one.client, "/api/v1/pbxs"))["pbxs"]

    assert pbx == {
        "pbx": PBX,
        "tenant": "default",
        "plugin": "asterisk_ami",
        "link": {"status": "connected", "detail": "pbx1: connected", "since": "2027-01-15T08:00:00.000Z"},
        "live_calls": 1,
        "gaps": [{"began_at": "2027-01-15T08:00:00.000Z", "ended_at": "2027-01-15T08:00:01.500Z", "reason": "cut"}],
    }


async def test_a_queue_is_told_with_who_waits() -> None:
    async with served(QUEUE) as one:
        await one.play(12)
        queues = (await got(one.client, f"/api/v1/queues?pbx={PBX}"))["queues"]

    waiting = {queue["queue"]: queue["waiting"] for queue in queues}
    assert [caller["caller"] for caller in waiting.pop("support")] == ["+85291234567"]
    assert not any(waiting.values())


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("number=%2B85291234567", 1),
        ("number=+85291234567", 1),
        ("number=91234567", 1),
        ("number=91234568", 0),
        ("extension=1001&queue=support&agent=Agent+One", 1),
        ("extension=1002", 0),
        ("direction=inbound&outcome=answered", 1),
        ("direction=outbound", 0),
        ("since=2026-11-22T11:25:45Z&until=2026-11-22T11:25:46Z", 1),
        ("since=2026-11-22T19:25:46%2B08:00", 0),
        ("since=2026-11-22T19:25:45+08:00", 1),
        (f"pbx={PBX}&queue=support", 1),
        ("name=chan+TAI", 1),
        ("name=harbour", 0),
    ],
)
async def test_calls_are_searched_for(query: str, found: int) -> None:
    async with served(QUEUE, others=["two"]) as one:
        await one.play(12)
        live = (await got(one.client, f"/api/v1/calls?{query}"))["calls"]
        await one.play(start=12)
        ended = (await got(one.client, f"/api/v1/calls?{query}"))["calls"]
        table = await (await one.client.get(f"/api/v1/calls.csv?{query}")).text()

    assert len(ended) == len(table.splitlines()) - 1 == found
    assert len(live) <= found


async def test_a_live_call_is_found_by_who_is_in_it() -> None:
    async with served(QUEUE) as one:
        await one.play(12)
        (call,) = (await got(one.client, "/api/v1/calls?queue=support&number=91234567"))["calls"]

    assert call["state"] == "active"


async def test_a_table_has_all_ended_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "PAGE_CALLS", 1)
    async with served(ASTERISK / "22-freepbx" / "four_at_once") as one:
        await one.play()
        response = await one.client.get("/api/v1/calls.csv")
        table = (await response.read()).decode("utf-8-sig")
        listed = (await got(one.client, "/api/v1/calls?state=ended"))["calls"]

    assert (response.content_type, response.charset) == ("text/csv", "utf-8")
    assert response.headers["Content-Disposition"] == 'attachment; filename="calls.csv"'
    assert [row["call_id"] for row in DictReader(StringIO(table))] == [call["call_id"] for call in listed]
    assert len(listed) == 4


async def test_a_table_that_cannot_be_sent_whole_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "PAGE_CALLS", 1)
    store = FaultyStore(MemoryStore(calls=10, events=1_000, last_position=999))
    rows = calls_csv.rows

    def failing_then(records: Any) -> bytes:
        store.fault = StoreUnavailableError("db: connection refused")
        return rows(records)

    async with served(ASTERISK / "22-freepbx" / "four_at_once", store=store) as one:
        await one.play()
        monkeypatch.setattr(calls_csv, "rows", failing_then)
        with pytest.raises(ClientPayloadError):
            await (await one.client.get("/api/v1/calls.csv")).read()
        refused = await one.client.get("/api/v1/calls.csv")
        store.fault = None

    assert (refused.status, refused.content_type) == (503, CONTENT_TYPE)
