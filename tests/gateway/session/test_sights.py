from itertools import count

import msgspec
from support.gateways import Served, served
from support.replaying import CAPTURES, PBX
from support.seated import Always, seated

from gateway.api.auth import DEMO
from gateway.model.ids import CallId, PbxName, QueueName
from gateway.model.principals import Role
from gateway.model.reports import MemberChanged
from gateway.ports.store import Told
from gateway.session.conversations_shown import ANYBODY
from gateway.session.sights import Sights

QUEUE = CAPTURES / "asterisk" / "22" / "queue_caller_hangs"
COLLEAGUE = seated(Role.AGENT, "1005", PBX)
SUPPORT = QueueName("support")
AGENT = seated(Role.AGENT, "1001", PBX)
STRANGER = seated(Role.AGENT, "1099", PBX)


POSITIONS = count(1)


def told(kind: str, *subjects: str, pbx: PbxName | None = PBX, call_id: str | None = None, queue: str | None = None) -> Told:
    return Told(
        position=next(POSITIONS),
        id="x",
        type=kind,
        at=0.0,
        tenant=AGENT.tenant,
        pbx=pbx,
        call_id=None if call_id is None else CallId(call_id),
        json=msgspec.json.encode({"data": {} if queue is None else {"queue": queue}}),
        subjects=subjects,
    )


async def test_who_sees_everything_has_no_narrow_sight() -> None:
    async with served(QUEUE) as one:
        sights = Sights(one.engine)
        for principal in (DEMO, seated(Role.SUPERVISOR, "1001", PBX)):
            assert sights.of(principal) is None
            assert sights.hearing(principal) is None


async def test_who_may_not_know_customers_hears_of_none() -> None:
    async with served(QUEUE) as one:
        partner = seated(Role.PARTNER, None, None)
        hears = Sights(one.engine).hearing(partner)
        assert Sights(one.engine).of(partner) is None
        assert hears is not None
        assert hears(told("call.alerting", "extension:1001"))
        assert not hears(told("call.customer_identified", "extension:1001"))
        stranger = Sights(one.engine).hearing(msgspec.structs.replace(AGENT, scopes=frozenset()))
        assert stranger is not None
        assert stranger(told("call.alerting", "extension:1001"))
        assert not stranger(told("call.alerting", "extension:1002"))
        assert not stranger(told("call.customer_identified", "extension:1001"))


async def test_an_agent_serves_what_the_pbx_says() -> None:
    async with served(QUEUE) as one:
        sights = Sights(one.engine)
        assert sights.queues_of(AGENT) == []
        await one.play()
        assert sights.queues_of(AGENT) == ["support", "vip"]
        assert sights.queues_of(seated(Role.AGENT, "1001", PbxName("branch"))) == []
        assert sights.queues_of(seated(Role.AGENT, None, PBX)) == []


async def test_an_agent_hears_what_concerns_him_and_nothing_else() -> None:
    async with served(QUEUE) as one:
        await one.play()
        hears = Sights(one.engine).hearing(AGENT)
        assert hears is not None

        assert hears(told("call.alerting", "call:1", "extension:1001"))
        assert not hears(told("call.alerting", "call:1", "extension:1002"))
        assert not hears(told("call.alerting", "call:1", "extension:1001", pbx=PbxName("branch")))
        assert hears(told("command.failed", "extension:1001"))
        assert not hears(told("command.failed", "extension:1002"))
        assert hears(told("queue.caller_joined", "queue:support", queue="support"))
        assert not hears(told("queue.caller_joined", "queue:support", "queue:sales", queue="sales"))
        assert not hears(told("queue.caller_joined", queue=None))
        assert hears(told("callback.changed", "queue:support", queue="support"))
        assert not hears(told("callback.changed", "queue:sales", queue="sales"))
        assert hears(told("agent.state_changed", "extension:1002"))
        assert hears(told("mailbox.changed", "extension:1001"))
        assert not hears(told("mailbox.changed", "extension:1002"))
        assert hears(told("customer.changed", pbx=None))
        assert hears(told("gateway.gap"))
        assert not hears(told("gateway.gap", pbx=PbxName("branch")))


async def test_an_agent_who_sits_nowhere_hears_of_no_call() -> None:
    async with served(QUEUE) as one:
        for nobody in (seated(Role.AGENT, None, PBX), seated(Role.AGENT, "1001", PbxName("gone"))):
            hears = Sights(one.engine).hearing(nobody)
            assert hears is not None
            assert not hears(told("call.alerting", "extension:1001"))
            assert hears(told("agent.state_changed"))


