"""Endpoints are added, changed and tested; what is sent to them is test_courier's."""

import asyncio

import msgspec
import pytest
from structlog.testing import capture_logs
from support.courier_round import answering, webhook_round
from support.virtual_time import clock, in_virtual_time

from gateway.model.errors import TargetError, TemplateError, UnknownWebhookError
from gateway.model.ids import DEFAULT_TENANT, CallId
from gateway.model.signatures import key_of, secret_of
from gateway.model.webhooks import OVERLAP_S, Delivery, Endpoint, WebhookId
from gateway.ports.webhooks import Draft, Progress
from gateway.webhooks import endpoints as module

NOBODY = WebhookId("nobody")
SECRET = secret_of(bytes(range(32)))


def draft_of(endpoint: Endpoint, **changes: object) -> Draft:
    now = {name: getattr(endpoint, name) for name in Draft.__struct_fields__}
    return Draft(**(now | changes))


@in_virtual_time
async def test_an_endpoint_gets_what_happens_from_then_on() -> None:
    async with webhook_round() as one:
        await one.tell("before")
        endpoint = await one.endpoint()
        told = await one.tell("after")
        await asyncio.sleep(1.0)

        assert one.got() == told
        assert key_of(endpoint.keys[0].secret) is not None
        assert (endpoint.created_by, endpoint.created_at <= clock()) == ("me", True)
        assert [each.id for each, _ in one.endpoints.all()] == [endpoint.id]


@in_virtual_time
async def test_a_changed_secret_signs_beside_the_former_one_for_a_day() -> None:
    async with webhook_round() as one:
        endpoint = await one.endpoint()
        former = endpoint.keys[0].secret
        rotated = await one.endpoints.rotate(endpoint.id, SECRET)
        assert rotated.keys[0].secret == SECRET

        for secrets in ([former], [SECRET]):
            one.receiver.secrets = secrets
            assert (await one.endpoints.ping(endpoint.id)).arrived
        assert len(one.receiver.headers[-1]["webhook-signature"].split()) == 2
        await asyncio.sleep(OVERLAP_S + 1.0)
        one.receiver.secrets = [former]
        assert (await one.endpoints.ping(endpoint.id)).status == 401
        one.receiver.secrets = [SECRET]
        assert (await one.endpoints.ping(endpoint.id)).arrived


@in_virtual_time
async def test_a_ping_is_told_at_once_and_queued_nowhere() -> None:
    async with webhook_round() as one:
        endpoint = await one.endpoint(enabled=False)
        assert (await one.endpoints.ping(endpoint.id)).arrived
        (event,) = one.receiver.got
        assert (event["type"], event["data"]) == ("webhook.ping", {"webhook_id": endpoint.id, "name": "CRM"})
        one.receiver.answer = lambda _event: answering(500)
        outcome = await one.endpoints.ping(endpoint.id)

        assert (outcome.arrived, outcome.why) == (False, "500 Internal Server Error: as the test says")
        assert one.endpoints.one(endpoint.id)[1].waiting == 0


@in_virtual_time
async def test_a_changed_endpoint_loses_nothing() -> None:
    async with webhook_round() as one:
        endpoint = await one.endpoint()
        one.receiver.answer = lambda event: answering(400 if event["id"] == "a:100" else 204)
        await one.tell("a", "b")
        await asyncio.sleep(1.0)
        await one.endpoints.change(endpoint.id, draft_of(endpoint, topics=("call.ended",), name="New"))
        await one.tell("c")
        wanted = await one.tell("d", kind="call.ended")
        one.receiver.answer = lambda _event: answering(204)
        await asyncio.sleep(60.0)

        assert sorted(one.got()) == sorted(["b:101", *wanted, "a:100"])
        assert one.endpoints.one(endpoint.id)[0].name == "New"


@in_virtual_time
async def test_an_endpoint_that_is_switched_off_gets_what_it_missed_when_it_is_on_again() -> None:
    async with webhook_round() as one:
        endpoint = await one.endpoint()
        await one.endpoints.change(endpoint.id, draft_of(endpoint, enabled=False))
        told = await one.tell("a", "b")
        await asyncio.sleep(1_000.0)
        assert one.receiver.ids == []
        await one.endpoints.change(endpoint.id, draft_of(endpoint))
        await asyncio.sleep(1.0)

        assert sorted(one.got()) == told


@in_virtual_time
async def test_a_removed_endpoint_gets_nothing_and_is_forgotten() -> None:
    async with webhook_round() as one:
        endpoint = await one.endpoint()
        await one.endpoints.remove(endpoint.id)
        await one.tell("a")
        await asyncio.sleep(10.0)

        assert one.receiver.ids == []
        assert one.endpoints.all() == []
        assert await one.store.endpoints(DEFAULT_TENANT) == []


