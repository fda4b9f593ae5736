"""One endpoint's events, against a real receiver that verifies by the standard's own library; time is virtual."""

import asyncio
import json
from itertools import pairwise

import msgspec
import pytest
from aiohttp import web
from structlog.testing import capture_logs
from support.courier_round import answering, in_order_of_calls, webhook_round
from support.gateways import at_work
from support.virtual_time import clock, in_virtual_time

from gateway.model.ids import DEFAULT_TENANT
from gateway.model.webhooks import OPEN_AFTER, RETRIES_S
from gateway.ports.webhooks import Draft
from gateway.webhooks.courier import AT_ONCE, MAX_WAITING

HOUR_S = 3_600.0


@in_virtual_time
async def test_events_arrive_signed_and_in_order() -> None:
    async with webhook_round() as one:
        endpoint = await one.endpoint("call")
        told = await one.tell("a", "b", "a")
        told += await one.tell("b", None)
        await one.tell("a", kind="queue.caller_joined")
        await asyncio.sleep(5.0)

        assert in_order_of_calls([id_ for id_ in one.got() if not id_.startswith("None")])
        assert sorted(one.got()) == sorted(told)
        assert one.receiver.forged == 0
        headers = one.receiver.headers[0]
        assert headers["Content-Type"] == "application/json"
        assert headers["User-Agent"].startswith("Tieline/")
        assert int(headers["webhook-timestamp"]) <= int(clock())
        _, standing = one.endpoints.one(endpoint.id)
        assert (standing.position, standing.waiting, standing.dead, standing.away_since) == (one.hub.position, 0, 0, None)


@in_virtual_time
async def test_only_what_was_asked_for_is_sent() -> None:
    async with webhook_round() as one:
        await one.endpoint("call.ended", queues=("support",))
        await one.tell("a", subjects=["queue:support"])
        await one.tell("a", kind="call.ended")
        await one.tell("a", kind="call.ended", subjects=["call:a", "queue:sales"])
        wanted = await one.tell("a", kind="call.ended", subjects=["call:a", "queue:support"])
        await asyncio.sleep(5.0)

        assert one.got() == wanted


@in_virtual_time
async def test_a_template_shapes_what_is_sent() -> None:
    async with webhook_round() as one:
        template = '{"id": "{{id}}", "text": "Call from {{data.caller}}", "at": "{{position}}"}'
        await one.endpoint(template=template)
        (told,) = await one.tell("a")
        await asyncio.sleep(5.0)

        assert one.receiver.got == [{"id": told, "text": "Call from +49", "at": 100}]
        assert one.receiver.forged == 0


@in_virtual_time
async def test_a_message_that_is_refused_holds_up_its_own_call_only() -> None:
    async with webhook_round() as one:
        endpoint = await one.endpoint()
        one.receiver.answer = lambda event: answering(422 if event["id"] == "a:100" and clock() < fixed_at else 204)
        fixed_at = clock() + 60.0
        await one.tell("a", "b", "a", "b")
        await asyncio.sleep(2.0)
        await one.tell("a", "c", None)
        await asyncio.sleep(30.0)

        assert one.got() == ["b:101", "b:103", "c:105", "None:106"]
        _, standing = one.endpoints.one(endpoint.id)
        assert (standing.waiting, standing.away_since) == (3, None)
        assert standing.why == "422 Unprocessable Entity: as the test says"
        await asyncio.sleep(RETRIES_S[1] * 1.3)
        assert one.got()[4:] == ["a:100", "a:102", "a:104"]
        assert one.receiver.ids.count("a:100") == 3


@in_virtual_time
async def test_what_is_about_no_call_waits_for_nobody_that_is_refused() -> None:
    async with webhook_round() as one:
        await one.endpoint()
        one.receiver.answer = lambda event: answering(400 if event["id"] == "None:100" else 204)
        await one.tell(None, None)
        await asyncio.sleep(3.0)

        assert one.got() == ["None:101"]