async def waiting(one: Served) -> str:
    """Play until a caller waits in a queue that 1005 serves too; return the call."""
    member = MemberChanged(
        at=one.events[0].at,
        queue=SUPPORT,
        interface="PJSIP/1005",
        member="Eve",
        device_state=1,
        paused=False,
        reason="",
        penalty=0,
        removed=False,
    )
    await one.engine.accept(PBX, [member])
    for step in range(len(one.events)):
        await one.play(step + 1, start=step)
        (state,) = one.engine.pbxs.values()
        if any(queue.waiting for queue in state.queues):
            return state.live[0].call_id
    raise AssertionError("nobody ever waited")


async def test_who_waits_is_told_to_those_who_serve_the_queue() -> None:
    async with served(QUEUE) as one:
        call_id = await waiting(one)
        sights = Sights(one.engine)
        hears, stranger = sights.hearing(COLLEAGUE), sights.hearing(STRANGER)
        assert hears is not None
        assert stranger is not None
        event = told("call.customer_identified", f"call:{call_id}", call_id=call_id)
        assert not stranger(event)
        assert hears(event)


async def test_lists_of_the_api_are_narrowed_to_what_an_agent_sees() -> None:
    async with served(QUEUE, authenticator=Always(COLLEAGUE)) as own, served(QUEUE, authenticator=Always(STRANGER)) as other:
        call_id = await waiting(own)
        await waiting(other)
        for one, seen in ((own, 1), (other, 0)):
            calls = await (await one.client.get("/api/v1/calls", params={"state": "active"})).json()
            assert len(calls["calls"]) == seen
            named = await (await one.client.get("/api/v1/calls", params={"ids": call_id})).json()
            assert len(named["calls"]) == seen
            assert (await one.client.get(f"/api/v1/calls/{call_id}")).status == (200 if seen else 404)
            assert len((await (await one.client.get("/api/v1/queues")).json())["queues"]) == seen
            assert (await one.client.get("/api/v1/queues/support")).status == (200 if seen else 404)
            assert (await (await one.client.get("/api/v1/agents")).json())["agents"]
            assert (await one.client.get("/api/v1/pbxs")).status == 403


async def test_ended_calls_are_those_of_ones_telephone() -> None:
    async with served(QUEUE, authenticator=Always(AGENT)) as own, served(QUEUE, authenticator=Always(STRANGER)) as other:
        for one, seen in ((own, 1), (other, 0)):
            await one.play()
            ended = await (await one.client.get("/api/v1/calls", params={"state": "ended"})).json()
            assert len(ended["calls"]) == seen
            table = await (await one.client.get("/api/v1/calls.csv")).text()
            assert len(table.splitlines()) == 1 + seen


async def test_the_stream_tells_an_agent_his_own_calls_whatever_he_asks_for() -> None:
    async with served(QUEUE, authenticator=Always(AGENT)) as own, served(QUEUE, authenticator=Always(STRANGER)) as other:
        for one, kinds in ((own, {"call.alerting", "call.answered", "agent.state_changed"}), (other, {"agent.state_changed"})):
            socket = await one.client.ws_connect("/api/v1/events")
            await socket.send_json({"type": "subscribe", "topics": ["call", "extension:1001", "agent"]})
            await socket.receive_json()
            await one.play()
            heard, position = [], 0
            while position < one.hub.position:
                await socket.send_json({"type": "ping"})
                while (message := await socket.receive_json())["type"] != "pong":
                    heard.append(message["type"])
                position = message["position"]
            await socket.close()
            assert kinds <= set(heard)
            assert one is own or not any(kind.startswith("call.a") for kind in heard)


async def test_nobody_names_a_colleague() -> None:
    async with served(QUEUE, authenticator=Always(AGENT)) as own:
        await own.play()
        answered = await own.client.patch("/api/v1/agents/1001", json={"name": "Chief"})
        assert answered.status == 403


async def test_an_agent_hears_of_conversations_that_he_has_or_may_take() -> None:
    async with served(QUEUE) as one:
        await one.play()
        hers = msgspec.structs.replace(AGENT, login="alice")
        hears = Sights(one.engine).hearing(hers)
        assert hears is not None
        for subject in (ANYBODY, f"principal:{AGENT.id}", "extension:1001", "extension:alice", "queue:support"):
            assert hears(told("conversation.handed_over", subject, pbx=None)), subject
        for subject in ("conversation:c1", "principal:user:ben", "extension:1099", "extension:None", "queue:sales"):
            assert not hears(told("conversation.handed_over", subject, pbx=None)), subject
        partly = Sights(one.engine).hearing(msgspec.structs.replace(AGENT, extension=None, login=None))
        assert partly is not None
        assert not partly(told("conversation.handed_over", "extension:None", pbx=None))