@in_virtual_time
async def test_endpoints_do_not_wait_for_each_other() -> None:
    async with webhook_round() as one:
        await one.endpoint()
        slow = msgspec.structs.replace(draft_of(await one.endpoint()), url=one.receiver.url.replace("/hook", "/none"))
        await one.endpoints.add(slow, None, by="me")
        one.receiver.secrets = [endpoint.keys[0].secret for endpoint, _ in one.endpoints.all()]
        (told,) = await one.tell("a")
        await asyncio.sleep(1.0)

        assert one.got() == [told, told]
        third = one.endpoints.all()[2][1]
        assert (third.waiting, third.why) == (1, "404 Not Found: 404: Not Found")


@in_virtual_time
async def test_a_fault_of_ours_at_one_endpoint_does_not_end_it() -> None:
    async with webhook_round() as one:
        endpoint = await one.endpoint()
        await asyncio.sleep(1.0)
        courier = one.endpoints._couriers[endpoint.id]
        real, courier.body = courier.body, lambda _envelope: 1 / 0  # type: ignore[method-assign, assignment, return-value]  # a fault
        told = await one.tell("a")
        with capture_logs() as logs:
            await asyncio.sleep(1.0)
        courier.body = real  # type: ignore[method-assign]  # it is the method itself
        await asyncio.sleep(30.0)

        assert [each["event"] for each in logs][:1] == ["webhook_failed"]
        assert one.got() == told


@in_virtual_time
async def test_what_cannot_be_is_refused() -> None:
    async with webhook_round() as one:
        draft = Draft(name="x", url=one.receiver.url, topics=("*",))
        with pytest.raises(TargetError, match="network of our own"):
            await one.endpoints.add(msgspec.structs.replace(draft, url="https://10.0.0.1/"), None, by="me")
        with pytest.raises(TemplateError):
            await one.endpoints.add(msgspec.structs.replace(draft, template="{"), None, by="me")
        with pytest.raises(TargetError, match="a secret is whsec_"):
            await one.endpoints.add(draft, "hunter2", by="me")
        endpoint = await one.endpoints.add(draft, None, by="me")
        with pytest.raises(TargetError):
            await one.endpoints.rotate(endpoint.id, "hunter2")
        with pytest.raises(TemplateError):
            await one.endpoints.change(endpoint.id, draft_of(endpoint, template="{{"))
        assert len(await one.store.endpoints(DEFAULT_TENANT)) == 1


@in_virtual_time
async def test_what_is_tried_again_meets_what_is_on_its_way() -> None:
    async with webhook_round() as one:
        endpoint = await one.endpoint()
        (first,) = await one.tell("a")
        await asyncio.sleep(2.0)
        dead = Delivery(
            position=100,
            event_id=first,
            type="call.ended",
            call_id=CallId("a"),
            envelope=one.receiver.bodies[0],
            at=1.0,
            dead=True,
        )
        await one.store.note(DEFAULT_TENANT, endpoint.id, Progress(position=100, kept=[dead]))
        one.receiver.delay_s = 3.0
        told = await one.tell("a", "a")
        await asyncio.sleep(1.0)
        assert await one.endpoints.replay(endpoint.id, positions=None, since=None) == 1
        await asyncio.sleep(60.0)

        assert one.got() == [first, told[0], first, told[1]]
        assert await one.store.counts(DEFAULT_TENANT, endpoint.id) == (0, 0)
        assert one.endpoints.one(endpoint.id)[1].waiting == 0


@in_virtual_time
async def test_dead_messages_that_are_old_are_deleted_and_counted_no_more() -> None:
    async with webhook_round() as one:
        endpoint = await one.endpoint(enabled=False)
        await one.tell("a")
        dead = Delivery(
            position=100, event_id="a:100", type="call.ended", call_id=None, envelope=b"{}", at=clock(), attempts=10, dead=True
        )
        await one.store.note(DEFAULT_TENANT, endpoint.id, Progress(position=100, kept=[dead]))
        await one.endpoints.change(endpoint.id, draft_of(endpoint, enabled=False))
        assert one.endpoints.one(endpoint.id)[1].dead == 1

        assert await one.endpoints.prune(DEFAULT_TENANT, before=clock() - 1.0) == 0
        assert await one.endpoints.prune(DEFAULT_TENANT, before=clock() + 1.0) == 1
        assert one.endpoints.one(endpoint.id)[1].dead == 0


@in_virtual_time
async def test_there_is_a_bound() -> None:
    async with webhook_round() as one:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(module, "MAX_ENDPOINTS", 1)
            await one.endpoint()
            with pytest.raises(TargetError, match="1 webhooks already"):
                await one.endpoint()


@in_virtual_time
async def test_what_is_not_there_is_told() -> None:
    async with webhook_round() as one:
        draft = Draft(name="x", url=one.receiver.url, topics=("*",))
        for attempt in (
            one.endpoints.change(NOBODY, draft),
            one.endpoints.rotate(NOBODY, None),
            one.endpoints.remove(NOBODY),
            one.endpoints.ping(NOBODY),
            one.endpoints.dead(NOBODY, after=0, limit=1),
            one.endpoints.replay(NOBODY, positions=None, since=None),
            one.endpoints.attempts(NOBODY, limit=1),
        ):
            with pytest.raises(UnknownWebhookError, match="there is no webhook nobody"):
                await attempt
        with pytest.raises(UnknownWebhookError):
            one.endpoints.one(NOBODY)