@pytest.mark.slow
@in_virtual_time
async def test_a_message_is_tried_as_the_standard_says_and_then_dead() -> None:
    async with webhook_round() as one:
        endpoint = await one.endpoint()
        times: list[float] = []

        def refuse(event: dict[str, object]) -> web.Response:
            if event["id"] != "a:100":
                return answering(204)
            times.append(clock())
            return answering(403)

        one.receiver.answer = refuse
        await one.tell("a", "a")
        with capture_logs() as logs:
            await asyncio.sleep(sum(RETRIES_S) * 1.25)

        assert len(times) == len(RETRIES_S) + 1
        waits = [after - before for before, after in pairwise(times)]
        assert all(least <= waited <= least * 1.2 + 35.0 for waited, least in zip(waits, RETRIES_S, strict=True))
        assert one.got() == ["a:101"]
        (dead,) = await one.endpoints.dead(endpoint.id, after=0, limit=10)
        assert (dead.event_id, dead.attempts, dead.why) == ("a:100", 10, "403 Forbidden: as the test says")
        (line,) = [each for each in logs if each["event"] == "webhook_message_dead"]
        assert (line["event_id"], line["status"]) == ("a:100", 403)
        assert line.pop("pii.reason") == "403 Forbidden: as the test says"
        assert "as the test says" not in str(line), "an answer may quote the call that was sent"

        one.receiver.answer = lambda _event: answering(204)
        assert await one.endpoints.replay(endpoint.id, positions=None, since=None) == 1
        await asyncio.sleep(60.0)
        assert one.got() == ["a:101", "a:100"]
        assert one.endpoints.one(endpoint.id)[1].dead == 0


@pytest.mark.slow
@in_virtual_time
async def test_a_receiver_that_is_away_for_a_day_is_caught_up_in_order() -> None:
    async with webhook_round(kept=200) as one:
        endpoint = await one.endpoint()
        one.receiver.answer = lambda _event: answering(503)
        told: list[str] = []
        with capture_logs() as logs:
            for hour in range(24):
                for call in range(10):
                    told += await one.tell(*[f"h{hour}c{call}"] * 2)
                await asyncio.sleep(HOUR_S)
            _, standing = one.endpoints.one(endpoint.id)
            away_s = clock() - (standing.away_since or 0.0)
            assert 23 * HOUR_S < away_s <= 24 * HOUR_S
            assert standing.waiting <= MAX_WAITING
            assert len(one.receiver.ids) < 24 * 12 + 2 * AT_ONCE, "it was looked at every five minutes"

            one.receiver.answer = lambda _event: answering(204)
            await asyncio.sleep(600.0)

        assert sorted(one.got()) == sorted(told)
        assert in_order_of_calls(one.got())
        _, standing = one.endpoints.one(endpoint.id)
        assert (standing.waiting, standing.dead, standing.away_since, standing.why) == (0, 0, None, None)
        events = [each["event"] for each in logs if each["event"] in ("webhook_away", "webhook_back")]
        assert events == ["webhook_away", "webhook_back"]


@in_virtual_time
async def test_a_slow_receiver_does_not_slow_events_and_misses_none() -> None:
    async with webhook_round(kept=100) as one:
        await one.endpoint()
        one.receiver.delay_s = 10.0
        told: list[str] = []
        began_at = clock()
        for number in range(300):
            told += await one.tell(f"c{number}")
        assert clock() == began_at, "telling waited for nobody"
        await asyncio.sleep(HOUR_S)

        assert sorted(one.got()) == sorted(told)
        assert one.receiver.most_at_once == AT_ONCE


@in_virtual_time
async def test_a_receiver_that_does_not_answer_is_given_up_after_the_timeout() -> None:
    async with webhook_round(timeout_s=5.0) as one:
        endpoint = await one.endpoint()
        one.receiver.delay_s = 1_000.0
        await one.tell("a")
        await asyncio.sleep(6.0)
        assert one.endpoints.one(endpoint.id)[1].why == "127.0.0.1: no answer within 5 s"
        one.receiver.delay_s = 0.0
        await asyncio.sleep(60.0)

        assert one.got() == ["a:100"]


@in_virtual_time
async def test_who_asks_to_be_left_alone_is_left_alone() -> None:
    async with webhook_round() as one:
        endpoint = await one.endpoint()
        one.receiver.answer = lambda _event: answering(429, Retry_After="1800")
        await one.tell("a", "b")
        await asyncio.sleep(1_700.0)
        assert len(one.receiver.ids) <= 2, "those that were on their way"
        assert one.endpoints.one(endpoint.id)[1].away_since is not None
        one.receiver.answer = lambda _event: answering(204)
        await asyncio.sleep(600.0)

        assert sorted(one.got()) == ["a:100", "b:101"]


@in_virtual_time
async def test_who_says_gone_gets_nothing_more_until_it_is_enabled_again() -> None:
    async with webhook_round() as one:
        endpoint = await one.endpoint()
        one.receiver.answer = lambda _event: answering(410)
        told = await one.tell("a")
        with capture_logs() as logs:
            await asyncio.sleep(10.0)
        told += await one.tell("a", "b")
        await asyncio.sleep(HOUR_S)

        assert len(one.receiver.ids) == 1
        ((kept, _),) = await one.store.endpoints(DEFAULT_TENANT)
        assert (kept.enabled, kept.disabled_why) == (False, "410 Gone: as the test says")
        assert [each["event"] for each in logs] == ["webhook_disabled"]
        one.receiver.answer = lambda _event: answering(204)
        await one.endpoints.change(endpoint.id, Draft(name=kept.name, url=kept.url, topics=kept.topics))
        await asyncio.sleep(10.0)
        assert one.got() == told


@in_virtual_time
async def test_a_gateway_that_stops_goes_on_where_it_was() -> None:
    async with webhook_round() as one:
        endpoint = await one.endpoint()
        one.receiver.answer = lambda event: answering(500 if event["id"] == "a:100" else 204)
        await one.tell("a", "a", "b")
        await asyncio.sleep(2.0)
        fields = one.endpoints.one(endpoint.id)
        assert fields[1].waiting == 2
    # The context has stopped the desk; another process has another one.
    async with webhook_round() as other:
        other.store, other.hub, other.log = one.store, one.hub, one.log
        other.receiver.secrets = [endpoint.keys[0].secret]
        await other.store.put(DEFAULT_TENANT, msgspec.structs.replace(endpoint, url=other.receiver.url))
        desk = other.new_endpoints()
        await desk.load()
        async with at_work(desk):
            await other.tell("b")
            await asyncio.sleep(HOUR_S)

        assert other.got() == ["b:103", "a:100", "a:101"]
        assert one.got() == ["b:102"]


@in_virtual_time
async def test_what_is_sent_again_after_a_crash_has_the_same_id() -> None:
    async with webhook_round() as one:
        endpoint = await one.endpoint()
        told = await one.tell("a", "b")
        await asyncio.sleep(0.5)
        assert one.store.notes == 0, "nothing was noted yet, and the process dies"
        crashed = one.store
        one.store = type(crashed)()
        await one.store.put(DEFAULT_TENANT, endpoint, position=99)
        desk = one.new_endpoints()
        await desk.load()
        async with at_work(desk):
            await asyncio.sleep(5.0)

        assert sorted(one.got()) == sorted(told * 2)


@in_virtual_time
async def test_a_store_that_does_not_answer_stops_nothing_for_good() -> None:
    async with webhook_round() as one:
        await one.endpoint()
        await asyncio.sleep(1.0)
        one.store.fault = "db: connection refused"
        told = await one.tell("a")
        await asyncio.sleep(10.0)
        told += await one.tell("b")
        await asyncio.sleep(60.0)
        assert one.got() == told
        one.store.fault = None
        await asyncio.sleep(60.0)

        assert one.store.notes > 0
        ((_, position),) = await one.store.endpoints(DEFAULT_TENANT)
        assert position == one.hub.position


@in_virtual_time
async def test_events_that_were_deleted_are_told_as_lost() -> None:
    async with webhook_round(kept=10) as one:
        endpoint = await one.endpoint()
        one.receiver.answer = lambda _event: answering(500)
        await one.tell(*"abcdefgh")
        await asyncio.sleep(60.0)
        for _ in range(30):
            await one.tell(*"abcdefgh")
        one.log._events.clear()
        one.receiver.answer = lambda _event: answering(204)
        with capture_logs() as logs:
            await asyncio.sleep(600.0)

        lost = [each["events"] for each in logs if each["event"] == "webhook_events_lost"]
        assert sum(lost) == 8 + 240 - len(one.got())
        assert one.got()[-1].endswith(f":{one.hub.position}")
        assert one.endpoints.one(endpoint.id)[1].position == one.hub.position


@in_virtual_time
async def test_the_log_says_what_was_tried() -> None:
    async with webhook_round() as one:
        endpoint = await one.endpoint()
        answers = iter([answering(500), answering(204)])
        one.receiver.answer = lambda _event: next(answers)
        await one.tell("a")
        await asyncio.sleep(60.0)

        second, first = await one.endpoints.attempts(endpoint.id, limit=10)
        assert (first.status, first.why, first.event_id) == (500, "500 Internal Server Error: as the test says", "a:100")
        assert (second.status, second.why) == (204, None)
        assert second.at - first.at >= RETRIES_S[0]


@in_virtual_time
async def test_failures_in_a_row_make_an_endpoint_away() -> None:
    async with webhook_round() as one:
        endpoint = await one.endpoint()
        one.receiver.answer = lambda _event: answering(500)
        await one.tell(*[f"c{number}" for number in range(OPEN_AFTER - 1)])
        await asyncio.sleep(4.0)
        assert one.endpoints.one(endpoint.id)[1].away_since is None
        await one.tell("x")
        await asyncio.sleep(0.9)

        assert one.endpoints.one(endpoint.id)[1].away_since is not None
        assert json.loads(one.receiver.bodies[0])["id"] if one.receiver.bodies else not one.got()
